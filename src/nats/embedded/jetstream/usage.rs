//! What all streams take together, and how much they may.

use std::sync::atomic::{AtomicU64, Ordering};

use super::api::stream::Storage;

/// Shared by the streams of one server.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Bytes.
    pub(super) memory: Total,
    pub(super) storage: Total,
    pub(super) consumers: Total,
    /// Bytes that streams in memory may take.
    pub(super) max_memory: u64,
    /// Bytes that streams on the disk may take; `None` is no limit.
    pub(super) max_storage: Option<u64>,
}

impl Usage {
    /// What streams of a kind take, and may take.
    pub(super) fn of(&self, storage: Storage) -> (&Total, Option<u64>) {
        match storage {
            Storage::Memory => (&self.memory, Some(self.max_memory)),
            Storage::File => (&self.storage, self.max_storage),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Total(AtomicU64);

impl Total {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A stream takes `new` of it now, and took `old`.
    pub(super) fn change(&self, old: &mut u64, new: u64) {
        // Wraps around and back, as the sum never falls below nothing.
        let more = new.wrapping_sub(std::mem::replace(old, new));
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}
