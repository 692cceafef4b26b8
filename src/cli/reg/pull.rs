//! `wash pull`: an artifact from a registry into a file.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::archive::oci::{Artifact, Digest, sniff};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::args::RegistryArgs;
use super::watch::Bar;

/// Pull an artifact from a registry
///
/// What was pulled before and is still what the reference means comes from the cache. A transfer that broke off
/// goes on where it was.
#[derive(Debug, clap::Args)]
pub(crate) struct PullArgs {
    /// The artifact: registry/name:tag, or by digest
    #[arg(value_name = "REFERENCE")]
    url: String,

    /// File or directory to write to [default: the artifact's name, in this directory]
    #[arg(long, value_name = "PATH")]
    destination: Option<PathBuf>,

    /// Digest that the artifact must have
    #[arg(short, long, value_name = "DIGEST")]
    digest: Option<String>,

    /// Allow the tag latest, or none
    #[arg(long)]
    allow_latest: bool,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl PullArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let wanted = self.digest.as_deref().map(parse_digest).transpose()?;
        let registries = self.registry.registries(session, &self.url, |it| {
            it.allow_latest = self.allow_latest;
        })?;
        let bar = Bar::new(session, "pulling", &self.url);
        let artifact = registries.file(&self.url, &bar.watch()).await;
        drop(bar);
        let artifact = artifact?;
        check_digest(&artifact, wanted.as_ref())?;
        if let Some(reason) = &artifact.unverified {
            session.output.warn(&format!(
                "{} is as it was last seen: {reason}",
                artifact.reference
            ));
        }
        let failed = |path: &Path, error: io::Error| {
            let message = format!("cannot write {}", path.display());
            let full = error.kind() == io::ErrorKind::StorageFull;
            let error = CommandError::new(Kind::General, message).because(error);
            match full {
                true => {
                    error.hint("make room on that disk, or name another place with --destination")
                }
                false => error,
            }
        };
        let kind = sniff(&artifact.path).map_err(|error| failed(&artifact.path, error))?;
        let kind = kind.ok_or_else(|| {
            let message = format!("{} is neither an actor nor a provider", artifact.reference);
            CommandError::new(Kind::Refused, message)
        })?;
        let repository = artifact.reference.repository();
        let name = repository.rsplit('/').next().unwrap_or(repository);
        let name = format!("{name}.{}", kind.extension());
        let file = match self.destination {
            Some(dir) if dir.is_dir() => dir.join(name),
            Some(file) => file,
            None => PathBuf::from(name),
        };
        write(&artifact.path, &file).map_err(|error| failed(&file, error))?;
        let text = format!(
            "pulled {} into {}, {} bytes, {}",
            artifact.reference,
            file.display(),
            artifact.size,
            artifact.digest
        );
        let fields = json!({
            "file": file,
            "reference": artifact.reference.to_string(),
            "digest": artifact.digest.to_string(),
            "size": artifact.size,
            "kind": kind.name(),
            "media_type": artifact.media_type,
            "annotations": artifact.annotations,
            "cached": artifact.cached,
        });
        Ok(Box::new(
            Sentence::new(text, fields).named(file.display().to_string()),
        ))
    }
}

/// A digest as people write it: with or without the name of its algorithm.
pub(super) fn parse_digest(text: &str) -> Result<Digest, CommandError> {
    let text = text.trim();
    let digest = Digest::parse(text).or_else(|| Digest::parse(&format!("sha256:{text}")));
    digest.ok_or_else(|| {
        CommandError::new(Kind::Usage, format!("'{text}' is not a digest"))
            .hint("a digest is sha256: and 64 hexadecimal digits")
    })
}

/// # Errors
/// [`Kind::Refused`] if the artifact is another one.
pub(super) fn check_digest(
    artifact: &Artifact,
    wanted: Option<&Digest>,
) -> Result<(), CommandError> {
    match wanted {
        Some(wanted) if *wanted != artifact.digest => {
            let message = format!(
                "{} has digest {}, not {wanted}",
                artifact.reference, artifact.digest
            );
            Err(CommandError::new(Kind::Refused, message)
                .hint("the tag means another artifact now, or the digest is wrong"))
        }
        _ => Ok(()),
    }
}

/// Copies a file, so that whoever looks finds the old one or all of the new one.
fn write(from: &Path, to: &Path) -> io::Result<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = to.with_file_name(name);
    let copied = std::fs::File::create(&partial)
        .and_then(|mut file| io::copy(&mut std::fs::File::open(from)?, &mut file))
        .and_then(|_| std::fs::rename(&partial, to));
    if copied.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    copied
}
