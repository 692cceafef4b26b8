//! Who listens on a subject: filters by their tokens, with `*` for one token and `>` for all that follow.
//!
//! Keeps values under filters and finds those that match. Does not know what a value is, or who sends.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// Tokens that a filter may have: the search goes as deep.
const DEPTH: usize = 1024;

/// Values under filters, each with a number of its own.
pub(super) struct Trie<T> {
    root: Node<T>,
    len: usize,
}

/// What is under one token; wildcards are tokens like others here.
struct Node<T> {
    next: HashMap<Box<[u8]>, Node<T>>,
    here: BTreeMap<u64, T>,
}

impl<T> Trie<T> {
    pub(super) fn new() -> Self {
        Self {
            root: Node::new(),
            len: 0,
        }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, filter: &[u8], id: u64, value: T) {
        let mut node = &mut self.root;
        for token in tokens(filter) {
            node = node.next.entry(token.into()).or_insert_with(Node::new);
        }
        if node.here.insert(id, value).is_none() {
            self.len += 1;
        }
    }

    /// Takes a value out again; says whether it was there.
    pub(super) fn remove(&mut self, filter: &[u8], id: u64) -> bool {
        let removed = self.root.remove(Some(filter), id);
        self.len -= usize::from(removed);
        removed
    }

    /// Shows what matches a subject, until told to stop. A subject with an empty token leads nowhere.
    pub(super) fn find(
        &self,
        subject: &[u8],
        mut see: impl FnMut(&T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match tokens(subject).all(|it| !it.is_empty()) {
            true => self.root.find(Some(subject), &mut see),
            false => ControlFlow::Continue(()),
        }
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            next: HashMap::new(),
            here: BTreeMap::new(),
        }
    }

    fn find(
        &self,
        left: Option<&[u8]>,
        see: &mut impl FnMut(&T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(left) = left else {
            return self.here.values().try_for_each(see);
        };
        if let Some(rest) = self.next.get(&b">"[..]) {
            rest.here.values().try_for_each(&mut *see)?;
        }
        let (token, left) = first(left);
        if !matches!(token, b"*" | b">")
            && let Some(next) = self.next.get(token)
        {
            next.find(left, see)?;
        }
        match self.next.get(&b"*"[..]) {
            Some(next) => next.find(left, see),
            None => ControlFlow::Continue(()),
        }
    }

    fn remove(&mut self, left: Option<&[u8]>, id: u64) -> bool {
        let Some(left) = left else {
            return self.here.remove(&id).is_some();
        };
        let (token, left) = first(left);
        let Some(next) = self.next.get_mut(token) else {
            return false;
        };
        let removed = next.remove(left, id);
        if next.next.is_empty() && next.here.is_empty() {
            self.next.remove(token);
        }
        removed
    }
}

/// A filter may be subscribed to: no token is empty, `>` is the last, and there are not too many.
pub(super) fn valid(filter: &[u8]) -> bool {
    let mut all = tokens(filter).rev();
    let last = all.next().unwrap_or_default();
    let mut count = 1;
    let mut before = all.inspect(|_| count += 1);
    !last.is_empty() && before.all(|it| !matches!(it, b"" | b">")) && count <= DEPTH
}

/// No token of a subject is a wildcard or empty.
pub(super) fn strictly_literal(subject: &[u8]) -> bool {
    tokens(subject).all(|it| !matches!(it, b"" | b"*" | b">"))
}

/// A subject's first token, and what follows it.
fn first(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = subject.splitn(2, |it| *it == b'.');
    (parts.next().unwrap_or_default(), parts.next())
}

fn tokens(subject: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    subject.split(|it| *it == b'.')
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom as _;
    use rand::{RngExt as _, SeedableRng as _};

    use super::{DEPTH, Trie, strictly_literal, tokens, valid};

    /// What the trie must agree with.
    fn naive(filter: &[u8], subject: &[u8]) -> bool {
        let filter: Vec<_> = tokens(filter).collect();
        let subject: Vec<_> = tokens(subject).collect();
        for (at, token) in filter.iter().enumerate() {
            match (*token, subject.get(at)) {
                (b">", Some(_)) => return true,
                (b"*", Some(_)) => {}
                (a, Some(b)) if a == *b => {}
                _ => return false,
            }
        }
        filter.len() == subject.len()
    }

    fn text(random: &mut StdRng, words: &[&str]) -> String {
        let count = random.random_range(1..6);
        let words: Vec<&str> = (0..count)
            .filter_map(|_| words.choose(random).copied())
            .collect();
        words.join(".")
    }

    fn found(trie: &Trie<u64>, subject: &str) -> Vec<u64> {
        let mut all = Vec::new();
        let end = trie.find(subject.as_bytes(), |it| {
            all.push(*it);
            ControlFlow::Continue(())
        });
        assert_eq!(end, ControlFlow::Continue(()));
        let any = trie.find(subject.as_bytes(), |_| ControlFlow::Break(()));
        assert_eq!(any.is_break(), !all.is_empty());
        all.sort_unstable();
        all
    }

    #[test]
    fn agrees_with_a_naive_matcher() {
        for seed in 0..300 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut trie = Trie::new();
            let mut model: Vec<(String, u64)> = Vec::new();
            for value in 0..120 {
                if !model.is_empty() && random.random_bool(0.3) {
                    let at = random.random_range(0..model.len());
                    let (filter, value) = model.swap_remove(at);
                    assert!(trie.remove(filter.as_bytes(), value));
                    assert!(!trie.remove(filter.as_bytes(), value));
                }
                let filter = text(&mut random, &["a", "b", "c", "*", ">"]);
                if !valid(filter.as_bytes()) {
                    continue;
                }
                trie.insert(filter.as_bytes(), value, value);
                model.push((filter, value));
            }
            assert_eq!(trie.len(), model.len());
            for _ in 0..60 {
                let subject = text(&mut random, &["a", "b", "c", "d"]);
                let fits = |it: &&(String, u64)| naive(it.0.as_bytes(), subject.as_bytes());
                let mut expected: Vec<_> = model.iter().filter(fits).map(|it| it.1).collect();
                expected.sort_unstable();
                assert_eq!(found(&trie, &subject), expected, "{seed} {subject}");
            }
            for (filter, value) in model.drain(..) {
                assert!(trie.remove(filter.as_bytes(), value));
            }
            assert!(trie.root.next.is_empty(), "nothing is left behind");
        }
    }

    #[test]
    fn only_whole_tokens_are_wildcards() {
        assert!(valid(b"a*.>b.c") && valid(b"*.>") && valid(b">"));
        assert!(!valid(b"") && !valid(b"a.") && !valid(b".a") && !valid(b"a..b") && !valid(b">.a"));
        assert!(strictly_literal(b"a*.b") && !strictly_literal(b"a.*") && !strictly_literal(b""));
    }

    #[test]
    fn filters_are_only_so_deep() {
        let deep = |tokens| ["a"].repeat(tokens).join(".");
        assert!(valid(deep(DEPTH).as_bytes()) && !valid(deep(DEPTH + 1).as_bytes()));
        let mut trie = Trie::new();
        trie.insert(deep(DEPTH).as_bytes(), 1, 1);
        assert_eq!(found(&trie, &deep(DEPTH)), [1]);
        assert!(found(&trie, &deep(2 * DEPTH)).is_empty());
        assert!(trie.remove(deep(DEPTH).as_bytes(), 1));
    }

    #[test]
    fn a_subject_with_an_empty_token_leads_nowhere() {
        let mut trie = Trie::new();
        trie.insert(b">", 1, 1);
        trie.insert(b"a.*", 2, 2);
        for subject in ["", "a.", ".a", "a..b", "."] {
            assert!(found(&trie, subject).is_empty(), "{subject}");
        }
        assert_eq!(found(&trie, "a.*"), [1, 2]);
        assert_eq!(found(&trie, "a.>"), [1, 2]);
    }
}
