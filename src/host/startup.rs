//! What the lattice's config service has a new host start, and when that is done (protocol §9.4).
//!
//! Providers come first, one after the other, then the actors; only then does the host say that it has started.
//! A service that is not there, slow or wrong costs a warning.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use async_nats::Client;
use tokio::time::timeout;

use super::control::{self, Ask, Refusal};
use super::event::{Command as Change, RequestId};
use super::news::News;
use crate::claims::HostId;
use crate::lattice::LatticeName;
use crate::lattice::command::{StartActor, StartProvider};
use crate::lattice::subject::{self, Command, Request};
use crate::lattice::supplement::{Question, Supplement};
use crate::lattice::wire::Map;

/// Nobody waits for the acknowledgement of what a host starts by itself.
pub(super) const NOBODY: RequestId = RequestId(0);

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Providers, and actors, that are started at most.
const MAX_STARTS: usize = 1024;

/// Asks the service. Whatever goes wrong is a warning.
pub(super) async fn ask(client: &Client, lattice: &LatticeName, labels: &Map) -> Supplement {
    let subject = subject::config::request(lattice);
    let question = Question {
        labels: labels.clone(),
    };
    let body = serde_json::to_vec(&question).unwrap_or_default();
    let answer = match timeout(PATIENCE, client.request(subject.clone(), body.into())).await {
        Ok(Ok(answer)) => answer.payload,
        Ok(Err(error)) => {
            tracing::warn!("the config service on '{subject}' tells nothing: {error}");
            return Supplement::default();
        }
        Err(_) => {
            tracing::warn!("the config service on '{subject}' did not answer within {PATIENCE:?}");
            return Supplement::default();
        }
    };
    let Some((supplement, unusable)) = Supplement::read(&answer) else {
        tracing::warn!("the config service on '{subject}' gave no valid answer");
        return Supplement::default();
    };
    for it in unusable {
        tracing::warn!("in the answer of the config service, {it}");
    }
    supplement
}

/// The starts that are left to do.
#[derive(Debug, Default)]
pub(super) struct Startup {
    providers: VecDeque<StartProvider>,
    actors: VecDeque<StartActor>,
    /// What was asked for and has neither started nor failed.
    awaited: BTreeSet<Awaited>,
    over: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    Provider {
        reference: String,
        link_name: String,
    },
    Actor {
        reference: String,
    },
}

/// What to do now.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Start(Change),
    /// All is started that could be.
    Over,
}

impl Startup {
    pub(super) fn new(supplement: &Supplement) -> Self {
        let mut providers = VecDeque::new();
        for it in supplement.auto_start_providers.iter().take(MAX_STARTS) {
            let start = StartProvider {
                provider_ref: it.image_reference.clone(),
                link_name: it.link_name.clone(),
                host_id: String::new(),
                configuration: None,
                annotations: Map::new(),
            };
            if !providers.contains(&start) {
                providers.push_back(start);
            }
        }
        let mut actors = VecDeque::new();
        for reference in supplement.auto_start_actors.iter().take(MAX_STARTS) {
            let start = StartActor {
                actor_ref: reference.clone(),
                count: 1,
                host_id: String::new(),
                annotations: Map::new(),
            };
            if !actors.contains(&start) {
                actors.push_back(start);
            }
        }
        let over = providers.is_empty() && actors.is_empty();
        if !over {
            let (providers, actors) = (providers.len(), actors.len());
            tracing::info!(providers, actors, "starting what the config service names");
        }
        Self {
            providers,
            actors,
            awaited: BTreeSet::new(),
            over,
        }
    }

    /// Nothing is left to do or to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The next step that can be done now; none while others have to end first.
    pub(super) fn next(&mut self, host: &HostId) -> Option<Step> {
        let provider = |it: &Awaited| matches!(it, Awaited::Provider { .. });
        while !self.over {
            if self.awaited.iter().any(provider) {
                return None;
            }
            let read = if let Some(start) = self.providers.pop_front() {
                let read = command(host, Command::StartProvider, &start);
                self.awaited
                    .extend(read.is_some().then_some(Awaited::Provider {
                        reference: start.provider_ref,
                        link_name: start.link_name,
                    }));
                read
            } else if let Some(start) = self.actors.pop_front() {
                let read = command(host, Command::StartActor, &start);
                self.awaited
                    .extend(read.is_some().then_some(Awaited::Actor {
                        reference: start.actor_ref,
                    }));
                read
            } else if self.awaited.is_empty() {
                self.over = true;
                return Some(Step::Over);
            } else {
                return None;
            };
            if let Some(change) = read {
                return Some(Step::Start(change));
            }
        }
        None
    }

    /// Something happened on this host; it may be what is waited for.
    pub(super) fn heard(&mut self, news: &News) {
        if self.awaited.is_empty() {
            return;
        }
        let settled = match news {
            News::ActorStarted { scale, .. } | News::ActorScaled(scale) => Awaited::Actor {
                reference: scale.reference.clone(),
            },
            News::ActorStartFailed { reference, .. } => Awaited::Actor {
                reference: reference.clone(),
            },
            News::ProviderStarted(it) => Awaited::Provider {
                reference: it.reference.clone(),
                link_name: it.key.link_name.clone(),
            },
            News::ProviderStartFailed {
                reference,
                link_name,
                ..
            } => Awaited::Provider {
                reference: reference.clone(),
                link_name: link_name.clone(),
            },
            _ => return,
        };
        self.awaited.remove(&settled);
    }

    /// The host takes no more.
    pub(super) fn refused(&mut self, reason: &str) {
        tracing::warn!("not all is started that the config service names: {reason}");
        self.providers.clear();
        self.actors.clear();
        self.awaited.clear();
    }
}

/// Read as if a client had asked, so that the same is refused.
fn command(host: &HostId, command: Command, body: &impl serde::Serialize) -> Option<Change> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    match control::read(host, Request::Command(host.as_str(), command), &body) {
        Ok(Ask::Change(change)) => Some(change),
        Ok(_) | Err(Refusal::Silent) => None,
        Err(Refusal::Text(reason)) => {
            tracing::warn!("the config service names what cannot be started: {reason}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{KeyKind, Seed};
    use crate::lattice::supplement::AutoProvider;

    fn provider(reference: &str) -> AutoProvider {
        AutoProvider {
            image_reference: reference.to_owned(),
            link_name: "default".to_owned(),
        }
    }

    fn failed(reference: &str) -> News {
        News::ProviderStartFailed {
            reference: reference.to_owned(),
            link_name: "default".to_owned(),
            error: String::new(),
        }
    }

    /// The reference of what is to be started.
    fn started(step: Option<Step>) -> String {
        match step {
            Some(Step::Start(Change::StartProvider(it))) => it.reference,
            Some(Step::Start(Change::RunActor(it))) => it.reference,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn providers_come_one_by_one_then_actors_then_the_end() {
        let host = HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap();
        let mut startup = Startup::new(&Supplement {
            auto_start_providers: ["p1", "p2", "p1", ""].map(provider).into(),
            auto_start_actors: ["a1", "a2", "a1", ""].map(str::to_owned).into(),
            ..Supplement::default()
        });
        assert_eq!(started(startup.next(&host)), "p1");
        assert_eq!(startup.next(&host), None);
        startup.heard(&failed("p2"));
        assert_eq!(startup.next(&host), None);
        startup.heard(&failed("p1"));
        assert_eq!(started(startup.next(&host)), "p2");
        assert_eq!(startup.next(&host), None);
        startup.heard(&failed("p2"));
        assert_eq!(started(startup.next(&host)), "a1");
        assert_eq!(started(startup.next(&host)), "a2");
        assert_eq!(startup.next(&host), None);
        for reference in ["a2", "a1"] {
            assert!(!startup.is_over());
            startup.heard(&News::ActorStartFailed {
                actor: None,
                reference: reference.to_owned(),
                annotations: Map::new(),
                count: 1,
                error: String::new(),
            });
        }
        assert_eq!(startup.next(&host), Some(Step::Over));
        assert!(startup.is_over());
        assert_eq!(startup.next(&host), None);
    }

    #[test]
    fn with_nothing_to_do_it_is_over_from_the_beginning() {
        assert!(Startup::new(&Supplement::default()).is_over());
    }

    #[test]
    fn a_host_that_takes_no_more_ends_it() {
        let host = HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap();
        let mut startup = Startup::new(&Supplement {
            auto_start_providers: ["p1", "p2"].map(provider).into(),
            ..Supplement::default()
        });
        assert_eq!(started(startup.next(&host)), "p1");
        startup.refused("stopping");
        assert_eq!(startup.next(&host), Some(Step::Over));
    }
}
