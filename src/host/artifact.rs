//! Artifacts of the lattice as a host takes them: from its own disk, or once from the lattice.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::archive::MAX_ARTIFACT;
use crate::archive::cache::Cache;
use crate::lattice::artifact::{ArtifactError, Artifacts, Reference};

/// Artifacts on their way to this host at a time, each perhaps in memory.
const AT_ONCE: usize = 4;

/// How often a failure that may pass is tried again.
const RETRIES: u32 = 2;

/// Fetches artifacts; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    store: Artifacts,
    /// None keeps nothing on disk.
    cache: Option<Cache>,
    slots: Arc<Semaphore>,
}

impl Fetcher {
    /// A directory that cannot be made is a warning: everything is then fetched anew.
    pub(super) fn new(store: Artifacts, cache: Option<&Path>) -> Self {
        let cache = cache.and_then(|dir| {
            Cache::open(dir)
                .inspect_err(|error| {
                    tracing::warn!("cannot keep artifacts in {}: {error}", dir.display());
                })
                .ok()
        });
        Self {
            store,
            cache,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Waits until another artifact may be fetched; it then may be until the turn is dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes the semaphore.
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// All of an artifact, in memory. Take a [turn](Self::turn) first and keep it until there is room for the bytes.
    ///
    /// # Errors
    /// Every variant of [`ArtifactError`] that getting can end in.
    pub(super) async fn bytes(&self, reference: &Reference) -> Result<Bytes, ArtifactError> {
        let key = *reference.digest().as_bytes();
        if let Some(bytes) = self.cached(move |it| it.read(&key)).await {
            return Ok(bytes);
        }
        let mut attempt = 0;
        let bytes = loop {
            let mut bytes = Vec::new();
            match self.store.get(reference, MAX_ARTIFACT, &mut bytes).await {
                Ok(_) => break Bytes::from(bytes),
                Err(error) => self.pause(&mut attempt, error).await?,
            }
        };
        let kept = bytes.clone();
        let keep = move |it: &Cache| {
            it.put(&key, &kept)
                .inspect_err(|error| tracing::warn!("cannot keep an artifact: {error}"))
                .ok()
        };
        self.cached(keep).await;
        Ok(bytes)
    }

    /// An artifact that may be too large for memory, as a file at its start. It is nobody's to change. Take a
    /// [turn](Self::turn) first.
    ///
    /// # Errors
    /// As [`Self::bytes`], and [`ArtifactError::Io`] where it cannot be written.
    pub(super) async fn file(&self, reference: &Reference) -> Result<File, ArtifactError> {
        let key = *reference.digest().as_bytes();
        if let Some(file) = self.cached(move |it| it.get(&key)).await {
            return Ok(file);
        }
        let mut attempt = 0;
        loop {
            let begun = match &self.cache {
                Some(cache) => cache.begin()?,
                None => tempfile::NamedTempFile::new()?,
            };
            let mut sink = tokio::fs::File::from_std(begun.reopen()?);
            match self.store.get(reference, MAX_ARTIFACT, &mut sink).await {
                Ok(_) => {
                    let file = begun.reopen()?;
                    if let Some(cache) = &self.cache {
                        cache.keep(&key, begun)?;
                    }
                    return Ok(file);
                }
                Err(error) => self.pause(&mut attempt, error).await?,
            }
        }
    }

    async fn cached<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let cache = self.cache.clone()?;
        spawn_blocking(move || work(&cache)).await.ok().flatten()
    }

    /// Waits a moment before the next attempt, if there is to be one. Hosts that failed together come back apart.
    async fn pause(&self, attempt: &mut u32, error: ArtifactError) -> Result<(), ArtifactError> {
        let passes = matches!(
            error,
            ArtifactError::Failed(_)
                | ArtifactError::Unreachable { .. }
                | ArtifactError::Stalled { .. }
        );
        if !passes || *attempt >= RETRIES {
            return Err(error);
        }
        *attempt += 1;
        tracing::debug!(%error, "fetching an artifact again");
        let longest = 500 * u64::from(*attempt);
        let pause = rand::rng().random_range(longest / 2..=longest);
        sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::lattice::LatticeName;
    use crate::lattice::testing::NatsServer;

    #[tokio::test]
    async fn a_file_comes_once() {
        let server = NatsServer::start().await;
        let store = Artifacts::new(server.client().await, LatticeName::default(), None);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.par.gz");
        let content = vec![7; 3 << 20];
        std::fs::write(&path, &content).unwrap();
        let reference = Reference::of_file(&path).unwrap();
        let cached = dir.path().join("cache");
        let with = Fetcher::new(store.clone(), Some(&cached));
        let without = Fetcher::new(store.clone(), None);

        let missing = with.file(&reference).await;
        assert!(matches!(missing, Err(ArtifactError::NotFound { .. })));
        store.put(&reference, &path).await.unwrap();
        let read = |mut file: File| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        };
        for fetcher in [&with, &without, &with] {
            let _turn = fetcher.turn().await;
            assert_eq!(read(fetcher.file(&reference).await.unwrap()), content);
            assert_eq!(fetcher.bytes(&reference).await.unwrap(), content);
        }
        let stored = store.list().await.unwrap().remove(0);
        store.remove(&stored).await.unwrap();
        assert_eq!(read(with.file(&reference).await.unwrap()), content);
        let gone = without.file(&reference).await;
        assert!(matches!(gone, Err(ArtifactError::NotFound { .. })));
        assert_eq!(std::fs::read_dir(&cached).unwrap().count(), 1);
    }
}
