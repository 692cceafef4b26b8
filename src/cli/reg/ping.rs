//! `wash reg ping`: whether an artifact or a registry is there.

use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::session::Session;

use super::args::RegistryArgs;

/// Ask whether a registry has an artifact, or answers at all
#[derive(Debug, clap::Args)]
pub(crate) struct PingArgs {
    /// The artifact: registry/name:tag; or a registry alone
    #[arg(value_name = "REFERENCE")]
    url: String,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl PingArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        // What is kept proves nothing here.
        let registries = self
            .registry
            .registries(session, &self.url, |it| it.cache = None)?;
        let digest = registries.ping(&self.url).await?.map(|it| it.to_string());
        let text = match &digest {
            Some(digest) => format!("Pong! {} is {digest}", self.url),
            None => format!("Pong! {} is a registry", self.url),
        };
        let fields = json!({ "result": "Pong!", "digest": digest });
        Ok(Box::new(Sentence::new(text, fields).named(self.url)))
    }
}
