//! The providers of a host: which run under which link name, and how they are.

use std::collections::BTreeMap;

use crate::claims::ProviderId;
use crate::host::event::{Effect, ProviderKey, ProviderOrder, StartProvider, StopProvider};
use crate::host::facts::ProviderFacts;
use crate::host::label;
use crate::host::news::{News, Running};
use crate::lattice::event::data::HealthCheck;
use crate::lattice::wire::{Health, ProviderDescription};
use crate::providers::{self as builtins, Builtin};

/// What claims of built-ins say; they change with the host, not by themselves.
const REVISION: i32 = 1;

#[derive(Debug)]
pub(super) struct Providers {
    by_key: BTreeMap<ProviderKey, Provider>,
    /// The cluster key: it answers for what is built in.
    issuer: String,
    aliases: bool,
}

#[derive(Debug)]
struct Provider {
    start: StartProvider,
    builtin: &'static Builtin,
    facts: ProviderFacts,
    phase: Phase,
    /// None before the first check.
    health: Option<Health>,
    /// What to do once it runs, or is gone.
    waiting: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Running,
    Stopping { reason: &'static str },
}

#[derive(Debug)]
enum Waiting {
    Start(StartProvider),
    Stop(StopProvider),
}

impl Providers {
    pub(super) fn new(issuer: String, aliases: bool) -> Self {
        Self {
            by_key: BTreeMap::new(),
            issuer,
            aliases,
        }
    }

    pub(super) fn start<C>(&mut self, start: StartProvider, out: &mut Vec<Effect<C>>) {
        let found = builtins::builtin(&start.reference, self.aliases)
            .and_then(|it| Some((it, ProviderId::parse(it.key).ok()?)));
        let Some((builtin, id)) = found else {
            let error = no_builtin(&start.reference);
            out.push(failed(start, error));
            return;
        };
        let key = ProviderKey {
            id,
            link_name: start.link_name.clone(),
        };
        if let Some(present) = self.by_key.get_mut(&key) {
            if let Phase::Stopping { .. } = present.phase {
                present.waiting.push(Waiting::Start(start));
            } else {
                let error = "Provider with that link name is already running on this host";
                out.push(failed(start, error.to_owned()));
            }
            return;
        }
        let facts = ProviderFacts {
            key: builtin.key.to_owned(),
            name: builtin.title.to_owned(),
            contract: builtin.contract.to_owned(),
            issuer: self.issuer.clone(),
            revision: REVISION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        out.push(Effect::StartProvider(ProviderOrder {
            key: key.clone(),
            builtin,
            facts: facts.clone(),
            reference: start.reference.clone(),
            configuration: start.configuration.clone(),
        }));
        let provider = Provider {
            start,
            builtin,
            facts,
            phase: Phase::Starting,
            health: None,
            waiting: Vec::new(),
        };
        self.by_key.insert(key, provider);
    }

    pub(super) fn stop<C>(&mut self, stop: StopProvider, out: &mut Vec<Effect<C>>) {
        // Stopping what does not run is no error to any client.
        let Some(provider) = self.by_key.get_mut(&stop.provider) else {
            return;
        };
        match provider.phase {
            Phase::Running if label::contains(&provider.start.annotations, &stop.annotations) => {
                provider.phase = Phase::Stopping { reason: "stop" };
                out.push(Effect::StopProvider(stop.provider));
            }
            Phase::Running => {}
            Phase::Starting | Phase::Stopping { .. } => {
                provider.waiting.push(Waiting::Stop(stop));
            }
        }
    }

    pub(super) fn started<C>(
        &mut self,
        key: &ProviderKey,
        result: Result<(), String>,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(provider) = self
            .by_key
            .get_mut(key)
            .filter(|it| it.phase == Phase::Starting)
        else {
            return;
        };
        let waiting = std::mem::take(&mut provider.waiting);
        match result {
            Ok(()) => {
                provider.phase = Phase::Running;
                out.push(Effect::Publish(News::ProviderStarted(
                    provider.running(key),
                )));
            }
            Err(error) => {
                out.push(failed(provider.start.clone(), error));
                self.by_key.remove(key);
            }
        }
        self.dispatch(waiting, out);
    }

    pub(super) fn stopped<C>(&mut self, key: &ProviderKey, out: &mut Vec<Effect<C>>) {
        let Some(provider) = self.by_key.remove(key) else {
            return;
        };
        let reason = match provider.phase {
            Phase::Stopping { reason } => reason,
            Phase::Starting | Phase::Running => "normal",
        };
        out.push(Effect::Publish(News::ProviderStopped {
            provider: provider.running(key),
            reason,
        }));
        self.dispatch(provider.waiting, out);
    }

    pub(super) fn dismissed<C>(&mut self, key: &ProviderKey, out: &mut Vec<Effect<C>>) {
        if let Some(provider) = self.by_key.get_mut(key)
            && provider.phase == Phase::Running
        {
            provider.phase = Phase::Stopping { reason: "normal" };
            out.push(Effect::StopProvider(key.clone()));
        }
    }

    pub(super) fn health<C>(
        &mut self,
        key: &ProviderKey,
        health: Health,
        periodic: bool,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(provider) = self
            .by_key
            .get_mut(key)
            .filter(|it| it.phase == Phase::Running)
        else {
            return;
        };
        let before = provider.health.as_ref().map(|it| it.healthy);
        let check = match (before, health.healthy) {
            (Some(false) | None, true) => Some(HealthCheck::Passed),
            (Some(true) | None, false) => Some(HealthCheck::Failed),
            _ => periodic.then_some(HealthCheck::Unchanged),
        };
        provider.health = Some(health);
        if let Some(check) = check {
            out.push(Effect::Publish(News::Health {
                provider: provider.running(key),
                check,
            }));
        }
    }

    /// The host stops, and everything on it.
    pub(super) fn stop_all(&mut self) -> Vec<News> {
        let all = std::mem::take(&mut self.by_key).into_iter();
        all.filter(|(_, it)| it.phase != Phase::Starting)
            .map(|(key, it)| News::ProviderStopped {
                provider: it.running(&key),
                reason: "stop",
            })
            .collect()
    }

    pub(super) fn has(&self, reference: &str, key: Option<&str>, link_name: &str) -> bool {
        let builtin = builtins::builtin(reference, self.aliases).map(|it| it.key);
        self.by_key.iter().any(|(it, provider)| {
            let id = it.id.as_str();
            it.link_name == link_name
                && (id == reference
                    || provider.start.reference == reference
                    || key == Some(id)
                    || builtin == Some(id))
        })
    }

    pub(super) fn waiting(&self) -> usize {
        self.by_key.values().map(|it| it.waiting.len()).sum()
    }

    /// Those that take calls.
    pub(super) fn describe(&self) -> Vec<ProviderDescription> {
        self.by_key
            .iter()
            .filter(|(_, it)| it.phase == Phase::Running)
            .map(|(key, it)| it.describe(key))
            .collect()
    }

    fn dispatch<C>(&mut self, waiting: Vec<Waiting>, out: &mut Vec<Effect<C>>) {
        for waiting in waiting {
            match waiting {
                Waiting::Start(start) => self.start(start, out),
                Waiting::Stop(stop) => self.stop(stop, out),
            }
        }
    }
}

impl Provider {
    fn running(&self, key: &ProviderKey) -> Running {
        Running {
            key: key.clone(),
            facts: self.facts.clone(),
            reference: self.start.reference.clone(),
            instance_id: self.start.instance_id.clone(),
            annotations: self.start.annotations.clone(),
        }
    }

    fn describe(&self, key: &ProviderKey) -> ProviderDescription {
        ProviderDescription {
            id: key.id.to_string(),
            image_ref: Some(self.start.reference.clone()),
            link_name: key.link_name.clone(),
            contract_id: self.facts.contract.clone(),
            name: Some(self.facts.name.clone()),
            instance_id: self.start.instance_id.clone(),
            annotations: self.start.annotations.clone(),
            revision: self.facts.revision,
            builtin: Some(format!("builtin:{}", self.builtin.name)),
            health: self.health.clone(),
        }
    }
}

fn failed<C>(start: StartProvider, error: String) -> Effect<C> {
    Effect::Publish(News::ProviderStartFailed {
        reference: start.reference,
        link_name: start.link_name,
        error,
    })
}

fn no_builtin(reference: &str) -> String {
    let names: Vec<_> = builtins::BUILTINS
        .iter()
        .map(|it| format!("builtin:{}", it.name))
        .collect();
    let names = names.join(", ");
    if reference.starts_with("builtin:") {
        format!("there is no '{reference}'; this host has {names}")
    } else {
        format!(
            "cannot start '{reference}': this version runs built-in providers only ({names}); provider \
             archives, from a file or a registry, come in a later version"
        )
    }
}
