//! The description of an object, as the NATS object store clients of today write and read it.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::reference::Digest;
use crate::lattice::object::{digest_text, is_id};
use crate::lattice::wire::null_default;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Meta {
    #[serde(default, deserialize_with = "null_default")]
    pub(super) name: String,
    /// The file's name.
    #[serde(default, deserialize_with = "null_default")]
    pub(super) description: String,
    /// Names the chunks.
    #[serde(default, deserialize_with = "null_default")]
    pub(super) nuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) size: u64,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) chunks: u64,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) deleted: bool,
}

impl Meta {
    /// None where it is no description, or one whose chunks could lie anywhere.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let meta: Self = serde_json::from_slice(json).ok()?;
        is_id(&meta.nuid).then_some(meta)
    }

    /// As [`Self::read`], of the base64 in which the stored message is quoted.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        Self::read(&BASE64.decode(text.as_bytes()).ok()?)
    }

    pub(super) fn to_json(&self, bucket: &str, digest: &Digest, now: OffsetDateTime) -> String {
        let now = now
            .format(&Rfc3339)
            .expect("the present has an RFC 3339 form");
        json!({
            "name": self.name,
            "description": self.description,
            "options": { "max_chunk_size": super::put::CHUNK },
            "bucket": bucket,
            "nuid": self.nuid,
            "size": self.size,
            "chunks": self.chunks,
            "mtime": now,
            "digest": digest_text(digest.as_bytes()),
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_reads_back() {
        let meta = Meta {
            name: Digest::of(b"").to_string(),
            description: "a.wasm".to_owned(),
            nuid: "abc".to_owned(),
            size: 3,
            chunks: 1,
            deleted: false,
        };
        let text = meta.to_json("B", &Digest::of(b""), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(Meta::read(text.as_bytes()), Some(meta));
        let info: async_nats::jetstream::object_store::ObjectInfo =
            serde_json::from_str(&text).unwrap();
        assert_eq!((info.size, info.bucket.as_str()), (3, "B"));
        for bad in ["", "{}", r#"{"nuid":">"}"#, r#"{"nuid":"a.b"}"#, "[]"] {
            assert_eq!(Meta::read(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Meta::from_base64("%"), None);
    }
}
