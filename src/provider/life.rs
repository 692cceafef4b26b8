//! The life of a provider process on its lattice: connect, link, answer, stop (protocol §5.3–§5.5).
//!
//! One task takes links, in the order in which they come; another answers health checks and waits for the end,
//! so that a slow link delays neither.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::call::text;
use super::links::Links;
use super::settings::{Settings, StartError};
use super::{Call, Health, HostData, Lattice, LinkDefinition, Provider};
use crate::lattice::connect::{self, ConnectError, ConnectOptions};
use crate::lattice::rpc::{Handler, Incoming, Rpc, RpcError, Serving};
use crate::lattice::subject::{self, LatticeName};
use crate::lattice::wire::{self, Entity};

/// Pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// How often links are tried again that are not in effect.
const RETRY_LINKS: Duration = Duration::from_secs(3);

/// Calls that run when the host says stop get this long before it is acknowledged: hosts kill a provider as soon
/// as it acknowledges, and the most impatient ones after 300 ms (protocol §5.5).
const BEFORE_ACK: Duration = Duration::from_millis(200);

/// What still runs gets this long in all, where the host allows it.
const GRACE: Duration = Duration::from_secs(5);

/// How long the provider's own part of a health check or a stop may take.
const OWN_PART: Duration = Duration::from_secs(2);

/// Runs a provider until its host shuts it down or `gone` is ready. Connects for as long as it takes.
///
/// # Errors
/// Every variant of [`StartError`].
pub async fn serve<P: Provider>(
    data: HostData,
    gone: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let settings = Settings::new(&data)?;
    let mut gone = pin!(gone);
    let client = tokio::select! {
        client = connect_patiently(&settings.connect) => client?,
        () = &mut gone => return Ok(()),
    };
    let entity = Entity::provider(&data.provider_key, P::CONTRACT, &data.link_name);
    let rpc = Rpc::new(
        client.clone(),
        settings.lattice.clone(),
        settings.identity,
        data.js_domain.filter(|it| !it.is_empty()),
    )
    .with_timeout(settings.timeout);
    // Before the provider starts, which can take its time: links told meanwhile are told once.
    let admin = Admin::subscribe(&client, &settings.lattice, &entity).await?;
    connect::round_trip(&client).await;
    let lattice = Lattice {
        rpc: rpc.clone(),
        entity: entity.clone(),
        configuration: data.config_json.into(),
        timeout: settings.timeout,
    };
    let provider = tokio::select! {
        provider = P::start(lattice) => Arc::new(provider.map_err(|it| StartError::Provider(text(&it)))?),
        () = &mut gone => return Ok(()),
    };

    let links = Arc::new(Links::new(Arc::clone(&provider)));
    let calls = Calls {
        provider: Arc::clone(&provider),
        links: Arc::clone(&links),
    };
    let initial = data.link_definitions.into_iter();
    let initial = initial.filter(|it| is_ours(it, &entity)).collect();
    let (ready, serving) = oneshot::channel();
    let mut tasks = JoinSet::new();
    tasks.spawn({
        let (links, entity) = (Arc::clone(&links), entity.clone());
        async move {
            links.put_all(initial).await;
            let serving = rpc.serve(entity.clone(), Arc::new(calls)).await;
            // Gone when the process stops already.
            let _ = ready.send(serving);
            follow(&links, admin.links, &entity).await;
        }
    });
    let life = Life {
        host: data.host_id,
        client,
        provider,
        links,
        health: admin.health,
        shutdown: admin.shutdown,
    };
    let (stop, serving) = life.run(serving, gone.as_mut()).await?;
    tasks.shutdown().await;
    life_ends(stop, serving).await;
    Ok(())
}

/// Tries until it is connected, but for what only a person can mend.
async fn connect_patiently(options: &ConnectOptions) -> Result<Client, ConnectError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match connect::connect(options).await {
            Ok(client) => return Ok(client),
            Err(
                error @ (ConnectError::BadUrl(_)
                | ConnectError::File { .. }
                | ConnectError::Auth(_)),
            ) => return Err(error),
            Err(error) => tracing::warn!("{error}; trying again"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Subscriptions on the subjects by which hosts tell a provider what to do.
struct Admin {
    links: Subscriber,
    health: Subscriber,
    shutdown: Subscriber,
}

impl Admin {
    async fn subscribe(
        client: &Client,
        lattice: &LatticeName,
        entity: &Entity,
    ) -> Result<Self, RpcError> {
        let of = async |subject: fn(&LatticeName, &str, &str) -> String| {
            client
                .subscribe(subject(lattice, &entity.public_key, &entity.link_name))
                .await
                .map_err(|error| RpcError::Transport(error.to_string()))
        };
        Ok(Self {
            links: of(subject::rpc::links).await?,
            health: of(subject::rpc::health).await?,
            shutdown: of(subject::rpc::shutdown).await?,
        })
    }
}

fn is_ours(link: &LinkDefinition, entity: &Entity) -> bool {
    link.provider_id == entity.public_key && link.link_name == entity.link_name
}

enum Wake {
    Message(Message),
    Retry,
    End,
}

/// Takes links from the host until the connection ends.
async fn follow<P: Provider>(links: &Links<P>, mut changes: Subscriber, entity: &Entity) {
    let mut retry = interval(RETRY_LINKS);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let wake = tokio::select! {
            message = changes.next() => message.map_or(Wake::End, Wake::Message),
            _ = retry.tick() => Wake::Retry,
        };
        match wake {
            Wake::Message(message) => change(links, &message, entity).await,
            Wake::Retry => links.retry().await,
            Wake::End => return,
        }
    }
}

async fn change<P: Provider>(links: &Links<P>, message: &Message, entity: &Entity) {
    /// A deletion names the actor; the rest is in the subject.
    #[derive(Deserialize)]
    struct Deletion {
        actor_id: String,
    }
    let unreadable = |error| tracing::warn!("ignoring a link that cannot be read: {error}");
    match subject::rpc::link_change(&message.subject) {
        Some(subject::rpc::LinkChange::Put) => {
            match wire::decode::<LinkDefinition>(&message.payload) {
                Ok(link) if is_ours(&link, entity) => links.put(link).await,
                Ok(link) => {
                    tracing::warn!(actor = link.actor_id, "ignoring another provider's link");
                }
                Err(error) => unreadable(error),
            }
        }
        Some(subject::rpc::LinkChange::Delete) => {
            match wire::decode::<Deletion>(&message.payload) {
                Ok(deletion) => links.delete(&deletion.actor_id).await,
                Err(error) => unreadable(error),
            }
        }
        None => {}
    }
}

/// Answers the calls of linked actors.
struct Calls<P: Provider> {
    provider: Arc<P>,
    links: Arc<Links<P>>,
}

impl<P: Provider> Handler for Calls<P> {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async move {
            let link = self.links.get(&call.origin.public_key)?;
            let call = Call {
                actor: call.origin.public_key,
                operation: call.operation,
                payload: call.payload,
            };
            let answer = self.provider.call(&link, call).await;
            answer.map(Bytes::from).map_err(|error| text(&error))
        })
    }
}

/// What a running provider waits for.
struct Life<P: Provider> {
    host: String,
    client: Client,
    provider: Arc<P>,
    links: Arc<Links<P>>,
    health: Subscriber,
    shutdown: Subscriber,
}

enum Event {
    Ready(Result<Result<Serving, RpcError>, oneshot::error::RecvError>),
    Health(Message),
    Shutdown(Message),
    Gone,
}

/// A provider that has been told to stop.
struct Stop<P: Provider> {
    client: Client,
    provider: Arc<P>,
    /// Who waits to hear that it stops.
    told_by: Option<Message>,
}

impl<P: Provider> Life<P> {
    /// Returns when it is time to stop, with what answers calls if that has begun.
    async fn run(
        mut self,
        mut ready: oneshot::Receiver<Result<Serving, RpcError>>,
        mut gone: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(Stop<P>, Option<Serving>), StartError> {
        let mut serving = None;
        loop {
            let event = tokio::select! {
                it = &mut ready, if serving.is_none() => Event::Ready(it),
                Some(message) = self.health.next() => Event::Health(message),
                Some(message) = self.shutdown.next() => Event::Shutdown(message),
                () = &mut gone => Event::Gone,
            };
            let told_by = match event {
                Event::Ready(Ok(served)) => {
                    serving = Some(served?);
                    tracing::info!("ready");
                    continue;
                }
                Event::Ready(Err(_)) => {
                    return Err(StartError::Provider("its links cannot be kept".to_owned()));
                }
                Event::Health(message) => {
                    self.answer_health(message).await;
                    continue;
                }
                Event::Shutdown(message) if !self.is_meant(&message) => continue,
                Event::Shutdown(message) => Some(message),
                Event::Gone => None,
            };
            let stop = Stop {
                client: self.client,
                provider: self.provider,
                told_by,
            };
            return Ok((stop, serving));
        }
    }

    async fn answer_health(&self, message: Message) {
        let own = timeout(OWN_PART, self.provider.health()).await;
        let health = match (own, self.links.problem()) {
            (Ok(health), Some(problem)) if health.healthy => unhealthy(problem),
            (Ok(health), _) => health,
            (Err(_), _) => unhealthy(format!("the provider does not say within {OWN_PART:?}")),
        };
        if let Ok(body) = wire::encode(&health) {
            reply(&self.client, &message, body).await;
        }
    }

    /// Old hosts name no host; a name other than ours means the provider's twin elsewhere.
    fn is_meant(&self, message: &Message) -> bool {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            host_id: String,
        }
        let named = match &message.payload[..] {
            [] => Some(String::new()),
            json => serde_json::from_slice::<Body>(json)
                .ok()
                .map(|it| it.host_id),
        };
        let ours = named.is_some_and(|it| it.is_empty() || it == self.host);
        ours && message.reply.is_some()
    }
}

fn unhealthy(reason: String) -> Health {
    Health {
        healthy: false,
        message: Some(reason),
    }
}

async fn reply(client: &Client, message: &Message, body: Bytes) {
    if let Some(reply) = message.reply.clone()
        && let Err(error) = client.publish(reply, body).await
    {
        tracing::warn!("cannot answer: {error}");
    }
}

/// Takes no new calls, lets those that run finish, acknowledges before a host loses its patience, and says
/// goodbye.
async fn life_ends<P: Provider>(stop: Stop<P>, serving: Option<Serving>) {
    tracing::info!("shutting down");
    let mut drained = pin!(async {
        if let Some(serving) = serving {
            serving.stop(GRACE).await;
        }
    });
    let early = timeout(BEFORE_ACK, &mut drained).await.is_ok();
    if let Some(message) = &stop.told_by {
        reply(&stop.client, message, Bytes::from_static(b"shutting down")).await;
        // The acknowledgement must leave before the host ends us or we end.
        let _ = timeout(OWN_PART, stop.client.flush()).await;
    }
    if !early {
        drained.await;
    }
    if timeout(OWN_PART, stop.provider.shutdown()).await.is_err() {
        tracing::warn!("the provider does not finish its shutdown within {OWN_PART:?}");
    }
    let _ = timeout(OWN_PART, stop.client.flush()).await;
}
