use super::CommandResult;
use super::session::Session;

/// TBD
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {}

impl StatusArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let _ = session;
        todo!()
    }
}
