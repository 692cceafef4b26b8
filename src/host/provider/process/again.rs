//! Which links are put once more, and when.
//!
//! Pure. Providers of 2022–2024 forget a link that they cannot take at once, and an address is not always free by the
//! time at which the link that had it is gone: under load, an HTTP server takes longer to close. They ignore the put
//! of a link that they have, so repeating one costs them a line in their log.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// When puts are repeated, counted from the one before.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(3)];

/// For how long after a deletion what it freed may still be in use.
const FREED: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Again {
    /// When it was last told that a link is gone.
    deleted: Option<Instant>,
    /// The actors whose links are put once more.
    actors: BTreeSet<String>,
    due: Option<Instant>,
    /// How often that has been done.
    rounds: usize,
}

impl Again {
    pub(super) fn deleted(&mut self, now: Instant) {
        self.deleted = Some(now);
    }

    /// It was told of a link that it does not have.
    pub(super) fn put(&mut self, actor: &str, now: Instant) {
        let freed = |it: Instant| now.duration_since(it) <= FREED;
        if self.deleted.is_some_and(freed) {
            self.actors.insert(actor.to_owned());
            self.rounds = 0;
            self.due = Some(now + PAUSES[0]);
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The actors whose links are put now.
    pub(super) fn take(&mut self, now: Instant) -> BTreeSet<String> {
        self.rounds += 1;
        self.due = PAUSES.get(self.rounds).map(|pause| now + *pause);
        match self.due {
            Some(_) => self.actors.clone(),
            None => std::mem::take(&mut self.actors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_deletion_is_put_twice_more() {
        let start = Instant::now();
        let mut again = Again::default();
        again.put("MA", start);
        assert_eq!(again.due(), None);
        again.deleted(start);
        again.put("MA", start);
        again.put("MB", start);
        let actors = BTreeSet::from(["MA".to_owned(), "MB".to_owned()]);
        let first = start + PAUSES[0];
        assert_eq!(again.due(), Some(first));
        assert_eq!(again.take(first), actors);
        assert_eq!(again.due(), Some(first + PAUSES[1]));
        assert_eq!(again.take(first + PAUSES[1]), actors);
        assert_eq!(again.due(), None);
        again.put("MC", start + FREED + PAUSES[0]);
        assert_eq!(again.due(), None);
    }

    #[test]
    fn another_put_starts_over() {
        let start = Instant::now();
        let mut again = Again::default();
        again.deleted(start);
        again.put("MA", start);
        let first = start + PAUSES[0];
        again.take(first);
        again.put("MB", first);
        assert_eq!(again.due(), Some(first + PAUSES[0]));
        assert_eq!(again.take(first + PAUSES[0]).len(), 2);
        assert!(again.due().is_some());
    }
}
