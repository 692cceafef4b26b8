//! An object from its first chunk until its reader has it. Knows when to remove it, not how.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::ChunkStore;
use super::meta::Meta;

/// Bounds the removal of what nobody will read.
const CLEANUP_LIMIT: Duration = Duration::from_secs(10);

/// Nobody waits longer for a payload. By then its reader has removed it, but for the description that it does not
/// know, or will not come.
const LINGER: Duration = Duration::from_secs(120);

/// Objects that are looked after when they have lingered, at most; the rest is left to its readers alone.
const MAX_LINGERING: usize = 10_000;

/// An object that waits for its reader.
#[must_use = "dropping it removes the object"]
pub(in crate::lattice) struct Stored {
    store: Arc<ChunkStore>,
    pub(super) meta: Meta,
    left: bool,
}

impl Stored {
    /// Nothing is written yet.
    pub(super) fn new(store: &Arc<ChunkStore>, meta: Meta) -> Self {
        Self {
            store: Arc::clone(store),
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
        let cleanups = &self.store.cleanups;
        if self.meta.chunks == 0 || self.left && cleanups.len() >= MAX_LINGERING {
            return;
        }
        let pause = if self.left { LINGER } else { Duration::ZERO };
        let cleanup = remove(Arc::downgrade(&self.store), self.meta.clone(), pause);
        // What is left must not keep the store, and with it the connection.
        let now = (!self.left).then(|| Arc::clone(&self.store));
        cleanups.spawn_on(
            async move {
                cleanup.await;
                drop(now);
            },
            &runtime,
        );
    }
}

async fn remove(store: Weak<ChunkStore>, meta: Meta, pause: Duration) {
    sleep(pause).await;
    let Some(store) = store.upgrade() else { return };
    match timeout(CLEANUP_LIMIT, store.delete_own(&meta)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "cannot remove a payload"),
        Err(_) => tracing::debug!("cannot remove a payload in time"),
    }
}
