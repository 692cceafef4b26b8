//! Finding a `nats-server` that runs and is new enough.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Where packages put the server although it is not on the PATH of every user.
const USUAL_FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

pub(super) const NAME: &str = "nats-server";

/// The first version whose JetStream has what a lattice needs.
const OLDEST: (u64, u64) = (2, 9);

/// A program that takes longer to print its version is not one we can start.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// A `nats-server` that has told its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    pub path: PathBuf,
    /// Without the leading `v`.
    pub version: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("no nats-server on the PATH, nor in {}", USUAL_FOLDERS.join(", "))]
    Missing,
    #[error("cannot run {path}: {reason}")]
    Broken { path: PathBuf, reason: String },
    #[error("{path} is version {version}, but a lattice needs {}.{} or newer", OLDEST.0, OLDEST.1)]
    TooOld { path: PathBuf, version: String },
}

impl Binary {
    /// Takes `wanted` if given, else the first `nats-server` on `search_path` (the value of PATH) and in the
    /// usual folders, and asks for its version.
    ///
    /// # Errors
    /// Every variant of [`FindError`].
    pub async fn find(
        wanted: Option<&Path>,
        search_path: Option<&OsStr>,
    ) -> Result<Self, FindError> {
        let path = match wanted {
            // A name alone would be looked up on the PATH.
            Some(it) if it.is_file() => std::path::absolute(it).unwrap_or_else(|_| it.to_owned()),
            Some(it) => it.to_owned(),
            None => search(search_path).ok_or(FindError::Missing)?,
        };
        let version = ask_version(&path).await?;
        if !is_new_enough(&version) {
            return Err(FindError::TooOld { path, version });
        }
        Ok(Self { path, version })
    }

    /// Whether this server takes a configuration. It looks at names and forms, not at files and addresses.
    ///
    /// # Errors
    /// What it says against it.
    pub async fn test(&self, config: &Path) -> Result<(), String> {
        let output = Command::new(&self.path)
            .arg("-t")
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(VERSION_LIMIT, output)
            .await
            .map_err(|_| "nats-server -t does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|it| !it.trim().is_empty());
        // What it quotes may be a secret, but for the name of a field.
        let first = first.unwrap_or("nats-server does not take it").trim();
        Err(match first.split_once('"') {
            Some((before, _)) if !first.contains("unknown field") => format!("{before}…"),
            _ => first.to_owned(),
        })
    }
}

fn search(search_path: Option<&OsStr>) -> Option<PathBuf> {
    let listed = search_path.map(std::env::split_paths).into_iter().flatten();
    let program = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    listed
        .chain(USUAL_FOLDERS.iter().map(PathBuf::from))
        // An empty or relative entry would run whatever lies in the working directory.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&program))
        .find(|it| is_program(it))
}

#[cfg(unix)]
pub(super) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_program(path: &Path) -> bool {
    path.is_file()
}

async fn ask_version(path: &Path) -> Result<String, FindError> {
    let broken = |reason: String| FindError::Broken {
        path: path.to_owned(),
        reason,
    };
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(VERSION_LIMIT, output)
        .await
        .map_err(|_| broken("it does not answer --version".to_owned()))?
        .map_err(|error| broken(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    read_version(&text).ok_or_else(|| broken("its --version is not that of a nats-server".into()))
}

/// Reads `nats-server: v2.9.10`.
fn read_version(text: &str) -> Option<String> {
    let version = text.trim().strip_prefix(NAME)?.strip_prefix(':')?.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    parse(version).map(|_| version.to_owned())
}

fn is_new_enough(version: &str) -> bool {
    parse(version).is_some_and(|it| it >= OLDEST)
}

fn parse(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let read = |it| read_version(it);
        assert_eq!(read("nats-server: v2.9.10\n").as_deref(), Some("2.9.10"));
        assert_eq!(
            read("nats-server: v2.12.0-RC.1").as_deref(),
            Some("2.12.0-RC.1")
        );
        assert_eq!(read("cat (GNU coreutils) 9.1"), None);
        assert_eq!(read("nats-server: latest"), None);
        assert!(is_new_enough("2.9.0") && is_new_enough("2.10.1") && is_new_enough("3.0.0"));
        assert!(!is_new_enough("2.8.4") && !is_new_enough("1.99.0"));
    }

    #[test]
    fn the_usual_folders_are_searched_without_a_path() {
        assert!(search(None).is_some_and(|it| it.ends_with(NAME)));
        assert!(search(Some(OsStr::new(""))).is_some());
    }

    #[tokio::test]
    async fn what_is_no_server_is_refused() {
        let missing = Binary::find(Some(Path::new("/nonexistent/nats-server")), None).await;
        assert!(
            matches!(missing, Err(FindError::Broken { .. })),
            "{missing:?}"
        );
        let other = Binary::find(Some(Path::new("/bin/true")), None).await;
        assert!(matches!(other, Err(FindError::Broken { .. })), "{other:?}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn an_old_server_is_refused_by_its_version() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, "#!/bin/sh\necho 'nats-server: v2.8.4'\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = Binary::find(None, Some(dir.path().as_os_str())).await;
        match found {
            Err(FindError::TooOld { version, .. }) => assert_eq!(version, "2.8.4"),
            other => panic!("{other:?}"),
        }
    }
}
