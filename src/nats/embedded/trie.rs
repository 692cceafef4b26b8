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
    pub(super) fn matches(&self, subject: &[u8]) -> Matches<T> {
        let mut found = Matches {
            plain: Vec::new(),
            queues: Vec::new(),
        };
        self.root.visit(Some(subject), &mut |leaf| {
            found.add(leaf);
            true
        });
        found
    }

    /// Anything matches a subject without wildcards.
    pub(super) fn any(&self, subject: &[u8]) -> bool {
        !self.root.visit(Some(subject), &mut |_| false)
    }
}

impl<T: Clone> Matches<T> {
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

/// A subject's first token, and what follows it.
fn first(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = subject.splitn(2, |it| *it == b'.');
    (parts.next().unwrap_or_default(), parts.next())
}

fn tokens(subject: &[u8]) -> impl Iterator<Item = &[u8]> {
    subject.split(|it| *it == b'.')
}
