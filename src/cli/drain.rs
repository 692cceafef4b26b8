//! `wash drain`: clears what is kept only to be faster, here and where older tools kept it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::archive::oci::Cache;
use crate::config::dirs::Dirs;

use super::CommandResult;
use super::output::Sentence;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Clear caches of artifacts, libraries and compiled code
///
/// Nothing is lost: it is fetched, unpacked or compiled again when it is needed. Hosts that run go on.
#[derive(Debug, clap::Args)]
pub(crate) struct DrainArgs {
    /// What to clear
    #[arg(value_enum, value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Everything below
    All,
    /// Artifacts from registries, and through lattices
    Oci,
    /// Libraries unpacked from provider archives, and compiled code of actors
    Lib,
    /// Interface files of older tools
    Smithy,
}

/// A directory of a cache.
struct Place {
    what: What,
    path: PathBuf,
    /// Holds what comes from registries, perhaps just now.
    shared: bool,
}

impl DrainArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let (mut drained, mut freed) = (Vec::new(), 0);
        for place in places(session) {
            if self.what != What::All && self.what != place.what || !is_own_dir(&place.path) {
                continue;
            }
            let cleared = match place.shared {
                true => Cache::new(Some(place.path.clone()), 0).clear(),
                false => clear(&place.path),
            };
            freed += cleared.map_err(|error| {
                let message = format!("cannot clear {}", place.path.display());
                CommandError::new(Kind::General, message).because(error)
            })?;
            drained.push(place.path);
        }
        let text = match drained.as_slice() {
            [] => "there was nothing to clear".to_owned(),
            paths => {
                let paths = paths.iter().map(|it| format!("\n{}", it.display()));
                format!("cleared, {freed} bytes:{}", paths.collect::<String>())
            }
        };
        let mut answer = Sentence::new(text, json!({ "drained": drained, "freed": freed }));
        for path in &drained {
            answer = answer.named(path.display().to_string());
        }
        Ok(Box::new(answer))
    }
}

/// Ours, then those of older tools.
fn places(session: &Session) -> Vec<Place> {
    let mut found = Vec::new();
    let mut add = |what, path: PathBuf, shared| found.push(Place { what, path, shared });
    if let Some(dirs) = &session.dirs {
        add(What::Oci, dirs.pulled(), true);
        add(What::Oci, dirs.delivered(), false);
        add(What::Lib, dirs.providers(), false);
        add(What::Lib, dirs.modules(), false);
    }
    let temporary = Path::new(session.env.get("TMPDIR").unwrap_or("/tmp"));
    add(What::Oci, temporary.join("wasmcloud_ocicache"), false);
    add(What::Lib, temporary.join("wasmcloudcache"), false);
    if let Some(cache) = Dirs::shared_cache(&session.env) {
        add(What::Smithy, cache.join("smithy"), false);
    }
    found
}

/// Removes what a directory holds, and leaves the directory. Bytes that were freed.
fn clear(dir: &Path) -> io::Result<u64> {
    let mut freed = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        // Links are removed, never followed.
        let result = if entry.file_type()?.is_dir() {
            freed += clear(&path)?;
            std::fs::remove_dir(&path)
        } else {
            freed += entry.metadata().map_or(0, |it| it.len());
            std::fs::remove_file(&path)
        };
        match result {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(freed)
}

/// A directory that is there, no link, and this user's: the temporary directory is everybody's.
fn is_own_dir(path: &Path) -> bool {
    let Ok(meta) = path.symlink_metadata() else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return false;
        }
    }
    meta.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    #[test]
    fn each_name_clears_its_own_caches() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        let env = [
            ("TMPDIR", root.join("tmp")),
            ("WASH_HOME", root.join("wash")),
            ("XDG_CACHE_HOME", root.join("cache")),
        ];
        let env: Env = env
            .into_iter()
            .map(|(name, path)| (name.to_owned(), path.display().to_string()))
            .collect();
        let dirs = Dirs::find(&env).unwrap();
        let session = Session::sealed(env, Some(dirs.clone()));
        let files = [
            dirs.pulled().join("blobs/a"),
            dirs.providers().join("deep/er/b"),
            dirs.modules().join("c"),
            root.join("tmp/wasmcloud_ocicache/d"),
            root.join("tmp/wasmcloudcache/e"),
            root.join("cache/smithy/f"),
            root.join("tmp/kept"),
        ];
        let fill = || {
            for file in &files {
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, b"1").unwrap();
            }
        };
        for (what, cleared) in [
            (What::Oci, &[0, 3][..]),
            (What::Lib, &[1, 2, 4]),
            (What::Smithy, &[5]),
            (What::All, &[0, 1, 2, 3, 4, 5]),
        ] {
            fill();
            let answer = DrainArgs { what }.run(&session).unwrap();
            let gone: Vec<_> = (0..files.len()).filter(|it| !files[*it].exists()).collect();
            assert_eq!(gone, cleared, "{what:?}");
            assert_eq!(answer.fields()["freed"], cleared.len());
        }
        #[cfg(unix)]
        {
            fill();
            let link = root.join("tmp/wasmcloudcache");
            std::fs::rename(&link, root.join("real")).unwrap();
            std::os::unix::fs::symlink(root.join("real"), &link).unwrap();
            let _ = DrainArgs { what: What::All }.run(&session).unwrap();
            assert!(root.join("real/e").exists());
        }
    }
}
