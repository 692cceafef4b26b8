//! How far a transfer is, for those who watch.

use std::sync::Arc;

use super::digest::Digest;

/// Told as bytes move; called often, so it must be quick.
pub trait Progress: Send + Sync {
    /// `done` of `total` bytes of a blob are where they belong. It may go back, when a transfer starts over.
    fn moved(&self, blob: &Digest, done: u64, total: u64);
}

pub(super) fn tell(progress: Option<&Arc<dyn Progress>>, blob: &Digest, done: u64, total: u64) {
    if let Some(it) = progress {
        it.moved(blob, done, total);
    }
}
