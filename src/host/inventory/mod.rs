//! What runs on this host, and what each happening means for it.
//!
//! Pure: no I/O and no clock. [`Inventory::handle`] takes what happened and says what to do. For each actor
//! and each provider one thing is done at a time; what comes meanwhile waits its turn.

mod actor;
mod actors;
mod provider;
mod providers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::actors::Actors;
use self::providers::Providers;
use super::event::{Command, Effect, Event, RequestId};
use super::facts::ActorFacts;
use super::label::Labels;
use super::news::News;
use crate::lattice::state::Change;
use crate::lattice::wire::{ActorDescription, Map, ProviderDescription};

/// Requests that wait for others to end; more are refused, so that nobody fills the memory.
const MAX_WAITING: usize = 4096;

#[derive(Debug)]
pub(super) struct Inventory {
    labels: Labels,
    actors: Actors,
    providers: Providers,
    /// Once set, nothing new is started.
    stopping: bool,
}

impl Inventory {
    /// `issuer` signs for what is built in; `aliases` as in [`crate::providers::builtin`].
    pub(super) fn new(labels: Map, issuer: String, aliases: bool) -> Self {
        Self {
            labels: Labels::new(labels),
            actors: Actors::default(),
            providers: Providers::new(issuer, aliases),
            stopping: false,
        }
    }

    /// What to do, in this order.
    pub(super) fn handle<C>(&mut self, event: Event<C>) -> Vec<Effect<C>> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match event {
            Event::Asked { request, command } => self.asked(request, command, out),
            Event::Denied {
                request,
                run,
                error,
            } => {
                let result = Ok(());
                out.push(Effect::Acknowledge { request, result });
                out.push(actor::failed(run, &error));
            }
            Event::Loaded { job, result } => self.actors.loaded(job, result, out),
            Event::Served { actor, result } => self.actors.served(&actor, result, out),
            Event::Replaced { actor, result } => self.actors.replaced(&actor, result, out),
            Event::ProviderLoaded { reference, result } => {
                self.providers.loaded(&reference, result, out);
            }
            Event::ProviderCrashed { provider, crash } => {
                self.providers.crashed(&provider, crash, out);
            }
            Event::ProviderRestarted(provider) => self.providers.restarted(&provider, out),
            Event::ProviderStarted { provider, result } => {
                self.providers.started(&provider, result, out);
            }
            Event::ProviderStopped(provider) => self.providers.stopped(&provider, out),
            Event::ProviderDismissed(provider) => self.providers.dismissed(&provider, out),
            Event::Health {
                provider,
                health,
                periodic,
            } => self.providers.health(&provider, health, periodic, out),
            Event::State(Change::LinkPut(link)) => {
                out.extend([Effect::SyncLinks, Effect::Publish(News::LinkSet(link))]);
            }
            Event::State(Change::LinkDeleted(link)) => {
                out.extend([Effect::SyncLinks, Effect::Publish(News::LinkDeleted(link))]);
            }
            Event::State(Change::ClaimsPut(_)) => {}
            Event::StateMissed => out.push(Effect::SyncLinks),
        }
        effects
    }

    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(super) fn actors(&self) -> Vec<ActorDescription> {
        self.actors.describe()
    }

    pub(super) fn providers(&self) -> Vec<ProviderDescription> {
        self.providers.describe()
    }

    /// Whether this provider runs here, or is about to, under this link name. `reference` may be a public key;
    /// `key` is what the lattice's reference map knows about it.
    pub(super) fn has_provider(&self, reference: &str, key: Option<&str>, link_name: &str) -> bool {
        self.providers.has(reference, key, link_name)
    }

    /// The actor that runs already and of which a request wants more.
    pub(super) fn grown_by(&self, command: &Command) -> Option<Arc<ActorFacts>> {
        match command {
            Command::RunActor(run) => self.actors.grown_by(run),
            _ => None,
        }
    }

    /// Stops everything at once, because the host stops. The news are all that is left to do.
    pub(super) fn stop_all(&mut self) -> Vec<News> {
        self.stopping = true;
        let mut news = self.actors.stop_all();
        news.extend(self.providers.stop_all());
        news
    }

    fn asked<C>(&mut self, request: RequestId, command: Command, out: &mut Vec<Effect<C>>) {
        let mut answer = |result: Result<(), String>| {
            let accepted = result.is_ok();
            out.push(Effect::Acknowledge { request, result });
            accepted
        };
        if self.stopping {
            answer(Err("this host is stopping".to_owned()));
            return;
        }
        if self.actors.waiting() + self.providers.waiting() >= MAX_WAITING {
            answer(Err("too many requests are waiting on this host".to_owned()));
            return;
        }
        match command {
            Command::RunActor(run) => {
                answer(Ok(()));
                self.actors.run(run, out);
            }
            Command::StopActor(stop) => {
                answer(Ok(()));
                self.actors.stop(stop, out);
            }
            Command::UpdateActor(update) => self.actors.update(update, request, out),
            Command::StartProvider(start) => {
                answer(Ok(()));
                self.providers.start(start, out);
            }
            Command::StopProvider(stop) => {
                answer(Ok(()));
                self.providers.stop(stop, out);
            }
            Command::PutLabel { key, value } => {
                answer(
                    self.labels
                        .put(key, value)
                        .map_err(|error| error.to_string()),
                );
            }
            Command::DeleteLabel { key } => {
                answer(self.labels.delete(&key).map_err(|error| error.to_string()));
            }
            Command::StopHost { grace } => {
                answer(Ok(()));
                self.stopping = true;
                out.push(Effect::StopHost { grace });
            }
        }
    }
}
