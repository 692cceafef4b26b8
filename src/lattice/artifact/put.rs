//! A file into the store: once, whoever comes how often.

use std::collections::VecDeque;
use std::path::Path;

use async_nats::jetstream::context::PublishAckFuture;
use bytes::Bytes;
use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::meta::Meta;
use super::reference::{Digest, Reference};
use super::store::{ArtifactError, Artifacts, Found, MAX_ARTIFACT, Stored};

/// The size of a chunk, in bytes, as every writer makes them.
pub(super) const CHUNK: usize = 128 * 1024;

/// Chunks on their way at a time: 2 MiB.
const WINDOW: usize = 16;

/// How long chunks on their way may take to arrive after one of them failed.
const LAST: std::time::Duration = std::time::Duration::from_secs(5);

/// What was put or used within this time needs no new mark of use.
const FRESH: Duration = Duration::minutes(10);

/// How often others may be faster before we give up.
const ATTEMPTS: usize = 5;

impl Reference {
    /// What a file will be called in the lattice. Reads all of it, blocking.
    ///
    /// # Errors
    /// What reading it says.
    pub fn of_file(path: &Path) -> std::io::Result<Self> {
        let mut digest = Sha256::new();
        std::io::copy(&mut std::fs::File::open(path)?, &mut digest)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let digest: [u8; 32] = digest.finalize().into();
        Ok(Self::new(digest.into(), &name))
    }
}

impl Artifacts {
    /// Sends a file, unless the lattice has the same bytes already. False if it has; the artifact then counts as
    /// used now.
    ///
    /// # Errors
    /// [`ArtifactError::Changed`] if the file is not the one that `reference` names any more,
    /// [`ArtifactError::Full`], [`ArtifactError::Unreachable`] and what else can happen on the way.
    pub async fn put(&self, reference: &Reference, path: &Path) -> Result<bool, ArtifactError> {
        let name = reference.digest().to_string();
        for _ in 0..ATTEMPTS {
            let (place, broken) = match self.find(&name).await? {
                Found::NoBucket => {
                    self.create().await?;
                    (0, None)
                }
                Found::Nothing(place) => (place, None),
                Found::Object(stored) if self.is_whole(&stored).await? => {
                    if self.mark_used(&stored, &reference.digest()).await? {
                        return Ok(false);
                    }
                    // Removed or put again this very moment.
                    continue;
                }
                Found::Object(stored) => (stored.sequence, Some(stored)),
            };
            if self.send(reference, path, place).await? {
                if let Some(broken) = broken {
                    self.purge(&self.chunks(&broken.meta.nuid)).await?;
                }
                return Ok(true);
            }
        }
        let text = format!("others change '{name}' all the time");
        Err(ArtifactError::Failed(text))
    }

    /// False if it is not there any more as it was.
    async fn mark_used(&self, stored: &Stored, digest: &Digest) -> Result<bool, ArtifactError> {
        let age = OffsetDateTime::now_utc() - stored.time;
        if age.abs() < FRESH {
            return Ok(true);
        }
        let marked = self.describe(&stored.meta, digest, stored.sequence).await?;
        Ok(marked.is_some())
    }

    /// Sends all of it. False if somebody else was faster; then nothing of ours is left.
    async fn send(
        &self,
        reference: &Reference,
        path: &Path,
        place: u64,
    ) -> Result<bool, ArtifactError> {
        let mut meta = Meta {
            name: reference.digest().to_string(),
            description: reference.name().to_owned(),
            nuid: nuid::next().to_string(),
            ..Meta::default()
        };
        let mut acks = VecDeque::new();
        let sent = async {
            let mut file = File::open(path).await?;
            let size = file.metadata().await?.len();
            let found = self
                .send_chunks(&mut file, &mut meta, &mut acks, size)
                .await?;
            if found != reference.digest() {
                return Err(ArtifactError::Changed);
            }
            self.describe(&meta, &found, place).await
        };
        let sent = sent.await;
        if !matches!(sent, Ok(Some(_))) {
            // What is on its way would come after the purge.
            let _ = timeout(
                LAST,
                join_all(acks.into_iter().map(IntoFuture::into_future)),
            )
            .await;
            if let Err(error) = self.purge(&self.chunks(&meta.nuid)).await {
                // Hosts find them later.
                tracing::debug!(%error, "cannot take back the chunks of an artifact");
            }
        }
        Ok(sent?.is_some())
    }

    async fn send_chunks(
        &self,
        file: &mut (impl AsyncRead + Unpin),
        meta: &mut Meta,
        acks: &mut VecDeque<PublishAckFuture>,
        size: u64,
    ) -> Result<Digest, ArtifactError> {
        let subject = self.chunks(&meta.nuid);
        let mut digest = Sha256::new();
        let mut own = true;
        loop {
            let chunk = next_chunk(file).await?;
            if chunk.is_empty() {
                break;
            }
            digest.update(&chunk);
            meta.size += chunk.len() as u64;
            meta.chunks += 1;
            if meta.size > MAX_ARTIFACT {
                return Err(ArtifactError::TooLarge {
                    name: meta.description.clone(),
                    size: meta.size,
                    limit: MAX_ARTIFACT,
                });
            }
            let sent = self.context().publish(subject.clone(), chunk).await;
            acks.push_back(sent.map_err(|it| self.unsent(&it, size))?);
            if acks.len() >= WINDOW
                && let Some(ack) = acks.pop_front()
            {
                own &= self.is_own(&ack.await.map_err(|it| self.unsent(&it, size))?);
            }
        }
        while let Some(ack) = acks.pop_front() {
            own &= self.is_own(&ack.await.map_err(|it| self.unsent(&it, size))?);
        }
        if !own {
            self.await_chunks(meta).await?;
        }
        let digest: [u8; 32] = digest.finalize().into();
        Ok(digest.into())
    }
}

/// As much as a chunk holds; less only at the end.
async fn next_chunk(file: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(CHUNK);
    file.take(CHUNK as u64).read_to_end(&mut chunk).await?;
    Ok(chunk.into())
}
