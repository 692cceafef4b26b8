//! Where a NATS server of this user keeps its streams: one directory for each port, and one server in it.

use std::path::{Path, PathBuf};

use crate::cli::report::{CommandError, Kind};
use crate::config::running::Lock;

/// Servers on any free port of one user.
const MAX_ANY: u32 = 1000;

/// A directory for the server of a port, locked; none if another server has it. Servers on any free port take the
/// first directory that nobody has.
///
/// # Errors
/// When the directory cannot be made.
pub(crate) fn take(root: &Path, port: u16) -> Result<Option<(PathBuf, Lock)>, CommandError> {
    let lock = |dir: PathBuf| {
        let path = dir.join("lock");
        let taken = Lock::try_take(&path).map_err(|reason| {
            let path = dir.display();
            CommandError::new(
                Kind::General,
                format!("cannot keep the state of NATS in {path}"),
            )
            .because(reason)
            .hint("choose another place with WASH_HOME, or keep nothing: --ephemeral")
        })?;
        Ok(taken.map(|it| (dir, it)))
    };
    if port != 0 {
        return lock(root.join(port.to_string()));
    }
    for at in 1..=MAX_ANY {
        if let Some(taken) = lock(root.join(format!("any-{at}")))? {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

/// The embedded server's streams, beside those of a nats-server on the same port.
pub(crate) fn embedded(dir: &Path) -> PathBuf {
    dir.join("embedded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_directory_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let take = |port| take(root.path(), port).unwrap();
        let fixed = take(4222).unwrap();
        assert!(fixed.0.ends_with("4222"));
        assert!(take(4222).is_none());
        let (first, second) = (take(0).unwrap(), take(0).unwrap());
        assert_ne!(first.0, second.0);
        let again = first.0.clone();
        drop(first);
        assert_eq!(take(0).unwrap().0, again);
    }
}
