//! The loop of a host: waits for what happens, asks the inventory what it means, and does it.
//!
//! Nothing slow runs here. Fetching, compiling, storing and stopping are tasks that come back as events, and
//! calls of actors never pass through.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Message, Subject, Subscriber};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::SelectAll;
use serde_json::json;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, Interval, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::Stopped;
use super::about::About;
use super::actor::Code;
use super::answer::Answers;
use super::control::{self, Ask, Refusal};
use super::event::{Effect, Event, Job, Module, ProviderKey, ProviderOrder, RequestId};
use super::facts::{ActorFacts, both_spellings};
use super::inventory::Inventory;
use super::link::{self, LinkChange};
use super::load::Loader;
use super::provider::{self, Signal, Surroundings};
use super::serve::{Actor, Reach};
use crate::claims::ActorId;
use crate::lattice::command::{
    ActorBid, AuctionActor, AuctionProvider, ProviderBid, RegistryCredentials,
};
use crate::lattice::event::data;
use crate::lattice::rpc::Serving;
use crate::lattice::state::{Change, State, StateError};
use crate::lattice::subject::Ctl;
use crate::lattice::wire::{Ack, Entity};

/// How long calls of a stopped actor may still run, unless the host stops too.
const DRAIN: Duration = Duration::from_secs(30);

/// What a provider may take beyond its delay before it is ended by force.
const PATIENCE: Duration = Duration::from_secs(5);

/// Registries whose credentials are kept, at most.
const MAX_REGISTRIES: usize = 1024;

/// What the loop owns.
pub(super) struct Loop {
    pub(super) about: About,
    pub(super) inventory: Inventory,
    pub(super) subjects: Ctl,
    pub(super) answers: Answers,
    pub(super) loader: Loader,
    pub(super) reach: Reach,
    pub(super) surroundings: Surroundings,
    pub(super) links: LinkWriter,
    /// How long a provider may take to stop, and a host unless asked otherwise.
    pub(super) provider_delay: Duration,
    pub(super) started: Instant,
    pub(super) running: Running,
}

/// The task that writes links.
pub(super) struct LinkWriter {
    pub(super) jobs: mpsc::Sender<link::Job>,
    pub(super) task: AbortOnDropHandle<()>,
}

/// What wakes the loop.
pub(super) struct Sources {
    pub(super) requests: SelectAll<Subscriber>,
    pub(super) signals: mpsc::Receiver<Signal>,
    pub(super) changes: broadcast::Receiver<Change>,
    /// Changes come no more.
    pub(super) blind: bool,
    pub(super) heartbeat: Interval,
    /// The handle's request to stop, with its grace.
    pub(super) shutdown: mpsc::Receiver<Duration>,
}

/// What runs, and what is under way.
#[derive(Default)]
pub(super) struct Running {
    actors: BTreeMap<ActorId, (Arc<Actor>, Serving)>,
    providers: BTreeMap<ProviderKey, (provider::Handle, AbortHandle)>,
    tasks: JoinSet<Done>,
    /// What stops; nothing comes of it.
    endings: JoinSet<()>,
    /// What a task that panics would have been expected to say.
    excuses: HashMap<Id, Event<Code>>,
    /// Whom to answer.
    replies: BTreeMap<RequestId, Subject>,
    requests: u64,
    /// Kept for pulling from registries.
    registries: RegistryCredentials,
}

/// What a task brings home.
enum Done {
    Event(Event<Code>),
    Served(ActorId, Result<(Arc<Actor>, Serving), String>),
    ProviderStarted(ProviderKey, Result<ProviderStarted, String>),
}

struct ProviderStarted {
    handle: provider::Handle,
    life: futures_util::future::BoxFuture<'static, ()>,
}

enum Wake {
    Request(Message),
    Done(Result<(Id, Done), JoinError>),
    Signal(Signal),
    Change(Result<Change, RecvError>),
    Heartbeat,
    Shutdown(Option<Duration>),
}

/// Why the loop ends.
enum End {
    /// By the control interface.
    Requested(Duration),
    /// By whoever owns the host.
    Owner(Duration),
}

impl Loop {
    /// Runs until the host is stopped, and stops it in stages. None if its owner asked.
    pub(super) async fn run(mut self, mut sources: Sources) -> Option<Stopped> {
        let end = loop {
            let wake = tokio::select! {
                Some(message) = sources.requests.next() => Wake::Request(message),
                Some(done) = self.running.tasks.join_next_with_id() => Wake::Done(done),
                Some(_) = self.running.endings.join_next() => continue,
                Some(signal) = sources.signals.recv() => Wake::Signal(signal),
                change = sources.changes.recv(), if !sources.blind => Wake::Change(change),
                _ = sources.heartbeat.tick() => Wake::Heartbeat,
                grace = sources.shutdown.recv() => Wake::Shutdown(grace),
            };
            // Cannot be while we hold the state; if it is, links still come by message.
            sources.blind |= matches!(wake, Wake::Change(Err(RecvError::Closed)));
            if let Some(end) = self.woken(wake).await {
                break end;
            }
        };
        let (grace, stopped) = match end {
            End::Requested(grace) => (grace, Some(Stopped::Requested)),
            End::Owner(grace) => (grace, None),
        };
        self.stop(sources, grace).await;
        stopped
    }

    async fn woken(&mut self, wake: Wake) -> Option<End> {
        match wake {
            Wake::Request(message) => return self.request(message).await,
            Wake::Done(done) => {
                if let Some(event) = self.running.settle(done) {
                    return self.handle(event).await;
                }
            }
            Wake::Signal(signal) => return self.handle(event_of(signal)).await,
            Wake::Change(Ok(change)) => return self.handle(Event::State(change)).await,
            Wake::Change(Err(RecvError::Lagged(_))) => {
                return self.handle(Event::StateMissed).await;
            }
            Wake::Change(Err(RecvError::Closed)) => {}
            Wake::Heartbeat => self.heartbeat().await,
            Wake::Shutdown(grace) => return Some(End::Owner(grace.unwrap_or_default())),
        }
        None
    }

    /// Lets the inventory decide, and does what it says.
    async fn handle(&mut self, event: Event<Code>) -> Option<End> {
        let mut end = None;
        for effect in self.inventory.handle(event) {
            if let Some(grace) = self.carry_out(effect).await {
                end = Some(End::Requested(grace));
            }
        }
        end
    }

    /// The grace, if the host is to stop.
    async fn carry_out(&mut self, effect: Effect<Code>) -> Option<Duration> {
        match effect {
            Effect::Acknowledge { request, result } => {
                let reply = self.running.replies.remove(&request);
                let ack = result.map_or_else(Ack::refused, |()| Ack::accepted());
                self.answers.json(reply, &ack).await;
            }
            Effect::Publish(news) => self.answers.news(news).await,
            Effect::Load { job, reference } => self.load(job, reference),
            Effect::Serve {
                module,
                reference,
                limit,
            } => self.serve(module, reference, limit),
            Effect::Limit { actor, limit } => {
                if let Some((actor, _)) = self.running.actors.get(&actor) {
                    actor.set_limit(limit);
                }
            }
            Effect::Replace { module, reference } => self.replace(module, reference),
            Effect::StopActor(actor) => {
                if let Some((_, serving)) = self.running.actors.remove(&actor) {
                    self.running.endings.spawn(serving.stop(DRAIN));
                }
            }
            Effect::StartProvider(order) => self.start_provider(order),
            Effect::StopProvider(provider) => {
                if let Some((handle, life)) = self.running.providers.remove(&provider) {
                    let stop = handle.stop(self.provider_delay);
                    let limit = self.provider_delay + PATIENCE;
                    // Its life is a task that reports its own end.
                    self.running.endings.spawn(async move {
                        if timeout(limit, stop).await.is_err() {
                            life.abort();
                        }
                    });
                }
            }
            Effect::SyncLinks => {
                for (handle, _) in self.running.providers.values() {
                    handle.sync_links();
                }
            }
            Effect::StopHost { grace } => return Some(grace.unwrap_or(self.provider_delay)),
        }
        None
    }

    fn load(&mut self, job: Job, reference: String) {
        let loader = self.loader.clone();
        let excuse = Event::Loaded {
            job: job.clone(),
            result: Err(format!("{reference}: loading it failed unexpectedly")),
        };
        self.running.spawn(excuse, async move {
            let result = loader.load(&reference).await;
            Done::Event(Event::Loaded {
                job,
                result: result.map_err(|error| error.to_string()),
            })
        });
    }

    fn serve(&mut self, module: Module<Code>, reference: String, limit: u32) {
        let key = module.facts.key.clone();
        let reach = self.reach.clone();
        let excuse = Event::Served {
            actor: key.clone(),
            result: Err(format!("{reference}: starting it failed unexpectedly")),
        };
        self.running.spawn(excuse, async move {
            let result = async {
                announce(&reach.state, &module.facts, &reference)
                    .await
                    .map_err(|error| error.to_string())?;
                let actor = Arc::new(Actor::new(module, limit, &reach));
                let handler = Arc::clone(&actor);
                let serving = reach
                    .rpc
                    .serve(Entity::actor(key.as_str()), handler)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok((actor, serving))
            };
            let result = result.await;
            Done::Served(key, result)
        });
    }

    fn replace(&mut self, module: Module<Code>, reference: String) {
        let key = module.facts.key.clone();
        let reach = self.reach.clone();
        let excuse = Event::Replaced {
            actor: key.clone(),
            result: Err("it failed unexpectedly".to_owned()),
        };
        let Some((actor, _)) = self.running.actors.get(&key) else {
            return;
        };
        let actor = Arc::clone(actor);
        self.running.spawn(excuse, async move {
            let result = announce(&reach.state, &module.facts, &reference).await;
            if result.is_ok() {
                actor.replace(module, &reach);
            }
            Done::Event(Event::Replaced {
                actor: key,
                result: result.map_err(|error| error.to_string()),
            })
        });
    }

    fn start_provider(&mut self, order: ProviderOrder) {
        let key = order.key.clone();
        let excuse = Event::ProviderStarted {
            provider: key.clone(),
            result: Err("starting the provider failed unexpectedly".to_owned()),
        };
        let around = self.surroundings.clone();
        self.running.spawn(excuse, async move {
            let result = provider::start(order, around).await;
            Done::ProviderStarted(
                key,
                result.map(|(handle, life)| ProviderStarted { handle, life }),
            )
        });
    }

    async fn request(&mut self, message: Message) -> Option<End> {
        let Message {
            subject,
            reply,
            payload,
            ..
        } = message;
        let Some(request) = self.subjects.parse(&subject) else {
            let ack = Ack::refused("unsupported subject");
            self.answers.json(reply, &ack).await;
            return None;
        };
        tracing::debug!(%subject, "request");
        let ask = match control::read(&self.about.id, request, &payload) {
            Ok(ask) => ask,
            Err(Refusal::Silent) => return None,
            Err(Refusal::Text(text)) => {
                tracing::warn!(%subject, "refused: {text}");
                self.answers.json(reply, &Ack::refused(text)).await;
                return None;
            }
        };
        match ask {
            Ask::Ping => {
                let summary = self.about.summary(&self.inventory, self.started.elapsed());
                self.answers.json(reply, &summary).await;
                self.heartbeat().await;
            }
            Ask::Inventory => {
                let inventory = self
                    .about
                    .inventory(&self.inventory, self.started.elapsed());
                self.answers.json(reply, &inventory).await;
            }
            Ask::Claims => {
                let snapshot = self.reach.state.snapshot();
                let claims: Vec<_> = snapshot.claims.values().map(both_spellings).collect();
                self.answers.json(reply, &json!({ "claims": claims })).await;
            }
            Ask::Links => {
                let snapshot = self.reach.state.snapshot();
                let links: Vec<_> = snapshot.links.values().collect();
                self.answers.json(reply, &json!({ "links": links })).await;
            }
            Ask::BidActor(auction) => self.bid_actor(reply, auction).await,
            Ask::BidProvider(auction) => self.bid_provider(reply, auction).await,
            Ask::PutLink(link) => self.write_link(reply, LinkChange::Put(link)).await,
            Ask::DeleteLink(key) => self.write_link(reply, LinkChange::Delete(key)).await,
            Ask::PutRegistries(credentials) => {
                let ack = self.running.keep_registries(credentials);
                self.answers.json(reply, &ack).await;
            }
            Ask::Change(command) => {
                let request = self.running.remember(reply);
                return self.handle(Event::Asked { request, command }).await;
            }
        }
        None
    }

    async fn bid_actor(&self, reply: Option<Subject>, auction: AuctionActor) {
        if self.inventory.labels().meet(&auction.constraints) {
            let bid = ActorBid {
                actor_ref: auction.actor_ref,
                constraints: auction.constraints,
                host_id: self.about.id.to_string(),
            };
            self.answers.json(reply, &bid).await;
        }
    }

    async fn bid_provider(&self, reply: Option<Subject>, auction: AuctionProvider) {
        let reference = &auction.provider_ref;
        let snapshot = self.reach.state.snapshot();
        let key = snapshot.references.get(reference).map(String::as_str);
        if self.inventory.labels().meet(&auction.constraints)
            && !self
                .inventory
                .has_provider(reference, key, &auction.link_name)
        {
            let bid = ProviderBid {
                provider_ref: auction.provider_ref,
                link_name: auction.link_name,
                constraints: auction.constraints,
                host_id: self.about.id.to_string(),
            };
            self.answers.json(reply, &bid).await;
        }
    }

    async fn write_link(&self, reply: Option<Subject>, change: LinkChange) {
        let job = link::Job { change, reply };
        if let Err(error) = self.links.jobs.try_send(job) {
            let reply = error.into_inner().reply;
            let ack = Ack::refused("too many links are being written");
            self.answers.json(reply, &ack).await;
        }
    }

    pub(super) async fn heartbeat(&self) {
        let inventory = self
            .about
            .inventory(&self.inventory, self.started.elapsed());
        self.answers.event(data::host_heartbeat(&inventory)).await;
    }

    async fn stop(mut self, sources: Sources, grace: Duration) {
        let deadline = Instant::now() + grace;
        tracing::info!("stopping");

        // 1. Take no new work: no requests, no new links, no requests to providers from outside.
        drop(sources);
        let LinkWriter { jobs, task } = self.links;
        drop(jobs);
        let doors = self
            .running
            .providers
            .values()
            .map(|(it, _)| it.close_doors(grace));
        let _ = timeout_at(deadline, join_all(doors)).await;
        let _ = timeout_at(deadline, task).await;

        // 2. Finish: calls that run get what is left of the grace, providers their own delay.
        let left = deadline.saturating_duration_since(Instant::now());
        let actors = std::mem::take(&mut self.running.actors);
        join_all(actors.into_values().map(|(_, serving)| serving.stop(left))).await;
        let delay = self.provider_delay;
        let providers = std::mem::take(&mut self.running.providers);
        let stops = providers.values().map(|(it, _)| it.stop(delay));
        let _ = timeout(delay + PATIENCE, join_all(stops)).await;
        let endings = std::mem::take(&mut self.running.endings);
        let _ = timeout_at(deadline, endings.join_all()).await;
        self.running.tasks.shutdown().await;

        // 3. Say goodbye.
        for news in self.inventory.stop_all() {
            self.answers.news(news).await;
        }
        let labels = self.inventory.labels().all();
        self.answers.event(data::host_stopped(labels)).await;

        // 4. The connections are their owner's to close; what we said has left.
        self.answers.flush().await;
        tracing::info!("Host {} ({}) stopped", self.about.id, self.about.name);
    }
}

impl Running {
    fn spawn(
        &mut self,
        excuse: Event<Code>,
        task: impl Future<Output = Done> + Send + 'static,
    ) -> AbortHandle {
        let handle = self.tasks.spawn(task);
        self.excuses.insert(handle.id(), excuse);
        handle
    }

    /// Takes in what a task brought home.
    fn settle(&mut self, done: Result<(Id, Done), JoinError>) -> Option<Event<Code>> {
        let done = match done {
            Ok((id, done)) => {
                self.excuses.remove(&id);
                done
            }
            Err(error) => {
                tracing::error!("a task of the host failed: {error}");
                return self.excuses.remove(&error.id());
            }
        };
        match done {
            Done::Event(event) => Some(event),
            Done::Served(actor, result) => {
                let result = result.map(|running| {
                    self.actors.insert(actor.clone(), running);
                });
                Some(Event::Served { actor, result })
            }
            Done::ProviderStarted(provider, result) => {
                let result = result.map(|ProviderStarted { handle, life }| {
                    let ended = provider.clone();
                    let excuse = Event::ProviderStopped(provider.clone());
                    let life = self.spawn(excuse, async move {
                        life.await;
                        Done::Event(Event::ProviderStopped(ended))
                    });
                    self.providers.insert(provider.clone(), (handle, life));
                });
                Some(Event::ProviderStarted { provider, result })
            }
        }
    }

    fn remember(&mut self, reply: Option<Subject>) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        if let Some(reply) = reply {
            self.replies.insert(request, reply);
        }
        request
    }

    fn keep_registries(&mut self, credentials: RegistryCredentials) -> Ack {
        if self.registries.len() + credentials.len() > MAX_REGISTRIES {
            return Ack::refused(format!("a host keeps {MAX_REGISTRIES} registries at most"));
        }
        self.registries.extend(credentials);
        tracing::info!(
            registries = self.registries.len(),
            "registry credentials changed"
        );
        Ack::accepted()
    }
}

/// Makes an actor's claims and reference known.
async fn announce(state: &State, facts: &ActorFacts, reference: &str) -> Result<(), StateError> {
    state.put_claims(facts.key.as_str(), facts.record()).await?;
    state.put_reference(reference, facts.key.as_str()).await
}

fn event_of(signal: Signal) -> Event<Code> {
    match signal {
        Signal::Health {
            provider,
            health,
            periodic,
        } => Event::Health {
            provider,
            health,
            periodic,
        },
        Signal::Dismissed(provider) => Event::ProviderDismissed(provider),
    }
}
