//! How long targets usually take to answer, so that a safe call is repeated only when its answer is late. Pure:
//! times come in as values.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::lattice::wire::Entity;

/// Targets that are remembered; beyond it all are forgotten.
const MOST: usize = 4096;

/// The usual time until an answer, per target.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Held for one look-up.
    usual: Mutex<HashMap<Entity, Duration>>,
}

impl Pace {
    /// Zero where nothing is known.
    pub(super) fn of(&self, target: &Entity) -> Duration {
        let usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        usual.get(target).copied().unwrap_or_default()
    }

    /// Takes in how long one answer took. Slowness counts at once, haste by and by.
    pub(super) fn record(&self, target: &Entity, took: Duration) {
        let mut usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(usual) = usual.get_mut(target) {
            *usual = match took > *usual {
                true => (*usual + took) / 2,
                false => (*usual * 7 + took) / 8,
            };
            return;
        }
        if usual.len() >= MOST {
            usual.clear();
        }
        usual.insert(target.clone(), took);
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
        assert_eq!(pace.of(&target), ms(0));
        pace.record(&target, ms(100));
        assert_eq!(pace.of(&target), ms(100));
        pace.record(&target, ms(900));
        assert_eq!(pace.of(&target), ms(500));
        pace.record(&target, ms(100));
        assert_eq!(pace.of(&target), ms(450));
        assert_eq!(pace.of(&Entity::actor("MB")), ms(0));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let pace = Pace::default();
        for at in 0..=MOST {
            pace.record(&Entity::actor(format!("M{at}")), Duration::ZERO);
        }
        assert_eq!(pace.usual.lock().unwrap().len(), 1);
    }
}
