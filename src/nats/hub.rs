//! A hub of one's own: a directory with all that a `nats-server` in operator mode needs, and the keys that say
//! who may use it.
//!
//! ```text
//! nats.conf        the server's configuration, its owner's to edit
//! accounts.conf    the accounts' tokens, included by it and rewritten here
//! hub.json         the record: who may use the hub
//! keys/            seeds of operator, accounts and authority; the server needs none of them
//! tls/             certificates that the hub signed itself
//! creds/           credentials of machines
//! ```
//!
//! Runs nothing: the server is started by its owner, and told to reload if it is found. The tokens are
//! [`super::jwt`]'s business. The time comes in as a value, in seconds since 1970.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::claims::keyfile::{self, KeyFileError};
use crate::claims::{KeyKind, Seed};

use super::jwt::{self, Creds};
use super::process::Signal;

mod build;
mod certificate;
mod conf;
mod files;
mod plan;
mod record;
mod server;

pub use plan::{Plan, Tls};
pub use record::{Record, Standing, UserRecord};

const CONF: &str = "nats.conf";
const ACCOUNTS: &str = "accounts.conf";
const RECORD: &str = "hub.json";
const PID: &str = "nats.pid";
const LOCK: &str = "hub.lock";

/// The account that everybody of the hub is in.
const ACCOUNT: &str = "lattice";
const SYSTEM_ACCOUNT: &str = "SYS";

#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("there is a hub in {} already", .0.display())]
    Exists(PathBuf),
    #[error("{} is not empty, and no hub", .0.display())]
    NotEmpty(PathBuf),
    #[error("there is no hub in {}", .0.display())]
    Missing(PathBuf),
    /// The server of a hub that is to be replaced.
    #[error("nats-server (pid {pid}) still serves the hub in {}", dir.display())]
    Running { dir: PathBuf, pid: u32 },
    #[error("{what} '{value}' cannot be used: {reason}")]
    Bad {
        what: &'static str,
        value: String,
        reason: &'static str,
    },
    #[error("there are credentials for '{0}' already")]
    UserExists(String),
    #[error("the hub knows no '{name}'")]
    UnknownUser { name: String, known: Vec<String> },
    #[error("{} already exists", .0.display())]
    FileExists(PathBuf),
    #[error("cannot use this certificate: {0}")]
    Certificate(String),
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("another command holds {}", .0.display())]
    Busy(PathBuf),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// A hub in its directory.
#[derive(Debug)]
pub struct Hub {
    dir: PathBuf,
    record: Record,
    /// Held by those who change something.
    _lock: Option<File>,
}

/// What a revocation did.
#[derive(Clone, Debug)]
pub struct Revocation {
    pub user: UserRecord,
    /// It was revoked before.
    pub already: bool,
    /// The hub's own copy of the credentials, now deleted.
    pub deleted: Option<PathBuf>,
}

impl Hub {
    /// Makes a hub in `dir`, which must be empty or missing. With `replace`, a hub that is there is first set aside
    /// as a whole, in the directory that is returned.
    ///
    /// # Errors
    /// [`HubError::Exists`] without `replace`, [`HubError::NotEmpty`], [`HubError::Running`], and what can be wrong
    /// with the plan. Then nothing is changed.
    pub fn create(
        dir: &Path,
        plan: &Plan,
        now: u64,
        replace: bool,
    ) -> Result<(Self, Option<PathBuf>), HubError> {
        let dir = absolute(dir)?;
        plan.check()?;
        let aside = if is_hub(&dir) {
            if !replace {
                return Err(HubError::Exists(dir));
            }
            Some(set_aside(&dir, now)?)
        } else if is_empty(&dir)? {
            None
        } else {
            return Err(HubError::NotEmpty(dir));
        };
        let found = dir.is_dir();
        match build::build(&dir, plan, now) {
            Ok(hub) => Ok((hub, aside)),
            Err(error) => {
                if !found {
                    // Empty again.
                    let _ = fs::remove_dir(&dir);
                }
                if let Some(aside) = aside {
                    let _ = fs::rename(aside, &dir);
                }
                Err(error)
            }
        }
    }

    /// A hub to look at.
    ///
    /// # Errors
    /// [`HubError::Missing`], [`HubError::Damaged`] and [`HubError::Io`].
    pub fn open(dir: &Path) -> Result<Self, HubError> {
        let dir = absolute(dir)?;
        let path = dir.join(RECORD);
        let Some(text) = files::read(&path)? else {
            return Err(HubError::Missing(dir));
        };
        let damaged = |reason: String| HubError::Damaged {
            path: path.clone(),
            reason,
        };
        let record: Record =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if record.format != record::FORMAT {
            return Err(damaged(format!("format {} is not known", record.format)));
        }
        Ok(Self {
            dir,
            record,
            _lock: None,
        })
    }

    /// A hub to change; others who want to wait until it is dropped.
    ///
    /// # Errors
    /// Those of [`Hub::open`], and [`HubError::Busy`].
    pub fn edit(dir: &Path) -> Result<Self, HubError> {
        // Looked for first, so that no lock is left where no hub is.
        let found = Self::open(dir)?;
        let lock = files::lock(&found.dir.join(LOCK))?;
        Ok(Self {
            _lock: Some(lock),
            ..Self::open(dir)?
        })
    }

    /// Absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The server's configuration file.
    pub fn conf(&self) -> PathBuf {
        self.dir.join(CONF)
    }

    /// The file with the accounts' tokens, which a revocation changes.
    pub fn accounts(&self) -> PathBuf {
        self.dir.join(ACCOUNTS)
    }

    /// The authority that machines must trust, if the hub signed its certificate itself.
    pub fn authority(&self) -> Option<PathBuf> {
        Some(self.dir.join("tls/ca.pem")).filter(|it| it.is_file())
    }

    /// Where the hub keeps somebody's credentials, unless they were written elsewhere.
    pub fn creds_file(&self, name: &str) -> PathBuf {
        self.dir.join("creds").join(format!("{name}.creds"))
    }

    /// The pid of the hub's server, if it runs on this machine.
    pub fn server(&self) -> Option<u32> {
        let process = server::find(&self.dir.join(PID), &self.conf())?;
        Some(process.pid)
    }

    /// Tells the hub's server to read its configuration again, and returns its pid; none if it is not found on this
    /// machine or cannot be told.
    pub fn reload(&self) -> Option<u32> {
        let process = server::find(&self.dir.join(PID), &self.conf())?;
        process.signal(Signal::Reload).then_some(process.pid)
    }

    /// Lets somebody in, as client or leaf node. The server needs not be told: it trusts the account's signature.
    ///
    /// # Errors
    /// [`HubError::Bad`] for the name, [`HubError::UserExists`], and those of the files.
    pub fn add(&mut self, name: &str, expires: Option<u64>, now: u64) -> Result<Creds, HubError> {
        plan::check_name("the name", name)?;
        if let Some(user) = self.record.active(name) {
            return Err(HubError::UserExists(user.name.clone()));
        }
        let account = self.key("account", &self.record.account)?;
        let seed = Seed::generate(KeyKind::User);
        let public = seed.public();
        let user = jwt::User {
            public: &public,
            name,
            expires,
        };
        let creds = Creds::new(&jwt::user(&account, user, now), &seed);
        // Noted before the credentials are out, so that none exist that cannot be revoked.
        self.record.users.push(UserRecord {
            name: name.to_owned(),
            public_key: public,
            created: now,
            expires,
            revoked: None,
        });
        self.save()?;
        Ok(creds)
    }

    /// Like [`Hub::add`], into a new file for its owner alone. If it cannot be written, nobody was let in.
    ///
    /// # Errors
    /// Those of [`Hub::add`], and [`HubError::FileExists`].
    pub fn add_to_file(
        &mut self,
        name: &str,
        expires: Option<u64>,
        now: u64,
        path: &Path,
    ) -> Result<(), HubError> {
        if path.symlink_metadata().is_ok() {
            return Err(HubError::FileExists(path.to_owned()));
        }
        let creds = self.add(name, expires, now)?;
        files::write_new(path, creds.reveal()).or_else(|error| {
            self.record.users.pop();
            self.save()?;
            Err(error)
        })
    }

    /// Shuts somebody out: writes the account's token anew, which the server must then read. Doing it again does no
    /// harm, and mends what an interrupted attempt left undone.
    ///
    /// # Errors
    /// [`HubError::UnknownUser`], and those of the files.
    pub fn revoke(&mut self, name: &str, now: u64) -> Result<Revocation, HubError> {
        let same = |it: &UserRecord| it.name.eq_ignore_ascii_case(name);
        let users = &mut self.record.users;
        // The one that counts is the last of its name; those before are revoked.
        let Some(user) = users.iter_mut().rev().find(|it| same(it)) else {
            let valid = users.iter().filter(|it| it.revoked.is_none());
            return Err(HubError::UnknownUser {
                name: name.to_owned(),
                known: valid.map(|it| it.name.clone()).collect(),
            });
        };
        let already = user.revoked.is_some();
        user.revoked.get_or_insert(now);
        let user = user.clone();
        self.save()?;
        self.write_accounts(now)?;
        let creds = self.creds_file(&user.name);
        let deleted = match fs::remove_file(&creds) {
            Ok(()) => Some(creds),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(files::failed("delete", &creds)(error)),
        };
        Ok(Revocation {
            user,
            already,
            deleted,
        })
    }

    fn write_accounts(&self, now: u64) -> Result<(), HubError> {
        let operator = self.key("operator", &self.record.operator)?;
        let text = accounts_text(&self.record, &operator, now);
        files::replace(&self.dir.join(ACCOUNTS), &text)
    }

    fn save(&self) -> Result<(), HubError> {
        files::replace(&self.dir.join(RECORD), &record_text(&self.record))
    }

    /// One of the hub's seeds, which must be that of the record.
    fn key(&self, name: &str, public: &str) -> Result<Seed, HubError> {
        let path = key_file(&self.dir, name);
        let seed = keyfile::read(&path)?;
        if seed.public() == public {
            return Ok(seed);
        }
        Err(HubError::Damaged {
            path,
            reason: format!("it is not the key of {public}"),
        })
    }
}

fn accounts_text(record: &Record, operator: &Seed, now: u64) -> String {
    let account = jwt::Account {
        public: &record.account,
        name: ACCOUNT,
        jetstream: record.jetstream,
        revoked: &record.revocations(),
    };
    let token = jwt::account(operator, account, now);
    conf::accounts(&[
        (&record.account, &token),
        (&record.system_account, &record.system_token),
    ])
}

fn record_text(record: &Record) -> String {
    let text = serde_json::to_string_pretty(record);
    text.expect("texts and numbers have a JSON form") + "\n"
}

fn key_file(dir: &Path, name: &str) -> PathBuf {
    dir.join("keys").join(format!("{name}.nk"))
}

fn absolute(dir: &Path) -> Result<PathBuf, HubError> {
    std::path::absolute(dir).map_err(files::failed("find", dir))
}

fn is_hub(dir: &Path) -> bool {
    dir.join(RECORD).is_file()
}

/// A directory that is missing counts as empty.
fn is_empty(dir: &Path) -> Result<bool, HubError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(files::failed("read", dir)(error)),
    }
}

fn set_aside(dir: &Path, now: u64) -> Result<PathBuf, HubError> {
    if let Some(pid) = Hub::open(dir).ok().and_then(|it| it.server()) {
        return Err(HubError::Running {
            dir: dir.to_owned(),
            pid,
        });
    }
    let mut aside = dir.as_os_str().to_owned();
    aside.push(format!(".replaced-{now}"));
    let aside = PathBuf::from(aside);
    if aside.symlink_metadata().is_ok() {
        return Err(HubError::FileExists(aside));
    }
    fs::rename(dir, &aside).map_err(files::failed("move", dir))?;
    Ok(aside)
}

#[cfg(test)]
mod tests;
