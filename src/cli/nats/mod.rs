//! `wash nats`: NATS servers, the one that is in this program above all.

mod access;
pub(crate) mod dir;
pub(crate) mod failure;
pub(crate) mod lacks;
mod limits;
mod serve;

use super::CommandResult;
use super::session::Session;

/// Serve NATS on this machine
#[derive(Debug, clap::Subcommand)]
pub(crate) enum NatsCommand {
    Serve(Box<serve::ServeArgs>),
}

impl NatsCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Serve(it) => it.run(session),
        }
    }
}
