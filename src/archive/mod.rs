//! Artifacts at rest: a reference to bytes. Does not know the lattice or a running host.

pub mod par;

use std::path::Path;

use bytes::Bytes;
use tokio::io::AsyncReadExt;

/// The largest actor or archive read into memory.
pub const MAX_ARTIFACT: u64 = 512 << 20;

const FILE_SCHEME: &str = "file://";

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
    if let Some(path) = reference.strip_prefix(FILE_SCHEME) {
        if path.is_empty() {
            return Err(FetchError::BadReference(reference.to_owned()));
        }
        if !allow_files {
            return Err(FetchError::FilesDisabled(reference.to_owned()));
        }
        return read(path, MAX_ARTIFACT).await;
    }
    if is_image(reference) {
        return Err(FetchError::NoRegistries(reference.to_owned()));
    }
    Err(FetchError::BadReference(reference.to_owned()))
}

/// Whether `reference` could name something in a registry: a host, a path and perhaps a tag or digest.
fn is_image(reference: &str) -> bool {
    let bare = ["oci://", "bindle://", "https://", "http://"]
        .into_iter()
        .find_map(|scheme| reference.strip_prefix(scheme))
        .unwrap_or(reference);
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/:@[]+".contains(c);
    bare.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !bare.starts_with("builtin:")
        && !bare.contains("//")
        && bare.chars().all(fits)
}

async fn read(path: &str, limit: u64) -> Result<Bytes, FetchError> {
    let failed = |reason: String| FetchError::File {
        path: path.to_owned(),
        reason,
    };
    let too_large = || FetchError::TooLarge {
        path: path.to_owned(),
        limit,
    };
    let metadata = tokio::fs::metadata(Path::new(path))
        .await
        .map_err(|error| failed(reason(&error)))?;
    // Asked before opening: opening a pipe waits for its writer.
    if metadata.is_dir() {
        return Err(failed("it is a directory".to_owned()));
    }
    if !metadata.is_file() {
        return Err(failed("it is not a regular file".to_owned()));
    }
    if metadata.len() > limit {
        return Err(too_large());
    }
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| failed(reason(&error)))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // It may grow while it is read.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| failed(reason(&error)))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes.into())
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_reference_is_read_where_it_may_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a b.wasm");
        std::fs::write(&path, b"bytes").unwrap();
        let reference = format!("file://{}", path.display());
        assert_eq!(fetch(&reference, true).await.unwrap(), "bytes");
        assert_eq!(
            fetch(&reference, false).await,
            Err(FetchError::FilesDisabled(reference))
        );
    }

    #[tokio::test]
    async fn what_is_no_readable_file_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let reason = async |path: &str| match fetch(&format!("file://{path}"), true).await {
            Err(FetchError::File { reason, .. }) => reason,
            other => panic!("{path}: {other:?}"),
        };
        let missing = dir.path().join("missing");
        assert!(
            reason(missing.to_str().unwrap())
                .await
                .contains("no such file")
        );
        assert!(
            reason(dir.path().to_str().unwrap())
                .await
                .contains("directory")
        );
        assert!(reason("/dev/null").await.contains("regular"));
        assert!(!reason("/a\0b").await.is_empty());
    }

    #[tokio::test]
    async fn a_file_above_the_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        std::fs::File::create(&path).unwrap().set_len(11).unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(read(path, 11).await.unwrap().len(), 11);
        assert_eq!(
            read(path, 10).await,
            Err(FetchError::TooLarge {
                path: path.to_owned(),
                limit: 10
            })
        );
    }

    #[tokio::test]
    async fn registries_are_told_from_nonsense() {
        for image in [
            "ghcr.io/me/hello:0.1",
            "wasmcloud.azurecr.io/echo:0.3.4",
            "localhost:5000/a@sha256:00ff",
            "oci://ghcr.io/me/hello:0.1",
            "bindle://example.com/echo/1.0",
            "hello",
        ] {
            assert_eq!(
                fetch(image, true).await,
                Err(FetchError::NoRegistries(image.to_owned()))
            );
        }
        for bad in [
            "",
            " ",
            "file://",
            "./hello.wasm",
            "/tmp/hello.wasm",
            "builtin:httpserver",
            "ftp://example.com/a",
            "a b",
            "ä",
            "a\nb",
        ] {
            assert_eq!(
                fetch(bad, true).await,
                Err(FetchError::BadReference(bad.to_owned()))
            );
        }
    }
}
