//! Where archives come from: a file. A reference to a registry becomes one here, and nowhere else, once
//! registries can be read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::archive::par::{Archive, HEAD, looks_like_archive};
use crate::cli::claims::local_path;
use crate::cli::report::CommandError;

use super::{open_file, par_error};

/// Opens the archive that a reference names: a path or `file://` URL. The path is for messages.
pub(super) fn open(reference: &str) -> Result<(PathBuf, Archive<File>), CommandError> {
    let path = local_path(reference)?;
    let archive = open_path(&path)?;
    Ok((path, archive))
}

pub(super) fn open_path(path: &Path) -> Result<Archive<File>, CommandError> {
    Archive::open(open_file(path)?).map_err(|error| par_error(path, error))
}

/// Whether a file could be an archive, by its first bytes. One that cannot be read is none.
pub(in crate::cli) fn is_archive(path: &Path) -> bool {
    let Ok(file) = open_file(path) else {
        return false;
    };
    let mut head = Vec::new();
    file.take(HEAD as u64).read_to_end(&mut head).is_ok() && looks_like_archive(&head)
}
