//! Starting actors and providers: choose a host, ask it, wait until it runs.

use std::time::Duration;

use tokio::time::Instant;

use super::deliver::Delivered;
use super::driver::{Acknowledged, Driver};
use super::wait::Goal;
use super::{artifact, running};
use crate::cli::report::{CommandError, Kind};
use crate::lattice::wire::{Health, HostInventory, Map};

/// How long a provider may take to answer for its health before we go on without.
const HEALTH_LIMIT: Duration = Duration::from_secs(3);
/// How long the first question about it may go unanswered before it is asked again: whoever listens to
/// everything, as monitors do, keeps the server from saying at once that the provider does not listen yet.
const FIRST_HEALTH: Duration = Duration::from_millis(500);
/// An unhealthy provider may still be opening what it needs.
const UNHEALTHY_LIMIT: Duration = Duration::from_secs(1);

/// An actor to start.
#[derive(Debug)]
pub(in crate::cli) struct StartActor<'a> {
    pub(in crate::cli) artifact: &'a artifact::Artifact,
    pub(in crate::cli) host: Option<&'a str>,
    /// None: one, and any number that runs already will do.
    pub(in crate::cli) count: Option<u32>,
    pub(in crate::cli) constraints: &'a Map,
    pub(in crate::cli) annotations: &'a Map,
}

/// A provider to start.
#[derive(Debug)]
pub(in crate::cli) struct StartProvider<'a> {
    pub(in crate::cli) artifact: &'a artifact::Artifact,
    pub(in crate::cli) host: Option<&'a str>,
    pub(in crate::cli) link_name: &'a str,
    pub(in crate::cli) constraints: &'a Map,
    pub(in crate::cli) annotations: &'a Map,
    pub(in crate::cli) configuration: Option<&'a str>,
}

/// What runs now.
#[derive(Debug)]
pub(in crate::cli) struct Started {
    /// None if it could not be seen.
    pub(in crate::cli) id: Option<String>,
    pub(in crate::cli) name: Option<String>,
    pub(in crate::cli) reference: String,
    pub(in crate::cli) host: String,
    pub(in crate::cli) count: u32,
    pub(in crate::cli) contract: Option<String>,
    pub(in crate::cli) health: Option<Health>,
    pub(in crate::cli) changed: bool,
    /// False without a wait: it is accepted, and no more is known.
    pub(in crate::cli) seen: bool,
}

impl Started {
    pub(in crate::cli) fn sentence(&self) -> String {
        let what = match (&self.id, &self.name) {
            (Some(id), Some(name)) => format!("{name} ({id})"),
            (Some(id), None) => id.clone(),
            (None, _) => self.reference.clone(),
        };
        let host = &self.host;
        match (self.changed, self.seen) {
            (false, _) => format!("{what} runs already on host {host}"),
            (true, true) => format!("started {what} on host {host}"),
            (true, false) => format!("host {host} accepted to start {what}"),
        }
    }
}

impl Driver<'_> {
    /// Starts an actor and waits until it runs, unless the user does not want to wait.
    ///
    /// # Errors
    /// No fitting host, a refusal or a failure with its reason, or a timeout.
    pub(in crate::cli) async fn start_actor(
        &self,
        asked: &StartActor<'_>,
    ) -> Result<Started, CommandError> {
        let annotations = asked.annotations;
        if asked.artifact.unsigned {
            self.output.warn(&format!(
                "{} is not signed; only hosts with --allow-unsigned take it",
                asked.artifact.reference
            ));
        }
        let places = self.places(asked.host, asked.constraints).await?;
        let current = places.fitting.iter().find_map(|it| {
            let reference = asked.artifact.at(it);
            running::actor_from(it, &reference, annotations).map(|running| (it, running))
        });
        if let Some((place, running)) = &current {
            self.note_newer(asked, place, running);
            if asked.count.is_none_or(|it| it == running.count) {
                let reference = asked.artifact.at(place);
                return Ok(actor_started(&reference, place, running, false));
            }
        }
        let host = match &current {
            Some((place, _)) => *place,
            None => {
                let gather = self.auction(&places);
                let reference = asked.artifact.among(&places.fitting);
                let bids = self
                    .control()
                    .auction_actor(&reference, asked.constraints, gather);
                self.elect(&places, &reference, bids).await?
            }
        };
        let count = asked.count.unwrap_or(1);
        let what = format!("start {} on host {}", asked.artifact.at(host), host.host_id);
        if let Some(other) = runs_from_elsewhere(asked, host) {
            // Every host refuses that, some of them without a word.
            let reason = format!("it runs there already from {other}");
            let error = CommandError::new(Kind::Refused, format!("could not {what}: {reason}"));
            return Err(self.explain_start(error, asked, host));
        }
        let delivered = match &current {
            Some(_) => Delivered::as_is(asked.artifact.at(host)),
            None => self.deliver(asked.artifact, host).await?,
        };
        let reference = delivered.reference.as_str();
        let events = self.follow().await?;
        let summary = self.summary(host).await?;
        let request = async {
            let control = self.control();
            match &current {
                Some((_, running)) => {
                    let (host, id) = (&host.host_id, &running.id);
                    (control.scale_actor(host, id, reference, count, annotations)).await
                }
                None => (control.start_actor(&summary, reference, count, annotations)).await,
            }
        };
        let known = asked.artifact.key().map(str::to_owned);
        let acknowledged = self.acknowledged(&host.host_id, &what, request).await?;
        let mut started = Started {
            id: known.clone(),
            name: None,
            reference: reference.to_owned(),
            host: host.host_id.clone(),
            count,
            contract: None,
            health: None,
            changed: true,
            seen: false,
        };
        if !self.wait && acknowledged == Acknowledged::Yes {
            return Ok(started);
        }
        let goal = Goal::ActorRuns {
            reference: reference.to_owned(),
            actor: known,
            count,
        };
        let before = current.as_ref().map_or(0, |(_, it)| it.count);
        let reached = self
            .reach(&host.host_id, &what, &goal, events, |inventory| {
                running::actor_from(inventory, reference, annotations).filter(|it| {
                    if count < before {
                        it.count <= count
                    } else {
                        it.count >= count
                    }
                })
            })
            .await
            .map_err(|it| delivered.explain(self.explain_start(it, asked, host)))?;
        started.seen = true;
        if let Some(running) = reached {
            started.count = running.count;
            started.name = running.name;
            started.id = Some(running.id);
        }
        Ok(started)
    }

    /// A file that is newer than what runs from it is worth a word.
    fn note_newer(&self, asked: &StartActor<'_>, host: &HostInventory, running: &running::Running) {
        let Some(claims) = &asked.artifact.claims else {
            return;
        };
        if claims.revision() > running.revision {
            self.output.note(&format!(
                "revision {} runs, the file has revision {}; `wash update actor {} {}` replaces it",
                running.revision,
                claims.revision(),
                running.id,
                asked.artifact.typed(host),
            ));
        }
    }

    /// Adds the way out when the actor runs already from elsewhere.
    fn explain_start(
        &self,
        error: CommandError,
        asked: &StartActor<'_>,
        host: &HostInventory,
    ) -> CommandError {
        let id = asked.artifact.key();
        match id.filter(|it| running::has_actor(host, it)) {
            Some(id) => error.hint(format!(
                "{id} runs there from another reference; replace it with `wash update actor {id} {}`",
                asked.artifact.typed(host)
            )),
            None => error,
        }
    }

    /// Starts a provider and waits until it runs, unless the user does not want to wait.
    ///
    /// # Errors
    /// As [`Driver::start_actor`].
    pub(in crate::cli) async fn start_provider(
        &self,
        asked: &StartProvider<'_>,
    ) -> Result<Started, CommandError> {
        let link_name = asked.link_name;
        let places = self.places(asked.host, asked.constraints).await?;
        let current = places.fitting.iter().find_map(|it| {
            let reference = asked.artifact.at(it);
            running::provider_from(it, &reference, link_name).map(|provider| (it, provider))
        });
        let reference = asked.artifact.among(&places.fitting);
        let builtin = crate::providers::builtin(&reference, true);
        let mut started = Started {
            id: None,
            name: None,
            reference: reference.clone(),
            host: String::new(),
            count: 1,
            contract: None,
            health: None,
            changed: false,
            seen: true,
        };
        if let Some((place, provider)) = current {
            started.host.clone_from(&place.host_id);
            started.reference = asked.artifact.at(place);
            started.fill(provider);
            started.health = self.health(&provider.id, link_name, Duration::ZERO).await;
            return Ok(started);
        }
        let gather = self.auction(&places);
        let bids =
            (self.control()).auction_provider(&reference, link_name, asked.constraints, gather);
        let host = self.elect(&places, &reference, bids).await?;
        let delivered = self.deliver(asked.artifact, host).await?;
        let reference = delivered.reference.as_str();
        reference.clone_into(&mut started.reference);
        started.host.clone_from(&host.host_id);
        started.changed = true;
        started.seen = false;
        let what = format!("start {reference} on host {}", host.host_id);
        let events = self.follow().await?;
        let request = self.control().start_provider(
            &host.host_id,
            reference,
            link_name,
            asked.configuration,
            asked.annotations,
        );
        let acknowledged = self.acknowledged(&host.host_id, &what, request).await?;
        if !self.wait && acknowledged == Acknowledged::Yes {
            started.id = builtin.map(|it| it.key.to_owned());
            return Ok(started);
        }
        let goal = Goal::ProviderRuns {
            reference: reference.to_owned(),
            link_name: link_name.to_owned(),
        };
        let reached = self
            .reach(&host.host_id, &what, &goal, events, |inventory| {
                running::provider_from(inventory, reference, link_name).cloned()
            })
            .await
            .map_err(|it| delivered.explain(it))?;
        started.seen = true;
        if let Some(provider) = reached {
            started.health = self.health(&provider.id, link_name, HEALTH_LIMIT).await;
            started.fill(&provider);
        }
        Ok(started)
    }

    /// The health of a provider that has just been started or linked, asked until it is well, stays unwell, or
    /// `silence` is over without an answer.
    pub(super) async fn health(
        &self,
        provider: &str,
        link_name: &str,
        silence: Duration,
    ) -> Option<Health> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        let mut patience = FIRST_HEALTH;
        loop {
            let asked = self.control().provider_health(provider, link_name);
            let answer = tokio::time::timeout(patience, asked).await;
            patience = (patience * 2).min(HEALTH_LIMIT);
            let health = answer.ok().and_then(Result::ok).flatten();
            let elapsed = begun.elapsed();
            let over = match &health {
                Some(health) if health.healthy => true,
                Some(_) => elapsed >= UNHEALTHY_LIMIT.min(silence),
                None => elapsed >= silence,
            };
            if over || Instant::now() >= self.deadline() {
                return health;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
}

impl Started {
    fn fill(&mut self, provider: &crate::lattice::wire::ProviderDescription) {
        self.id = Some(provider.id.clone());
        self.name = provider.name.clone().filter(|it| it != "N/A");
        if !provider.contract_id.is_empty() {
            self.contract = Some(provider.contract_id.clone());
        }
    }
}

/// The reference from which this very actor runs on `host`, if that is another one.
fn runs_from_elsewhere<'a>(asked: &StartActor<'_>, host: &'a HostInventory) -> Option<&'a str> {
    let id = asked.artifact.key()?;
    running::other_reference(host, id, &asked.artifact.at(host))
}

fn actor_started(
    reference: &str,
    place: &HostInventory,
    running: &running::Running,
    changed: bool,
) -> Started {
    Started {
        id: Some(running.id.clone()),
        name: running.name.clone(),
        reference: reference.to_owned(),
        host: place.host_id.clone(),
        count: running.count,
        contract: None,
        health: None,
        changed,
        seen: true,
    }
}

/// Why a provider is unwell, if it is.
pub(in crate::cli) fn ailment(health: &Health) -> Option<&str> {
    if health.healthy {
        return None;
    }
    Some(health.message.as_deref().unwrap_or("it gives no reason"))
}
