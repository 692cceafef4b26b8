//! What runs on this machine: a file for each host that `wash up` started, locked for as long as it lives.
//!
//! The lock, not a process id, says whether a host is alive, so a file left behind by a crash misleads nobody.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A process by its id and start time; a later one with the same id is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Seconds since 1970.
    pub started: u64,
}

/// What others need to know to find and stop a host. No secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub host_id: String,
    pub name: String,
    pub process: Process,
    /// It has answered on its lattice.
    pub ready: bool,
    pub lattice: String,
    pub ctl_prefix: Option<String>,
    #[serde(default)]
    pub js_domain: Option<String>,
    pub nats: Nats,
    /// Credentials file of the control connection.
    pub credentials: Option<PathBuf>,
    pub tls: bool,
    /// None for stderr.
    pub log: Option<PathBuf>,
}

impl Record {
    /// The process of the server that was started for the host, which may be the host's own.
    pub fn nats_pid(&self) -> Option<u32> {
        match self.nats.embedded {
            true => Some(self.process.pid),
            false => self.nats.process.map(|it| it.pid),
        }
    }
}

/// The NATS that a host uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nats {
    pub url: String,
    /// The server that was started with the host; none for one that was there already.
    pub process: Option<Process>,
    /// The server is part of the host's own process.
    #[serde(default)]
    pub embedded: bool,
    /// Where the server that was started keeps its streams.
    #[serde(default)]
    pub dir: Option<PathBuf>,
    pub log: Option<PathBuf>,
    /// `host:port` of that server's monitoring.
    #[serde(default)]
    pub monitor: Option<String>,
    /// That server's configuration.
    #[serde(default)]
    pub config: Option<PathBuf>,
}

impl Nats {
    /// What it is to the host: `embedded`, `server` if one was started, or `external`.
    pub fn kind(&self) -> &'static str {
        match self.process {
            _ if self.embedded => "embedded",
            Some(_) => "server",
            None => "external",
        }
    }
}

/// A record found on disk.
#[derive(Clone, Debug)]
pub struct Entry {
    pub record: Record,
    /// Its process holds the lock.
    pub alive: bool,
    path: PathBuf,
}

/// The record of this process, locked; dropping it removes the file.
#[derive(Debug)]
pub struct Held {
    lock: Lock,
}

/// An exclusive lock on a file, which the system gives up when its process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Creates the file if need be; none if another process holds the lock.
    ///
    /// # Errors
    /// When the file cannot be created or locked.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        if let Some(dir) = path.parent() {
            create_private_dir(dir)?;
        }
        let mut patience = 5;
        loop {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                // A reader holds a shared lock for a moment.
                Err(fs::TryLockError::WouldBlock) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
                Err(fs::TryLockError::WouldBlock) => return Ok(None),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
            // Its last holder may have removed the file between open and lock.
            if is_at(&file, path) {
                let path = path.to_owned();
                return Ok(Some(Self { file, path }));
            }
        }
    }

    /// Removes the file, while it is still locked.
    fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(held), Ok(found)) = (file.metadata(), path.metadata()) else {
        return false;
    };
    (held.dev(), held.ino()) == (found.dev(), found.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Held {
    /// Takes the place of a host among those that run; none if that host runs already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn take(state: &Path, record: &Record) -> io::Result<Option<Self>> {
        let path = folder(state).join(format!("{}.json", record.host_id));
        let Some(lock) = Lock::try_take(&path)? else {
            return Ok(None);
        };
        let mut held = Self { lock };
        held.update(record)?;
        Ok(Some(held))
    }

    /// Replaces what the file says.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn update(&mut self, record: &Record) -> io::Result<()> {
        // In place, since a new file would not be locked.
        let text = serde_json::to_string_pretty(record)?;
        let file = &mut self.lock.file;
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        file.flush()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Nobody is left to tell; a file that stays is known to be stale by its lock.
        let _ = self.lock.remove();
    }
}

impl Entry {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Forgets a host that has ended without removing its file; false if it lives after all.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget(&self) -> io::Result<bool> {
        match Lock::try_take(&self.path)? {
            Some(lock) => lock.remove().map(|()| true),
            None => Ok(false),
        }
    }
}

/// Every host that runs or has left its file behind, by name. What cannot be read is left out: it is being
/// written, or not ours.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn list(state: &Path) -> io::Result<Vec<Entry>> {
    let files = match fs::read_dir(folder(state)) {
        Ok(it) => it,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries: Vec<Entry> = files
        .flatten()
        .map(|it| it.path())
        .filter(|it| it.extension().is_some_and(|it| it == "json"))
        .filter_map(read)
        .collect();
    entries.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    Ok(entries)
}

/// Bytes; far more than any record has.
const MAX_RECORD: u64 = 64 * 1024;

fn read(path: PathBuf) -> Option<Entry> {
    let file = File::open(&path).ok()?;
    let mut text = String::new();
    (&file).take(MAX_RECORD).read_to_string(&mut text).ok()?;
    let record = serde_json::from_str(&text).ok()?;
    // Shared, so that two readers do not take each other for the host.
    let alive = matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock));
    Some(Entry {
        record,
        alive,
        path,
    })
}

fn folder(state: &Path) -> PathBuf {
    state.join("running")
}

/// Creates a folder that only this user can enter, and those above it.
///
/// # Errors
/// When it cannot be created.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> Record {
        Record {
            host_id: id.to_owned(),
            name: format!("name-of-{id}"),
            process: Process { pid: 1, started: 2 },
            ready: false,
            lattice: "default".to_owned(),
            ctl_prefix: None,
            js_domain: None,
            nats: Nats {
                url: "nats://127.0.0.1:4222".to_owned(),
                process: None,
                log: None,
                monitor: None,
                config: None,
                embedded: false,
                dir: None,
            },
            credentials: None,
            tls: false,
            log: None,
        }
    }

    #[test]
    fn a_host_is_alive_while_its_file_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert!(list(&state).unwrap().is_empty());
        let mut held = Held::take(&state, &record("N1")).unwrap().unwrap();
        assert!(Held::take(&state, &record("N1")).unwrap().is_none());
        let other = Held::take(&state, &record("N0")).unwrap().unwrap();
        let ids = |it: Vec<Entry>| -> Vec<(String, bool)> {
            it.into_iter()
                .map(|it| (it.record.host_id, it.alive))
                .collect()
        };
        let both = [("N0".to_owned(), true), ("N1".to_owned(), true)];
        assert_eq!(ids(list(&state).unwrap()), both);
        let mut shorter = record("N1");
        shorter.name = "n".to_owned();
        held.update(&shorter).unwrap();
        assert_eq!(list(&state).unwrap()[0].record, shorter);
        drop((held, other));
        assert!(list(&state).unwrap().is_empty());
    }

    #[test]
    fn a_file_left_behind_is_known_and_can_be_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(folder(dir.path())).unwrap();
        let path = folder(dir.path()).join("N1.json");
        fs::write(&path, serde_json::to_string(&record("N1")).unwrap()).unwrap();
        fs::write(folder(dir.path()).join("N2.json"), "{").unwrap();
        let entries = list(dir.path()).unwrap();
        assert_eq!((entries.len(), entries[0].alive), (1, false));
        let held = Held::take(dir.path(), &record("N1")).unwrap().unwrap();
        assert!(!entries[0].forget().unwrap());
        drop(held);
        fs::write(&path, serde_json::to_string(&record("N1")).unwrap()).unwrap();
        assert!(entries[0].forget().unwrap());
        assert!(list(dir.path()).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_this_user_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let held = Held::take(&dir.path().join("s"), &record("N1"))
            .unwrap()
            .unwrap();
        let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&held.lock.path), 0o600);
        assert_eq!(mode(&folder(&dir.path().join("s"))), 0o700);
    }
}
