//! The providers of a host: which run under which link name, and how they are.

use std::collections::BTreeMap;

use super::provider::{Known, Phase, Provider, Waiting, words};
use crate::claims::ProviderId;
use crate::host::event::{
    Archived, Crash, Effect, ProviderKey, ProviderKind, ProviderOrder, StartProvider, StopProvider,
};
use crate::host::facts::{Dates, ProviderFacts};
use crate::host::label;
use crate::host::news::News;
use crate::lattice::event::data::HealthCheck;
use crate::lattice::wire::{Health, ProviderDescription};
use crate::providers::{self as builtins, Builtin};

/// What claims of built-ins say; they change with the host, not by themselves.
const REVISION: i32 = 1;

#[derive(Debug)]
pub(super) struct Providers {
    by_key: BTreeMap<ProviderKey, Provider>,
    /// Archives that are being loaded, by reference, with the starts that wait for them.
    loading: BTreeMap<String, Vec<StartProvider>>,
    /// The cluster key: it answers for what is built in.
    issuer: String,
    aliases: bool,
}

impl Providers {
    pub(super) fn new(issuer: String, aliases: bool) -> Self {
        Self {
            by_key: BTreeMap::new(),
            loading: BTreeMap::new(),
            issuer,
            aliases,
        }
    }

    pub(super) fn start<C>(&mut self, start: StartProvider, out: &mut Vec<Effect<C>>) {
        let found = builtins::builtin(&start.reference, self.aliases)
            .and_then(|it| Some((it, ProviderId::parse(it.key).ok()?)));
        if let Some((builtin, id)) = found {
            let known = Known {
                id,
                facts: self.facts(builtin),
                kind: ProviderKind::Builtin(builtin),
            };
            self.begin(start, known, out);
        } else if start.reference.starts_with("builtin:") {
            let error = no_builtin(&start.reference);
            out.push(failed(start, error));
        } else {
            let waiting = self.loading.entry(start.reference.clone()).or_default();
            if waiting.is_empty() {
                let reference = start.reference.clone();
                out.push(Effect::LoadProvider { reference });
            }
            waiting.push(start);
        }
    }

    /// An archive is there, or is not: so much for the starts that waited for it.
    pub(super) fn loaded<C>(
        &mut self,
        reference: &str,
        result: Result<Archived, String>,
        out: &mut Vec<Effect<C>>,
    ) {
        for start in self.loading.remove(reference).unwrap_or_default() {
            match &result {
                Ok(Archived { id, facts, program }) => {
                    let known = Known {
                        id: id.clone(),
                        facts: facts.clone(),
                        kind: ProviderKind::Process(program.clone()),
                    };
                    self.begin(start, known, out);
                }
                Err(error) => out.push(failed(start, error.clone())),
            }
        }
    }

    fn begin<C>(&mut self, start: StartProvider, known: Known, out: &mut Vec<Effect<C>>) {
        let key = ProviderKey {
            id: known.id.clone(),
            link_name: start.link_name.clone(),
        };
        if let Some(present) = self.by_key.get_mut(&key) {
            if let Phase::Stopping { .. } = present.phase {
                present.waiting.push(Waiting::Start(start, Box::new(known)));
            } else {
                let error = present.refusal(&known);
                out.push(failed(start, error));
            }
            return;
        }
        let Known { facts, kind, .. } = known;
        out.push(Effect::StartProvider(ProviderOrder {
            key: key.clone(),
            kind: kind.clone(),
            facts: facts.clone(),
            reference: start.reference.clone(),
            configuration: start.configuration.clone(),
            instance_id: start.instance_id.clone(),
        }));
        let provider = Provider {
            start,
            kind,
            facts,
            phase: Phase::Starting,
            health: None,
            is_down: false,
            waiting: Vec::new(),
        };
        self.by_key.insert(key, provider);
    }

    fn facts(&self, builtin: &Builtin) -> ProviderFacts {
        ProviderFacts {
            key: builtin.key.to_owned(),
            name: builtin.title.to_owned(),
            contract: builtin.contract.to_owned(),
            issuer: self.issuer.clone(),
            revision: REVISION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            dates: Dates::default(),
        }
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
            reason: reason.to_owned(),
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

    /// Hosts of older generations tell of an end and leave it at that; ours goes on to start it again.
    pub(super) fn crashed<C>(&mut self, key: &ProviderKey, crash: Crash, out: &mut Vec<Effect<C>>) {
        let Some(provider) = self.runs(key) else {
            return;
        };
        provider.health = Some(Health {
            healthy: false,
            message: Some(words(&crash)),
        });
        // A start that failed is no other end.
        if !std::mem::replace(&mut provider.is_down, true) {
            out.push(Effect::Publish(News::ProviderStopped {
                provider: provider.running(key),
                reason: crash.reason,
            }));
        }
    }

    pub(super) fn restarted<C>(&mut self, key: &ProviderKey, out: &mut Vec<Effect<C>>) {
        if let Some(provider) = self.runs(key) {
            provider.is_down = false;
            out.push(Effect::Publish(News::ProviderStarted(
                provider.running(key),
            )));
        }
    }

    fn runs(&mut self, key: &ProviderKey) -> Option<&mut Provider> {
        let provider = self.by_key.get_mut(key)?;
        (provider.phase == Phase::Running).then_some(provider)
    }

    pub(super) fn health<C>(
        &mut self,
        key: &ProviderKey,
        health: Health,
        periodic: bool,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(provider) = self.runs(key) else {
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
                reason: "stop".to_owned(),
            })
            .collect()
    }

    pub(super) fn has(&self, reference: &str, key: Option<&str>, link_name: &str) -> bool {
        let builtin = builtins::builtin(reference, self.aliases).map(|it| it.key);
        let mut loading = self.loading.get(reference).into_iter().flatten();
        loading.any(|it| it.link_name == link_name)
            || self.by_key.iter().any(|(it, provider)| {
                let id = it.id.as_str();
                it.link_name == link_name
                    && (id == reference
                        || provider.start.reference == reference
                        || key == Some(id)
                        || builtin == Some(id))
            })
    }

    pub(super) fn waiting(&self) -> usize {
        let waiting = self.by_key.values().map(|it| it.waiting.len());
        let loading = self.loading.values().map(Vec::len);
        waiting.chain(loading).sum()
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
                Waiting::Start(start, known) => self.begin(start, *known, out),
                Waiting::Stop(stop) => self.stop(stop, out),
            }
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
    format!("there is no '{reference}'; this host has {names}")
}
