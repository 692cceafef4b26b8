//! The links of a provider process: one for each actor, in effect or with the reason why not (protocol §5.3).

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::call::text;
use super::{LinkDefinition, Provider};

/// For one link; the others wait as long.
const LINK_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Links<P: Provider> {
    provider: Arc<P>,
    /// By actor. A lock of the standard library: it is held for one look-up.
    known: RwLock<BTreeMap<String, Known<P::Link>>>,
}

struct Known<L> {
    link: LinkDefinition,
    /// In effect, or why not.
    state: Result<Arc<L>, String>,
}

impl<P: Provider> Links<P> {
    pub(super) fn new(provider: Arc<P>) -> Self {
        Self {
            provider,
            known: RwLock::default(),
        }
    }

    /// What a calling actor has here.
    pub(super) fn get(&self, actor: &str) -> Result<Arc<P::Link>, String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(actor).map(|it| &it.state) {
            Some(Ok(link)) => Ok(Arc::clone(link)),
            Some(Err(reason)) => Err(format!(
                "the link of actor '{actor}' is not in effect: {reason}"
            )),
            None => Err(format!("unlinked actor: '{actor}'")),
        }
    }

    /// The first link that is not in effect.
    pub(super) fn problem(&self) -> Option<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find_map(|(actor, it)| {
            let reason = it.state.as_ref().err()?;
            Some(format!("the link of actor '{actor}': {reason}"))
        })
    }

    /// Takes links of different actors, each as in [`Self::put`], at the same time.
    pub(super) async fn put_all(&self, links: Vec<LinkDefinition>) {
        join_all(links.into_iter().map(|it| self.put(it))).await;
    }

    /// Takes a link. One that is in effect with the same values stays: hosts send them again. Other values
    /// replace it, since not every host deletes it first.
    pub(super) async fn put(&self, link: LinkDefinition) {
        if self.is_in_effect(&link) {
            tracing::debug!(actor = link.actor_id, "linked already");
            return;
        }
        self.delete(&link.actor_id).await;
        self.set(&link, Err("it is being made".to_owned()));
        let state = self.make(&link).await;
        match &state {
            Ok(_) => tracing::info!(actor = link.actor_id, "linked"),
            Err(reason) => tracing::warn!(actor = link.actor_id, "cannot link: {reason}"),
        }
        self.set(&link, state);
    }

    pub(super) async fn delete(&self, actor: &str) {
        let removed = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.remove(actor)
        };
        let Some(removed) = removed else { return };
        tracing::info!(actor, "link deleted");
        if let Ok(link) = removed.state {
            let deleting = AssertUnwindSafe(self.provider.delete_link(link)).catch_unwind();
            if !matches!(timeout(LINK_LIMIT, deleting).await, Ok(Ok(()))) {
                tracing::warn!(actor, "the provider did not delete the link properly");
            }
        }
    }

    /// Tries those again that are not in effect.
    pub(super) async fn retry(&self) {
        let failed = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let failed = known.values().filter(|it| it.state.is_err());
            failed.map(|it| it.link.clone()).collect::<Vec<_>>()
        };
        join_all(failed.iter().map(async |link| {
            let state = self.make(link).await;
            if state.is_ok() {
                tracing::info!(actor = link.actor_id, "linked");
            }
            self.set(link, state);
        }))
        .await;
    }

    fn is_in_effect(&self, link: &LinkDefinition) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&link.actor_id)
            .is_some_and(|it| it.state.is_ok() && it.link.values == link.values)
    }

    fn set(&self, link: &LinkDefinition, state: Result<Arc<P::Link>, String>) {
        let link = link.clone();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(link.actor_id.clone(), Known { link, state });
    }

    async fn make(&self, link: &LinkDefinition) -> Result<Arc<P::Link>, String> {
        let made = AssertUnwindSafe(self.provider.put_link(link.clone())).catch_unwind();
        match timeout(LINK_LIMIT, made).await {
            Ok(Ok(Ok(link))) => Ok(Arc::new(link)),
            Ok(Ok(Err(error))) => Err(text(&error)),
            Ok(Err(_)) => Err("the provider failed unexpectedly (it panicked)".to_owned()),
            Err(_) => Err(format!("it took longer than {LINK_LIMIT:?}")),
        }
    }
}
