mod resolve;
mod wait;

use super::CommandResult;
use super::session::Session;

/// TBD
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CtlCommand {}

impl CtlCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let _ = session;
        todo!()
    }
}
