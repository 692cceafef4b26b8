//! One provider of a host: how it is run and how it fares.

use crate::claims::ProviderId;
use crate::host::event::{Crash, ProviderKey, ProviderKind, StartProvider, StopProvider};
use crate::host::facts::ProviderFacts;
use crate::host::news::Running;
use crate::lattice::wire::{Health, ProviderDescription};

#[derive(Debug)]
pub(super) struct Provider {
    pub(super) start: StartProvider,
    pub(super) kind: ProviderKind,
    pub(super) facts: ProviderFacts,
    pub(super) phase: Phase,
    /// None before the first check.
    pub(super) health: Option<Health>,
    /// Its process has ended and waits to be started again.
    pub(super) is_down: bool,
    /// What to do once it runs, or is gone.
    pub(super) waiting: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Running,
    Stopping { reason: &'static str },
}

/// What is known of a provider before it starts.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: ProviderId,
    pub(super) facts: ProviderFacts,
    pub(super) kind: ProviderKind,
}

#[derive(Debug)]
pub(super) enum Waiting {
    Start(StartProvider, Box<Known>),
    Stop(StopProvider),
}

impl Provider {
    pub(super) fn running(&self, key: &ProviderKey) -> Running {
        Running {
            key: key.clone(),
            facts: self.facts.clone(),
            reference: self.start.reference.clone(),
            instance_id: self.start.instance_id.clone(),
            annotations: self.start.annotations.clone(),
        }
    }

    fn builtin(&self) -> Option<String> {
        match &self.kind {
            ProviderKind::Builtin(it) => Some(format!("builtin:{}", it.name)),
            ProviderKind::Process(_) => None,
        }
    }

    /// Why another start of this very provider is refused.
    pub(super) fn refusal(&self, other: &Known) -> String {
        const TAKEN: &str = "Provider with that link name is already running on this host";
        let same = match (&self.kind, &other.kind) {
            (ProviderKind::Builtin(one), ProviderKind::Builtin(two)) => one.name == two.name,
            (ProviderKind::Process(one), ProviderKind::Process(two)) => one.hash() == two.hash(),
            _ => false,
        };
        if same {
            return TAKEN.to_owned();
        }
        let (reference, id) = (&self.start.reference, &other.id);
        format!("{TAKEN}, from {reference}; `wash update provider {id} REFERENCE` replaces it")
    }

    pub(super) fn describe(&self, key: &ProviderKey) -> ProviderDescription {
        ProviderDescription {
            id: key.id.to_string(),
            image_ref: Some(self.start.reference.clone()),
            link_name: key.link_name.clone(),
            contract_id: self.facts.contract.clone(),
            name: Some(self.facts.name.clone()),
            instance_id: self.start.instance_id.clone(),
            annotations: self.start.annotations.clone(),
            revision: self.facts.revision,
            builtin: self.builtin(),
            health: self.health.clone(),
        }
    }
}

/// The state between an end and the next start, for people.
pub(super) fn words(crash: &Crash) -> String {
    let Crash {
        reason,
        count,
        pause,
    } = crash;
    let reason = match reason.as_str() {
        "normal" => "exit status 0",
        other => other,
    };
    let ended = format!("its process ended ({reason}) and starts again in {pause:?}");
    match count {
        0 | 1 => ended,
        _ => format!("{ended}; it has ended {count} times in a row"),
    }
}
