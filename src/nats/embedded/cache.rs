//! One sender's memory of where subjects lead, so that a subject in use costs no search.
//!
//! Routes are kept as long as the hub's table stays the same. A subject is remembered when it comes again: one that is
//! used once, as for an answer, leaves nothing behind.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::hub::{Hub, Route};

/// Routes that are kept at most.
const ROUTES: usize = 1024;

/// Places for the hashes of subjects seen once.
const SEEN: usize = 128;

/// Routes of the subjects that one sender uses.
pub(super) struct Cache {
    generation: u64,
    kept: HashMap<Box<[u8]>, Route>,
    seen: Vec<u64>,
    hasher: RandomState,
    /// Of a subject that is not kept; its room is used again.
    once: Route,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            generation: 0,
            kept: HashMap::new(),
            seen: Vec::new(),
            hasher: RandomState::new(),
            once: Route::default(),
        }
    }

    /// Where a subject leads now.
    pub(super) fn route(&mut self, hub: &Hub, subject: &[u8]) -> &Route {
        let generation = hub.generation();
        if self.generation != generation {
            self.generation = generation;
            self.kept.clear();
        }
        if !self.kept.contains_key(subject) {
            if !self.again(subject) {
                self.once.clear();
                hub.route(subject, &mut self.once);
                return &self.once;
            }
            if self.kept.len() >= ROUTES {
                self.kept.clear();
            }
            let mut route = Route::default();
            hub.route(subject, &mut route);
            self.kept.insert(subject.into(), route);
        }
        self.kept.get(subject).unwrap_or(&self.once)
    }

    /// Whether a subject was seen before, lately and probably.
    fn again(&mut self, subject: &[u8]) -> bool {
        self.seen.resize(SEEN, 0);
        let hash = self.hasher.hash_one(subject);
        let Some(place) = usize::try_from(hash % SEEN as u64)
            .ok()
            .and_then(|it| self.seen.get_mut(it))
        else {
            return false;
        };
        std::mem::replace(place, hash) == hash
    }
}
