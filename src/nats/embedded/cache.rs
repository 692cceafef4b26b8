//! One sender's memory of where subjects lead, so that a subject in use costs no search.
//!
//! Holds as long as the hub's table stays the same. A subject's hash says its place; whoever was there gives way.

use std::hash::{BuildHasher as _, RandomState};

use super::hub::{Hub, Route};

/// Subjects that are remembered at most.
const PLACES: u64 = 64;

/// Routes of the subjects that one sender uses.
#[derive(Default)]
pub(super) struct Cache {
    generation: u64,
    places: Vec<(Vec<u8>, Route)>,
    hasher: RandomState,
}

impl Cache {
    /// Where a subject leads now.
    pub(super) fn route(&mut self, hub: &Hub, subject: &[u8]) -> &Route {
        let generation = hub.generation();
        if self.generation != generation {
            self.generation = generation;
            self.places.clear();
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES as usize, Default::default);
        }
        let place = self.hasher.hash_one(subject) % PLACES;
        let (known, route) = &mut self.places[place as usize];
        if known != subject {
            known.clear();
            known.extend_from_slice(subject);
            hub.route(subject, route);
        }
        route
    }
}
