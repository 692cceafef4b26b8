//! `wash reg`: artifacts to and from registries, and logins; `push` and `pull` also stand at the top level. How
//! registries are spoken to is [`crate::archive::oci`]'s business.

mod args;
mod artifact;
mod login;
mod package;
mod ping;
mod pull;
mod push;
mod watch;

use crate::archive::oci::{ErrorKind, OciError};

use super::CommandResult;
use super::report::{CommandError, Kind};
use super::session::Session;

pub(in crate::cli) use args::read_password;
pub(in crate::cli) use artifact::ArtifactArgs;
pub(in crate::cli) use watch::Bar;

/// Push, pull, and log in to registries
#[derive(Debug, clap::Subcommand)]
pub(crate) enum RegCommand {
    #[command(flatten)]
    Transfer(TransferCommand),
    Ping(ping::PingArgs),
    Login(login::LoginArgs),
    Logout(login::LogoutArgs),
}

/// Those that also stand at the top level.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum TransferCommand {
    Push(push::PushArgs),
    Pull(pull::PullArgs),
}

impl RegCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Transfer(it) => it.run(session),
            Self::Ping(it) => session.run(it.run(session)),
            Self::Login(it) => it.run(session),
            Self::Logout(it) => session.run(it.run(session)),
        }
    }
}

impl TransferCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Push(it) => session.run(it.run(session)),
            Self::Pull(it) => session.run(it.run(session)),
        }
    }
}

impl From<OciError> for CommandError {
    fn from(error: OciError) -> Self {
        let kind = match error.kind {
            ErrorKind::Reference => Kind::Usage,
            ErrorKind::Unreachable | ErrorKind::Tls | ErrorKind::Busy => Kind::Connect,
            ErrorKind::Unauthorized => Kind::Auth,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Latest
            | ErrorKind::Corrupt
            | ErrorKind::Protocol
            | ErrorKind::TooLarge
            | ErrorKind::NotAnArtifact => Kind::Refused,
            ErrorKind::Local => Kind::General,
        };
        let hint = error.way_out().map(str::to_owned);
        let error = Self::new(kind, error.to_string());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
