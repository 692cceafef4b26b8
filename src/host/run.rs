//! The loop of a host: waits for what happens, asks the inventory what it means, and has it done.
//!
//! Nothing slow runs here. Fetching, compiling, storing and stopping are tasks that come back as events, and
//! calls of actors never pass through.

use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::Stopped;
use super::actor::Code;
use super::answer::Answers;
use super::desk::Desk;
use super::event::{Command, Effect, Event};
use super::inventory::Inventory;
use super::provider::Signal;
use super::running::Running;
use super::startup::{self, Startup, Step};
use crate::lattice::event::data;
use crate::lattice::state::Change;

pub(super) struct Loop {
    pub(super) inventory: Inventory,
    pub(super) running: Running,
    pub(super) desk: Desk,
    pub(super) answers: Answers,
    /// What the host starts by itself.
    pub(super) startup: Startup,
    /// The task that writes links; it ends after the desk.
    pub(super) links: AbortOnDropHandle<()>,
    /// What a host gets to finish if it is asked to stop and not told how long it may take.
    pub(super) grace: Duration,
}

/// What wakes the loop, besides what runs.
pub(super) struct Sources {
    pub(super) requests: SelectAll<Subscriber>,
    pub(super) signals: mpsc::Receiver<Signal>,
    pub(super) changes: broadcast::Receiver<Change>,
    pub(super) heartbeat: Interval,
    /// The owner's wish to stop, with its grace.
    pub(super) shutdown: mpsc::Receiver<Duration>,
}

enum Wake {
    Request(Message),
    Event(Event<Code>),
    Heartbeat,
    Shutdown(Duration),
}

/// Why the loop ends, and how long what runs may take.
enum End {
    /// By the control interface.
    Requested(Duration),
    /// By whoever owns the host.
    Owner(Duration),
}

impl Loop {
    /// Runs until the host is stopped, and stops it in stages. None if its owner asked.
    pub(super) async fn run(mut self, mut sources: Sources) -> Option<Stopped> {
        self.proceed().await;
        let end = loop {
            let wake = tokio::select! {
                Some(message) = sources.requests.next() => Wake::Request(message),
                event = self.running.next() => Wake::Event(event),
                Some(signal) = sources.signals.recv() => Wake::Event(event_of(signal)),
                Some(event) = changed(&mut sources.changes) => Wake::Event(event),
                _ = sources.heartbeat.tick() => Wake::Heartbeat,
                grace = sources.shutdown.recv() => Wake::Shutdown(grace.unwrap_or_default()),
            };
            if let Some(end) = self.woken(wake).await {
                break end;
            }
            self.proceed().await;
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
            Wake::Request(message) => {
                let (request, command) = self.desk.receive(message, &self.inventory).await?;
                if self.running.policy().is_on()
                    && let Some(facts) = self.inventory.grown_by(&command)
                    && let Command::RunActor(run) = command
                {
                    self.running.screen(request, run, facts);
                    return None;
                }
                self.handle(Event::Asked { request, command }).await
            }
            Wake::Event(event) => self.handle(event).await,
            Wake::Heartbeat => {
                self.desk.heartbeat(&self.inventory).await;
                None
            }
            Wake::Shutdown(grace) => Some(End::Owner(grace)),
        }
    }

    /// Lets the inventory decide, and has done what it says.
    async fn handle(&mut self, event: Event<Code>) -> Option<End> {
        let mut end = None;
        let labels = matches!(
            event,
            Event::Asked {
                command: Command::PutLabel { .. } | Command::DeleteLabel { .. },
                ..
            }
        );
        for effect in self.inventory.handle(event) {
            match effect {
                Effect::Acknowledge { request, result } => {
                    if let (startup::NOBODY, Err(reason)) = (request, &result) {
                        self.startup.refused(reason);
                    }
                    self.desk.acknowledge(request, result).await;
                }
                Effect::Publish(news) => {
                    self.startup.heard(&news);
                    self.answers.news(news).await;
                }
                Effect::Load { job, reference } => self.running.load(job, reference),
                Effect::Serve {
                    module,
                    reference,
                    limit,
                } => self.running.serve(module, reference, limit),
                Effect::Limit { actor, limit } => self.running.limit(&actor, limit),
                Effect::Replace { module, reference } => self.running.replace(module, reference),
                Effect::StopActor(actor) => self.running.stop_actor(&actor),
                Effect::LoadProvider { reference } => self.running.load_provider(reference),
                Effect::StartProvider(order) => self.running.start_provider(order),
                Effect::StopProvider(provider) => self.running.stop_provider(&provider),
                Effect::SyncLinks => self.running.sync_links(),
                Effect::StopHost { grace } => {
                    end = Some(End::Requested(grace.unwrap_or(self.grace)));
                }
            }
        }
        if labels {
            self.running
                .policy()
                .set_labels(self.inventory.labels().all());
        }
        end
    }

    /// Starts what is next of what the host starts by itself, and tells when that is done.
    async fn proceed(&mut self) {
        while let Some(step) = self.startup.next(self.desk.host()) {
            match step {
                Step::Start(command) => {
                    let request = startup::NOBODY;
                    let _ = self.handle(Event::Asked { request, command }).await;
                }
                Step::Over => self.desk.announce(&self.inventory).await,
            }
        }
    }

    async fn stop(mut self, sources: Sources, grace: Duration) {
        let deadline = Instant::now() + grace;
        tracing::info!("stopping");

        // 1. Take no new work: no requests, no links, nothing from outside through providers.
        drop(sources);
        drop(self.desk);
        self.running.close_doors(deadline).await;
        let _ = timeout_at(deadline, self.links).await;

        // 2. Finish: calls get what is left of the grace, providers their own delay.
        self.running.stop(deadline).await;

        // 3. Say goodbye.
        for news in self.inventory.stop_all() {
            self.answers.news(news).await;
        }
        let labels = self.inventory.labels().all();
        self.answers.event(data::host_stopped(labels)).await;

        // 4. The connections are their owner's to close, once what we said has left.
        self.answers.flush().await;
        tracing::info!("stopped");
    }
}

/// None when there will be no more, which cannot be while the host holds the state.
async fn changed(changes: &mut broadcast::Receiver<Change>) -> Option<Event<Code>> {
    match changes.recv().await {
        Ok(change) => Some(Event::State(change)),
        Err(RecvError::Lagged(_)) => Some(Event::StateMissed),
        Err(RecvError::Closed) => None,
    }
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
        Signal::Crashed { provider, crash } => Event::ProviderCrashed { provider, crash },
        Signal::Restarted(provider) => Event::ProviderRestarted(provider),
    }
}
