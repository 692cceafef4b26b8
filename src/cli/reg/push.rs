//! `wash push`: a file into a registry.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::CommandError;
use crate::cli::session::Session;

use super::args::RegistryArgs;
use super::package::pack;
use super::watch::Bar;

/// Push an actor, component or provider archive to a registry
///
/// What the file is, is seen by what is in it. Name, version and date of a signed actor become annotations that
/// other tools understand.
#[derive(Debug, clap::Args)]
pub(crate) struct PushArgs {
    /// Where to: registry/name:tag
    #[arg(value_name = "REFERENCE")]
    url: String,

    /// The file
    #[arg(value_name = "FILE")]
    artifact: PathBuf,

    /// File to store as the artifact's configuration [default: what its kind has]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Annotation of the artifact's manifest; repeat for more
    #[arg(short, long = "annotation", value_name = "KEY=VALUE", value_parser = pair)]
    annotations: Vec<(String, String)>,

    /// Allow the tag latest, or none
    #[arg(long)]
    allow_latest: bool,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl PushArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let annotations = self.annotations.into_iter().collect();
        let packed = pack(&self.artifact, self.config.as_deref(), annotations)?;
        let registries = self.registry.registries(session, &self.url, |it| {
            it.allow_latest = self.allow_latest;
        })?;
        // Before anything is read or sent.
        registries.parse(&self.url).map_err(CommandError::from)?;
        if let Some(warning) = &packed.warning {
            session.output.warn(warning);
        }
        let bar = Bar::new(session, "pushing", &self.url);
        let pushed = registries
            .push(&self.url, &packed.package, &bar.watch())
            .await;
        drop(bar);
        let pushed = pushed?;
        let pinned = pushed.reference.pinned(pushed.digest.clone()).to_string();
        let text = format!(
            "pushed {} to {}, {} bytes\n{pinned}",
            self.artifact.display(),
            pushed.reference,
            pushed.size
        );
        let fields = json!({
            "url": self.url,
            "reference": pushed.reference.to_string(),
            "digest": pushed.digest.to_string(),
            "pinned": pinned,
            "size": pushed.size,
            "kind": packed.kind.name(),
            "changed": !pushed.known,
        });
        Ok(Box::new(Sentence::new(text, fields).named(pinned)))
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is not KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_pairs() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }
}
