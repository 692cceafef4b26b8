//! A reference becomes a verified, compiled module: the slow part of starting an actor.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::actor::Code;
use super::artifact::Fetcher;
use super::engine::{Engine, EngineError};
use super::event::Module;
use super::facts::ActorFacts;
use crate::archive::oci::Registries;
use crate::archive::{self, FetchError};
use crate::claims::module::{self, ModuleError};
use crate::claims::{ActorId, ActorMetadata, KeyError, Token};
use crate::lattice::artifact::{ArtifactError, Reference};
use crate::lattice::event::data;

/// Modules loaded at once; more wait. Each may hold its whole file in memory and a core for long.
const AT_ONCE: usize = 4;

/// How long reading an artifact may take, so that a disk that hangs does not block later starts.
const FETCH_TIME: Duration = Duration::from_secs(300);

#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{reference}: {error}{}", room(error))]
    Artifact {
        reference: String,
        error: ArtifactError,
    },
    #[error("cannot read {reference}: it took longer than {FETCH_TIME:?}")]
    Slow { reference: String },
    #[error(
        "{reference}: the module is not signed; sign it with `wash claims sign`, or start the host with \
         --allow-unsigned"
    )]
    Unsigned { reference: String },
    #[error("{reference}: {error}")]
    Module {
        reference: String,
        error: ModuleError,
    },
    #[error("{reference}: the token is not an actor's: {error}")]
    NotAnActor { reference: String, error: KeyError },
    #[error("{reference}: {error}")]
    Engine {
        reference: String,
        error: EngineError,
    },
    #[error("{reference}: reading the module failed unexpectedly")]
    Crashed { reference: String },
}

/// The way out where the disk is full.
pub(super) fn room(error: &ArtifactError) -> &'static str {
    match error {
        ArtifactError::Io(error) => archive::way_out(error),
        _ => "",
    }
}

/// Loads modules; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Loader {
    engine: Engine,
    artifacts: Fetcher,
    allow_files: bool,
    allow_unsigned: bool,
    registries: Registries,
    slots: Arc<Semaphore>,
}

impl Loader {
    pub(super) fn new(
        engine: Engine,
        artifacts: Fetcher,
        allow_files: bool,
        allow_unsigned: bool,
        registries: Registries,
    ) -> Self {
        Self {
            engine,
            artifacts,
            allow_files,
            allow_unsigned,
            registries,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    pub(super) async fn load(&self, reference: &str) -> Result<Module<Code>, LoadError> {
        let slow = |_| LoadError::Slow {
            reference: reference.to_owned(),
        };
        // Before its turn here: a slow registry or lattice keeps no other start waiting.
        let slot = || Arc::clone(&self.slots).acquire_owned();
        let (wasm, slot) = match Reference::parse(reference) {
            Some(artifact) => {
                let _turn = self.artifacts.turn().await;
                let fetched = timeout(FETCH_TIME, self.artifacts.bytes(&artifact)).await;
                let wasm = fetched.map_err(slow)?;
                let wasm = wasm.map_err(|error| LoadError::Artifact {
                    reference: reference.to_owned(),
                    error,
                })?;
                (wasm, slot().await)
            }
            None => {
                let fetch = archive::fetch_to_file(reference, self.allow_files, &self.registries);
                let path = timeout(FETCH_TIME, fetch).await.map_err(slow)??;
                let slot = slot().await;
                let read = archive::read_file(&path);
                (timeout(FETCH_TIME, read).await.map_err(slow)??, slot)
            }
        };
        let this = self.clone();
        let owned = reference.to_owned();
        let prepared = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            this.prepare(&owned, &wasm)
        });
        prepared.await.map_err(|_| LoadError::Crashed {
            reference: reference.to_owned(),
        })?
    }

    /// Hashes and compiles, so it blocks.
    fn prepare(&self, reference: &str, wasm: &Bytes) -> Result<Module<Code>, LoadError> {
        let now = now();
        let (token, signed) = match module::verify(wasm, now) {
            Ok(claims) => (claims.token, true),
            Err(ModuleError::Unsigned) if self.allow_unsigned => {
                (stand_in(reference, module::unsigned_id(wasm)), false)
            }
            Err(ModuleError::Unsigned) => {
                return Err(LoadError::Unsigned {
                    reference: reference.to_owned(),
                });
            }
            Err(error) => {
                return Err(LoadError::Module {
                    reference: reference.to_owned(),
                    error,
                });
            }
        };
        let key = ActorId::parse(&token.subject).map_err(|error| LoadError::NotAnActor {
            reference: reference.to_owned(),
            error,
        })?;
        let code = self.engine.load(wasm).map_err(|error| LoadError::Engine {
            reference: reference.to_owned(),
            error,
        })?;
        let revision = token.effective_revision(token.metadata.as_ref().and_then(|it| it.rev));
        let facts = ActorFacts {
            key,
            revision,
            signed,
            claims: data::actor_claims(Some(&token), now),
            token,
        };
        Ok(Module {
            facts: Arc::new(facts),
            code,
        })
    }
}

/// For a module without claims: nobody signed it, and it is named after its file.
fn stand_in(reference: &str, key: ActorId) -> Token<ActorMetadata> {
    let file = reference.rsplit('/').next().unwrap_or(reference);
    let name = file.strip_suffix(".wasm").unwrap_or(file);
    Token {
        expires: None,
        id: String::new(),
        issued_at: 0,
        issuer: String::new(),
        subject: key.into(),
        not_before: None,
        metadata: Some(ActorMetadata {
            name: Some(name.to_owned()),
            ..ActorMetadata::default()
        }),
        revision: None,
    }
}

/// Seconds since the epoch, for claims.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_secs())
}
