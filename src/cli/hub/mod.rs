//! `wash hub`: a NATS hub of one's own. What it is made of is [`hub`]'s business.

mod creds;
mod init;
mod list;
mod revoke;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::nats::hub::{self, HubError};

use super::CommandResult;
use super::keys::key_file_error;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Make a NATS hub of one's own, and say who may use it
#[derive(Debug, clap::Subcommand)]
pub(crate) enum HubCommand {
    Init(Box<init::InitArgs>),
    Creds(creds::CredsArgs),
    Revoke(revoke::RevokeArgs),
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
}

impl HubCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Init(it) => it.run(session),
            Self::Creds(it) => it.run(session),
            Self::Revoke(it) => it.run(session),
            Self::List(it) => it.run(session),
        }
    }
}

/// Where the hub is.
#[derive(Clone, Debug, clap::Args)]
struct HubDir {
    /// Directory of the hub [default: hub in the directory of configuration]
    #[arg(short, long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl HubDir {
    fn find(&self, session: &Session) -> Result<PathBuf, CommandError> {
        directory(session, self.dir.as_deref())
    }
}

fn directory(session: &Session, given: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let Some(dirs) = &session.dirs else {
        let message = "there is no home directory to keep a hub in";
        let error = CommandError::new(Kind::General, message);
        return Err(error.hint("name a directory, or set HOME or WASH_HOME"));
    };
    Ok(dirs.config.join("hub"))
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}

/// A hub's error as people and scripts see it.
fn hub_error(error: HubError) -> CommandError {
    let (kind, hint) = match error {
        HubError::Key(error) => return key_file_error(error),
        HubError::Exists(_) => (
            Kind::Refused,
            "add a machine with `wash hub creds NAME`, or set the hub aside for a new one with --force".to_owned(),
        ),
        HubError::NotEmpty(_) => (
            Kind::Refused,
            "name a directory that is empty or does not exist".to_owned(),
        ),
        HubError::Missing(_) => (
            Kind::NotFound,
            "make one with `wash hub init`, or name its directory with --dir".to_owned(),
        ),
        HubError::Running { .. } => (Kind::Refused, "stop it first".to_owned()),
        HubError::Bad { .. } => (Kind::Usage, String::new()),
        HubError::UserExists(_) => (
            Kind::Refused,
            "they cannot be shown again; revoke them first with `wash hub revoke`".to_owned(),
        ),
        HubError::UnknownUser { ref known, .. } if known.is_empty() => {
            (Kind::NotFound, "nobody has valid credentials".to_owned())
        }
        HubError::UnknownUser { ref known, .. } => {
            (Kind::NotFound, format!("it knows: {}", known.join(", ")))
        }
        HubError::FileExists(_) => (Kind::Refused, "nothing is overwritten".to_owned()),
        HubError::Certificate(_) => (
            Kind::Refused,
            "give a PEM certificate chain and its PEM key, or use --self-signed".to_owned(),
        ),
        HubError::Damaged { .. } => (Kind::Refused, "restore it from a copy".to_owned()),
        HubError::Busy(_) => (Kind::General, "try again when it has ended".to_owned()),
        HubError::Io { .. } => (Kind::General, String::new()),
    };
    let message = error.to_string();
    let error = CommandError::new(kind, message);
    if hint.is_empty() {
        error
    } else {
        error.hint(hint)
    }
}

/// What a machine needs besides its credentials, in words for a list of files.
fn authority_line(hub: &hub::Hub) -> Option<String> {
    let path = hub.authority()?;
    Some(format!(
        "  {}  (the authority to trust, the same for all)",
        path.display()
    ))
}

/// A time as people and programs read it.
fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|it| time::OffsetDateTime::from_unix_timestamp(it).ok());
    let format = &time::format_description::well_known::Rfc3339;
    time.and_then(|it| it.format(format).ok())
        .unwrap_or_else(|| seconds.to_string())
}
