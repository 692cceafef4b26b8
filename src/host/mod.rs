//! One running host: actors on wasmtime, providers, and the control interface that drives them.
//!
//! The only code that names wasmtime. Does not know clap, the terminal or applications.

pub mod actor;
mod artifact;
mod builtin;
mod cache;
mod collector;
pub mod engine;
pub mod import;
pub mod instance;
#[cfg(test)]
mod testing;
mod ticker;
mod wapc;
mod wasi;

mod about;
mod answer;
mod control;
mod desk;
mod event;
mod facts;
mod inventory;
mod label;
mod link;
mod load;
mod name;
mod news;
mod page;
mod policy;
mod provider;
mod provision;
mod run;
mod running;
mod serve;
mod startup;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::Subscriber;
use futures_util::stream::SelectAll;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::about::About;
use self::answer::Answers;
use self::artifact::Fetcher;
use self::collector::Collector;
use self::desk::Desk;
use self::engine::Engine;
use self::inventory::Inventory;
use self::label::Labels;
use self::load::Loader;
use self::policy::Policy;
pub use self::policy::{Gate, PolicyService};
use self::provider::Surroundings;
use self::provider::process::{self, Place};
pub use self::provider::process::{Bounds, Processes};
use self::provision::Provisioner;
use self::run::{Loop, Sources};
use self::running::{Around, Running};
use self::serve::Reach;
use self::startup::Startup;
use crate::archive::oci::{self, OciError, Registries};
use crate::claims::{HostId, KeyError, Seed};
use crate::lattice::LatticeName;
use crate::lattice::artifact::Artifacts;
use crate::lattice::connect::round_trip;
use crate::lattice::control::Control;
use crate::lattice::invocation::Identity;
use crate::lattice::rpc::Rpc;
use crate::lattice::state::{CutOff, Options, State};
use crate::lattice::subject::Ctl;
use crate::lattice::supplement::Supplement;
use crate::lattice::wire::Map;

/// How often a host says that it lives, and what it runs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What runs may take to finish when a host is told to stop and not how long that may take.
const GRACE: Duration = Duration::from_secs(5);

/// A stopped actor's calls end by their own time limit, not by ours.
const MARGIN: Duration = Duration::from_secs(2);

/// For a question to another host.
const ASK_LIMIT: Duration = Duration::from_secs(10);

/// What providers may have told their host before it listens.
const SIGNALS: usize = 64;

/// Everything a host needs to know; made by the caller, who knows best.
#[derive(Clone, Debug)]
pub struct Config {
    /// The host's own key.
    pub key: Seed,
    pub lattice: LatticeName,
    /// Control subjects start with this instead of `wasmbus.ctl`.
    pub ctl_prefix: Option<String>,
    /// Signs our invocations.
    pub cluster: Seed,
    /// Whose invocations we accept besides our own.
    pub issuers: Vec<String>,
    /// User labels; core labels are added and win.
    pub labels: Map,
    /// A random adjective-noun-number if none.
    pub name: Option<String>,
    pub js_domain: Option<String>,
    /// Where a copy of the lattice's state is kept, for a start without the state's domain.
    pub state_copy: Option<PathBuf>,
    /// The state's domain may be away when the host starts, even if nothing was ever heard of it.
    pub state_may_wait: bool,
    pub rpc_timeout: Duration,
    /// How long a provider may take to shut down.
    pub provider_delay: Duration,
    pub allow_file_load: bool,
    pub allow_unsigned: bool,
    /// First-party image references mean built-ins (decisions §4).
    pub builtin_aliases: bool,
    /// Decides on starts and calls; none allows all.
    pub policy: Option<PolicyService>,
    /// Ask the lattice's config service what to start.
    pub config_service: bool,
    pub limits: engine::Limits,
    /// Compiled code; none keeps nothing on disk.
    pub cache: Option<PathBuf>,
    /// How artifacts are fetched from registries.
    pub registries: oci::Settings,
    /// Artifacts that were fetched, by content; hosts may share it. None keeps nothing on disk.
    pub artifacts: Option<PathBuf>,
    /// How providers that are not built in are run.
    pub processes: Processes,
    /// Shown in answers to pings.
    pub ctl_url: String,
    pub rpc_url: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The host's key is not a server key.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    State(#[from] crate::lattice::state::StateError),
    #[error("cannot prepare the WebAssembly engine: {0}")]
    Engine(String),
    #[error("cannot use registries: {}", .0.whole())]
    Registries(OciError),
    #[error("cannot subscribe on the lattice: {0}")]
    Subscribe(String),
    /// Providers cannot be held to their limits on this machine.
    #[error("{0}")]
    Limits(String),
}

/// Why a host ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// `stop host` on the control interface.
    Requested,
    /// A defect of ours; the log has more.
    Failed,
}

/// A running host. Dropping it stops it at once.
#[must_use = "dropping it stops the host"]
#[derive(Debug)]
pub struct Host {
    id: HostId,
    name: String,
    /// For its standing only; the state lives as long as the host does.
    known: watch::Receiver<Option<CutOff>>,
    shutdown: mpsc::Sender<Duration>,
    stopped: watch::Receiver<Option<Stopped>>,
    task: AbortOnDropHandle<()>,
}

impl Host {
    /// Starts a host on two connections (they may be one) and returns once it answers on the lattice.
    ///
    /// # Errors
    /// Every variant of [`StartError`].
    pub async fn start(
        config: Config,
        ctl: async_nats::Client,
        rpc: async_nats::Client,
    ) -> Result<Self, StartError> {
        let id = HostId::parse(&config.key.public())?;
        let mut about = about(&config, id.clone());
        let name = about.name.clone();
        let lattice = config.lattice.clone();
        let drain = config.limits.time + MARGIN;
        let engine = Engine::new(config.limits, config.cache)
            .map_err(|error| StartError::Engine(error.to_string()))?;
        let processes = Place::new(config.processes.clone());
        about.provider_limits = processes.prepare().await.map_err(StartError::Limits)?;
        let registries = Registries::new(config.registries).map_err(StartError::Registries)?;
        let options = Options {
            js_domain: config.js_domain.clone(),
            copy: config.state_copy,
            may_wait: config.state_may_wait,
        };
        let state = State::open_or_wait(rpc.clone(), &lattice, options).await?;
        let store = Artifacts::new(rpc.clone(), lattice.clone(), config.js_domain.clone());
        let artifacts = Fetcher::new(store.clone(), config.artifacts.as_deref());
        let prefix = config.ctl_prefix.clone();
        let collector = Collector {
            host: id.clone(),
            store,
            control: Control::new(ctl.clone(), lattice.clone(), prefix, ASK_LIMIT),
            state: state.clone(),
        };
        let left = config.processes.directory.clone();
        let swept = tokio::task::spawn_blocking(move || process::sweep(&left));
        let js_domain = config.js_domain.clone();
        let identity = Identity {
            host: id.clone(),
            signer: config.cluster,
            issuers: about.issuers.clone(),
        };
        let calls = Rpc::new(rpc.clone(), lattice.clone(), identity, config.js_domain)
            .with_timeout(config.rpc_timeout);

        // Before the subscriptions, so that no change is missed.
        let changes = state.changes();
        let subjects = Ctl::new(config.ctl_prefix.as_deref(), &lattice);
        let labels = Labels::new(config.labels.clone()).all().clone();
        let supplement = match config.config_service {
            true => startup::ask(&ctl, &lattice, &labels).await,
            false => Supplement::default(),
        };
        let policy = Policy::start(
            config.policy,
            ctl.clone(),
            about.clone(),
            labels,
            subjects.clone(),
        )
        .await
        .map_err(|error| StartError::Subscribe(error.to_string()))?;
        let requests = subscribe(&ctl, &subjects, &id)
            .await
            .map_err(|error| StartError::Subscribe(error.to_string()))?;
        // What was subscribed is in effect from here on.
        round_trip(&ctl).await;

        let answers = Answers::new(ctl, lattice.clone(), id.clone());
        let (jobs, waiting) = mpsc::channel(link::MAX_WAITING);
        let writer = link::Writer {
            state: state.clone(),
            rpc,
            lattice,
            answers: answers.clone(),
        };
        // Their ports are wanted again.
        let _ = swept.await;
        let (signals, signalled) = mpsc::channel(SIGNALS);
        let inventory = Inventory::new(config.labels, about.issuer.clone(), config.builtin_aliases);
        tracing::info!("Host {id} ({name}) started");
        tracing::info!("Valid cluster signers: {}", about.issuers.join(", "));
        let startup = Startup::new(&supplement);
        let desk = Desk::new(
            about,
            subjects,
            answers.clone(),
            state.clone(),
            jobs,
            registries.clone(),
        );
        desk.keep_registries(supplement.registry_credentials);
        if startup.is_over() {
            desk.announce(&inventory).await;
        }

        let known = state.standings();
        let programs = config.processes.programs.clone();
        let trust = config.processes.trust;
        let provisioner = Provisioner::new(
            provision::Sources {
                artifacts: artifacts.clone(),
                allow_files: config.allow_file_load,
                registries: registries.clone(),
            },
            trust,
            programs,
        );
        let around = Around {
            loader: Loader::new(
                engine,
                artifacts,
                config.allow_file_load,
                config.allow_unsigned,
                registries.clone(),
            ),
            surroundings: Surroundings {
                host: id.clone(),
                rpc: calls.clone(),
                state: state.clone(),
                rpc_timeout: config.rpc_timeout,
                js_domain,
                processes,
                provisioner,
                signals,
            },
            reach: Reach {
                rpc: calls,
                state,
                policy: policy.clone(),
            },
            policy,
            drain,
            provider_delay: config.provider_delay,
        };
        let work = Loop {
            inventory,
            running: Running::new(around),
            desk,
            startup,
            answers,
            links: AbortOnDropHandle::new(tokio::spawn(writer.run(waiting))),
            grace: GRACE,
        };
        let (shutdown, asked) = mpsc::channel(1);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sources = Sources {
            requests,
            signals: signalled,
            changes,
            heartbeat,
            shutdown: asked,
        };
        let (tell, stopped) = watch::channel(None);
        let span = tracing::debug_span!("host", id = %id);
        let collecting = AbortOnDropHandle::new(tokio::spawn(collector.run()));
        let task = async move {
            let _collecting = collecting;
            // Dropped without a word if the owner asked: it knows.
            if let Some(why) = work.run(sources).await {
                tell.send_replace(Some(why));
                tell.closed().await;
            }
        };
        Ok(Self {
            id,
            name,
            known,
            shutdown,
            stopped,
            task: AbortOnDropHandle::new(tokio::spawn(task.instrument(span))),
        })
    }

    pub fn id(&self) -> &HostId {
        &self.id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it serves from an older snapshot of the lattice's state; none if its snapshot is up to date.
    pub fn cut_off(&self) -> Option<CutOff> {
        self.known.borrow().clone()
    }

    /// Waits until the host has been asked to stop from outside and has drained.
    pub async fn stopped(&self) -> Stopped {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(why) => why.unwrap_or(Stopped::Requested),
            Err(_) => {
                tracing::error!("the host ended unexpectedly");
                Stopped::Failed
            }
        }
    }

    /// Stops in stages: no new work, at most `grace` for what runs, providers, `host_stopped`, flush.
    pub async fn shutdown(self, grace: Duration) {
        // It may have stopped by itself.
        let _ = self.shutdown.send(grace).await;
        drop(self.stopped);
        if let Err(error) = self.task.await {
            tracing::error!("the host ended unexpectedly: {error}");
        }
    }
}

/// Waits for the end of stdin, that is of the host that holds its other end, and ends the providers' processes that
/// the host of the folder `run` left behind. Blocks.
pub fn guard(run: &Path) {
    let mut end = std::io::stdin().lock();
    // Nothing is written there; whatever it is, the end is what counts.
    let _ = std::io::copy(&mut end, &mut std::io::sink());
    process::sweep_after(run);
}

fn about(config: &Config, id: HostId) -> About {
    let issuer = config.cluster.public();
    let others = config.issuers.iter().filter(|it| **it != issuer);
    About {
        id,
        name: config.name.clone().unwrap_or_else(name::random),
        lattice: config.lattice.clone(),
        issuers: std::iter::once(&issuer).chain(others).cloned().collect(),
        issuer,
        js_domain: config.js_domain.clone(),
        ctl_url: without_user(&config.ctl_url),
        rpc_url: without_user(&config.rpc_url),
        provider_url: without_user(&config.processes.nats_url),
        provider_limits: None,
    }
}

/// Addresses without user and password, which everyone in the lattice would read.
fn without_user(urls: &str) -> String {
    let bare = |url: &str| match url.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://{host}"),
            None => host.to_owned(),
        },
        None => url.to_owned(),
    };
    urls.split(',').map(bare).collect::<Vec<_>>().join(",")
}

async fn subscribe(
    client: &async_nats::Client,
    subjects: &Ctl,
    id: &HostId,
) -> Result<SelectAll<Subscriber>, async_nats::SubscribeError> {
    let mut all = SelectAll::new();
    for (subject, group) in subjects.subscriptions(id.as_str()) {
        all.push(match group {
            Some(group) => client.queue_subscribe(subject, group).await?,
            None => client.subscribe(subject).await?,
        });
    }
    Ok(all)
}
