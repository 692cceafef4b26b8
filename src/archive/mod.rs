//! Artifacts at rest: a reference to bytes; and files on the web. Does not know the lattice or a running host.

pub mod cache;
mod http;
pub mod oci;
pub mod par;
pub mod web;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::io::AsyncReadExt;

use self::oci::{OciError, Registries};

/// The largest actor or archive read into memory.
pub const MAX_ARTIFACT: u64 = 512 << 20;

const FILE_SCHEME: &str = "file://";

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum FetchError {
    /// A file reference on a host that may not read its own disk.
    #[error("actor file loading is disabled; start the host with --allow-file-load to read {0}")]
    FilesDisabled(String),
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    /// From a registry.
    #[error("cannot fetch {}", .0.whole())]
    Registry(OciError),
    #[error("cannot fetch {0}: bindle servers are no longer in use; push it to a registry")]
    Bindle(String),
    #[error("'{0}' is not a reference: use file:///path, builtin:NAME or an image reference")]
    BadReference(String),
}

/// What a reference points to.
enum Place<'a> {
    File(&'a str),
    Image,
}

/// The bytes that `reference` names, in memory: for actors.
///
/// # Errors
/// Every variant of [`FetchError`].
pub async fn fetch(
    reference: &str,
    allow_files: bool,
    registries: &Registries,
) -> Result<Bytes, FetchError> {
    match place(reference, allow_files)? {
        Place::File(path) => read_file(Path::new(path)).await,
        Place::Image => registries
            .bytes(reference)
            .await
            .map_err(FetchError::Registry),
    }
}

/// The bytes of a file, of a regular one that is not too large.
///
/// # Errors
/// [`FetchError::File`] and [`FetchError::TooLarge`].
pub async fn read_file(path: &Path) -> Result<Bytes, FetchError> {
    read(path, MAX_ARTIFACT).await
}

/// What to do about an error of the disk, for the end of its message.
pub fn way_out(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded => {
            "; make room on that disk: `wash drain all` clears what can be had again"
        }
        _ => "",
    }
}

/// What `reference` names, as a file: for archives, which are large. From a registry it is verified and lies in
/// the cache, where it is not to be changed and may be dropped: open it soon.
///
/// # Errors
/// Every variant of [`FetchError`].
pub async fn fetch_to_file(
    reference: &str,
    allow_files: bool,
    registries: &Registries,
) -> Result<PathBuf, FetchError> {
    match place(reference, allow_files)? {
        Place::File(path) => {
            let path = PathBuf::from(path);
            check(&path, MAX_ARTIFACT).await?;
            Ok(path)
        }
        Place::Image => {
            let artifact = registries.file(reference, &None).await;
            artifact.map(|it| it.path).map_err(FetchError::Registry)
        }
    }
}

fn place(reference: &str, allow_files: bool) -> Result<Place<'_>, FetchError> {
    if let Some(path) = reference.strip_prefix(FILE_SCHEME) {
        if path.is_empty() {
            return Err(FetchError::BadReference(reference.to_owned()));
        }
        if !allow_files {
            return Err(FetchError::FilesDisabled(reference.to_owned()));
        }
        return Ok(Place::File(path));
    }
    if !is_image(reference) {
        return Err(FetchError::BadReference(reference.to_owned()));
    }
    if reference.starts_with("bindle://") {
        return Err(FetchError::Bindle(reference.to_owned()));
    }
    Ok(Place::Image)
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

fn too_large(path: &Path, limit: u64) -> FetchError {
    FetchError::TooLarge {
        path: path.display().to_string(),
        limit,
    }
}

/// The size of a regular file.
async fn check(path: &Path, limit: u64) -> Result<u64, FetchError> {
    let failed = |reason: String| FetchError::File {
        path: path.display().to_string(),
        reason,
    };
    let metadata = tokio::fs::metadata(path)
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
        return Err(too_large(path, limit));
    }
    Ok(metadata.len())
}

async fn read(path: &Path, limit: u64) -> Result<Bytes, FetchError> {
    let failed = |reason: String| FetchError::File {
        path: path.display().to_string(),
        reason,
    };
    let size = check(path, limit).await?;
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| failed(reason(&error)))?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // It may grow while it is read.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| failed(reason(&error)))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, limit));
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
        let registries = registries();
        let read = fetch(&reference, true, &registries).await;
        assert_eq!(read.unwrap(), "bytes");
        let file = fetch_to_file(&reference, true, &registries).await;
        assert_eq!(file.unwrap(), path);
        let refused = FetchError::FilesDisabled(reference.clone());
        let read = fetch(&reference, false, &registries).await;
        assert_eq!(read, Err(refused.clone()));
        let file = fetch_to_file(&reference, false, &registries).await;
        assert_eq!(file, Err(refused));
    }

    #[tokio::test]
    async fn what_is_no_readable_file_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let reason =
            async |path: &str| match fetch(&format!("file://{path}"), true, &registries()).await {
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
        assert_eq!(read(&path, 11).await.unwrap().len(), 11);
        assert_eq!(
            read(&path, 10).await,
            Err(FetchError::TooLarge {
                path: path.display().to_string(),
                limit: 10
            })
        );
    }

    fn registries() -> Registries {
        Registries::new(oci::Settings::default()).unwrap()
    }

    #[tokio::test]
    async fn registries_are_told_from_nonsense() {
        for image in [
            "ghcr.io/me/hello",
            "localhost:5000/a:latest",
            "oci://ghcr.io/me/hello",
            "hello",
        ] {
            // Recognized, and refused before anything is asked.
            let error = fetch(image, true, &registries()).await.unwrap_err();
            let FetchError::Registry(error) = error else {
                panic!("{image}: {error}");
            };
            assert_eq!(error.kind, oci::ErrorKind::Latest, "{image}");
        }
        let bindle = fetch("bindle://example.com/echo/1.0", true, &registries()).await;
        assert!(matches!(bindle, Err(FetchError::Bindle(_))));
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
                fetch(bad, true, &registries()).await,
                Err(FetchError::BadReference(bad.to_owned()))
            );
        }
    }
}
