//! How long targets usually take to answer, so that a safe call is repeated only when its answer is late. Pure:
//! times come in as values.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::lattice::wire::Entity;

/// Targets that are remembered; beyond it all are forgotten.
const MOST: usize = 4096;

/// What a lost first try adds to the doubts about a target, and how many there may be; an answer takes one away.
const LOST: u8 = 3;
const MOST_DOUBTS: u8 = 8;
/// From so many on a target is doubtful: some of the hosts that run it take calls and do not answer.
const DOUBTFUL: u8 = 4;

/// What is known of each target.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Held for one look-up.
    targets: Mutex<HashMap<Entity, Known>>,
}

/// What is known of one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The usual time until an answer; zero where nothing is known.
    pub(super) usual: Duration,
    doubts: u8,
}

impl Known {
    pub(super) fn is_doubtful(self) -> bool {
        self.doubts >= DOUBTFUL
    }
}

impl Pace {
    pub(super) fn of(&self, target: &Entity) -> Known {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.get(target).copied().unwrap_or_default()
    }

    /// Takes in how long one answer took. Slowness counts at once, haste by and by.
    pub(super) fn record(&self, target: &Entity, took: Duration) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = targets.get_mut(target) {
            known.usual = match took > known.usual {
                true => (known.usual + took) / 2,
                false => (known.usual * 7 + took) / 8,
            };
            known.doubts = known.doubts.saturating_sub(1);
            return;
        }
        if targets.len() >= MOST {
            targets.clear();
        }
        let known = Known {
            usual: took,
            doubts: 0,
        };
        targets.insert(target.clone(), known);
    }

    /// Takes in that a later try was answered before an earlier one.
    pub(super) fn doubt(&self, target: &Entity) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = targets.get_mut(target) {
            known.doubts = (known.doubts + LOST).min(MOST_DOUBTS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowness_counts_at_once_and_haste_by_and_by() {
        let pace = Pace::default();
        let target = Entity::actor("MA");
        let ms = Duration::from_millis;
        assert_eq!(pace.of(&target).usual, ms(0));
        pace.record(&target, ms(100));
        assert_eq!(pace.of(&target).usual, ms(100));
        pace.record(&target, ms(900));
        assert_eq!(pace.of(&target).usual, ms(500));
        pace.record(&target, ms(100));
        assert_eq!(pace.of(&target).usual, ms(450));
        assert_eq!(pace.of(&Entity::actor("MB")), Known::default());
    }

    #[test]
    fn doubts_come_with_losses_and_go_with_answers() {
        let pace = Pace::default();
        let target = Entity::actor("MA");
        pace.doubt(&target);
        for losses in [1, 2] {
            assert!(!pace.of(&target).is_doubtful(), "{losses}");
            pace.record(&target, Duration::ZERO);
            pace.doubt(&target);
        }
        pace.doubt(&target);
        assert!(pace.of(&target).is_doubtful());
        for _ in 0..9 {
            pace.doubt(&target);
        }
        for _ in 0..5 {
            pace.record(&target, Duration::ZERO);
        }
        assert!(!pace.of(&target).is_doubtful());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let pace = Pace::default();
        for at in 0..=MOST {
            pace.record(&Entity::actor(format!("M{at}")), Duration::ZERO);
        }
        assert_eq!(pace.targets.lock().unwrap().len(), 1);
    }
}
