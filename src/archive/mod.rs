//! Artifacts at rest: a reference to bytes. Does not know the lattice or a running host.

use bytes::Bytes;

/// The largest actor or archive read into memory.
pub const MAX_ARTIFACT: u64 = 512 << 20;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FetchError {
    /// A file reference on a host that may not read its own disk.
    #[error("actor file loading is disabled; start the host with --allow-file-load to read {0}")]
    FilesDisabled(String),
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    #[error(
        "cannot fetch {0}: pulling from registries is not in this version; use a file:// reference"
    )]
    NoRegistries(String),
    #[error("'{0}' is not a reference: use file:///path, builtin:NAME or an image reference")]
    BadReference(String),
}

/// The bytes that `reference` names.
///
/// # Errors
/// Every variant of [`FetchError`].
pub async fn fetch(reference: &str, allow_files: bool) -> Result<Bytes, FetchError> {
    let _ = (reference, allow_files);
    todo!()
}
