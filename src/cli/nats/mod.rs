//! `wash nats`: NATS servers, the one that is in this program above all, and the way out of it.

mod access;
pub(crate) mod dir;
mod export;
pub(crate) mod failure;
mod import;
mod install;
pub(crate) mod lacks;
mod limits;
mod serve;
mod server;
mod streams;

use super::CommandResult;
use super::session::Session;

pub(in crate::cli) use server::find_server;

/// Serve NATS on this machine, install nats-server, move what a server keeps
#[derive(Debug, clap::Subcommand)]
pub(crate) enum NatsCommand {
    Serve(Box<serve::ServeArgs>),
    Install(install::InstallArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
}

impl NatsCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Serve(it) => it.run(session),
            Self::Install(it) => session.run(it.run(session)),
            Self::Export(it) => session.run(it.run(session)),
            Self::Import(it) => session.run(it.run(session)),
        }
    }
}
