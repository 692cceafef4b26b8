//! Who listens on a subject: filters by their tokens, with `*` for one token and `>` for all that follow.
//!
//! Keeps values under filters and finds those that match. Does not know what a value is, or who sends.

use std::collections::HashMap;
use std::sync::Arc;

/// Values under filters. Those with a queue are found by group.
pub(super) struct Trie<T> {
    root: Node<T>,
    len: usize,
}

/// What matches a subject.
pub(super) struct Matches<T> {
    /// Each gets the message.
    pub(super) plain: Vec<T>,
    /// One of each gets the message. Never empty inside.
    pub(super) queues: Vec<Group<T>>,
}

/// The members of one queue group.
pub(super) struct Group<T> {
    name: Arc<[u8]>,
    pub(super) members: Vec<T>,
}

struct Node<T> {
    literal: HashMap<Box<[u8]>, Node<T>>,
    star: Option<Box<Node<T>>>,
    here: Leaf<T>,
    /// What is under `>` at this place.
    rest: Leaf<T>,
}

struct Leaf<T> {
    plain: Vec<T>,
    queues: Vec<Group<T>>,
}

impl<T: Clone + PartialEq> Trie<T> {
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

    pub(super) fn insert(&mut self, filter: &[u8], queue: Option<&[u8]>, value: T) {
        let mut node = &mut self.root;
        let mut rest = false;
        for token in tokens(filter) {
            match token {
                b">" => {
                    rest = true;
                    break;
                }
                b"*" => node = node.star.get_or_insert_with(|| Box::new(Node::new())),
                _ => {
                    if !node.literal.contains_key(token) {
                        node.literal.insert(token.into(), Node::new());
                    }
                    let Some(next) = node.literal.get_mut(token) else {
                        return;
                    };
                    node = next;
                }
            }
        }
        let leaf = if rest { &mut node.rest } else { &mut node.here };
        leaf.insert(queue, value);
        self.len += 1;
    }

    /// Takes a value out again; says whether it was there.
    pub(super) fn remove(&mut self, filter: &[u8], queue: Option<&[u8]>, value: &T) -> bool {
        let removed = self.root.remove(Some(filter), queue, value);
        if removed {
            self.len -= 1;
        }
        removed
    }

    /// All that match a subject without wildcards.
    pub(super) fn matches(&self, subject: &[u8], found: &mut Matches<T>) {
        if literal(subject) {
            self.root.visit(Some(subject), &mut |leaf| {
                found.add(leaf);
                true
            });
        }
    }

    /// Anything matches a subject without wildcards.
    pub(super) fn any(&self, subject: &[u8]) -> bool {
        literal(subject) && !self.root.visit(Some(subject), &mut |_| false)
    }
}

impl<T> Default for Matches<T> {
    fn default() -> Self {
        Self {
            plain: Vec::new(),
            queues: Vec::new(),
        }
    }
}

impl<T: Clone> Matches<T> {
    pub(super) fn clear(&mut self) {
        self.plain.clear();
        self.queues.clear();
    }

    fn add(&mut self, leaf: &Leaf<T>) {
        self.plain.extend(leaf.plain.iter().cloned());
        for group in &leaf.queues {
            match self.queues.iter_mut().find(|it| it.name == group.name) {
                Some(it) => it.members.extend(group.members.iter().cloned()),
                None => self.queues.push(Group {
                    name: group.name.clone(),
                    members: group.members.clone(),
                }),
            }
        }
    }
}

impl<T: Clone + PartialEq> Node<T> {
    fn new() -> Self {
        Self {
            literal: HashMap::new(),
            star: None,
            here: Leaf::new(),
            rest: Leaf::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.literal.is_empty()
            && self.star.is_none()
            && self.here.is_empty()
            && self.rest.is_empty()
    }

    /// Shows the leaves that match what is left of a subject, until told to stop; says whether it was not.
    fn visit(&self, left: Option<&[u8]>, see: &mut impl FnMut(&Leaf<T>) -> bool) -> bool {
        let Some(left) = left else {
            return self.here.is_empty() || see(&self.here);
        };
        if !self.rest.is_empty() && !see(&self.rest) {
            return false;
        }
        let (token, left) = first(left);
        if let Some(next) = self.literal.get(token)
            && !next.visit(left, see)
        {
            return false;
        }
        self.star.as_ref().is_none_or(|it| it.visit(left, see))
    }

    fn remove(&mut self, left: Option<&[u8]>, queue: Option<&[u8]>, value: &T) -> bool {
        let Some(left) = left else {
            return self.here.remove(queue, value);
        };
        let (token, left) = first(left);
        match token {
            b">" => self.rest.remove(queue, value),
            b"*" => {
                let Some(next) = &mut self.star else {
                    return false;
                };
                let removed = next.remove(left, queue, value);
                if next.is_empty() {
                    self.star = None;
                }
                removed
            }
            _ => {
                let Some(next) = self.literal.get_mut(token) else {
                    return false;
                };
                let removed = next.remove(left, queue, value);
                if next.is_empty() {
                    self.literal.remove(token);
                }
                removed
            }
        }
    }
}

impl<T: PartialEq> Leaf<T> {
    fn new() -> Self {
        Self {
            plain: Vec::new(),
            queues: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.queues.is_empty()
    }

    fn insert(&mut self, queue: Option<&[u8]>, value: T) {
        let Some(queue) = queue else {
            return self.plain.push(value);
        };
        match self.queues.iter_mut().find(|it| *it.name == *queue) {
            Some(it) => it.members.push(value),
            None => self.queues.push(Group {
                name: queue.into(),
                members: vec![value],
            }),
        }
    }

    fn remove(&mut self, queue: Option<&[u8]>, value: &T) -> bool {
        let Some(queue) = queue else {
            return take(&mut self.plain, value);
        };
        let Some(at) = self.queues.iter().position(|it| *it.name == *queue) else {
            return false;
        };
        let removed = take(&mut self.queues[at].members, value);
        if self.queues[at].members.is_empty() {
            self.queues.swap_remove(at);
        }
        removed
    }
}

fn take<T: PartialEq>(values: &mut Vec<T>, value: &T) -> bool {
    let at = values.iter().position(|it| it == value);
    at.map(|it| values.swap_remove(it)).is_some()
}

/// A filter may be subscribed to: no token is empty, and `>` is the last.
pub(super) fn valid(filter: &[u8]) -> bool {
    let mut all = tokens(filter).peekable();
    while let Some(token) = all.next() {
        if token.is_empty() || (token == b">" && all.peek().is_some()) {
            return false;
        }
    }
    true
}

/// A subject that leads anywhere: no token is empty. Wildcards are tokens like others.
fn literal(subject: &[u8]) -> bool {
    tokens(subject).all(|it| !it.is_empty())
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

fn tokens(subject: &[u8]) -> impl Iterator<Item = &[u8]> {
    subject.split(|it| *it == b'.')
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom as _;
    use rand::{RngExt as _, SeedableRng as _};

    use super::{Matches, Trie, strictly_literal, tokens, valid};

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

    /// Plain values, and those of each group.
    type Found = (Vec<u32>, Vec<(Vec<u8>, Vec<u32>)>);

    fn found(trie: &Trie<u32>, subject: &str) -> Found {
        let mut all = Matches::default();
        trie.matches(subject.as_bytes(), &mut all);
        all.plain.sort_unstable();
        let group = |it: super::Group<u32>| {
            let mut members = it.members;
            members.sort_unstable();
            (it.name.to_vec(), members)
        };
        let mut queues: Vec<_> = all.queues.into_iter().map(group).collect();
        queues.sort();
        (all.plain, queues)
    }

    #[test]
    fn agrees_with_a_naive_matcher() {
        for seed in 0..300 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut trie = Trie::new();
            let mut model: Vec<(String, Option<String>, u32)> = Vec::new();
            for value in 0..120 {
                if !model.is_empty() && random.random_bool(0.3) {
                    let at = random.random_range(0..model.len());
                    let (filter, queue, value) = model.swap_remove(at);
                    let queue = queue.as_deref().map(str::as_bytes);
                    assert!(trie.remove(filter.as_bytes(), queue, &value));
                    assert!(!trie.remove(filter.as_bytes(), queue, &value));
                }
                let filter = text(&mut random, &["a", "b", "c", "*", ">"]);
                if !valid(filter.as_bytes()) {
                    continue;
                }
                let queue = random
                    .random_bool(0.4)
                    .then(|| text(&mut random, &["q", "r"]));
                let name = queue.as_deref().map(str::as_bytes);
                trie.insert(filter.as_bytes(), name, value);
                model.push((filter, queue, value));
            }
            assert_eq!(trie.len(), model.len());
            for _ in 0..60 {
                let subject = text(&mut random, &["a", "b", "c", "d"]);
                let fits = |filter: &str| naive(filter.as_bytes(), subject.as_bytes());
                let mut plain = Vec::new();
                let mut queues = std::collections::BTreeMap::<Vec<u8>, Vec<u32>>::new();
                for (_, queue, value) in model.iter().filter(|it| fits(&it.0)) {
                    match queue {
                        None => plain.push(*value),
                        Some(it) => queues
                            .entry(it.clone().into_bytes())
                            .or_default()
                            .push(*value),
                    }
                }
                plain.sort_unstable();
                queues.values_mut().for_each(|it| it.sort_unstable());
                let any = !plain.is_empty() || !queues.is_empty();
                assert_eq!(trie.any(subject.as_bytes()), any, "{seed} {subject}");
                let expected = (plain, queues.into_iter().collect());
                assert_eq!(found(&trie, &subject), expected, "{seed} {subject}");
            }
            for (filter, queue, value) in model.drain(..) {
                let queue = queue.as_deref().map(str::as_bytes);
                assert!(trie.remove(filter.as_bytes(), queue, &value));
            }
            assert!(trie.root.is_empty(), "nothing is left behind");
        }
    }

    #[test]
    fn only_whole_tokens_are_wildcards() {
        assert!(valid(b"a*.>b.c") && valid(b"*.>") && valid(b">"));
        assert!(!valid(b"") && !valid(b"a.") && !valid(b".a") && !valid(b"a..b") && !valid(b">.a"));
        assert!(strictly_literal(b"a*.b") && !strictly_literal(b"a.*") && !strictly_literal(b""));
    }

    #[test]
    fn a_subject_with_an_empty_token_leads_nowhere() {
        let mut trie = Trie::new();
        trie.insert(b">", None, 1);
        trie.insert(b"a.*", None, 2);
        for subject in ["", "a.", ".a", "a..b", "."] {
            assert_eq!(found(&trie, subject), (vec![], vec![]), "{subject}");
        }
        assert_eq!(found(&trie, "a.*"), (vec![1, 2], vec![]));
    }
}
