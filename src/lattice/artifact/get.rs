//! Bytes out of the store, believed only for their hash.

use std::time::Duration;

use futures_util::StreamExt;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::reference::{Digest, Reference};
use super::store::{ArtifactError, Artifacts, Found, Stored};
use crate::lattice::object;

/// The longest silence on the way.
const IDLE: Duration = Duration::from_secs(30);

/// After so much silence it is worth a look whether the artifact is still there.
const DOUBT: Duration = Duration::from_secs(2);

impl Artifacts {
    /// Writes an artifact of at most `limit` bytes to `sink`; what was written counts only if this succeeds. Its
    /// size in bytes.
    ///
    /// What is there and has another hash is removed, so that it can be sent again.
    ///
    /// # Errors
    /// [`ArtifactError::NotFound`], [`ArtifactError::Damaged`], [`ArtifactError::TooLarge`],
    /// [`ArtifactError::Stalled`] and what else can happen on the way.
    pub async fn get(
        &self,
        reference: &Reference,
        limit: u64,
        sink: &mut (impl AsyncWrite + Unpin),
    ) -> Result<u64, ArtifactError> {
        let name = reference.digest().to_string();
        let stored = match self.find(&name).await? {
            Found::Object(stored) => stored,
            Found::NoBucket | Found::Nothing(_) => return Err(ArtifactError::NotFound { name }),
        };
        let size = stored.meta.size;
        if size > limit {
            return Err(ArtifactError::TooLarge { name, size, limit });
        }
        let found = match self.read(&stored, sink).await {
            // Its chunks may be missing because it was removed meanwhile.
            Err(ArtifactError::Damaged { .. }) if !self.is_still(&stored).await? => {
                return Err(ArtifactError::NotFound { name });
            }
            other => other?,
        };
        if found != reference.digest() {
            if let Err(error) = self.remove(&stored).await {
                tracing::debug!(%error, name, "cannot remove a damaged artifact");
            }
            return Err(ArtifactError::Damaged {
                name,
                reason: "its content has another hash",
            });
        }
        sink.flush().await?;
        Ok(size)
    }

    /// The hash of what came.
    async fn read(
        &self,
        stored: &Stored,
        sink: &mut (impl AsyncWrite + Unpin),
    ) -> Result<Digest, ArtifactError> {
        let damaged = |reason| ArtifactError::Damaged {
            name: stored.meta.name.clone(),
            reason,
        };
        let failed = |error: &dyn std::fmt::Display| ArtifactError::Failed(error.to_string());
        let mut digest = Sha256::new();
        let mut left = stored.meta.size;
        if left == 0 {
            return Ok(Digest::of(&[]));
        }
        let subject = self.chunks(&stored.meta.nuid);
        let inbox = self.client().new_inbox();
        let messages = object::chunks(self.context(), self.stream(), subject, inbox).await;
        let messages = messages.map_err(|error| failed(&error))?;
        let mut messages = messages.ok_or_else(|| damaged("its chunks are missing"))?;
        let mut heard = Instant::now();
        while left > 0 {
            let message = match timeout(DOUBT, messages.next()).await {
                Ok(message) => message.ok_or_else(|| damaged("it ends early"))?,
                Err(_) if !self.is_still(stored).await? => {
                    let name = stored.meta.name.clone();
                    return Err(ArtifactError::NotFound { name });
                }
                Err(_) if heard.elapsed() > IDLE => {
                    return Err(ArtifactError::Stalled {
                        name: stored.meta.name.clone(),
                        after: heard.elapsed(),
                    });
                }
                Err(_) => continue,
            };
            let message = message.map_err(|error| failed(&error))?;
            heard = Instant::now();
            digest.update(&message.payload);
            left = left
                .checked_sub(message.payload.len() as u64)
                .ok_or_else(|| damaged("it is longer than its description says"))?;
            sink.write_all(&message.payload).await?;
            let pending = message.info().map_err(|error| failed(&error))?.pending;
            if pending == 0 && left > 0 {
                return Err(damaged("its chunks are not all there"));
            }
        }
        let digest: [u8; 32] = digest.finalize().into();
        Ok(digest.into())
    }

    /// Whether its chunks are still meant to be there.
    async fn is_still(&self, stored: &Stored) -> Result<bool, ArtifactError> {
        Ok(match self.find(&stored.meta.name).await? {
            Found::Object(now) => now.meta.nuid == stored.meta.nuid,
            Found::NoBucket | Found::Nothing(_) => false,
        })
    }
}
