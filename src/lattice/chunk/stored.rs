//! An object from its first chunk until its reader has it. Knows when to remove it, not how.

use std::sync::Arc;
use std::time::Duration;

use super::ChunkStore;
use super::meta::Meta;

/// Bounds the removal of what nobody will read.
const CLEANUP_LIMIT: Duration = Duration::from_secs(10);

/// An object that waits for its reader.
#[must_use = "dropping it removes the object"]
pub(in crate::lattice) struct Stored {
    store: Arc<ChunkStore>,
    /// Of the description; none until it is on its way.
    pub(super) subject: Option<String>,
    pub(super) meta: Meta,
    left: bool,
}

impl Stored {
    /// Nothing is written yet.
    pub(super) fn new(store: &Arc<ChunkStore>, meta: Meta) -> Self {
        Self {
            store: Arc::clone(store),
            subject: None,
            meta,
            left: false,
        }
    }

    /// The reader deletes the object.
    pub(in crate::lattice) fn leave(mut self) {
        self.left = true;
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        // Without a runtime the connection is gone, too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.left || self.meta.chunks == 0 {
            return;
        }
        let store = Arc::clone(&self.store);
        let (subject, meta) = (self.subject.take(), self.meta.clone());
        let cleanup = async move {
            let deletion = store.delete(subject.as_deref(), &meta);
            match tokio::time::timeout(CLEANUP_LIMIT, deletion).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "cannot remove an unread payload"),
                Err(_) => tracing::debug!("cannot remove an unread payload in time"),
            }
        };
        self.store.cleanups.spawn_on(cleanup, &runtime);
    }
}
