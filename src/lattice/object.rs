//! What is the same in every object of a NATS object store: how names and hashes are written, and which ids may
//! stand in a subject. Pure.

use data_encoding::BASE64URL;

/// The token under which writers since 2023 put the description of an object.
pub(super) fn encoded_name(name: &str) -> String {
    BASE64URL.encode(name.as_bytes())
}

/// How a description names the hash of its object.
pub(super) fn digest_text(sha256: &[u8]) -> String {
    format!("SHA-256={}", BASE64URL.encode(sha256))
}

/// Whether chunks can lie under this id, and nowhere else.
pub(super) fn is_id(nuid: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !nuid.is_empty() && nuid.chars().all(plain)
}
