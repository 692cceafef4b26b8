//! Asks a policy service what may be started and who may call an actor, and remembers its decisions (protocol
//! §9.5).
//!
//! Without a service everything is allowed, and nothing is looked up. With one, whatever is not decided is
//! denied. Knows nothing of rules: those are the service's.

mod ledger;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use async_nats::client::RequestErrorKind;
use async_nats::{Client, SubscribeError, Subscriber};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use self::ledger::{Key, Ledger, Verdict};
use super::about::About;
use super::facts::{ActorFacts, ProviderFacts};
use crate::lattice::policy::{self, Action, Decision, Request, Revision, Source, Taken, Target};
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

/// A message of a service beyond this is cut, in bytes: it travels in errors and events.
const LONGEST_MESSAGE: usize = 1000;

/// What the blank source of a start says of its expiry, as hosts of 2022 do: this far from now.
const BLANK_EXPIRY: u64 = 60;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Policy(Option<Arc<Inner>>);

struct Inner {
    client: Client,
    service: PolicyService,
    about: About,
    labels: RwLock<Map>,
    ledger: Arc<Mutex<Ledger>>,
    /// Questions on their way, so that of many calls one asks.
    asking: Mutex<HashMap<Arc<Key>, Asking>>,
    /// How often the client had connected when the ledger was last known to be true.
    connects: AtomicU64,
    /// The last question was answered; failures are logged when this changes.
    answers: AtomicBool,
    _changes: Option<AbortOnDropHandle<()>>,
}

struct Asking {
    answer: Shared<BoxFuture<'static, Verdict>>,
    waiting: usize,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topic = self.0.as_ref().map(|it| &it.service.topic);
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
        Ok(Self(Some(Arc::new(Inner {
            connects: AtomicU64::new(connects(&client)),
            client,
            service,
            about,
            labels: RwLock::new(labels),
            ledger,
            asking: Mutex::default(),
            answers: AtomicBool::new(true),
            _changes: changes,
        }))))
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Decisions may depend on labels, so those made under others are forgotten.
    pub(super) fn set_labels(&self, labels: &Map) {
        if let Some(inner) = &self.0 {
            inner
                .labels
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(labels);
            inner.ledger().clear();
        }
    }

    /// The error is for the lattice to read.
    pub(super) async fn may_start_actor(&self, facts: &ActorFacts) -> Result<(), String> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let target = Target {
            public_key: facts.key.to_string(),
            issuer: facts.token.issuer.clone(),
            ..Target::default()
        };
        inner.may_start(target, Action::StartActor).await
    }

    /// The error is for the lattice to read.
    pub(super) async fn may_start_provider(
        &self,
        facts: &ProviderFacts,
        link_name: &str,
    ) -> Result<(), String> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let target = Target {
            public_key: facts.key.clone(),
            issuer: facts.issuer.clone(),
            contract_id: facts.contract.clone(),
            link_name: link_name.to_owned(),
        };
        inner.may_start(target, Action::StartProvider).await
    }

    /// Who may call this actor.
    pub(super) fn gate(&self, facts: &ActorFacts, state: &State) -> Gate {
        Gate(self.0.as_ref().map(|inner| {
            let target = Target {
                public_key: facts.key.to_string(),
                issuer: facts.token.issuer.clone(),
                ..Target::default()
            };
            (Arc::clone(inner), target, state.clone())
        }))
    }
}

/// Lets calls to one actor through, as far as policy goes; the default lets all through.
#[derive(Clone, Default)]
pub struct Gate(Option<(Arc<Inner>, Target, State)>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.0.is_some()).finish()
    }
}

impl Gate {
    /// The error is for the caller to read. Asks only for a caller that is not decided on.
    pub(super) async fn admit(&self, origin: &Entity) -> Result<(), String> {
        let Some((inner, target, state)) = &self.0 else {
            return Ok(());
        };
        let key = Key {
            source: state.look(|it| source(origin, it.claims.get(&origin.public_key))),
            target: target.clone(),
            action: Action::PerformInvocation,
        };
        let verdict = inner.decide(key).await;
        if verdict.permitted {
            return Ok(());
        }
        Err(format!("Policy denied invocation: {verdict}"))
    }
}

impl Inner {
    async fn may_start(self: &Arc<Self>, target: Target, action: Action) -> Result<(), String> {
        let what = match action {
            Action::StartProvider => "provider",
            _ => "actor",
        };
        let denied = format!("Policy denied to start {what} {}", target.public_key);
        let source = Source::default();
        let verdict = self
            .decide(Key {
                source,
                target,
                action,
            })
            .await;
        if verdict.permitted {
            return Ok(());
        }
        Err(format!("{denied}: {verdict}"))
    }

    async fn decide(self: &Arc<Self>, key: Key) -> Verdict {
        self.distrust_the_past();
        if let Some(verdict) = self.ledger().get(&key) {
            return verdict;
        }
        let waiter = Waiter::join(self, key);
        waiter.answer.clone().await
    }

    /// While there was no connection, changes may have been missed.
    fn distrust_the_past(&self) {
        let now = connects(&self.client);
        if self.service.changes_topic.is_some() && self.connects.swap(now, Ordering::Relaxed) != now
        {
            self.ledger().clear();
        }
    }

    /// Asks, and enters the decision.
    async fn ask(self: Arc<Self>, key: Arc<Key>) -> Verdict {
        let id = uuid::Uuid::new_v4().to_string();
        self.ledger().asked(id.clone(), &key);
        let outcome = self.request(&id, &key).await;
        let answered = outcome.is_ok();
        let verdict = match outcome {
            Ok(decision) => {
                let verdict = Verdict::new(decision.permitted, cut(decision.message), id);
                self.ledger().answered(verdict)
            }
            Err(reason) => {
                self.ledger().failed(&id);
                Verdict::new(false, reason, id)
            }
        };
        let (action, target) = (key.action.name(), &key.target.public_key);
        if self.answers.swap(answered, Ordering::Relaxed) != answered {
            match answered {
                true => tracing::info!("the policy service decides again"),
                false => tracing::warn!("{}; without a decision, all is denied", verdict.message),
            }
        }
        if answered && !verdict.permitted {
            let source = &key.source.public_key;
            tracing::warn!(action, target, source, "denied by policy: {verdict}");
        }
        verdict
    }

    async fn request(&self, id: &str, key: &Key) -> Result<Decision, String> {
        let PolicyService {
            topic,
            timeout: patience,
            ..
        } = &self.service;
        let body = serde_json::to_vec(&self.question(id, key)).map_err(|error| {
            format!("the question to the policy service cannot be written: {error}")
        })?;
        let request = async_nats::Request::new()
            .payload(body.into())
            .timeout(Some(*patience));
        let late = || format!("the policy service on '{topic}' did not answer within {patience:?}");
        // Without a connection it waits for longer than it says.
        let answer = timeout(*patience, self.client.send_request(topic.clone(), request));
        let answer = match answer.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                return Err(match error.kind() {
                    RequestErrorKind::TimedOut => late(),
                    RequestErrorKind::NoResponders => {
                        format!("no policy service listens on '{topic}'")
                    }
                    _ => format!("cannot ask the policy service on '{topic}': {error}"),
                });
            }
            Err(_) => return Err(late()),
        };
        let decision: Option<Decision> = policy::object(&answer.payload);
        decision
            .filter(|it| it.request_id.is_empty() || it.request_id == id)
            .ok_or_else(|| format!("the policy service on '{topic}' gave no valid answer"))
    }

    fn question(&self, id: &str, key: &Key) -> Request {
        let mut source = key.source.clone();
        if key.action != Action::PerformInvocation {
            source.expires_at = Some(now() + BLANK_EXPIRY);
        }
        let labels = self.labels.read().unwrap_or_else(PoisonError::into_inner);
        Request {
            request_id: id.to_owned(),
            source,
            target: key.target.clone(),
            action: key.action,
            host: policy::Host {
                public_key: self.about.id.to_string(),
                issuer: self.about.issuer.clone(),
                lattice_id: self.about.lattice.to_string(),
                labels: labels.clone(),
                cluster_issuers: self.about.issuers.clone(),
            },
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> MutexGuard<'_, HashMap<Arc<Key>, Asking>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who wait for the same answer; the question ends with the last.
struct Waiter<'a> {
    inner: &'a Inner,
    key: Arc<Key>,
    answer: Shared<BoxFuture<'static, Verdict>>,
}

impl<'a> Waiter<'a> {
    fn join(inner: &'a Arc<Inner>, key: Key) -> Self {
        let mut asking = inner.asking();
        if let Some((key, found)) = asking.get_key_value(&key) {
            let (key, answer) = (Arc::clone(key), found.answer.clone());
            if let Some(found) = asking.get_mut(&key) {
                found.waiting += 1;
            }
            return Self { inner, key, answer };
        }
        let key = Arc::new(key);
        let answer = Arc::clone(inner).ask(Arc::clone(&key)).boxed().shared();
        let entry = Asking {
            answer: answer.clone(),
            waiting: 1,
        };
        asking.insert(Arc::clone(&key), entry);
        Self { inner, key, answer }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut asking = self.inner.asking();
        // An answer that came is in the ledger; whoever comes now asks there, or again.
        let done = self.answer.peek().is_some();
        if let Some(found) = asking.get_mut(&self.key)
            && found.answer.ptr_eq(&self.answer)
        {
            found.waiting -= 1;
            if done || found.waiting == 0 {
                asking.remove(&self.key);
            }
        }
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
                let verdict = Verdict::new(it.permitted, cut(it.message), it.request_id);
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

fn cut(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
    message
}

/// How often the client has connected by now.
fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_secs())
}
