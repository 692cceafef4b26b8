//! What a provider's process has been told of links, and what it has yet to be told (protocol §5.3).
//!
//! Pure. Whichever host takes a link tells every provider of it on the wire, so the process is watched rather than
//! told twice: only what nobody told it, after a moment, is said again.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::lattice::wire::LinkDefinition;

/// By actor: providers keep one link of each.
type ByActor = BTreeMap<String, LinkDefinition>;

/// What is to be published, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tell {
    Delete(LinkDefinition),
    Put(LinkDefinition),
}

#[derive(Debug, Default)]
pub(super) struct Told {
    links: ByActor,
    /// It has answered, so it hears what is published.
    listens: bool,
    /// Actors of whose links was spoken before it listened; true if one was deleted.
    missed: BTreeMap<String, bool>,
}

impl Told {
    /// What it is given at its start.
    pub(super) fn at_start(links: &[LinkDefinition]) -> Self {
        let links = links.iter().cloned();
        Self {
            links: links.map(|it| (it.actor_id.clone(), it)).collect(),
            ..Self::default()
        }
    }

    /// From now on it hears; what was said before it may have heard or not.
    pub(super) fn listens(&mut self) {
        self.listens = true;
    }

    /// Someone published a link. Providers ignore it if they have one of that actor; true if it heard and had none.
    pub(super) fn heard_put(&mut self, link: LinkDefinition) -> bool {
        if !self.listens {
            self.missed.entry(link.actor_id).or_insert(false);
            return false;
        }
        match self.links.entry(link.actor_id.clone()) {
            Entry::Vacant(none) => {
                none.insert(link);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub(super) fn heard_delete(&mut self, actor: &str) {
        if self.listens {
            self.links.remove(actor);
        } else {
            self.missed.insert(actor.to_owned(), true);
        }
    }

    /// Whether it would have to be told something.
    pub(super) fn differs(&self, wanted: &[LinkDefinition]) -> bool {
        self.listens && {
            let actors: BTreeSet<_> = wanted.iter().map(|it| &it.actor_id).collect();
            !self.missed.is_empty()
                || self.links.keys().any(|it| !actors.contains(it))
                || wanted.iter().any(|it| !self.has(it))
        }
    }

    /// What to publish so that it has exactly the links that are wanted; taken as done.
    pub(super) fn catch_up(&mut self, wanted: &[LinkDefinition]) -> Vec<Tell> {
        if !self.listens {
            return Vec::new();
        }
        let missed = std::mem::take(&mut self.missed);
        let actors: BTreeSet<_> = wanted.iter().map(|it| &it.actor_id).collect();
        let gone = |it: &&LinkDefinition| !actors.contains(&it.actor_id);
        let mut tell: Vec<_> = self.links.values().filter(gone).cloned().collect();
        tell.sort_by(|one, two| one.actor_id.cmp(&two.actor_id));
        let mut tell: Vec<_> = tell.into_iter().map(Tell::Delete).collect();
        for link in wanted {
            let present = self.links.get(&link.actor_id);
            let doubt = missed.get(&link.actor_id);
            if present.is_some() && (doubt == Some(&true) || !self.has(link)) {
                tell.push(Tell::Delete(link.clone()));
            }
            if doubt.is_some() || !self.has(link) {
                tell.push(Tell::Put(link.clone()));
            }
        }
        self.links = wanted
            .iter()
            .map(|it| (it.actor_id.clone(), it.clone()))
            .collect();
        tell
    }

    fn has(&self, link: &LinkDefinition) -> bool {
        self.links
            .get(&link.actor_id)
            .is_some_and(|it| it.values == link.values && it.contract_id == link.contract_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(actor: &str, address: &str) -> LinkDefinition {
        LinkDefinition {
            actor_id: actor.to_owned(),
            values: [("address".to_owned(), address.to_owned())].into(),
            ..LinkDefinition::default()
        }
    }

    #[test]
    fn what_someone_else_told_is_not_told_again() {
        let mut told = Told::at_start(&[link("MA", "1")]);
        told.listens();
        told.heard_delete("MA");
        assert!(told.heard_put(link("MA", "2")));
        assert!(!told.differs(&[link("MA", "2")]));
        assert_eq!(told.catch_up(&[link("MA", "2")]), []);
        // A put alone is ignored by providers that have a link of that actor.
        assert!(!told.heard_put(link("MA", "3")));
        assert_eq!(
            told.catch_up(&[link("MA", "3")]),
            [Tell::Delete(link("MA", "3")), Tell::Put(link("MA", "3"))]
        );
    }

    #[test]
    fn what_nobody_told_is_told() {
        let mut told = Told::at_start(&[link("MA", "1"), link("MB", "2")]);
        assert!(!told.differs(&[]));
        told.listens();
        assert!(told.differs(&[link("MA", "1")]));
        assert_eq!(
            told.catch_up(&[link("MA", "1"), link("MC", "3")]),
            [Tell::Delete(link("MB", "2")), Tell::Put(link("MC", "3"))]
        );
        assert!(!told.differs(&[link("MA", "1"), link("MC", "3")]));
        // Hearing ourselves changes nothing.
        told.heard_delete("MB");
        told.heard_put(link("MC", "3"));
        assert_eq!(told.catch_up(&[link("MA", "1"), link("MC", "3")]), []);
    }

    #[test]
    fn what_came_before_it_listened_is_said_again() {
        let mut told = Told::at_start(&[link("MA", "1"), link("MB", "1")]);
        told.heard_delete("MA");
        told.heard_put(link("MA", "1"));
        told.heard_put(link("MC", "3"));
        told.listens();
        let wanted = [link("MA", "1"), link("MB", "1"), link("MC", "3")];
        assert!(told.differs(&wanted));
        assert_eq!(
            told.catch_up(&wanted),
            [
                Tell::Delete(link("MA", "1")),
                Tell::Put(link("MA", "1")),
                Tell::Put(link("MC", "3"))
            ]
        );
        assert!(!told.differs(&wanted));
    }
}
