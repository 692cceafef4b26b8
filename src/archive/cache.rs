//! Artifacts on disk by content, so that what was fetched once is not fetched again.
//!
//! A file is named after its SHA-256 and appears only as a whole; what is read is hashed again, so that damage is a
//! miss and nobody who can write here can put other content in the place of an artifact. Several hosts may share a
//! directory. Does not know where artifacts come from. All of it blocks.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::MAX_ARTIFACT;

/// All files together, in bytes; beyond it, those not used for longest go.
const MAX_SIZE: u64 = 2 << 30;

const EXTENSION: &str = "artifact";

/// A directory of artifacts.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: PathBuf,
    max_size: u64,
}

impl Cache {
    /// Makes the directory if it is not there.
    ///
    /// # Errors
    /// What making it says.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            max_size: MAX_SIZE,
        })
    }

    /// The artifact with this SHA-256, if it is there and intact.
    pub fn read(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        let mut file = self.file(sha256)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        (Sha256::digest(&bytes)[..] == sha256[..]).then(|| bytes.into())
    }

    /// As [`Self::read`], for what is too large for memory: the file that has been looked through, at its start.
    pub fn get(&self, sha256: &[u8; 32]) -> Option<File> {
        let mut file = self.file(sha256)?;
        let mut digest = Sha256::new();
        io::copy(&mut file, &mut digest).ok()?;
        file.rewind().ok()?;
        (digest.finalize()[..] == sha256[..]).then_some(file)
    }

    /// Keeps an artifact whose hash the caller has checked.
    ///
    /// # Errors
    /// What writing says; the caller can go on without.
    pub fn put(&self, sha256: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        let mut file = self.begin()?;
        file.write_all(bytes)?;
        self.keep(sha256, file).map(|_| ())
    }

    /// A file for an artifact that arrives piece by piece; it is gone with this value if it is not [kept](Self::keep).
    ///
    /// # Errors
    /// What making it says.
    pub fn begin(&self) -> io::Result<NamedTempFile> {
        // Named so that a leftover of a crash is dropped like any other file.
        tempfile::Builder::new()
            .prefix("new-")
            .suffix(&format!(".{EXTENSION}"))
            .tempfile_in(&self.dir)
    }

    /// Keeps a begun file, whose content must have this hash. The same file, where it was left.
    ///
    /// # Errors
    /// What renaming it says.
    pub fn keep(&self, sha256: &[u8; 32], file: NamedTempFile) -> io::Result<File> {
        let file = file
            .persist(self.path(sha256))
            .map_err(|error| error.error)?;
        self.shrink();
        Ok(file)
    }

    fn file(&self, sha256: &[u8; 32]) -> Option<File> {
        let path = self.path(sha256);
        let file = File::open(&path).ok()?;
        let meta = file.metadata().ok()?;
        if !meta.is_file() || meta.len() > MAX_ARTIFACT {
            return None;
        }
        // Last use decides what is dropped; a file that cannot be touched is only dropped earlier.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// What cannot be dropped now is tried again with the next file.
    fn shrink(&self) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .map(|it| it.path())
            .filter(|it| it.extension().is_some_and(|it| it == EXTENSION))
            .filter_map(|path| {
                let meta = path.metadata().ok()?;
                Some((meta.modified().ok()?, meta.len(), path))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        // The newest is what this was called for.
        files.pop();
        for (_, size, path) in files {
            if total <= self.max_size {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        self.dir
            .join(HEXLOWER.encode(sha256))
            .with_extension(EXTENSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn open() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(&dir.path().join("a/b")).unwrap();
        (dir, cache)
    }

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn gives_back_what_was_put() {
        let (_dir, cache) = open();
        let key = sha256(b"content");
        assert_eq!(cache.read(&key), None);
        cache.put(&key, b"content").unwrap();
        assert_eq!(cache.read(&key).unwrap(), "content");
        let mut text = String::new();
        let mut file = cache.get(&key).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "content");
        assert_eq!(fs::read_dir(&cache.dir).unwrap().count(), 1);
    }

    #[test]
    fn damage_is_a_miss_that_the_next_put_mends() {
        let (_dir, cache) = open();
        let key = sha256(b"content");
        for damaged in [&b""[..], b"contenT", b"content "] {
            cache.put(&key, damaged).unwrap();
            assert_eq!(cache.read(&key), None);
            assert!(cache.get(&key).is_none());
        }
        cache.put(&key, b"content").unwrap();
        assert!(cache.read(&key).is_some());
        let other = sha256(b"other");
        fs::create_dir(cache.path(&other)).unwrap();
        assert_eq!(cache.read(&other), None);
        assert!(cache.put(&other, b"other").is_err());
    }

    #[test]
    fn what_is_begun_and_not_kept_is_gone() {
        let (_dir, cache) = open();
        drop(cache.begin().unwrap());
        assert_eq!(fs::read_dir(&cache.dir).unwrap().count(), 0);
    }

    #[test]
    fn drops_what_was_not_used_for_longest() {
        let (_dir, mut cache) = open();
        cache.max_size = 25;
        let contents = ["0123456789", "abcdefghij", "ABCDEFGHIJ"].map(str::as_bytes);
        for (content, age) in contents.into_iter().zip([100, 99]) {
            cache.put(&sha256(content), content).unwrap();
            let file = File::open(cache.path(&sha256(content))).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .unwrap();
        }
        // Using the older one makes the other the oldest.
        assert!(cache.read(&sha256(contents[0])).is_some());
        cache.put(&sha256(contents[2]), contents[2]).unwrap();
        let kept = contents.map(|it| cache.read(&sha256(it)).is_some());
        assert_eq!(kept, [true, false, true]);
    }
}
