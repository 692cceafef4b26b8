//! Message ids of late, so that what was sent twice is stored once. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::nanos;

/// Ids remembered at most, whatever the window.
const MOST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Dedupe {
    seqs: HashMap<Arc<str>, u64>,
    order: VecDeque<(i64, Arc<str>)>,
    /// The newest message, and its id.
    last: (u64, Option<Arc<str>>),
}

impl Dedupe {
    pub(super) fn get(&self, id: &str) -> Option<u64> {
        self.seqs.get(id).copied()
    }

    /// The newest message's id.
    pub(super) fn last(&self) -> &str {
        self.last.1.as_deref().unwrap_or_default()
    }

    /// A message was stored, with this id.
    pub(super) fn add(&mut self, id: Option<&str>, seq: u64, time: i64) {
        let id: Option<Arc<str>> = id.map(Arc::from);
        if seq > self.last.0 {
            self.last = (seq, id.clone());
        }
        let Some(id) = id.filter(|it| !self.seqs.contains_key(it)) else {
            return;
        };
        self.seqs.insert(id.clone(), seq);
        self.order.push_back((time, id));
        if self.order.len() > MOST {
            self.drop_first();
        }
    }

    /// Forgets what is older than the window.
    pub(super) fn expire(&mut self, window: Duration, now: i64) {
        let oldest = now.saturating_sub(nanos(window));
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
        ids.add(Some("a"), 1, 0);
        ids.add(Some("b"), 2, 900);
        assert_eq!(ids.last(), "b");
        ids.add(None, 3, 900);
        ids.expire(Duration::from_nanos(500), 1000);
        assert_eq!((ids.get("a"), ids.get("b")), (None, Some(2)));
        assert_eq!(ids.last(), "");
    }
}
