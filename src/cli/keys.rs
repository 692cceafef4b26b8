use super::CommandResult;
use super::session::Session;

/// TBD
#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {}

impl KeysCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        let _ = session;
        todo!()
    }
}
