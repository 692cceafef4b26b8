//! Archives in files, and what keeps them from being opened.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::archive::par::Archive;
use crate::cli::claims::local_path;
use crate::cli::report::CommandError;

use super::{open_file, par_error};

/// Opens the archive that a path or `file://` URL names. The path is for messages.
pub(super) fn open(reference: &str) -> Result<(PathBuf, Archive<File>), CommandError> {
    let path = local_path(reference)?;
    let archive = open_path(&path, &path)?;
    Ok((path, archive))
}

/// Opens a file that people know as `name`.
pub(super) fn open_path(file: &Path, name: &Path) -> Result<Archive<File>, CommandError> {
    Archive::open(open_file(file)?).map_err(|error| par_error(name, error))
}
