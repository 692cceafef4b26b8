//! Message ids of late, so that what was sent twice is stored once. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Ids remembered at most, whatever the window.
const MOST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Dedupe {
    seqs: HashMap<Arc<str>, u64>,
    order: VecDeque<(i64, Arc<str>)>,
}

impl Dedupe {
    pub(super) fn get(&self, id: &str) -> Option<u64> {
        self.seqs.get(id).copied()
    }

    pub(super) fn add(&mut self, id: &str, seq: u64, time: i64) {
        if self.seqs.contains_key(id) {
            return;
        }
        let id: Arc<str> = id.into();
        self.seqs.insert(id.clone(), seq);
        self.order.push_back((time, id));
        if self.order.len() > MOST {
            self.drop_first();
        }
    }

    /// Forgets what is older than the window.
    pub(super) fn expire(&mut self, window: Duration, now: i64) {
        let window = i64::try_from(window.as_nanos()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(window);
        while self.order.front().is_some_and(|it| it.0 < oldest) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.seqs.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Dedupe;

    #[test]
    fn ids_are_known_within_the_window() {
        let mut ids = Dedupe::default();
        ids.add("a", 1, 0);
        ids.add("b", 2, 900);
        ids.expire(Duration::from_nanos(500), 1000);
        assert_eq!((ids.get("a"), ids.get("b")), (None, Some(2)));
    }
}
