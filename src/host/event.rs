//! Everything that can happen to a host, and everything it can do about it.
//!
//! Plain values, so that [`super::inventory`] decides without I/O. `C` is compiled code, which passes through
//! the inventory untouched; its tests use `()`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::facts::{ActorFacts, ProviderFacts};
use super::news::News;
use crate::archive::par::Executable;
use crate::claims::{ActorId, ProviderId};
use crate::lattice::state::Change;
use crate::lattice::wire::{Health, Map};
use crate::providers::Builtin;

/// What happened.
#[derive(Debug)]
pub(super) enum Event<C> {
    /// A client asked on the control interface.
    Asked {
        request: RequestId,
        command: Command,
    },
    /// Policy allows no more of an actor that runs.
    Denied {
        request: RequestId,
        run: Run,
        error: String,
    },
    /// A module was fetched, verified and compiled, or was not.
    Loaded {
        job: Job,
        result: Result<Module<C>, String>,
    },
    /// An actor's claims are known to the lattice and its subject is served, or are not.
    Served {
        actor: ActorId,
        result: Result<(), String>,
    },
    /// An actor runs other code now, or still the old.
    Replaced {
        actor: ActorId,
        result: Result<(), String>,
    },
    /// A provider archive was fetched, verified and unpacked, or was not.
    ProviderLoaded {
        reference: String,
        result: Result<Archived, String>,
    },
    ProviderStarted {
        provider: ProviderKey,
        result: Result<(), String>,
    },
    ProviderStopped(ProviderKey),
    /// Its process ended by itself, and will be started again.
    ProviderCrashed {
        provider: ProviderKey,
        crash: Crash,
    },
    /// Its process runs again.
    ProviderRestarted(ProviderKey),
    /// A peer told the provider itself to shut down.
    ProviderDismissed(ProviderKey),
    Health {
        provider: ProviderKey,
        health: Health,
        /// The check that comes by itself, reported even when nothing changed.
        periodic: bool,
    },
    /// Shared state changed, by whatever writer.
    State(Change),
    /// Changes of shared state were missed.
    StateMissed,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Effect<C> {
    /// Answer a request; the error is the text of the refusal.
    Acknowledge {
        request: RequestId,
        result: Result<(), String>,
    },
    Publish(News),
    /// Fetch, verify and compile; comes back as [`Event::Loaded`].
    Load {
        job: Job,
        reference: String,
    },
    /// Make an actor known and serve its subject; comes back as [`Event::Served`].
    Serve {
        module: Module<C>,
        reference: String,
        limit: u32,
    },
    /// Let at most so many calls of an actor run at once.
    Limit {
        actor: ActorId,
        limit: u32,
    },
    /// Make new claims known and swap the code; comes back as [`Event::Replaced`].
    Replace {
        module: Module<C>,
        reference: String,
    },
    /// Take no new calls, and let the running ones end.
    StopActor(ActorId),
    /// Fetch, verify and unpack a provider archive; comes back as [`Event::ProviderLoaded`].
    LoadProvider {
        reference: String,
    },
    /// Comes back as [`Event::ProviderStarted`].
    StartProvider(ProviderOrder),
    /// Comes back as [`Event::ProviderStopped`].
    StopProvider(ProviderKey),
    /// Let every provider compare its links with shared state.
    SyncLinks,
    StopHost {
        grace: Option<Duration>,
    },
}

/// Finds the reply subject of a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RequestId(pub(super) u64);

/// A request that changes the host.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    RunActor(Run),
    StopActor(Stop),
    UpdateActor(Update),
    StartProvider(StartProvider),
    StopProvider(StopProvider),
    PutLabel { key: String, value: String },
    DeleteLabel { key: String },
    StopHost { grace: Option<Duration> },
}

/// `la` and `scale`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// Empty where only the key is known.
    pub(super) reference: String,
    pub(super) actor: Option<ActorId>,
    pub(super) amount: Amount,
    pub(super) annotations: Map,
    /// For the annotation set, if it is new.
    pub(super) instance_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// That many more.
    More(u32),
    /// That many in all, under these annotations.
    Exactly(u32),
}

impl Amount {
    pub(super) fn count(self) -> u32 {
        let (Self::More(count) | Self::Exactly(count)) = self;
        count
    }
}

/// `sa`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stop {
    pub(super) actor: ActorId,
    /// None is all.
    pub(super) count: Option<u32>,
    /// Only instances that have these.
    pub(super) annotations: Map,
}

/// `upd`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Update {
    pub(super) actor: ActorId,
    pub(super) reference: String,
}

/// `lp`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StartProvider {
    pub(super) reference: String,
    pub(super) link_name: String,
    pub(super) configuration: Option<String>,
    pub(super) annotations: Map,
    pub(super) instance_id: String,
}

/// `sp`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StopProvider {
    pub(super) provider: ProviderKey,
    /// Only if it has these.
    pub(super) annotations: Map,
}

/// What a module is loaded for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// For every start that waits for this reference.
    Start(String),
    Update(ActorId),
}

/// A verified module, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Module<C> {
    pub(super) facts: Arc<ActorFacts>,
    pub(super) code: C,
}

/// A provider to start.
#[derive(Clone, Debug)]
pub(super) struct ProviderOrder {
    pub(super) key: ProviderKey,
    pub(super) kind: ProviderKind,
    pub(super) facts: ProviderFacts,
    /// As the client named it.
    pub(super) reference: String,
    pub(super) configuration: Option<String>,
    pub(super) instance_id: String,
}

/// How a provider is run.
#[derive(Clone, Debug)]
pub(super) enum ProviderKind {
    Builtin(&'static Builtin),
    /// The program of an archive, in a process of its own.
    Process(Executable),
}

/// A provider archive that is ready to be run.
#[derive(Clone, Debug)]
pub(super) struct Archived {
    pub(super) id: ProviderId,
    pub(super) facts: ProviderFacts,
    pub(super) program: Executable,
}

/// How the process of a provider ended, unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crash {
    /// `exit status 1`; `normal` if it ended without an error.
    pub(super) reason: String,
    /// How often in a row, this one included.
    pub(super) count: u32,
    /// When it will be started again.
    pub(super) pause: Duration,
}

/// What identifies a provider on a host: the same provider may run once per link name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ProviderKey {
    pub(super) id: ProviderId,
    pub(super) link_name: String,
}

impl fmt::Display for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.link_name)
    }
}
