//! Asks the service: of many who want the same decision one asks, and what is decided is entered in the ledger.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::PolicyService;
use super::ledger::{Key, Ledger, Verdict};
use crate::host::about::About;
use crate::lattice::policy::{self, Action, Decision, Request, Source, Target};
use crate::lattice::wire::Map;

/// What the blank source of a start says of its expiry, as hosts of 2022 do: this far from now.
const BLANK_EXPIRY: u64 = 60;

pub(super) struct Asker {
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

impl Asker {
    /// `changes` is the task that takes in what the service takes back; it ends with this.
    pub(super) fn new(
        service: PolicyService,
        client: Client,
        about: About,
        labels: Map,
        ledger: Arc<Mutex<Ledger>>,
        changes: Option<AbortOnDropHandle<()>>,
    ) -> Self {
        Self {
            connects: AtomicU64::new(connects(&client)),
            client,
            service,
            about,
            labels: RwLock::new(labels),
            ledger,
            asking: Mutex::default(),
            answers: AtomicBool::new(true),
            _changes: changes,
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.service.topic
    }

    /// Decisions may depend on labels, so those made under others are forgotten.
    pub(super) fn set_labels(&self, labels: &Map) {
        let mut own = self.labels.write().unwrap_or_else(PoisonError::into_inner);
        own.clone_from(labels);
        self.ledger().clear();
    }

    pub(super) async fn may_start(
        self: &Arc<Self>,
        target: Target,
        action: Action,
    ) -> Result<(), String> {
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

    pub(super) async fn decide(self: &Arc<Self>, key: Key) -> Verdict {
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
        if self.service.changes_topic.is_some()
            && self.connects.load(Ordering::Relaxed) != now
            && self.connects.swap(now, Ordering::Relaxed) != now
        {
            self.ledger().clear();
        }
    }

    /// Asks, and enters the decision.
    async fn ask(self: Arc<Self>, key: Arc<Key>) -> Verdict {
        let id = uuid::Uuid::new_v4().to_string();
        self.ledger().asked(id.clone(), &key);
        let open = Open {
            asker: &self,
            id: &id,
            answered: false,
        };
        let outcome = open.ask(&key).await;
        let answered = outcome.is_ok();
        let verdict = match outcome {
            Ok(decision) => {
                let verdict = Verdict::new(decision.permitted, decision.message, id);
                self.ledger().answered(verdict)
            }
            Err(reason) => Verdict::new(false, reason, id),
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

/// A question on its way. One that gets no answer, or that nobody waits for any more, is not remembered.
struct Open<'a> {
    asker: &'a Asker,
    id: &'a str,
    answered: bool,
}

impl Open<'_> {
    async fn ask(mut self, key: &Key) -> Result<Decision, String> {
        let decision = self.asker.request(self.id, key).await;
        self.answered = decision.is_ok();
        decision
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.asker.ledger().failed(self.id);
        }
    }
}

/// One of those who wait for the same answer; the question ends with the last.
struct Waiter<'a> {
    asker: &'a Asker,
    key: Arc<Key>,
    answer: Shared<BoxFuture<'static, Verdict>>,
}

impl<'a> Waiter<'a> {
    fn join(asker: &'a Arc<Asker>, key: Key) -> Self {
        let mut asking = asker.asking();
        if let Some((key, found)) = asking.get_key_value(&key) {
            let (key, answer) = (Arc::clone(key), found.answer.clone());
            if let Some(found) = asking.get_mut(&key) {
                found.waiting += 1;
            }
            return Self { asker, key, answer };
        }
        let key = Arc::new(key);
        let answer = Arc::clone(asker).ask(Arc::clone(&key)).boxed().shared();
        let entry = Asking {
            answer: answer.clone(),
            waiting: 1,
        };
        asking.insert(Arc::clone(&key), entry);
        Self { asker, key, answer }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut asking = self.asker.asking();
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
