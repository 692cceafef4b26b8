//! Contexts of ours on disk: written whole, for this user's eyes only, never over another by accident.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::shelf::{self, DEFAULT};
use crate::config::connection::urls;
use crate::config::definition::{DEFINITIONS, Key};
use crate::config::dirs::Dirs;
use crate::config::layer::{Layer, Layers};
use crate::config::running::create_private_dir;

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    Never,
    Yes,
}

/// Why a name cannot be that of a context.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' cannot name a context")]
pub struct BadName(String);

/// Where a context of ours is, or would be.
///
/// # Errors
/// [`BadName`] for what is a path, hidden or has a meaning of its own.
pub fn path_of(dirs: &Dirs, name: &str) -> Result<PathBuf, BadName> {
    let reserved = matches!(name, "" | "index" | DEFAULT) || name.starts_with(['.', '-']);
    let strange = |it: char| it.is_control() || it.is_whitespace();
    if reserved || shelf::is_path(name) || name.chars().any(strange) || name.len() > MAX_NAME {
        return Err(BadName(name.to_owned()));
    }
    Ok(dirs.contexts().join(format!("{name}.json")))
}

/// Bytes; longer ones do not fit into a file name.
const MAX_NAME: usize = 200;

/// The fields of a context with these settings, in our spelling: one address, and durations with their unit.
pub fn fields(settings: &Layer<Key>) -> Map<String, Value> {
    let value = |key: Key| settings.get(key).map(|it| it.value.clone());
    let place = || {
        if !settings.has(&[Key::Host, Key::Port]) {
            return None;
        }
        let layers = Layers::new(settings.clone(), Layer::default(), Layer::default());
        Some(urls(&layers).ok()?.value.join(","))
    };
    let server = value(Key::Server).or_else(place);
    let ours = |key: Key| match key {
        Key::Server => server.clone(),
        // What cannot be joined is kept as it is, to be refused by whoever reads it.
        Key::Host | Key::Port => value(key).filter(|_| server.is_none()),
        Key::Timeout => {
            let millis = || Some(format!("{}ms", value(Key::TimeoutMs)?.trim()));
            value(key).or_else(millis)
        }
        Key::TimeoutMs => None,
        key => value(key),
    };
    let field = |key: Key, names: &[&str]| Some(((*names.first()?).to_owned(), ours(key)?.into()));
    DEFINITIONS
        .iter()
        .filter_map(|it| field(it.key, it.fields))
        .collect()
}

/// The text of a context's file.
pub fn text(fields: &Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(fields.clone()))
}

/// Writes a file of 0600, all or nothing.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] for one that must not be replaced, and whatever the system says.
pub fn write(path: &Path, text: &str, replace: Replace) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    create_private_dir(dir)?;
    // Temporary files are 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match replace {
        Replace::Never => file.persist_noclobber(path),
        Replace::Yes => file.persist(path),
    }
    .map(drop)
    .map_err(|it| it.error)
}

/// Removes a context; false if it is not there.
///
/// # Errors
/// Whatever the system says.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a context the default, or none.
///
/// # Errors
/// Whatever the system says.
pub fn set_default(dirs: &Dirs, name: Option<&str>) -> io::Result<()> {
    let path = dirs.contexts().join(DEFAULT);
    if let Some(name) = name {
        return write(&path, &format!("{name}\n"), Replace::Yes);
    }
    remove(&path)?;
    // An empty file of ours outvotes a default of older tools; one that cannot be read counts as one.
    match shelf::default_name(Some(dirs)) {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(_) => write(&path, "", Replace::Yes),
    }
}
