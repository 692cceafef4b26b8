//! One entry of the log: its bytes, and back. Pure.
//!
//! ```text
//! length u32 | crc32 u32 | seq u64, time i64, floor u64, number of kills u32, subject length u32, header length u32,
//!                          kills u64 each, subject, headers, payload
//! ```
//! All little endian; the length is of all of it, the checksum of what follows it.

use std::io;
use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes};

/// Length and checksum.
const FRAME: usize = 8;

/// A message, and what ends with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The message's sequence, or the stream's last one.
    pub(crate) seq: u64,
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    /// Every message below is gone.
    pub(crate) floor: u64,
    /// These messages are gone.
    pub(crate) kills: Vec<u64>,
    /// Empty when there is no message.
    pub(crate) subject: Arc<str>,
    /// The raw block.
    pub(crate) headers: Option<Bytes>,
    pub(crate) payload: Bytes,
}

impl Record {
    /// Adds the entry's bytes, and says how many.
    ///
    /// # Errors
    ///
    /// When there are too many; nothing is added then.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> io::Result<u32> {
        let headers = self.headers.as_deref().unwrap_or_default();
        let parts = [self.kills.len(), self.subject.len(), headers.len()];
        let len = FRAME + 36 + 8 * parts[0] + parts[1] + parts[2] + self.payload.len();
        let len = u32::try_from(len).map_err(|_| io::Error::other("an entry is too large"))?;
        let start = out.len();
        out.reserve(len as usize);
        out.put_u32_le(len);
        out.put_u32_le(0);
        out.put_u64_le(self.seq);
        out.put_i64_le(self.time);
        out.put_u64_le(self.floor);
        for part in parts {
            // Less than the whole, which fits.
            out.put_u32_le(part as u32);
        }
        for kill in &self.kills {
            out.put_u64_le(*kill);
        }
        out.put_slice(self.subject.as_bytes());
        out.put_slice(headers);
        out.put_slice(&self.payload);
        let sum = checksum(&out[start + FRAME..]);
        out[start + 4..start + FRAME].copy_from_slice(&sum.to_le_bytes());
        Ok(len)
    }

    /// The entry these bytes begin with, and its length; `None` when it is torn or spoiled.
    pub(super) fn read(bytes: &Bytes) -> Option<(Self, u32)> {
        let mut it = bytes.clone();
        let len = it.try_get_u32_le().ok()?;
        let sum = it.try_get_u32_le().ok()?;
        let body = (len as usize).checked_sub(FRAME)?;
        if body > it.len() || checksum(&it[..body]) != sum {
            return None;
        }
        it.truncate(body);
        let (seq, time) = (it.try_get_u64_le().ok()?, it.try_get_i64_le().ok()?);
        let floor = it.try_get_u64_le().ok()?;
        let mut length = || Some(it.try_get_u32_le().ok()? as usize);
        let (kills, subject, headers) = (length()?, length()?, length()?);
        let kills = (0..kills).map(|_| it.try_get_u64_le().ok());
        let kills = kills.collect::<Option<Vec<_>>>()?;
        let mut part = |len: usize| (len <= it.len()).then(|| it.split_to(len));
        let subject = std::str::from_utf8(&part(subject)?).ok()?.into();
        let headers = part(headers)?;
        let record = Self {
            seq,
            time,
            floor,
            kills,
            subject,
            headers: (!headers.is_empty()).then_some(headers),
            payload: it,
        };
        Some((record, len))
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Record;

    #[test]
    fn every_spoiled_or_torn_entry_is_known() {
        let record = Record {
            seq: 7,
            time: -1,
            floor: 3,
            kills: vec![1, 2],
            subject: "a.b".into(),
            headers: Some(Bytes::from_static(b"NATS/1.0\r\n\r\n")),
            payload: Bytes::from_static(b"hello"),
        };
        let mut bytes = Vec::new();
        let len = record.write(&mut bytes).unwrap();
        assert_eq!(bytes.len(), len as usize);
        let read = |it: &[u8]| Record::read(&Bytes::copy_from_slice(it));
        assert_eq!(read(&bytes), Some((record.clone(), len)));
        for at in 0..bytes.len() {
            assert_eq!(read(&bytes[..at]), None);
            let mut spoiled = bytes.clone();
            spoiled[at] ^= 0x40;
            assert_eq!(read(&spoiled), None, "byte {at}");
        }
        bytes.extend([0; 50]);
        assert_eq!(read(&bytes), Some((record, len)));
        assert_eq!(read(&[0; 50]), None);
    }
}
