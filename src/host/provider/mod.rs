//! A provider on this host, as the lattice sees it: its calls, links, health and shutdown (protocol §5.3–§5.5).
//!
//! Links are not taken from messages but from shared state: a message, whoever sent it, is a hint to compare
//! once more. So late and repeated messages cannot bring back old values.

mod links;
pub(super) mod process;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use self::links::Links;
use self::process::Place;
use super::event::{Crash, ProviderKey, ProviderKind, ProviderOrder};
use super::provision::Provisioner;
use crate::claims::HostId;
use crate::lattice::rpc::{Handler, Incoming, Rpc, Serving};
use crate::lattice::state::State;
use crate::lattice::subject;
use crate::lattice::wire::{Entity, Health, LinkDefinition};
use crate::providers::{Builtin, Context, Provider};

/// How often a provider's health is told to the lattice.
const HEALTH_PERIOD: Duration = Duration::from_secs(30);

/// What a provider needs of its host.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) host: HostId,
    pub(super) rpc: Rpc,
    pub(super) state: State,
    /// How long an actor may take to answer.
    pub(super) rpc_timeout: Duration,
    pub(super) js_domain: Option<String>,
    /// Where those run that are not built in, and where their programs come from.
    pub(super) processes: Place,
    pub(super) provisioner: Provisioner,
    pub(super) signals: mpsc::Sender<Signal>,
}

/// What a provider tells its host.
#[derive(Debug)]
pub(super) enum Signal {
    Health {
        provider: ProviderKey,
        health: Health,
        /// The check that comes by itself, not after a change of links.
        periodic: bool,
    },
    /// A peer told it to shut down.
    Dismissed(ProviderKey),
    /// Its process ended by itself.
    Crashed { provider: ProviderKey, crash: Crash },
    /// Its process runs again.
    Restarted(ProviderKey),
}

/// The host's end of a running provider.
#[derive(Debug)]
pub(super) struct Handle {
    nudge: Arc<Notify>,
    orders: mpsc::Sender<Close>,
}

/// Stop taking new work and finish within `grace`; then answer calls no more, unless `keep_serving`.
#[derive(Debug)]
struct Close {
    grace: Duration,
    keep_serving: bool,
    done: oneshot::Sender<()>,
}

impl Handle {
    /// Lets the provider compare its links with shared state.
    pub(super) fn sync_links(&self) {
        self.nudge.notify_one();
    }

    /// Closes what others reach the provider by, but goes on to answer the calls of actors.
    pub(super) fn close_doors(&self, grace: Duration) -> BoxFuture<'static, ()> {
        self.close(grace, true)
    }

    pub(super) fn stop(&self, grace: Duration) -> BoxFuture<'static, ()> {
        self.close(grace, false)
    }

    fn close(&self, grace: Duration, keep_serving: bool) -> BoxFuture<'static, ()> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (done, wait) = oneshot::channel();
            let order = Close {
                grace,
                keep_serving,
                done,
            };
            // A provider that has ended is closed.
            if orders.send(order).await.is_ok() {
                let _ = wait.await;
            }
        })
    }
}

/// Starts a provider and returns once it is known to the lattice and answers calls. The future is its life; it ends
/// after [`Handle::stop`].
pub(super) async fn start(
    order: ProviderOrder,
    around: Surroundings,
) -> Result<(Handle, BoxFuture<'static, ()>), String> {
    let announce = async {
        let (key, state) = (order.key.id.as_str(), &around.state);
        state.put_claims(key, order.facts.record()).await?;
        state.put_reference(&order.reference, key).await
    };
    match order.kind.clone() {
        ProviderKind::Builtin(builtin) => {
            let provider = make(builtin, &order, &around)?;
            announce.await.map_err(|error| error.to_string())?;
            start_builtin(provider, order, around).await
        }
        ProviderKind::Process(program) => {
            announce.await.map_err(|error| error.to_string())?;
            process::start(order, program, around).await
        }
    }
}

fn entity(order: &ProviderOrder) -> Entity {
    let key = &order.key;
    Entity::provider(key.id.as_str(), &order.facts.contract, &key.link_name)
}

fn make(
    builtin: &Builtin,
    order: &ProviderOrder,
    around: &Surroundings,
) -> Result<Arc<dyn Provider>, String> {
    let context = Context {
        rpc: around.rpc.clone(),
        entity: entity(order),
        configuration: order.configuration.clone(),
        rpc_timeout: around.rpc_timeout,
    };
    (builtin.start)(context).map_err(|error| format!("cannot start {}: {error}", order.reference))
}

/// Returns once it also has its links.
async fn start_builtin(
    provider: Arc<dyn Provider>,
    order: ProviderOrder,
    around: Surroundings,
) -> Result<(Handle, BoxFuture<'static, ()>), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let entity = entity(&order);
    let key = order.key;
    let admin = Admin::subscribe(&around.rpc, &key)
        .await
        .map_err(|error| format!("cannot subscribe on the lattice: {error}"))?;
    let links = Arc::new(Links::new(
        key.clone(),
        order.facts.contract,
        around.state.clone(),
    ));
    links.sync(provider.as_ref()).await;
    let calls = Calls {
        provider: Arc::clone(&provider),
        links: Arc::clone(&links),
    };
    let serving = around
        .rpc
        .serve(entity, Arc::new(calls))
        .await
        .map_err(|error| text(&error))?;

    let nudge = Arc::new(Notify::new());
    let (orders, close) = mpsc::channel(4);
    let life = Life {
        key,
        provider,
        links,
        admin,
        nudge: Arc::clone(&nudge),
        close,
        around,
    };
    Ok((Handle { nudge, orders }, Box::pin(life.run(serving))))
}

/// Answers the calls of linked actors.
struct Calls {
    provider: Arc<dyn Provider>,
    links: Arc<Links>,
}

impl Handler for Calls {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        if !self.links.has(&call.origin.public_key) {
            let text = format!("unlinked actor: '{}'", call.origin.public_key);
            return Box::pin(std::future::ready(Err(text)));
        }
        self.provider.handle(call)
    }
}

/// Subscriptions on the subjects by which hosts tell a provider what to do.
struct Admin {
    put: async_nats::Subscriber,
    del: async_nats::Subscriber,
    health: async_nats::Subscriber,
    shutdown: async_nats::Subscriber,
}

impl Admin {
    async fn subscribe(rpc: &Rpc, key: &ProviderKey) -> Result<Self, async_nats::SubscribeError> {
        let client = rpc.client();
        let of = |subject: fn(&crate::lattice::LatticeName, &str, &str) -> String| {
            client.subscribe(subject(rpc.lattice(), key.id.as_str(), &key.link_name))
        };
        Ok(Self {
            put: of(subject::rpc::link_put).await?,
            del: of(subject::rpc::link_del).await?,
            health: of(subject::rpc::health).await?,
            shutdown: of(subject::rpc::shutdown).await?,
        })
    }
}

/// What a running provider waits for.
struct Life {
    key: ProviderKey,
    provider: Arc<dyn Provider>,
    links: Arc<Links>,
    admin: Admin,
    nudge: Arc<Notify>,
    close: mpsc::Receiver<Close>,
    around: Surroundings,
}

enum Wake {
    Links,
    Put(async_nats::Message),
    Delete(async_nats::Message),
    Health(async_nats::Message),
    Shutdown(async_nats::Message),
    Tick,
    Close(Option<Close>),
}

impl Life {
    async fn run(mut self, serving: Serving) {
        let mut tick = interval_at(Instant::now() + HEALTH_PERIOD, HEALTH_PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Links may have changed while it started.
        self.nudge.notify_one();
        loop {
            let wake = tokio::select! {
                () = self.nudge.notified() => Wake::Links,
                Some(message) = self.admin.put.next() => Wake::Put(message),
                Some(message) = self.admin.del.next() => Wake::Delete(message),
                Some(message) = self.admin.health.next() => Wake::Health(message),
                Some(message) = self.admin.shutdown.next() => Wake::Shutdown(message),
                _ = tick.tick() => Wake::Tick,
                order = self.close.recv() => Wake::Close(order),
            };
            match wake {
                Wake::Links => self.sync(false).await,
                Wake::Put(message) => {
                    if let Some(link) = read_link(&self.key, &message) {
                        self.links.heard_put(link);
                        self.sync(false).await;
                    }
                }
                Wake::Delete(message) => {
                    if let Some(link) = read_link(&self.key, &message) {
                        self.links.heard_delete(&link);
                        self.sync(false).await;
                    }
                }
                Wake::Health(message) => self.answer_health(message).await,
                Wake::Shutdown(message) => self.answer_shutdown(message).await,
                Wake::Tick => self.sync(true).await,
                // The host is gone without a word.
                Wake::Close(None) => return,
                Wake::Close(Some(order)) => {
                    self.provider.shutdown(order.grace).await;
                    if order.keep_serving {
                        self.links.freeze();
                        let _ = order.done.send(());
                    } else {
                        serving.stop(order.grace).await;
                        let _ = order.done.send(());
                        return;
                    }
                }
            }
        }
    }

    /// Takes over links that changed, tries those again that failed, and tells the outcome.
    async fn sync(&self, periodic: bool) {
        self.links.sync(self.provider.as_ref()).await;
        let signal = Signal::Health {
            provider: self.key.clone(),
            health: self.health(),
            periodic,
        };
        let _ = self.around.signals.send(signal).await;
    }

    fn health(&self) -> Health {
        let health = self.provider.health();
        match self.links.problem() {
            Some(problem) if health.healthy => Health {
                healthy: false,
                message: Some(problem),
            },
            _ => health,
        }
    }

    async fn answer_health(&self, message: async_nats::Message) {
        // Plain fields: they encode.
        let body = rmp_serde::to_vec_named(&self.health()).unwrap_or_default();
        self.reply(message, body.into()).await;
    }

    async fn answer_shutdown(&self, message: async_nats::Message) {
        if !means_us(&message, &self.around.host) {
            return;
        }
        self.reply(message, Bytes::from_static(b"shutting down"))
            .await;
        let dismissed = Signal::Dismissed(self.key.clone());
        let _ = self.around.signals.send(dismissed).await;
    }

    async fn reply(&self, message: async_nats::Message, body: Bytes) {
        if let Some(reply) = message.reply
            && let Err(error) = self.around.rpc.client().publish(reply, body).await
        {
            tracing::warn!(provider = %self.key, "cannot answer: {error}");
        }
    }
}

/// Whether a link is one of this provider's.
fn is_for(link: &LinkDefinition, key: &ProviderKey) -> bool {
    link.provider_id == key.id.as_str() && link.link_name == key.link_name
}

/// The link in a message, if it is one of this provider's.
fn read_link(key: &ProviderKey, message: &async_nats::Message) -> Option<LinkDefinition> {
    let link: LinkDefinition = rmp_serde::from_slice(&message.payload)
        .inspect_err(|error| {
            tracing::warn!(provider = %key, "ignoring a link that cannot be read: {error}");
        })
        .ok()?;
    is_for(&link, key).then_some(link)
}

/// Whether a shutdown is for the provider on this host. Older hosts name no host; a name other than ours means the
/// provider's twin elsewhere.
fn means_us(message: &async_nats::Message, host: &HostId) -> bool {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        host_id: String,
    }
    let ours = message.payload.is_empty()
        || serde_json::from_slice::<Body>(&message.payload)
            .is_ok_and(|it| it.host_id.is_empty() || it.host_id == host.as_str());
    ours && message.reply.is_some()
}
