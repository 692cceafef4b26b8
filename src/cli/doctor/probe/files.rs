//! This machine's files: what can be written, what others can read, what running hosts have noted down.

use std::path::{Path, PathBuf};

use crate::claims::keyfile;
use crate::cli::doctor::facts::{Exposed, Trouble};
use crate::cli::session::Session;
use crate::config::connection::Connection;
use crate::config::context::shelf::{self, Origin};
use crate::config::explain;

/// Whether state can be kept. A directory that is not there yet is judged by the nearest one that is.
pub(super) fn writable(state: Option<&Path>) -> Result<PathBuf, Trouble> {
    let fix = Some("choose another place with WASH_HOME or XDG_STATE_HOME".to_owned());
    let Some(state) = state else {
        let what = "there is no home directory to keep state in".to_owned();
        return Err(Trouble { what, fix });
    };
    let mut nearest = state;
    while !nearest.exists() {
        match nearest.parent() {
            Some(it) if it != Path::new("") => nearest = it,
            _ => break,
        }
    }
    match tempfile::NamedTempFile::new_in(nearest) {
        Ok(_) => Ok(state.to_owned()),
        Err(error) => Err(Trouble {
            what: format!("{} cannot be written: {error}", state.display()),
            fix,
        }),
    }
}

/// Every file with a secret of ours that others may read.
pub(super) fn exposed(session: &Session, settings: Option<&Connection>) -> Vec<Exposed> {
    let mut found: Vec<Exposed> = Vec::new();
    let mut look = |path: PathBuf, refused: bool| {
        // What mends it must do so from everywhere.
        let path = std::path::absolute(&path).unwrap_or(path);
        if let Some(mode) = loose(&path)
            && found.iter().all(|it| it.path != path)
        {
            found.push(Exposed {
                path,
                mode,
                refused,
            });
        }
    };
    let env = &session.env;
    let chosen = env.get("WASH_KEYS").or_else(|| env.get("WASH_KEYS_DIR"));
    let mut folders: Vec<PathBuf> = chosen.into_iter().map(PathBuf::from).collect();
    if let Some(dirs) = &session.dirs {
        folders.push(dirs.keys());
        folders.extend(dirs.legacy.iter().map(|it| it.join("keys")));
    }
    for folder in folders {
        for path in keyfile::list(&folder).unwrap_or_default() {
            look(path, true);
        }
    }
    if let Some(dirs) = &session.dirs {
        look(dirs.host_config(), true);
        for entry in shelf::list(Some(dirs), env) {
            let Ok(context) = entry.read(Some(dirs), env) else {
                continue;
            };
            let has_secret = explain::of_layer(&context.layer())
                .iter()
                .any(|it| it.masked);
            if has_secret && entry.origin != Origin::Running {
                look(entry.path, false);
            }
        }
    }
    for path in settings.into_iter().flat_map(|it| &it.exposed) {
        look(path.clone(), false);
    }
    found
}

/// The permission bits of a file, if any of them are for others.
#[cfg(unix)]
fn loose(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let data = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mode = data.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn loose(_: &Path) -> Option<u32> {
    None
}
