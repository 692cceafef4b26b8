//! What runs on this host in flesh and blood, and the tasks that start, change and end it.
//!
//! Does as it is told; what is to run is for [`super::inventory`] to say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};

use super::actor::Code;
use super::event::{Command, Event, Job, Module, ProviderKey, ProviderOrder, RequestId, Run};
use super::facts::ActorFacts;
use super::load::Loader;
use super::policy::Policy;
use super::provider::{self, Surroundings};
use super::serve::{Actor, Reach};
use crate::claims::ActorId;
use crate::lattice::rpc::Serving;
use crate::lattice::state::{State, StateError};
use crate::lattice::wire::Entity;

/// What a provider may take beyond its delay before it is ended by force.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Running {
    around: Around,
    actors: BTreeMap<ActorId, (Arc<Actor>, Serving)>,
    providers: BTreeMap<ProviderKey, (provider::Handle, AbortHandle)>,
    tasks: JoinSet<Done>,
    /// What a task that panics would have been expected to say.
    excuses: HashMap<Id, Event<Code>>,
    /// What is on its way out; nothing comes of it.
    endings: JoinSet<()>,
}

/// What everything here needs.
pub(super) struct Around {
    pub(super) loader: Loader,
    pub(super) reach: Reach,
    pub(super) surroundings: Surroundings,
    pub(super) policy: Policy,
    /// How long calls of a stopped actor may still run, unless the host stops too.
    pub(super) drain: Duration,
    /// How long a provider may take to stop.
    pub(super) provider_delay: Duration,
}

/// What a task brings home.
enum Done {
    Event(Event<Code>),
    Served(ActorId, Result<(Arc<Actor>, Serving), String>),
    ProviderStarted(
        ProviderKey,
        Result<(provider::Handle, BoxFuture<'static, ()>), String>,
    ),
}

impl Running {
    pub(super) fn new(around: Around) -> Self {
        Self {
            around,
            actors: BTreeMap::new(),
            providers: BTreeMap::new(),
            tasks: JoinSet::new(),
            excuses: HashMap::new(),
            endings: JoinSet::new(),
        }
    }

    /// Waits for the next task that has something to tell. Safe to drop and call again.
    pub(super) async fn next(&mut self) -> Event<Code> {
        loop {
            let done = tokio::select! {
                Some(done) = self.tasks.join_next_with_id() => done,
                Some(_) = self.endings.join_next() => continue,
                else => std::future::pending().await,
            };
            if let Some(event) = self.settle(done) {
                return event;
            }
        }
    }

    pub(super) fn load(&mut self, job: Job, reference: String) {
        let loader = self.around.loader.clone();
        let policy = self.around.policy.clone();
        let excuse = Event::Loaded {
            job: job.clone(),
            result: Err(format!("{reference}: loading it failed unexpectedly")),
        };
        self.spawn(excuse, async move {
            let result = match loader.load(&reference).await {
                Ok(module) => policy.may_start_actor(&module.facts).await.map(|()| module),
                Err(error) => Err(error.to_string()),
            };
            Done::Event(Event::Loaded { job, result })
        });
    }

    /// Whether somebody decides on what is started.
    pub(super) fn policy(&self) -> &Policy {
        &self.around.policy
    }

    /// Asks the policy service about more instances of an actor that runs; only then the request goes on.
    pub(super) fn screen(&mut self, request: RequestId, run: Run, facts: Arc<ActorFacts>) {
        let policy = self.around.policy.clone();
        let excuse = Event::Denied {
            request,
            run: run.clone(),
            error: "deciding whether it may start failed unexpectedly".to_owned(),
        };
        self.spawn(excuse, async move {
            Done::Event(match policy.may_start_actor(&facts).await {
                Ok(()) => Event::Asked {
                    request,
                    command: Command::RunActor(run),
                },
                Err(error) => Event::Denied {
                    request,
                    run,
                    error,
                },
            })
        });
    }

    pub(super) fn serve(&mut self, module: Module<Code>, reference: String, limit: u32) {
        let key = module.facts.key.clone();
        let reach = self.around.reach.clone();
        let excuse = Event::Served {
            actor: key.clone(),
            result: Err(format!("{reference}: starting it failed unexpectedly")),
        };
        self.spawn(excuse, async move {
            let result = serve(module, &reference, limit, &reach).await;
            Done::Served(key, result)
        });
    }

    pub(super) fn limit(&self, actor: &ActorId, limit: u32) {
        if let Some((actor, _)) = self.actors.get(actor) {
            actor.set_limit(limit);
        }
    }

    pub(super) fn replace(&mut self, module: Module<Code>, reference: String) {
        let key = module.facts.key.clone();
        let reach = self.around.reach.clone();
        let replaced = |result| Event::Replaced {
            actor: key.clone(),
            result,
        };
        let excuse = replaced(Err("it failed unexpectedly".to_owned()));
        let actor = self.actors.get(&key).map(|(actor, _)| Arc::clone(actor));
        let key = key.clone();
        self.spawn(excuse, async move {
            let result = match actor {
                Some(actor) => announce(&reach.state, &module.facts, &reference)
                    .await
                    .map(|()| actor.replace(module, &reach))
                    .map_err(|error| error.to_string()),
                None => Err("the actor does not run".to_owned()),
            };
            Done::Event(Event::Replaced { actor: key, result })
        });
    }

    pub(super) fn stop_actor(&mut self, actor: &ActorId) {
        if let Some((_, serving)) = self.actors.remove(actor) {
            self.endings.spawn(serving.stop(self.around.drain));
        }
    }

    pub(super) fn load_provider(&mut self, reference: String) {
        let provisioner = self.around.surroundings.provisioner.clone();
        let loaded = |reference: String, result| Event::ProviderLoaded { reference, result };
        let failed = Err(format!("{reference}: loading it failed unexpectedly"));
        let excuse = loaded(reference.clone(), failed);
        self.spawn(excuse, async move {
            let result = provisioner.load(&reference).await;
            let result = result.map_err(|error| error.to_string());
            Done::Event(loaded(reference, result))
        });
    }

    pub(super) fn start_provider(&mut self, order: ProviderOrder) {
        let key = order.key.clone();
        let excuse = Event::ProviderStarted {
            provider: key.clone(),
            result: Err("starting the provider failed unexpectedly".to_owned()),
        };
        let surroundings = self.around.surroundings.clone();
        let policy = self.around.policy.clone();
        self.spawn(excuse, async move {
            let allowed = policy.may_start_provider(&order.facts, &key.link_name);
            let result = match allowed.await {
                Ok(()) => provider::start(order, surroundings).await,
                Err(error) => Err(error),
            };
            Done::ProviderStarted(key, result)
        });
    }

    pub(super) fn stop_provider(&mut self, provider: &ProviderKey) {
        let Some((handle, life)) = self.providers.remove(provider) else {
            return;
        };
        let delay = self.around.provider_delay;
        let stop = handle.stop(delay);
        // Its life is a task that reports its own end.
        self.endings.spawn(async move {
            if timeout(delay + PATIENCE, stop).await.is_err() {
                life.abort();
            }
        });
    }

    /// Lets every provider compare its links with shared state.
    pub(super) fn sync_links(&self) {
        for (handle, _) in self.providers.values() {
            handle.sync_links();
        }
    }

    /// Closes what the world outside reaches providers by, and waits for the requests that came through. They
    /// still find their actors, and those their providers.
    pub(super) async fn close_doors(&self, deadline: Instant) {
        let grace = deadline.saturating_duration_since(Instant::now());
        let doors = self.providers.values().map(|(it, _)| it.close_doors(grace));
        let _ = timeout_at(deadline, join_all(doors)).await;
    }

    /// Ends everything: calls by `deadline`, then providers in their own time.
    pub(super) async fn stop(mut self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let actors = self.actors.into_values();
        join_all(actors.map(|(_, serving)| serving.stop(left))).await;
        let _ = timeout_at(deadline, self.endings.join_all()).await;
        let delay = self.around.provider_delay;
        let stops = self.providers.values().map(|(it, _)| it.stop(delay));
        let _ = timeout(delay + PATIENCE, join_all(stops)).await;
        self.tasks.shutdown().await;
    }

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
        Some(match done {
            Done::Event(event) => event,
            Done::Served(actor, result) => {
                let result = result.map(|running| {
                    self.actors.insert(actor.clone(), running);
                });
                Event::Served { actor, result }
            }
            Done::ProviderStarted(provider, result) => {
                let result = result.map(|(handle, life)| {
                    let ended = provider.clone();
                    let excuse = Event::ProviderStopped(provider.clone());
                    let life = self.spawn(excuse, async move {
                        life.await;
                        Done::Event(Event::ProviderStopped(ended))
                    });
                    self.providers.insert(provider.clone(), (handle, life));
                });
                Event::ProviderStarted { provider, result }
            }
        })
    }
}

async fn serve(
    module: Module<Code>,
    reference: &str,
    limit: u32,
    reach: &Reach,
) -> Result<(Arc<Actor>, Serving), String> {
    // First, so that whoever hears of the actor finds its claims.
    announce(&reach.state, &module.facts, reference)
        .await
        .map_err(|error| error.to_string())?;
    let entity = Entity::actor(module.facts.key.as_str());
    let actor = Arc::new(Actor::new(module, limit, reach));
    let handler = Arc::clone(&actor);
    let serving = reach.rpc.serve(entity, handler).await;
    Ok((actor, serving.map_err(|error| error.to_string())?))
}

/// Makes an actor's claims and reference known.
async fn announce(state: &State, facts: &ActorFacts, reference: &str) -> Result<(), StateError> {
    state.put_claims(facts.key.as_str(), facts.record()).await?;
    state.put_reference(reference, facts.key.as_str()).await
}
