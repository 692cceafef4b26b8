//! The links of one provider: what shared state wants, what is in effect, and the difference.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::host::event::ProviderKey;
use crate::lattice::state::{LinkKey, Snapshot, State};
use crate::lattice::wire::LinkDefinition;
use crate::providers::Provider;

/// Links that only a message told of, at most. Hosts that keep state elsewhere announce theirs so.
const MAX_HEARD: usize = 4096;

#[derive(Debug)]
pub(super) struct Links {
    provider: ProviderKey,
    contract: String,
    state: State,
    inner: Mutex<Inner>,
}

type ByKey = BTreeMap<LinkKey, LinkDefinition>;

#[derive(Debug, Default)]
struct Inner {
    /// Told by messages, not in shared state.
    heard: ByKey,
    /// What the provider has taken.
    applied: ByKey,
    /// What it could not take, and why.
    failed: BTreeMap<LinkKey, String>,
    /// The provider closes: no link comes or goes.
    frozen: bool,
}

impl Links {
    pub(super) fn new(provider: ProviderKey, contract: String, state: State) -> Self {
        Self {
            provider,
            contract,
            state,
            inner: Mutex::default(),
        }
    }

    /// Whether this actor may call the provider. Asked for every call, so it answers from memory, and from
    /// shared state first: a link counts from the moment it is stored.
    pub(super) fn has(&self, actor: &str) -> bool {
        let key = LinkKey {
            actor: actor.to_owned(),
            contract: self.contract.clone(),
            link_name: self.provider.link_name.clone(),
        };
        let ours = |link: &LinkDefinition| link.provider_id == self.provider.id.as_str();
        self.state
            .look(|it| it.links.get(&key).map(ours))
            .unwrap_or_else(|| self.inner().heard.contains_key(&key))
    }

    /// A message told of a link.
    pub(super) fn heard_put(&self, link: LinkDefinition) {
        let mut inner = self.inner();
        let key = LinkKey::of(&link);
        if inner.heard.len() < MAX_HEARD || inner.heard.contains_key(&key) {
            inner.heard.insert(key, link);
        }
    }

    /// A message told that a link is gone. What shared state holds stays.
    pub(super) fn heard_delete(&self, link: &LinkDefinition) {
        let actor = &link.actor_id;
        self.inner()
            .heard
            .retain(|_, heard| heard.actor_id != *actor);
    }

    pub(super) fn freeze(&self) {
        self.inner().frozen = true;
    }

    /// Why some link is not in effect.
    pub(super) fn problem(&self) -> Option<String> {
        let inner = self.inner();
        let (key, error) = inner.failed.first_key_value()?;
        Some(format!("link of {}: {error}", key.actor))
    }

    /// Brings the provider to what is wanted. Links go before others come, since those may need the same
    /// address. Called by one task only.
    pub(super) async fn sync(&self, provider: &dyn Provider) {
        let Some((gone, wanted)) = self.changes() else {
            return;
        };
        for (key, link) in gone {
            tracing::info!(provider = %self.provider, actor = %link.actor_id, "link deleted");
            provider.delete_link(link).await;
            let mut inner = self.inner();
            inner.applied.remove(&key);
            inner.failed.remove(&key);
        }
        for (key, link) in wanted {
            let result = if link.contract_id == self.contract {
                provider
                    .put_link(link.clone())
                    .await
                    .map_err(|error| error.to_string())
            } else {
                Err(format!(
                    "it is for {}, this provider offers {}",
                    link.contract_id, self.contract
                ))
            };
            let mut inner = self.inner();
            match result {
                Ok(()) => {
                    tracing::info!(provider = %self.provider, actor = %link.actor_id, "linked");
                    inner.failed.remove(&key);
                    inner.applied.insert(key, link);
                }
                Err(error) => {
                    // It may hold the values before, or none; either way it is to be told when they go.
                    inner.applied.insert(key.clone(), link.clone());
                    if inner.failed.get(&key) != Some(&error) {
                        tracing::warn!(
                            provider = %self.provider,
                            actor = %link.actor_id,
                            "the link is not in effect: {error}"
                        );
                    }
                    inner.failed.insert(key, error);
                }
            }
        }
    }

    /// Links to delete, and links to put.
    fn changes(&self) -> Option<(ByKey, ByKey)> {
        self.state.look(|snapshot| self.changes_from(snapshot))
    }

    fn changes_from(&self, snapshot: &Snapshot) -> Option<(ByKey, ByKey)> {
        let mut inner = self.inner();
        if inner.frozen {
            return None;
        }
        // What shared state says of a link counts, also if it says that the link goes elsewhere.
        inner
            .heard
            .retain(|key, _| !snapshot.links.contains_key(key));
        let stored = snapshot.links.iter().filter(|(_, link)| {
            link.provider_id == self.provider.id.as_str()
                && link.link_name == self.provider.link_name
        });
        let mut desired: ByKey = inner.heard.clone();
        desired.extend(stored.map(|(key, link)| (key.clone(), link.clone())));
        Some(difference(&inner.applied, desired, |key| {
            inner.failed.contains_key(key)
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn difference(
    applied: &ByKey,
    mut desired: ByKey,
    failed: impl Fn(&LinkKey) -> bool,
) -> (ByKey, ByKey) {
    let gone = applied
        .iter()
        .filter(|(key, _)| !desired.contains_key(*key))
        .map(|(key, link)| (key.clone(), link.clone()))
        .collect();
    desired.retain(|key, link| {
        let same = applied
            .get(key)
            .is_some_and(|it| it.values == link.values && it.provider_id == link.provider_id);
        !same || failed(key)
    });
    (gone, desired)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(actor: &str, address: &str) -> (LinkKey, LinkDefinition) {
        let link = LinkDefinition {
            actor_id: actor.to_owned(),
            provider_id: "VP".to_owned(),
            link_name: "default".to_owned(),
            contract_id: "wasmcloud:httpserver".to_owned(),
            values: [("address".to_owned(), address.to_owned())].into(),
            ..LinkDefinition::default()
        };
        (LinkKey::of(&link), link)
    }

    #[test]
    fn only_what_changed_or_failed_is_put() {
        let applied: ByKey = [
            link("MA", "1"),
            link("MB", "2"),
            link("MC", "3"),
            link("MD", "4"),
        ]
        .into();
        let desired: ByKey = [
            link("MA", "1"),
            link("MB", "9"),
            link("MD", "4"),
            link("ME", "5"),
        ]
        .into();
        let (failed, _) = link("MD", "4");
        let (gone, wanted) = difference(&applied, desired, |key| *key == failed);
        assert_eq!(gone, [link("MC", "3")].into());
        assert_eq!(
            wanted,
            [link("MB", "9"), link("MD", "4"), link("ME", "5")].into()
        );
    }

    #[test]
    fn an_id_alone_is_no_change() {
        let (key, mut stored) = link("MA", "1");
        let applied: ByKey = [(key.clone(), stored.clone())].into();
        stored.id = "H".to_owned();
        let (gone, wanted) = difference(&applied, [(key, stored)].into(), |_| false);
        assert!(gone.is_empty() && wanted.is_empty());
    }
}
