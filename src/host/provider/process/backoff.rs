//! When a process that ended by itself is started again: soon, then ever later, and soon again once one has run
//! well for a while.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(60);

/// A process that ran for so long was well.
const WELL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Ends in a row.
    count: u32,
}

impl Backoff {
    /// A process ended that had run for `lived`: how often that is in a row, and how long to wait.
    pub(super) fn ended(&mut self, lived: Duration) -> (u32, Duration) {
        if lived >= WELL {
            self.count = 0;
        }
        let doubled = FIRST.saturating_mul(1 << self.count.min(6));
        self.count = self.count.saturating_add(1);
        (self.count, doubled.min(LAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_are_forgiven() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..8)
            .map(|_| backoff.ended(Duration::from_secs(1)).1.as_secs())
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(
            backoff.ended(Duration::from_secs(61)),
            (1, Duration::from_secs(1))
        );
        backoff.count = u32::MAX;
        assert_eq!(backoff.ended(Duration::ZERO), (u32::MAX, LAST));
    }
}
