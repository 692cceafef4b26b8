//! The description of an object, written so that every reader of 2022-2024 finds its fields (protocol §4.6).

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::lattice::object::is_id;
pub(super) use crate::lattice::object::{digest_text, encoded_name};
use crate::lattice::wire::null_default;

/// What we need of a description; the rest is either fixed or not ours.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Meta {
    #[serde(default, deserialize_with = "null_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) bucket: String,
    /// Names the chunks.
    pub(super) nuid: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) size: u64,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) chunks: u64,
    /// `SHA-256=` and padded base64url, or empty.
    #[serde(default, deserialize_with = "null_default")]
    pub(super) digest: String,
    #[serde(default, deserialize_with = "null_default")]
    pub(super) deleted: bool,
}

impl Meta {
    /// Of an object without chunks so far.
    pub(super) fn new(name: &str, bucket: &str) -> Self {
        Self {
            name: name.to_owned(),
            bucket: bucket.to_owned(),
            nuid: nuid::next().to_string(),
            ..Self::default()
        }
    }

    /// Reads the base64 in which the stored message is quoted; none when it is no description, or one whose
    /// chunks could lie anywhere.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        let json = BASE64.decode(text.as_bytes()).ok()?;
        let meta: Self = serde_json::from_slice(&json).ok()?;
        is_id(&meta.nuid).then_some(meta)
    }

    /// The union of what readers need: half of them want `modified`, half `mtime`.
    pub(super) fn to_json(&self, now: OffsetDateTime) -> String {
        let now = now
            .format(&Rfc3339)
            .expect("the present has an RFC 3339 form");
        json!({
            "name": self.name,
            "description": null,
            "link": null,
            "bucket": self.bucket,
            "nuid": self.nuid,
            "size": self.size,
            "chunks": self.chunks,
            "modified": now,
            "mtime": now,
            "digest": self.digest,
            "deleted": self.deleted,
        })
        .to_string()
    }
}

/// The token under which older peers put and look for it; none for a name that they refuse, and that could mean
/// other objects.
pub(super) fn raw_name(name: &str) -> Option<String> {
    let name = name.replace(['.', ' '], "_");
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_=/".contains(c);
    (!name.is_empty() && name.chars().all(valid)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Meta> {
        Meta::from_base64(&BASE64.encode(json.as_bytes()))
    }

    #[test]
    fn ours_has_every_field_that_readers_need() {
        let mut meta = Meta::new("1-r", "default");
        meta.size = 5;
        meta.chunks = 1;
        meta.digest = digest_text(&[0xff; 32]);
        assert_eq!(
            meta.digest,
            "SHA-256=__________________________________________8="
        );
        let text = meta.to_json(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(read(&text), Some(meta.clone()));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (field, value) in [
            ("modified", json!("1970-01-01T00:00:00Z")),
            ("mtime", json!("1970-01-01T00:00:00Z")),
            ("deleted", json!(false)),
            ("description", json!(null)),
            ("link", json!(null)),
        ] {
            assert_eq!(json.get(field), Some(&value), "{field}");
        }
        // what the client's own readers make of it
        let info: async_nats::jetstream::object_store::ObjectInfo =
            serde_json::from_str(&text).unwrap();
        assert_eq!((info.size, info.chunks, info.deleted), (5, 1, false));
    }

    #[test]
    fn those_of_others_are_read() {
        let old = r#"{"name":"n","description":null,"link":null,"bucket":"default","nuid":"abc",
            "size":3,"chunks":1,"modified":"2022-07-11T10:00:00.5Z","digest":"","deleted":false}"#;
        assert_eq!(read(old).unwrap().size, 3);
        let new = r#"{"name":"n","metadata":{},"headers":null,"options":{"max_chunk_size":131072},
            "bucket":"default","nuid":"abc","size":3,"chunks":1,"mtime":"2024-02-13T00:00:00Z"}"#;
        let new = read(new).unwrap();
        assert_eq!((new.digest.as_str(), new.deleted), ("", false));
        for bad in [
            "",
            "{}",
            r#"{"nuid":">"}"#,
            r#"{"nuid":"a.b"}"#,
            r#"{"nuid":""}"#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Meta::from_base64("%%"), None);
    }

    #[test]
    fn names_of_both_generations() {
        assert_eq!(encoded_name("ab-r"), "YWItcg==");
        assert_eq!(raw_name("a.b c").as_deref(), Some("a_b_c"));
        for bad in ["", "*", ">", "a\r\nb", "ä"] {
            assert_eq!(raw_name(bad), None, "{bad}");
        }
    }
}
