//! Keys in the NATS encoding (protocol §2.1): seeds that sign, public keys that name things.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};

/// What a key is for; the first letter of its public form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Account,
    Cluster,
    Module,
    Operator,
    Server,
    Service,
    User,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    #[error(
        "unknown key type '{0}'; the types are account, cluster, module, operator, server, service, user"
    )]
    UnknownKind(String),
    /// The text is not shown: it may be a mistyped secret.
    #[error("not a valid seed: {0}")]
    BadSeed(&'static str),
    #[error("'{text}' is not a valid {kind} key: {reason}")]
    BadPublic {
        kind: KeyKind,
        text: String,
        reason: &'static str,
    },
    #[error("expected a seed of type {expected}, got one of type {found}")]
    WrongKind { expected: KeyKind, found: KeyKind },
    #[error("the signature does not match")]
    BadSignature,
}

/// A private key. Its `Debug` form shows only the public key.
#[derive(Clone)]
pub struct Seed(Arc<Pair>);

struct Pair {
    /// Knows the text forms.
    pair: nkeys::KeyPair,
    /// The same key; signs in two thirds of the time.
    signer: Ed25519KeyPair,
    public: String,
}

impl Seed {
    /// A new random key.
    pub fn generate(kind: KeyKind) -> Self {
        Self::new(nkeys::KeyPair::new(kind.into()))
    }

    /// Reads the 58-character text form; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`KeyError::BadSeed`], which never quotes the text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyError::BadSeed("it is empty"));
        }
        let pair = nkeys::KeyPair::from_seed(text).map_err(|_| {
            KeyError::BadSeed("a seed is 58 characters, starts with S and has a checksum")
        })?;
        // The library reads unknown kinds as modules; ours must be one of the seven.
        kind_of(&pair).ok_or(KeyError::BadSeed("its kind is unknown"))?;
        Ok(Self::new(pair))
    }

    fn new(pair: nkeys::KeyPair) -> Self {
        let text = pair.seed().expect("made from a seed");
        let (_, raw) = nkeys::decode_seed(&text).expect("just written");
        Self(Arc::new(Pair {
            signer: Ed25519KeyPair::from_seed_unchecked(&raw).expect("any 32 bytes are a seed"),
            public: pair.public_key(),
            pair,
        }))
    }

    /// Like [`Seed::parse`], and refuses a seed of another kind.
    ///
    /// # Errors
    /// [`KeyError::BadSeed`] or [`KeyError::WrongKind`].
    pub fn parse_kind(text: &str, kind: KeyKind) -> Result<Self, KeyError> {
        let seed = Self::parse(text)?;
        match seed.kind() {
            found if found == kind => Ok(seed),
            found => Err(KeyError::WrongKind {
                expected: kind,
                found,
            }),
        }
    }

    pub fn kind(&self) -> KeyKind {
        kind_of(&self.0.pair).expect("the kind is checked when a seed is made")
    }

    /// The 56-character public key.
    pub fn public(&self) -> String {
        self.0.public.clone()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.signer.sign(message).as_ref().to_owned()
    }

    /// The secret text form, for the few places that must write it.
    pub fn reveal(&self) -> String {
        self.0.pair.seed().expect("made from a seed")
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", self.public())
    }
}

/// Checks an Ed25519 signature by a public key in text form.
///
/// # Errors
/// [`KeyError::BadSignature`], also when the key is no key.
pub fn verify(public: &str, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
    let pair = nkeys::KeyPair::from_public_key(public).map_err(|_| KeyError::BadSignature)?;
    pair.verify(message, signature)
        .map_err(|_| KeyError::BadSignature)
}

fn kind_of(pair: &nkeys::KeyPair) -> Option<KeyKind> {
    pair.public_key()
        .chars()
        .next()
        .and_then(KeyKind::from_letter)
}

impl From<KeyKind> for nkeys::KeyPairType {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Account => Self::Account,
            KeyKind::Cluster => Self::Cluster,
            KeyKind::Module => Self::Module,
            KeyKind::Operator => Self::Operator,
            KeyKind::Server => Self::Server,
            KeyKind::Service => Self::Service,
            KeyKind::User => Self::User,
        }
    }
}

impl KeyKind {
    /// The first letter of public keys of this kind.
    pub fn letter(self) -> char {
        match self {
            Self::Account => 'A',
            Self::Cluster => 'C',
            Self::Module => 'M',
            Self::Operator => 'O',
            Self::Server => 'N',
            Self::Service => 'V',
            Self::User => 'U',
        }
    }

    /// The kind of a public key by its first letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'A' => Self::Account,
            'C' => Self::Cluster,
            'M' => Self::Module,
            'O' => Self::Operator,
            'N' => Self::Server,
            'V' => Self::Service,
            'U' => Self::User,
            _ => return None,
        })
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Cluster => "cluster",
            Self::Module => "module",
            Self::Operator => "operator",
            Self::Server => "server",
            Self::Service => "service",
            Self::User => "user",
        })
    }
}

impl FromStr for KeyKind {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Spelt out here because the library takes every unknown word for a module (defect D31).
        let all = [
            Self::Account,
            Self::Cluster,
            Self::Module,
            Self::Operator,
            Self::Server,
            Self::Service,
            Self::User,
        ];
        let wanted = text.to_ascii_lowercase();
        all.into_iter()
            .find(|it| it.to_string() == wanted)
            .ok_or_else(|| KeyError::UnknownKind(text.to_owned()))
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks letter, length and checksum.
            ///
            /// # Errors
            /// [`KeyError::BadPublic`].
            pub fn parse(text: &str) -> Result<Self, KeyError> {
                check_public(KeyKind::$kind, text).map(|()| Self(text.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = KeyError;

            fn try_from(text: String) -> Result<Self, KeyError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A host's public key, `N…`.
    HostId,
    Server
);
id!(
    /// An actor's public key, `M…`.
    ActorId,
    Module
);
id!(
    /// A provider's public key, `V…`.
    ProviderId,
    Service
);
id!(
    /// A cluster issuer's public key, `C…`.
    ClusterId,
    Cluster
);

/// Checks letter, length and checksum of a public key.
///
/// # Errors
/// [`KeyError::BadPublic`].
pub fn check_public(kind: KeyKind, text: &str) -> Result<(), KeyError> {
    let bad = |reason| KeyError::BadPublic {
        kind,
        text: text.to_owned(),
        reason,
    };
    if !text.starts_with(kind.letter()) {
        return Err(bad("it starts with another letter"));
    }
    if text.len() != 56 {
        return Err(bad("it must have 56 characters"));
    }
    nkeys::KeyPair::from_public_key(text).map_err(|_| bad("its checksum does not match"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [KeyKind; 7] = [
        KeyKind::Account,
        KeyKind::Cluster,
        KeyKind::Module,
        KeyKind::Operator,
        KeyKind::Server,
        KeyKind::Service,
        KeyKind::User,
    ];

    #[test]
    fn every_kind_survives_its_text_forms() {
        for kind in ALL {
            let seed = Seed::generate(kind);
            let text = seed.reveal();
            assert_eq!(text.len(), 58);
            assert!(text.starts_with('S'));
            assert_eq!(text.chars().nth(1), Some(kind.letter()));
            let again = Seed::parse(&format!(" {text}\n")).unwrap();
            assert_eq!((again.kind(), again.public()), (kind, seed.public()));
            assert_eq!(seed.public().chars().next(), Some(kind.letter()));
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_misspelt_kind_is_no_module() {
        assert_eq!(
            "clustr".parse::<KeyKind>(),
            Err(KeyError::UnknownKind("clustr".into()))
        );
        assert_eq!("Cluster".parse(), Ok(KeyKind::Cluster));
    }

    #[test]
    fn bad_seeds_are_refused_and_never_quoted() {
        let good = Seed::generate(KeyKind::Cluster).reveal();
        let mut flipped = good.clone().into_bytes();
        flipped[20] = if flipped[20] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        for bad in ["", "SC", "not a seed", &good[..57], &flipped, "SÄÄÄ"] {
            let error = Seed::parse(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        let wrong = Seed::parse_kind(&good, KeyKind::Account).unwrap_err();
        assert_eq!(
            wrong,
            KeyError::WrongKind {
                expected: KeyKind::Account,
                found: KeyKind::Cluster
            }
        );
        assert!(!format!("{:?}", Seed::parse(&good).unwrap()).contains(&good));
    }

    #[test]
    fn ids_check_letter_length_and_checksum() {
        let host = Seed::generate(KeyKind::Server).public();
        assert_eq!(HostId::parse(&host).unwrap().as_str(), host);
        assert!(ActorId::parse(&host).is_err());
        assert!(HostId::parse(&host[..55]).is_err());
        let last = if host.ends_with('A') { "B" } else { "A" };
        assert!(HostId::parse(&format!("{}{last}", &host[..55])).is_err());
        assert!(HostId::parse("").is_err());
        assert!(serde_json::from_str::<HostId>(&format!("\"{host}\"")).is_ok());
        assert!(serde_json::from_str::<HostId>("\"Nope\"").is_err());
    }

    #[test]
    fn signatures_verify_only_for_key_and_message() {
        let seed = Seed::generate(KeyKind::Account);
        let signature = seed.sign(b"message");
        assert_eq!(verify(&seed.public(), b"message", &signature), Ok(()));
        let other = Seed::generate(KeyKind::Account).public();
        for (key, message, signature) in [
            (other.as_str(), &b"message"[..], &signature[..]),
            (&seed.public(), b"massage", &signature),
            (&seed.public(), b"message", &signature[..10]),
            ("garbage", b"message", &signature),
        ] {
            assert_eq!(verify(key, message, signature), Err(KeyError::BadSignature));
        }
    }
}
