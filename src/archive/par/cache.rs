//! Programs on disk, ready to run: `{directory}/{hash}/provider`.
//!
//! Named by content, so that a program with the same revision but other bytes is never mistaken for it. A file
//! appears under its name only as a whole, and its content is checked whenever it is about to run. What a crash
//! leaves behind is swept away later.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::hash;
use super::{Hash, ParError};

const NEW: &str = ".new-";

/// Nobody writes one program for so long.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A program on disk that had the right content when it was last looked at.
///
/// A start may fail with "text file busy" while another thread of this process starts something else: the child of
/// that moment holds the file that was being written until it is itself started. It passes; try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    path: PathBuf,
    hash: Hash,
}

impl Executable {
    /// A program that is said to be there; nobody has looked at it yet.
    pub fn new(path: PathBuf, hash: Hash) -> Self {
        Self { path, hash }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Reads all of it again. To be called before each start; after an error, extract it anew.
    ///
    /// # Errors
    /// [`ParError::Replaced`].
    pub fn verify(&self) -> Result<(), ParError> {
        if intact(&self.path, self.hash) {
            Ok(())
        } else {
            Err(ParError::Replaced(self.path.clone()))
        }
    }
}

/// The program with this hash if there is one that only its owner may change. Its content is not looked at.
pub(super) fn kept(cache: &Path, hash: Hash) -> Result<Option<Executable>, ParError> {
    let path = place(cache, hash)?;
    let fits = fs::symlink_metadata(&path).is_ok_and(|it| it.is_file() && runnable(&it));
    Ok(fits.then_some(Executable { path, hash }))
}

/// The program with this hash, which `fill` writes if it is not there; `fill` must have checked what it wrote.
pub(super) fn obtain(
    cache: &Path,
    hash: Hash,
    fill: impl FnOnce(&mut File) -> Result<(), ParError>,
) -> Result<Executable, ParError> {
    let path = place(cache, hash)?;
    let directory = path.parent().unwrap_or(cache);
    if intact(&path, hash) {
        return Ok(Executable { path, hash });
    }
    let failed = |source| ParError::Io {
        action: "write",
        path: path.clone(),
        source,
    };
    // Made with mode 0600 and gone with this value, whatever happens.
    let mut file = tempfile::Builder::new()
        .prefix(NEW)
        .tempfile_in(directory)
        .map_err(failed)?;
    fill(file.as_file_mut()).map_err(|error| match error {
        ParError::Write(source) => failed(source),
        other => other,
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::Permissions::from_mode(0o755);
        file.as_file().set_permissions(mode).map_err(failed)?;
    }
    // Not synced: should the machine fail now, the next check finds out. The name is taken over from whatever
    // has it, a program that runs goes on with its old file, and of two that come at once either will do.
    file.persist(&path).map_err(|it| failed(it.error))?;
    Ok(Executable { path, hash })
}

/// Where a program belongs, in a directory that is there and safe.
fn place(cache: &Path, hash: Hash) -> Result<PathBuf, ParError> {
    let directory = cache.join(hash.lower());
    private(cache)?;
    private(&directory)?;
    sweep(&directory);
    let name = format!("provider{}", std::env::consts::EXE_SUFFIX);
    Ok(directory.join(name))
}

/// Whether it is a file of ours with that content.
fn intact(path: &Path, hash: Hash) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return false;
    };
    if !meta.is_file() || !runnable(&meta) {
        return false;
    }
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    hash::copy(&mut file, &mut io::sink()).is_ok_and(|(_, found)| found == hash)
}

#[cfg(unix)]
fn runnable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let ours = meta.uid() == rustix::process::geteuid().as_raw();
    ours && meta.mode() & 0o700 == 0o700 && meta.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn runnable(_meta: &fs::Metadata) -> bool {
    true
}

/// Makes a directory for its owner alone. What is in it gets run, so one that others may write to is refused.
fn private(path: &Path) -> Result<(), ParError> {
    let failed = |source| ParError::Io {
        action: "create",
        path: path.to_owned(),
        source,
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let refused = |reason| ParError::UnsafeDirectory {
            path: path.to_owned(),
            reason,
        };
        let meta = fs::symlink_metadata(path).map_err(failed)?;
        // The user's own directories may be links, but their owner is the user all the same.
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused("it belongs to another user"));
        }
        let meta = fs::metadata(path).map_err(failed)?;
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused("it belongs to another user"));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(refused(
                "others may write to it; remove it, or run chmod 700 on it",
            ));
        }
        if meta.mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Removes what a crash or a power cut left half written. That it cannot be removed is no harm.
fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(NEW);
        let written = entry.metadata().and_then(|it| it.modified());
        let age = written.map(|it| SystemTime::now().duration_since(it).unwrap_or_default());
        if ours && age.is_ok_and(|it| it > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
