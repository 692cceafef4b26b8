//! Files of a hub: for their owner alone, written as a whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::HubError;

/// Far more than any file of a hub holds. Bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Another command holds the lock for a few milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

const LOCK_POLL: Duration = Duration::from_millis(20);

pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HubError {
    let path: PathBuf = path.to_owned();
    move |source| HubError::Io {
        action,
        path,
        source,
    }
}

pub(super) fn create_dir(path: &Path) -> Result<(), HubError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed("create", path))
}

/// Writes a new file.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), HubError> {
    let file = temporary(path, text)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(HubError::FileExists(path.to_owned()))
        }
        Err(error) => Err(failed("write", path)(error.error)),
    }
}

/// Writes a file, in place of the one that is there.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), HubError> {
    let file = temporary(path, text)?;
    match file.persist(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed("write", path)(error.error)),
    }
}

fn temporary(path: &Path, text: &str) -> Result<tempfile::NamedTempFile, HubError> {
    let dir = match path.parent() {
        Some(it) if it != Path::new("") => it,
        _ => Path::new("."),
    };
    let write = || {
        // Temporary files are made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(failed("write", path))
}

/// None if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, HubError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed("read", path))?,
    };
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(failed("read", path))?;
    Ok(Some(text))
}

/// Waits for its turn; the lock goes with the file.
pub(super) fn lock(path: &Path) -> Result<File, HubError> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(failed("open", path))?;
    let give_up = Instant::now() + LOCK_LIMIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => return Err(HubError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed("lock", path)(error)),
        }
    }
}
