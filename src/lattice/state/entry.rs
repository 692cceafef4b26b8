//! Keys and values of the bucket (protocol §7.2). Pure.

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXUPPER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::lattice::record;
use crate::lattice::wire::{LinkDefinition, Map};

const LINK: &str = "LINKDEF_";
const CLAIMS: &str = "CLAIMS_";
const REFERENCE: &str = "REFMAP_";

/// What is stored under a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Link(LinkDefinition),
    Claims {
        public_key: String,
        claims: Map,
    },
    Reference {
        reference: String,
        public_key: String,
    },
}

/// What a message of the bucket's stream does to its key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Put(Entry),
    Deleted,
    /// Not ours to understand: what we know of the key stays.
    Unreadable,
}

/// The body of a reference, here and on the stream of the oldest hosts.
#[derive(Serialize, Deserialize)]
pub(super) struct Reference {
    pub(super) oci_url: String,
    pub(super) public_key: String,
}

/// What identifies a link on the wire.
pub(super) fn link_hash(actor: &str, contract: &str, link_name: &str) -> String {
    let mut hash = Sha256::new();
    for part in [actor, contract, link_name] {
        hash.update(part);
    }
    HEXUPPER.encode(&hash.finalize())
}

pub(super) fn link_key(hash: &str) -> String {
    format!("{LINK}{hash}")
}

pub(super) fn claims_key(public_key: &str) -> String {
    format!("{CLAIMS}{public_key}")
}

pub(super) fn reference_key(reference: &str) -> String {
    format!(
        "{REFERENCE}{}",
        BASE64URL_NOPAD.encode(reference.as_bytes())
    )
}

/// Whether a key, which may hold a peer's text, is one token of a subject.
pub(super) fn is_key(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '/');
    !key.is_empty() && key.chars().all(fits)
}

impl Entry {
    pub(super) fn key(&self) -> String {
        match self {
            Self::Link(link) => link_key(&link_hash(
                &link.actor_id,
                &link.contract_id,
                &link.link_name,
            )),
            Self::Claims { public_key, .. } => claims_key(public_key),
            Self::Reference { reference, .. } => reference_key(reference),
        }
    }

    pub(super) fn encode(&self) -> Result<Bytes, serde_json::Error> {
        let body = match self {
            Self::Link(link) => serde_json::to_vec(link),
            Self::Claims { claims, .. } => serde_json::to_vec(claims),
            Self::Reference {
                reference,
                public_key,
            } => serde_json::to_vec(&Reference {
                oci_url: reference.clone(),
                public_key: public_key.clone(),
            }),
        };
        body.map(Bytes::from)
    }

    /// None for keys that are none of ours, and for values that cannot be read.
    pub(super) fn decode(key: &str, value: &[u8]) -> Option<Self> {
        Self::try_decode(key, value).unwrap_or_else(|error| {
            // Only where: the text may be a secret value of a link.
            let column = error.column();
            tracing::warn!(
                key,
                column,
                "passing over a stored value that cannot be read"
            );
            None
        })
    }

    fn try_decode(key: &str, value: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        if key.starts_with(LINK) {
            let mut link: LinkDefinition = serde_json::from_slice(value)?;
            link.id = link_hash(&link.actor_id, &link.contract_id, &link.link_name);
            return Ok(Some(Self::Link(link)));
        }
        if let Some(public_key) = key.strip_prefix(CLAIMS) {
            return Ok(Some(Self::Claims {
                public_key: public_key.to_owned(),
                claims: record::normalized(public_key, serde_json::from_slice(value)?),
            }));
        }
        if key.starts_with(REFERENCE) {
            let body: Reference = serde_json::from_slice(value)?;
            return Ok(Some(Self::Reference {
                reference: body.oci_url,
                public_key: body.public_key,
            }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(key: &str, value: &serde_json::Value) -> Option<Entry> {
        Entry::decode(key, value.to_string().as_bytes())
    }

    #[test]
    fn keys_are_those_of_every_host() {
        assert_eq!(
            link_hash("Mbob", "wasmcloud:testy", "default"),
            "B40411AD09B70A2C83D59923584F66BA2C5A3C274DC4F19416DA49CCD6531F9C"
        );
        let link = json!({
            "actor_id": "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5",
            "provider_id": "VAQY2BLKLTFYK26SYUNU74S33F3SRJ7WUJ4J2MQKWO6ILEFKC4XNN4Z7",
            "link_name": "default", "contract_id": "wasmcloud:httpserver",
            "values": {"config_json": "{\"address\":\"127.0.0.1:18181\"}"},
        });
        let key = "LINKDEF_EC986307FC72C45DBA4699F5AD52702B09800138ACA24BC53339B929423947B6";
        let entry = decode(key, &link).unwrap();
        assert_eq!(entry.key(), key);
        let Entry::Link(link) = entry else {
            panic!("a link")
        };
        assert_eq!(link_key(&link.id), key);
        assert_eq!(reference_key("a?>"), "REFMAP_YT8-");
        assert!(is_key(&reference_key("a?>")));
        for bad in ["", "CLAIMS_a.b", "CLAIMS_*", "CLAIMS_ ", "CLAIMS_\u{e4}"] {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn entries_survive_the_bucket() {
        let link = LinkDefinition {
            id: link_hash("M", "c", "l"),
            actor_id: "M".to_owned(),
            provider_id: "V".to_owned(),
            link_name: "l".to_owned(),
            contract_id: "c".to_owned(),
            values: Map::from([("k".to_owned(), "v".to_owned())]),
        };
        let claims = Map::from([("sub".to_owned(), "M".to_owned())]);
        for entry in [
            Entry::Link(link),
            Entry::Claims {
                public_key: "M".to_owned(),
                claims,
            },
            Entry::Reference {
                reference: "r".to_owned(),
                public_key: "M".to_owned(),
            },
        ] {
            let read = Entry::decode(&entry.key(), &entry.encode().unwrap());
            assert!(read == Some(entry));
        }
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for (key, value) in [
            ("LINKDEF_X", json!({"actor_id": "M"})),
            ("LINKDEF_X", json!("text")),
            ("CLAIMS_X", json!(["list"])),
            ("REFMAP_X", json!({})),
            ("OTHER_X", json!({})),
        ] {
            assert!(decode(key, &value).is_none(), "{key}");
        }
        assert!(Entry::decode("LINKDEF_X", b"\xff").is_none());
    }
}
