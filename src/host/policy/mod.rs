//! Asks a policy service what may be started and who may call an actor, and remembers its decisions (protocol
//! §9.5).
//!
//! Without a service everything is allowed, and nothing is looked up. With one, whatever is not decided is
//! denied. Knows nothing of rules: those are the service's.

mod asking;
mod ledger;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::{Client, SubscribeError, Subscriber};
use futures_util::StreamExt;
use tokio_util::task::AbortOnDropHandle;

use self::asking::Asker;
use self::ledger::{Key, Ledger, Verdict};
use super::about::About;
use super::facts::{ActorFacts, ProviderFacts};
use crate::lattice::policy::{Action, Revision, Source, Taken, Target};
use crate::lattice::state::State;
use crate::lattice::subject::Ctl;
use crate::lattice::wire::{Entity, Map};

/// Where a policy service is, and how long it may take.
#[derive(Clone, Debug)]
pub struct PolicyService {
    /// Subject of requests.
    pub topic: String,
    /// Subject on which decisions are taken back.
    pub changes_topic: Option<String>,
    pub timeout: Duration,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Policy(Option<Arc<Asker>>);

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = self.0.as_ref().map(|it| it.topic());
        f.debug_tuple("Policy").field(&topic).finish()
    }
}

impl Policy {
    /// Nothing is asked where there is no `service`.
    pub(super) async fn start(
        service: Option<PolicyService>,
        client: Client,
        about: About,
        labels: Map,
        subjects: Ctl,
    ) -> Result<Self, SubscribeError> {
        let Some(service) = service else {
            return Ok(Self(None));
        };
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let changes = match &service.changes_topic {
            Some(topic) => {
                let changes = client.subscribe(topic.clone()).await?;
                let task = follow(changes, client.clone(), subjects, Arc::clone(&ledger));
                Some(AbortOnDropHandle::new(tokio::spawn(task)))
            }
            None => None,
        };
        tracing::info!(
            topic = service.topic,
            "a policy service decides on starts and calls"
        );
        let asker = Asker::new(service, client, about, labels, ledger, changes);
        Ok(Self(Some(Arc::new(asker))))
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Decisions may depend on labels, so those made under others are forgotten.
    pub(super) fn set_labels(&self, labels: &Map) {
        if let Some(asker) = &self.0 {
            asker.set_labels(labels);
        }
    }

    /// The error is for the lattice to read.
    pub(super) async fn may_start_actor(&self, facts: &ActorFacts) -> Result<(), String> {
        let Some(asker) = &self.0 else { return Ok(()) };
        let target = Target {
            public_key: facts.key.to_string(),
            issuer: facts.token.issuer.clone(),
            ..Target::default()
        };
        asker.may_start(target, Action::StartActor).await
    }

    /// The error is for the lattice to read.
    pub(super) async fn may_start_provider(
        &self,
        facts: &ProviderFacts,
        link_name: &str,
    ) -> Result<(), String> {
        let Some(asker) = &self.0 else { return Ok(()) };
        let target = Target {
            public_key: facts.key.clone(),
            issuer: facts.issuer.clone(),
            contract_id: facts.contract.clone(),
            link_name: link_name.to_owned(),
        };
        asker.may_start(target, Action::StartProvider).await
    }

    /// Who may call this actor.
    pub(super) fn gate(&self, facts: &ActorFacts, state: &State) -> Gate {
        Gate(self.0.as_ref().map(|asker| {
            let target = Target {
                public_key: facts.key.to_string(),
                issuer: facts.token.issuer.clone(),
                ..Target::default()
            };
            (Arc::clone(asker), target, state.clone())
        }))
    }
}

/// Lets calls to one actor through, as far as policy goes; the default lets all through.
#[derive(Clone, Default)]
pub struct Gate(Option<(Arc<Asker>, Target, State)>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.0.is_some()).finish()
    }
}

impl Gate {
    /// The error is for the caller to read. Asks only for a caller that is not decided on.
    pub(super) async fn admit(&self, origin: &Entity) -> Result<(), String> {
        let Some((asker, target, state)) = &self.0 else {
            return Ok(());
        };
        let key = Key {
            source: state.look(|it| source(origin, it.claims.get(&origin.public_key))),
            target: target.clone(),
            action: Action::PerformInvocation,
        };
        let verdict = asker.decide(key).await;
        if verdict.permitted {
            return Ok(());
        }
        Err(format!("Policy denied invocation: {verdict}"))
    }
}

/// Takes in what a service takes back, until the subscription ends.
async fn follow(
    mut changes: Subscriber,
    client: Client,
    subjects: Ctl,
    ledger: Arc<Mutex<Ledger>>,
) {
    while let Some(message) = changes.next().await {
        let revision = Revision::read(&message.payload);
        let taken = Taken {
            success: revision.is_some(),
        };
        match revision {
            Some(it) => {
                let verdict = Verdict::new(it.permitted, it.message, it.request_id);
                let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                let known = ledger.revise(&verdict);
                tracing::debug!(known, request = %verdict.request_id, permitted = verdict.permitted, "a decision was changed");
            }
            None => tracing::warn!("a change of a policy decision cannot be read"),
        }
        if let Some(reply) = message.reply.filter(|it| subjects.may_answer(it)) {
            let body = serde_json::to_vec(&taken).unwrap_or_default();
            if let Err(error) = client.publish(reply, body.into()).await {
                tracing::debug!("cannot answer: {error}");
            }
        }
    }
}

/// What the lattice knows of a caller. A caller without claims has a key and no issuer.
fn source(origin: &Entity, claims: Option<&Map>) -> Source {
    let text = |name| {
        claims
            .and_then(|it| it.get(name))
            .cloned()
            .unwrap_or_default()
    };
    let capabilities = match origin.is_actor() {
        true => {
            let caps = claims
                .and_then(|it| it.get("caps"))
                .map_or("", String::as_str);
            let caps = caps.split(',').map(str::trim).filter(|it| !it.is_empty());
            caps.map(str::to_owned).collect()
        }
        false => Vec::new(),
    };
    Source {
        public_key: origin.public_key.clone(),
        contract_id: origin.contract_id.clone(),
        link_name: origin.link_name.clone(),
        capabilities,
        issuer: text("iss"),
        ..Source::default()
    }
}
