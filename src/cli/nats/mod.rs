//! `wash nats`: nats-server and what it keeps, for those who outgrow the server in `wash`.

mod export;
mod import;
mod install;
mod server;
mod streams;

use super::CommandResult;
use super::session::Session;

pub(in crate::cli) use server::find_server;

/// Install nats-server, and move what a server keeps
#[derive(Debug, clap::Subcommand)]
pub(crate) enum NatsCommand {
    Install(install::InstallArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
}

impl NatsCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Install(it) => session.run(it.run(session)),
            Self::Export(it) => session.run(it.run(session)),
            Self::Import(it) => session.run(it.run(session)),
        }
    }
}
