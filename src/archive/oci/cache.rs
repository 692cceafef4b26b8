//! What was fetched, on disk and by digest, shared by every host and command of a user.
//!
//! Nothing here is believed: content is checked against its digest whenever it is read, and what does not match
//! is dropped. A transfer happens in `partial/` under a lock that other processes wait for, and ends by a rename.

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::digest::Digest;
use super::error::OciError;
use super::manifest::Layer;
use super::reference::Reference;

/// Between looks at a lock that another transfer holds.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of a manifest or a tag's record.
pub(super) const MAX_MANIFEST: u64 = 4 << 20;

const BLOBS: &str = "blobs";
const JOINED: &str = "joined";
const MANIFESTS: &str = "manifests";
const TAGS: &str = "tags";
const PARTIAL: &str = "partial";
const LOCKS: &str = "locks";

/// A directory of content; cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    root: Option<PathBuf>,
    scratch: Arc<OnceLock<TempDir>>,
    /// Bytes that are kept at most.
    max: u64,
}

/// The right to transfer a blob.
#[derive(Debug)]
pub(super) struct Turn {
    /// Unlocks when closed.
    _file: Option<File>,
    /// Where the transfer goes.
    pub(super) partial: PathBuf,
}

impl Cache {
    /// Of a directory that need not exist; none makes one that goes with the last clone.
    pub fn new(root: Option<PathBuf>, max: u64) -> Self {
        Self {
            root,
            scratch: Arc::default(),
            max,
        }
    }

    /// Where a blob is, or would be.
    pub(super) fn blob(&self, digest: &Digest) -> Result<PathBuf, OciError> {
        Ok(self.dir(BLOBS)?.join(name(digest)))
    }

    /// Where the layers of a manifest are in one file, if there are several.
    pub(super) fn joined(&self, manifest: &Digest) -> Result<PathBuf, OciError> {
        Ok(self.dir(JOINED)?.join(name(manifest)))
    }

    pub(super) fn manifest(&self, digest: &Digest) -> Option<Bytes> {
        let path = self.dir(MANIFESTS).ok()?.join(name(digest));
        let bytes = read_small(&path)?;
        if !digest.names(&bytes) {
            let _ = fs::remove_file(&path);
            return None;
        }
        touch(&path);
        Some(bytes.into())
    }

    pub(super) fn put_manifest(&self, digest: &Digest, bytes: &[u8]) {
        self.keep(MANIFESTS, &name(digest), bytes);
    }

    /// What a tag meant when it was last asked for.
    pub(super) fn tag(&self, reference: &Reference) -> Option<Digest> {
        let path = self.dir(TAGS).ok()?.join(tag_name(reference));
        let text = String::from_utf8(read_small(&path)?).ok()?;
        let (digest, of) = text.trim_end().split_once(' ')?;
        (of == of_tag(reference)).then(|| Digest::parse(digest))?
    }

    pub(super) fn put_tag(&self, reference: &Reference, digest: &Digest) {
        let record = format!("{digest} {}\n", of_tag(reference));
        self.keep(TAGS, &tag_name(reference), record.as_bytes());
    }

    /// Waits until nobody else transfers this blob. Where locks do not work, everybody transfers on their own.
    ///
    /// # Errors
    /// The cache cannot be written; `deadline` has come.
    pub(super) async fn turn(&self, digest: &Digest, deadline: Instant) -> Result<Turn, OciError> {
        let partial = self.dir(PARTIAL)?.join(name(digest));
        // A few files that stay, since a lock file cannot be removed safely.
        let path = self.dir(LOCKS)?.join(digest.hex().get(..2).unwrap_or("00"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| OciError::local("write", &path, &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Turn {
                        _file: Some(file),
                        partial,
                    });
                }
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => {
                    let what = "waiting for another wash that fetches the same";
                    return Err(OciError::new(
                        super::ErrorKind::Timeout,
                        format!("{what} took too long"),
                    ));
                }
                Err(TryLockError::Error(error)) => {
                    tracing::debug!("{} cannot be locked: {error}", path.display());
                    let own = format!("{}.{}", name(digest), uuid::Uuid::new_v4());
                    return Ok(Turn {
                        _file: None,
                        partial: partial.with_file_name(own),
                    });
                }
            }
        }
    }

    /// Makes a finished transfer a blob, and room for it.
    pub(super) fn commit(&self, partial: &Path, target: &Path) -> Result<(), OciError> {
        fs::rename(partial, target).map_err(|error| OciError::local("write", target, &error))?;
        if let Err(error) = self.shrink(target) {
            tracing::debug!("the cache of artifacts cannot be trimmed: {error}");
        }
        Ok(())
    }

    /// Removes everything but what is being transferred. Bytes that were freed.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn clear(&self) -> io::Result<u64> {
        let mut freed = 0;
        let Some(root) = &self.root else {
            return Ok(0);
        };
        for part in [TAGS, MANIFESTS, BLOBS, JOINED, PARTIAL] {
            for file in files(&root.join(part))? {
                if part == PARTIAL && in_use(root, &file.path) {
                    continue;
                }
                if fs::remove_file(&file.path).is_ok() {
                    freed += file.size;
                }
            }
        }
        Ok(freed)
    }

    /// Drops what was not used for longest, but never `keep`.
    fn shrink(&self, keep: &Path) -> io::Result<()> {
        let Some(root) = self
            .root
            .as_deref()
            .or_else(|| Some(self.scratch.get()?.path()))
        else {
            return Ok(());
        };
        let mut all = Vec::new();
        for part in [BLOBS, JOINED, PARTIAL, MANIFESTS, TAGS] {
            all.extend(files(&root.join(part))?);
        }
        let mut total: u64 = all.iter().map(|it| it.size).sum();
        all.sort_by_key(|it| it.used);
        for file in all {
            if total <= self.max {
                break;
            }
            let busy = file.path.parent().is_some_and(|it| it.ends_with(PARTIAL))
                && in_use(root, &file.path);
            if file.path != keep && !busy && fs::remove_file(&file.path).is_ok() {
                total -= file.size;
            }
        }
        Ok(())
    }

    /// Small files are put whole; that one cannot be kept is no failure.
    fn keep(&self, part: &str, name: &str, bytes: &[u8]) {
        let put = || -> Result<(), OciError> {
            let dir = self.dir(part)?;
            let failed = |error: io::Error| OciError::local("write", &dir, &error);
            let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(failed)?;
            io::Write::write_all(&mut file, bytes).map_err(failed)?;
            file.persist(dir.join(name))
                .map_err(|it| failed(it.error))?;
            Ok(())
        };
        if let Err(error) = put() {
            tracing::warn!("{error}");
        }
    }

    /// A part of the cache, made if it is not there.
    fn dir(&self, part: &str) -> Result<PathBuf, OciError> {
        let root = match &self.root {
            Some(root) => root,
            None => self.scratch()?,
        };
        let dir = root.join(part);
        if !dir.is_dir() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .create(&dir)
                .map_err(|error| OciError::local("create", &dir, &error))?;
        }
        Ok(dir)
    }

    fn scratch(&self) -> Result<&Path, OciError> {
        if self.scratch.get().is_none() {
            let dir = tempfile::Builder::new()
                .prefix("wash-oci-")
                .tempdir()
                .map_err(|error| {
                    OciError::local(
                        "create a directory in",
                        Path::new("the temporary directory"),
                        &error,
                    )
                })?;
            // Another task may have been faster; then this one goes.
            let _ = self.scratch.set(dir);
        }
        let dir = self.scratch.get().map(TempDir::path);
        Ok(dir.unwrap_or(Path::new(".")))
    }
}

/// Whether a file is these layers, one after the other. Blocks.
pub(super) fn is_intact(path: &Path, layers: &[Layer]) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() != layers.iter().map(|it| it.size).sum::<u64>() {
        return Ok(false);
    }
    let mut buffer = vec![0; 256 << 10];
    for layer in layers {
        let mut hasher = layer.digest.hasher();
        let mut part = Read::by_ref(&mut file).take(layer.size);
        loop {
            let read = part.read(&mut buffer)?;
            match buffer.get(..read) {
                Some(chunk) if !chunk.is_empty() => hasher.update(chunk),
                _ => break,
            }
        }
        if hasher.finish() != layer.digest {
            return Ok(false);
        }
    }
    touch(path);
    Ok(true)
}

/// The bytes of a file if they are these layers. Blocks.
pub(super) fn read_intact(path: &Path, layers: &[Layer]) -> io::Result<Option<Bytes>> {
    let size = layers.iter().map(|it| it.size).sum::<u64>();
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // One more, to notice a file that has grown.
    File::open(path)?.take(size + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Ok(None);
    }
    let bytes = Bytes::from(bytes);
    let mut rest = bytes.clone();
    for layer in layers {
        let part = rest.split_to(
            usize::try_from(layer.size)
                .unwrap_or(rest.len())
                .min(rest.len()),
        );
        if !layer.digest.names(&part) {
            return Ok(None);
        }
    }
    touch(path);
    Ok(Some(bytes))
}

/// Last use decides what is dropped first; what cannot be touched only goes sooner.
fn touch(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

struct Found {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// The files of a directory that may be missing.
fn files(dir: &Path) -> io::Result<Vec<Found>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // Another process may have dropped it meanwhile.
        if let Ok(meta) = path.symlink_metadata()
            && meta.is_file()
        {
            found.push(Found {
                path,
                size: meta.len(),
                used: meta.modified()?,
            });
        }
    }
    Ok(found)
}

/// Whether a transfer to this file is under way.
fn in_use(root: &Path, partial: &Path) -> bool {
    let name = partial.file_name().and_then(|it| it.to_str());
    let lock = name.and_then(|it| it.split_once('-')?.1.get(..2));
    let Some(lock) = lock else {
        return false;
    };
    let Ok(file) = File::open(root.join(LOCKS).join(lock)) else {
        return false;
    };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn read_small(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_MANIFEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_MANIFEST).then_some(bytes)
}

fn name(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm(), digest.hex())
}

/// A tag's full name, without its case lost.
fn of_tag(reference: &Reference) -> String {
    format!(
        "{}/{}:{}",
        reference.address(),
        reference.repository(),
        reference.version()
    )
}

fn tag_name(reference: &Reference) -> String {
    name(&Digest::of(of_tag(reference).as_bytes()))
}
