//! Digests: the names of blobs and manifests. Pure.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256, Sha512};

/// `sha256:…` or `sha512:…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Digest {
    /// None for an algorithm that is not known, or a wrong length.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.trim().split_once(':')?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 32),
            "sha512" => (Algorithm::Sha512, 64),
            _ => return None,
        };
        let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
        (bytes.len() == length).then(|| Self {
            algorithm,
            hex: HEXLOWER.encode(&bytes),
        })
    }

    /// Of bytes in memory, in the algorithm that every registry knows.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::sha256();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Whether `bytes` are what it names.
    pub fn names(&self, bytes: &[u8]) -> bool {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish() == *self
    }

    pub(in crate::archive) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Lower case, and nothing but hexadecimal digits: it is a safe file name.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm(), self.hex)
    }
}

/// Bytes on their way to a digest.
#[derive(Clone, Debug)]
pub(in crate::archive) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    pub(super) fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    pub(in crate::archive) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(it) => it.update(bytes),
            Self::Sha512(it) => it.update(bytes),
        }
    }

    pub(in crate::archive) fn finish(self) -> Digest {
        match self {
            Self::Sha256(it) => Digest {
                algorithm: Algorithm::Sha256,
                hex: HEXLOWER.encode(&it.finalize()),
            },
            Self::Sha512(it) => Digest {
                algorithm: Algorithm::Sha512,
                hex: HEXLOWER.encode(&it.finalize()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_its_bytes_only() {
        let digest = Digest::of(b"{}");
        let known = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(digest.to_string(), known);
        assert_eq!(
            Digest::parse(&known.to_uppercase().replace("SHA", "sha")),
            Some(digest)
        );
        assert!(Digest::of(b"a").names(b"a") && !Digest::of(b"a").names(b"b"));
        let long = Hasher::Sha512(Sha512::new()).finish();
        assert_eq!(Digest::parse(&long.to_string()).as_ref(), Some(&long));
        assert!(long.names(b""));
    }

    #[test]
    fn nonsense_is_no_digest() {
        for text in [
            "",
            "sha256:",
            "sha256:00",
            "md5:00",
            "sha256:../../etc/passwd",
            "sha512:00",
        ] {
            assert_eq!(Digest::parse(text), None, "{text}");
        }
    }
}
