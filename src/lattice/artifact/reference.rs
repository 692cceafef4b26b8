//! How an artifact in the lattice is called: `lattice://sha256-HEX/name`.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

const SCHEME: &str = "lattice://";

const ALGORITHM: &str = "sha256-";

/// The longest file name that a reference keeps, in bytes.
const MAX_NAME: usize = 80;

/// The SHA-256 of an artifact's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From an object's name in the store.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(ALGORITHM)?;
        let bytes = HEXLOWER.decode(hex.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// `sha256-` and lower-case hex: an object's name in the store.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An artifact by its content, with the name of the file it was, for people.
///
/// Only letters, digits and `._-/:` stand in it, so it passes shells, subjects' payloads, annotations and the
/// displays of old clients as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    digest: Digest,
    name: String,
}

impl Reference {
    /// Of a file with this name; what could mean more than itself in a name becomes `-`.
    pub fn new(digest: Digest, file_name: &str) -> Self {
        let plain = |c: char| if is_plain(c) { c } else { '-' };
        let name: String = file_name.chars().map(plain).collect();
        // The end says what it is.
        let start = name.len().saturating_sub(MAX_NAME);
        let name = name.get(start..).unwrap_or_default();
        let name = name.trim_start_matches(['.', '-']);
        let name = if name.is_empty() { "artifact" } else { name };
        Self {
            digest,
            name: name.to_owned(),
        }
    }

    /// None where it is no reference of this kind.
    pub fn parse(text: &str) -> Option<Self> {
        let (digest, name) = text.strip_prefix(SCHEME)?.split_once('/')?;
        let fits = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_plain);
        fits.then_some(Self {
            digest: Digest::parse(digest)?,
            name: name.to_owned(),
        })
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The name of the file that it was made from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether `other` is a reference to the same content, under whatever name.
    pub fn names_same(&self, other: &str) -> bool {
        Self::parse(other).is_some_and(|it| it.digest == self.digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.digest, self.name)
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_reference_reads_back() {
        let reference = Reference::new(Digest::of(b""), "hello.wasm");
        let text = format!("lattice://sha256-{EMPTY}/hello.wasm");
        assert_eq!(reference.to_string(), text);
        assert_eq!(Reference::parse(&text), Some(reference.clone()));
        let other = format!("lattice://sha256-{EMPTY}/other.wasm");
        assert!(reference.names_same(&other));
        assert!(!reference.names_same("file:///hello.wasm"));
    }

    #[test]
    fn any_file_name_becomes_a_plain_one() {
        for (file, name) in [
            ("a b.wasm", "a-b.wasm"),
            ("$(rm -rf).wasm", "rm--rf-.wasm"),
            ("../../x.wasm", "x.wasm"),
            ("ä", "artifact"),
            ("", "artifact"),
            ("...", "artifact"),
        ] {
            let reference = Reference::new(Digest::of(b""), file);
            assert_eq!(reference.name(), name, "{file}");
            assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
        }
        let long = Reference::new(Digest::of(b""), &format!("{}.wasm", "x".repeat(300)));
        assert!(long.name().len() <= MAX_NAME && long.name().ends_with(".wasm"));
    }

    #[test]
    fn what_is_none_is_not_read() {
        for bad in [
            String::new(),
            "lattice://".to_owned(),
            format!("lattice://sha256-{EMPTY}"),
            format!("lattice://sha256-{EMPTY}/"),
            format!("lattice://sha256-{EMPTY}/a/b"),
            format!("lattice://sha256-{EMPTY}/a b"),
            format!("lattice://sha256-{}/a", &EMPTY[1..]),
            format!("lattice://sha256-{}/a", EMPTY.to_uppercase()),
            format!("lattice://sha512-{EMPTY}/a"),
            format!("file://sha256-{EMPTY}/a"),
            format!("lattice://sha256-{EMPTY}/{}", "a".repeat(MAX_NAME + 1)),
        ] {
            assert_eq!(Reference::parse(&bad), None, "{bad}");
        }
    }
}
