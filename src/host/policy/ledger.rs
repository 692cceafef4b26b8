//! What a policy service has decided, and under which request, so that it can be taken back. Pure.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::lattice::policy::{Action, Source, Target};

/// Decisions that are kept; beyond that the oldest are asked for again.
const MAX_DECISIONS: usize = 10_000;

/// A message of a service beyond this is cut, in bytes: it travels in errors and events.
const LONGEST_MESSAGE: usize = 1000;

/// What a decision is about. A ledger is of one lattice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: Source,
    pub(super) target: Target,
    pub(super) action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) permitted: bool,
    pub(super) message: Arc<str>,
    pub(super) request_id: Arc<str>,
}

impl Verdict {
    pub(super) fn new(permitted: bool, mut message: String, request_id: String) -> Self {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        Self {
            permitted,
            message: message.into(),
            request_id: request_id.into(),
        }
    }
}

/// For whoever was denied.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self.message.trim() {
            "" => "no reason given",
            message => message,
        };
        write!(f, "{message} (request {})", self.request_id)
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    verdicts: HashMap<Arc<Key>, Verdict>,
    /// Also of questions that are on their way: a change may overtake its answer.
    requests: HashMap<Arc<str>, Arc<Key>>,
    /// Answered requests, oldest first; some may be forgotten already.
    order: VecDeque<Arc<str>>,
}

impl Ledger {
    pub(super) fn get(&self, key: &Key) -> Option<Verdict> {
        self.verdicts.get(key).cloned()
    }

    /// A question is on its way.
    pub(super) fn asked(&mut self, request_id: String, key: &Arc<Key>) {
        self.requests.insert(request_id.into(), Arc::clone(key));
    }

    /// There is no answer to it.
    pub(super) fn failed(&mut self, request_id: &str) {
        // A change that came instead does not count: it has nothing to change.
        if let Some(key) = self.requests.remove(request_id) {
            self.forget(&key, request_id);
        }
    }

    /// The answer, or what a change that overtook it says. An answer to a question from before
    /// [`Self::clear`] is not kept.
    pub(super) fn answered(&mut self, verdict: Verdict) -> Verdict {
        let Some(key) = self.requests.get(&verdict.request_id) else {
            return verdict;
        };
        let kept = match self.verdicts.get(key) {
            Some(it) if it.request_id == verdict.request_id => it.clone(),
            _ => verdict,
        };
        self.verdicts.insert(Arc::clone(key), kept.clone());
        self.order.push_back(Arc::clone(&kept.request_id));
        while self.order.len() > MAX_DECISIONS {
            if let Some(oldest) = self.order.pop_front()
                && let Some(key) = self.requests.remove(&oldest)
            {
                self.forget(&key, &oldest);
            }
        }
        kept
    }

    /// Replaces a decision. False if it is not known.
    pub(super) fn revise(&mut self, verdict: &Verdict) -> bool {
        let Some(key) = self.requests.get(&verdict.request_id) else {
            return false;
        };
        self.verdicts.insert(Arc::clone(key), verdict.clone());
        true
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, key: &Arc<Key>, request_id: &str) {
        if self
            .verdicts
            .get(key)
            .is_some_and(|it| &*it.request_id == request_id)
        {
            self.verdicts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Arc<Key> {
        Arc::new(Key {
            source: Source::default(),
            target: Target {
                public_key: name.to_owned(),
                ..Target::default()
            },
            action: Action::StartActor,
        })
    }

    fn verdict(permitted: bool, id: &str) -> Verdict {
        Verdict::new(permitted, String::new(), id.to_owned())
    }

    #[test]
    fn a_decision_is_kept_and_can_be_taken_back() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.get(&key("a")), None);
        ledger.asked("1".to_owned(), &key("a"));
        assert_eq!(ledger.get(&key("a")), None);
        ledger.answered(verdict(true, "1"));
        assert_eq!(ledger.get(&key("a")), Some(verdict(true, "1")));
        assert_eq!(ledger.get(&key("b")), None);
        assert!(!ledger.revise(&verdict(false, "2")));
        assert!(ledger.revise(&verdict(false, "1")));
        assert_eq!(ledger.get(&key("a")), Some(verdict(false, "1")));
        assert!(ledger.revise(&verdict(true, "1")));
        assert_eq!(ledger.get(&key("a")), Some(verdict(true, "1")));
    }

    #[test]
    fn a_change_that_overtakes_its_answer_counts() {
        let mut ledger = Ledger::default();
        ledger.asked("1".to_owned(), &key("a"));
        assert!(ledger.revise(&verdict(false, "1")));
        assert_eq!(ledger.answered(verdict(true, "1")), verdict(false, "1"));
        assert_eq!(ledger.get(&key("a")), Some(verdict(false, "1")));
    }

    #[test]
    fn what_failed_or_was_asked_before_a_new_beginning_is_not_kept() {
        let mut ledger = Ledger::default();
        ledger.asked("1".to_owned(), &key("a"));
        ledger.revise(&verdict(true, "1"));
        ledger.failed("1");
        assert_eq!(ledger.get(&key("a")), None);
        assert!(!ledger.revise(&verdict(true, "1")));
        ledger.asked("2".to_owned(), &key("a"));
        ledger.clear();
        assert_eq!(ledger.answered(verdict(true, "2")), verdict(true, "2"));
        assert_eq!(ledger.get(&key("a")), None);
    }

    #[test]
    fn the_oldest_decisions_are_forgotten() {
        let mut ledger = Ledger::default();
        for number in 0..=MAX_DECISIONS {
            ledger.asked(number.to_string(), &key(&number.to_string()));
            ledger.answered(verdict(true, &number.to_string()));
        }
        assert_eq!(ledger.get(&key("0")), None);
        assert!(!ledger.revise(&verdict(false, "0")));
        assert!(ledger.get(&key("1")).is_some());
        assert_eq!(ledger.verdicts.len(), MAX_DECISIONS);
        assert_eq!(ledger.requests.len(), MAX_DECISIONS);
        assert_eq!(ledger.order.len(), MAX_DECISIONS);
    }

    #[test]
    fn a_denial_names_reason_and_request() {
        let denied = Verdict::new(false, "not today".to_owned(), "r1".to_owned());
        assert_eq!(denied.to_string(), "not today (request r1)");
        assert_eq!(
            verdict(false, "r2").to_string(),
            "no reason given (request r2)"
        );
    }
}
