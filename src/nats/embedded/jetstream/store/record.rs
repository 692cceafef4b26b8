//! One entry of the log: its bytes, and back. Pure.
//!
//! ```text
//! length u32 | crc32 u32 | kind u8, seq u64, time i64, floor u64,
//!                          subject length u16, header length u32, number of kills u32,
//!                          kills u64 each, subject, headers, payload
//! ```
//! All little endian; the length and the checksum are of what follows both.

use bytes::Bytes;

/// Length and checksum.
pub(super) const FRAME: usize = 8;

const FIXED: usize = 1 + 8 + 8 + 8 + 2 + 4 + 4;

const MESSAGE: u8 = 1;
const REMOVAL: u8 = 2;

/// What an entry says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// A message; otherwise only what ends with it.
    pub(super) message: bool,
    /// The message's sequence, or the stream's last one.
    pub(super) seq: u64,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// Every message below is gone.
    pub(super) floor: u64,
    /// These messages are gone.
    pub(super) kills: Vec<u64>,
    pub(super) subject: Box<str>,
    pub(super) headers: Option<Bytes>,
    pub(super) payload: Bytes,
}

/// What an entry is made of.
pub(super) struct Draft<'a> {
    pub(super) message: bool,
    pub(super) seq: u64,
    pub(super) time: i64,
    pub(super) floor: u64,
    pub(super) kills: &'a [u64],
    pub(super) subject: &'a str,
    pub(super) headers: Option<&'a [u8]>,
    pub(super) payload: &'a [u8],
}

impl Draft<'_> {
    /// Bytes that [`Draft::write`] adds.
    pub(super) fn len(&self) -> usize {
        FRAME
            + FIXED
            + self.kills.len() * 8
            + self.subject.len()
            + self.headers.map_or(0, <[u8]>::len)
            + self.payload.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let body = self.len() - FRAME;
        out.reserve(body + FRAME);
        out.extend_from_slice(&u32::try_from(body).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(if self.message { MESSAGE } else { REMOVAL });
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.floor.to_le_bytes());
        let subject = u16::try_from(self.subject.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&subject.to_le_bytes());
        let headers = self.headers.unwrap_or_default();
        out.extend_from_slice(
            &u32::try_from(headers.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        let kills = u32::try_from(self.kills.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&kills.to_le_bytes());
        for kill in self.kills {
            out.extend_from_slice(&kill.to_le_bytes());
        }
        out.extend_from_slice(self.subject.as_bytes());
        out.extend_from_slice(headers);
        out.extend_from_slice(self.payload);
        let sum = checksum(&out[start + FRAME..]);
        out[start + 4..start + FRAME].copy_from_slice(&sum.to_le_bytes());
    }
}

/// The entry's whole length, when its frame is there.
pub(super) fn length(frame: &[u8]) -> Option<usize> {
    let body = u32::from_le_bytes(frame.get(..4)?.try_into().ok()?) as usize;
    (body >= FIXED).then_some(FRAME + body)
}

/// Reads one entry of exactly these bytes; `None` when it is torn or spoiled.
pub(super) fn read(bytes: &Bytes) -> Option<Record> {
    if length(bytes)? != bytes.len() {
        return None;
    }
    let sum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let body = bytes.slice(FRAME..);
    if checksum(&body) != sum {
        return None;
    }
    let word = |at: usize| Some(u64::from_le_bytes(body.get(at..at + 8)?.try_into().ok()?));
    let half =
        |at: usize| Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?) as usize);
    let message = match *body.first()? {
        MESSAGE => true,
        REMOVAL => false,
        _ => return None,
    };
    let subject = usize::from(u16::from_le_bytes(body.get(25..27)?.try_into().ok()?));
    let (headers, kills) = (half(27)?, half(31)?);
    let subject_at = FIXED.checked_add(kills.checked_mul(8)?)?;
    let headers_at = subject_at.checked_add(subject)?;
    let payload_at = headers_at.checked_add(headers)?;
    if payload_at > body.len() {
        return None;
    }
    Some(Record {
        message,
        seq: word(1)?,
        time: i64::from_le_bytes(body.get(9..17)?.try_into().ok()?),
        floor: word(17)?,
        kills: body[FIXED..subject_at]
            .chunks_exact(8)
            .filter_map(|it| Some(u64::from_le_bytes(it.try_into().ok()?)))
            .collect(),
        subject: std::str::from_utf8(&body[subject_at..headers_at])
            .ok()?
            .into(),
        headers: (headers > 0).then(|| body.slice(headers_at..payload_at)),
        payload: body.slice(payload_at..),
    })
}

pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Draft, read};

    #[test]
    fn every_spoiled_or_torn_entry_is_known() {
        let draft = Draft {
            message: true,
            seq: 7,
            time: -1,
            floor: 3,
            kills: &[1, 2],
            subject: "a.b",
            headers: Some(b"NATS/1.0\r\n\r\n"),
            payload: b"hello",
        };
        let mut bytes = Vec::new();
        draft.write(&mut bytes);
        assert_eq!(bytes.len(), draft.len());
        let record = read(&Bytes::from(bytes.clone())).unwrap();
        assert_eq!((record.seq, record.time, record.floor), (7, -1, 3));
        assert_eq!(
            (&*record.subject, &record.payload[..]),
            ("a.b", &b"hello"[..])
        );
        assert_eq!(record.kills, [1, 2]);
        for cut in 0..bytes.len() {
            assert_eq!(read(&Bytes::copy_from_slice(&bytes[..cut])), None);
            let mut spoiled = bytes.clone();
            spoiled[cut] ^= 0x40;
            assert_eq!(read(&Bytes::from(spoiled)), None, "byte {cut}");
        }
    }
}
