//! Content by its SHA-256.

use std::fmt;
use std::io::{self, Read, Write};

use data_encoding::{HEXLOWER, HEXUPPER, HEXUPPER_PERMISSIVE};
use sha2::{Digest, Sha256};

/// What is held of a program at any time.
const BUFFER: usize = 64 << 10;

/// A SHA-256 digest; claims state it in upper-case hex, which is also its text form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Hex of either case; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = HEXUPPER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// As file names have it.
    pub fn lower(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl From<Sha256> for Hash {
    fn from(digest: Sha256) -> Self {
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXUPPER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which side of a copy failed.
#[derive(Debug)]
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies to the end, and tells size and hash of what was copied.
pub(super) fn copy(
    from: &mut (impl Read + ?Sized),
    to: &mut (impl Write + ?Sized),
) -> Result<(u64, Hash), CopyError> {
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((size, digest.into())),
            Ok(it) => it,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        digest.update(bytes);
        to.write_all(bytes).map_err(CopyError::Write)?;
        size += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case_is_read_and_upper_case_is_written() {
        let hash = Hash::of(b"");
        assert!(
            hash.to_string()
                .starts_with("E3B0C44298FC1C149AFBF4C8996FB924")
        );
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(Hash::parse(&hash.lower()), Some(hash));
        for bad in ["", "E3", &"Z".repeat(64), &"0".repeat(66), "ä"] {
            assert_eq!(Hash::parse(bad), None, "{bad}");
        }
    }
}
