//! What all streams take together, and how much they may.

use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by the streams of one server.
#[derive(Debug, Default)]
pub(super) struct Usage {
    memory: AtomicU64,
    storage: AtomicU64,
    consumers: AtomicU64,
    /// Bytes; `None` is no limit.
    pub(super) max_memory: Option<u64>,
    pub(super) max_storage: Option<u64>,
}

/// What one stream takes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) memory: u64,
    pub(super) storage: u64,
    pub(super) consumers: u64,
}

impl Usage {
    pub(super) fn new(max_memory: Option<u64>, max_storage: Option<u64>) -> Self {
        Self {
            max_memory,
            max_storage,
            ..Self::default()
        }
    }

    pub(super) fn total(&self) -> Share {
        Share {
            memory: self.memory.load(Ordering::Relaxed),
            storage: self.storage.load(Ordering::Relaxed),
            consumers: self.consumers.load(Ordering::Relaxed),
        }
    }

    /// A stream takes this now instead of that.
    pub(super) fn change(&self, old: Share, new: Share) {
        for (total, old, new) in [
            (&self.memory, old.memory, new.memory),
            (&self.storage, old.storage, new.storage),
            (&self.consumers, old.consumers, new.consumers),
        ] {
            // Wraps around and back, as the sum never falls below nothing.
            total.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
        }
    }

    /// So many bytes more are within the limit.
    pub(super) fn room(&self, bytes: u64, disk: bool) -> bool {
        let (used, most) = match disk {
            true => (&self.storage, self.max_storage),
            false => (&self.memory, self.max_memory),
        };
        most.is_none_or(|most| used.load(Ordering::Relaxed).saturating_add(bytes) <= most)
    }
}
