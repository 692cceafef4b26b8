//! A reference becomes a program: the slow part of starting a provider that is not built in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::artifact::Fetcher;
use super::event::Archived;
use super::facts::ProviderFacts;
use super::load::room;
use crate::archive::oci::Registries;
use crate::archive::par::{Archive, Executable, ParError, Target};
use crate::archive::{self, FetchError};
use crate::claims::{KeyError, ProviderError, ProviderId, Trust};
use crate::lattice::artifact::{ArtifactError, Reference};

/// How long fetching an archive may take; they are larger than actors.
const FETCH_TIME: Duration = Duration::from_secs(900);

/// How a program is taken out of its archive.
type Take = fn(&mut Archive<File>, &Target, &Path) -> Result<Executable, ParError>;

/// Archives unpacked at once; more wait. Each takes a thread, and perhaps a core for seconds.
const AT_ONCE: usize = 2;

#[derive(Debug, thiserror::Error)]
pub(super) enum ProvisionError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{reference}: {error}{}", room(error))]
    Artifact {
        reference: String,
        error: ArtifactError,
    },
    #[error("cannot fetch {reference}: it took longer than {FETCH_TIME:?}")]
    Slow { reference: String },
    #[error("cannot open {}: {reason}", path.display())]
    Open { path: PathBuf, reason: String },
    #[error("{reference}: {error}")]
    Archive { reference: String, error: ParError },
    #[error("{reference}: its claims are refused: {error}{}", lenient(error))]
    Claims {
        reference: String,
        error: ProviderError,
    },
    #[error("{reference}: {error}")]
    Key { reference: String, error: KeyError },
    #[error("{reference}: reading the archive failed unexpectedly")]
    Crashed { reference: String },
}

/// The way out, where there is one.
fn lenient(error: &ProviderError) -> &'static str {
    if error.is_forgivable() {
        "; sign it anew, or start the host with --lenient-provider-claims"
    } else {
        ""
    }
}

/// Where archives come from.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// The lattice.
    pub(super) artifacts: Fetcher,
    /// This machine's disk.
    pub(super) allow_files: bool,
    pub(super) registries: Registries,
}

/// Fetches archives, checks them and takes out the program for this machine; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Provisioner {
    sources: Sources,
    trust: Trust,
    /// Where programs are kept, by the hash of their content.
    programs: PathBuf,
    slots: Arc<Semaphore>,
}

impl Provisioner {
    pub(super) fn new(sources: Sources, trust: Trust, programs: PathBuf) -> Self {
        Self {
            sources,
            trust,
            programs,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The content of its program is not looked at if that was there: it is before each run.
    pub(super) async fn load(&self, reference: &str) -> Result<Archived, ProvisionError> {
        self.fetch(reference, Archive::place).await
    }

    /// With its program as it is in the archive, whatever was there.
    pub(super) async fn load_anew(&self, reference: &str) -> Result<Archived, ProvisionError> {
        self.fetch(reference, Archive::extract).await
    }

    async fn fetch(&self, reference: &str, take: Take) -> Result<Archived, ProvisionError> {
        let file = timeout(FETCH_TIME, self.sources.file(reference)).await;
        let file = file.map_err(|_| ProvisionError::Slow {
            reference: reference.to_owned(),
        })??;
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let (this, owned) = (self.clone(), reference.to_owned());
        let unpack = move || {
            let _slot = slot;
            this.unpack(&owned, file, take)
        };
        tokio::task::spawn_blocking(unpack)
            .await
            .map_err(|_| ProvisionError::Crashed {
                reference: reference.to_owned(),
            })?
    }

    fn unpack(&self, reference: &str, file: File, take: Take) -> Result<Archived, ProvisionError> {
        let wrong = |error| ProvisionError::Archive {
            reference: reference.to_owned(),
            error,
        };
        let mut archive = Archive::open(file).map_err(wrong)?;
        let now = now();
        let claims = archive.claims();
        claims
            .check(now, self.trust)
            .map_err(|error| ProvisionError::Claims {
                reference: reference.to_owned(),
                error,
            })?;
        let id = ProviderId::parse(&claims.token.subject).map_err(|error| ProvisionError::Key {
            reference: reference.to_owned(),
            error,
        })?;
        let facts = ProviderFacts::of(claims, now);
        let target = Target::current();
        let program = take(&mut archive, &target, &self.programs).map_err(wrong)?;
        Ok(Archived { id, facts, program })
    }
}

impl Sources {
    async fn file(&self, reference: &str) -> Result<File, ProvisionError> {
        if let Some(artifact) = Reference::parse(reference) {
            let _turn = self.artifacts.turn().await;
            let file = self.artifacts.file(&artifact).await;
            return file.map_err(|error| ProvisionError::Artifact {
                reference: reference.to_owned(),
                error,
            });
        }
        let path = archive::fetch_to_file(reference, self.allow_files, &self.registries).await?;
        open(&path)
    }
}

/// Opens a regular file; opening a pipe would wait for its writer.
fn open(path: &Path) -> Result<File, ProvisionError> {
    let failed = |reason: String| ProvisionError::Open {
        path: path.to_owned(),
        reason,
    };
    let meta = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if !meta.is_file() {
        return Err(failed("it is not a regular file".to_owned()));
    }
    File::open(path).map_err(|error| failed(error.to_string()))
}

/// Seconds since the epoch, for claims.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_secs())
}
