//! An artifact that a command reads: a file, or what a registry has, by way of the cache.

use std::path::PathBuf;

use crate::cli::CommandResult;
use crate::cli::claims::{is_remote, local_path};
use crate::cli::report::CommandError;
use crate::cli::session::Session;

use super::args::RegistryArgs;
use super::pull::{check_digest, parse_digest};

/// Flags for references to a registry; they change nothing for a local file.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct ArtifactArgs {
    /// Digest that an artifact of a registry must have
    #[arg(short, long, value_name = "DIGEST")]
    digest: Option<String>,

    /// Allow the tag latest, or none
    #[arg(long)]
    allow_latest: bool,

    /// Do not keep what is fetched
    #[arg(long)]
    no_cache: bool,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl ArtifactArgs {
    /// Lets `look` see the file that `reference` names, fetched if it is elsewhere.
    ///
    /// # Errors
    /// What keeps it from being fetched, and those of `look`.
    pub(in crate::cli) fn with_file(
        &self,
        session: &Session,
        reference: &str,
        look: impl FnOnce(PathBuf) -> CommandResult,
    ) -> CommandResult {
        if is_remote(reference) {
            return session.run(async { look(self.fetch(session, reference).await?) });
        }
        look(local_path(reference)?)
    }

    async fn fetch(&self, session: &Session, reference: &str) -> Result<PathBuf, CommandError> {
        let wanted = self.digest.as_deref().map(parse_digest).transpose()?;
        let registries = self.registry.registries(session, reference, |it| {
            it.allow_latest = self.allow_latest;
            if self.no_cache {
                it.cache = None;
            }
        })?;
        let spinner = session.output.spinner(format!("fetching {reference}"));
        let artifact = registries.file(reference, &None).await;
        drop(spinner);
        let artifact = artifact?;
        check_digest(&artifact, wanted.as_ref())?;
        Ok(artifact.path)
    }
}
