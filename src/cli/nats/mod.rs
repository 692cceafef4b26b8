//! `wash nats`: the NATS server that is in this program.

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
