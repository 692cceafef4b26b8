use super::CommandResult;
use super::session::Session;

/// TBD
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {}

impl CompletionsArgs {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        let _ = session;
        todo!()
    }
}
