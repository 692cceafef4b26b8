//! What `wash up` runs: NATS, connections and the host, started in this order and stopped in the reverse.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::args::ConnectionArgs;
use crate::cli::ctl::Driver;
use crate::cli::ctl::apply::Plan as Manifest;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::{Lattice, Session};
use crate::config::context::{running as contexts, shelf};
use crate::config::host::Endpoint;
use crate::config::running::{self, Held, Process, Record};
use crate::host::{Host, StartError};
use crate::lattice::ConnectError;
use crate::lattice::connect::connect;
use crate::lattice::control::Control;
use crate::lattice::state::StateError;
use crate::nats::{Death, ProcessId};

use super::domain::{self, Claim};
use super::leaf::{self, Links};
use super::nats::{self, Nats};
use super::plan::Plan;
use super::processes;
use super::ready::{Applied, Known, Ready};
use super::{CONNECT_TIMEOUT, UpArgs};
use crate::cli::signals::Signals;

/// NATS writes out its store when it stops.
const NATS_GRACE: Duration = Duration::from_secs(10);

/// What a host needs beyond its grace to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

/// What runs, in the order in which it was started.
#[derive(Debug, Default)]
pub(super) struct Parts {
    held: Option<(Held, Record)>,
    nats: Option<Nats>,
    /// Tells in the log how the leaf links fare.
    leaf: Option<AbortOnDropHandle<()>>,
    ctl: Option<async_nats::Client>,
    host: Option<Host>,
}

impl Parts {
    pub(super) async fn start(
        &mut self,
        plan: &Plan,
        log: Option<PathBuf>,
        args: &UpArgs,
    ) -> Result<Ready, CommandError> {
        let give_up = Instant::now() + args.ready_timeout;
        let mut record = record(plan, &log);
        let held = Held::take(&plan.dirs.state, &record).map_err(unrecorded)?;
        let Some(held) = held else {
            let message = format!("host {} runs already on this machine", record.host_id);
            return Err(CommandError::new(Kind::Ambiguous, message)
                .hint("give another --host-seed, or none for a new one; see `wash status`"));
        };
        let (held, _) = self.held.insert((held, record.clone()));

        let nats = self
            .nats
            .insert(Nats::find_or_start(plan, args.ready_timeout).await?);
        let settings = &plan.settings;
        record.nats.url = plan.url(&settings.ctl, &nats.address);
        if let Some(child) = &nats.child {
            let ProcessId { pid, started } = child.server.process();
            record.nats.process = Some(Process { pid, started });
            record.nats.log = Some(child.server.log().to_owned());
            record.nats.monitor = child.server.monitor().map(|it| it.address().to_owned());
            record.nats.config = Some(child.server.config().to_owned());
        }
        record.nats.embedded = nats.is_embedded();
        record.nats.dir.clone_from(&nats.dir);
        held.update(&record).map_err(unrecorded)?;
        let mut links = Links::default();
        if let (Some(child), false) = (&nats.child, plan.remotes.is_empty()) {
            let optional = settings.leaf.optional;
            links = leaf::wait(&child.server, &plan.remotes, optional, give_up)
                .await
                .map_err(|error| match &plan.host_config {
                    Some(_) => error.hint(child.log_hint()),
                    // The log is about to be removed.
                    None => error,
                })?;
            self.leaf = leaf::watch(&child.server, &plan.remotes, links.up, Claim::of(plan));
        }

        let name = record.host_id.get(..8).unwrap_or(&record.host_id);
        let reach = |endpoint: &Endpoint| plan.connection(endpoint, &nats.address, name);
        let (ctl, rpc) = (reach(&settings.ctl), reach(&settings.rpc));
        let (ctl, rpc) = tokio::try_join!(connect(&ctl), connect(&rpc)).map_err(unconnected)?;
        self.ctl = Some(ctl.clone());
        let info = ctl.server_info();
        if !info.jetstream && settings.js_domain.is_none() {
            return Err(no_jetstream(&record.nats.url));
        }

        // A domain is what sets servers apart that are joined to others.
        let alone = plan.remotes.is_empty() && info.domain.is_none();
        let loopback_only = nats::is_loopback(&info.host) && alone;
        let rpc_url = plan.url(&settings.rpc, &nats.address);
        let processes = processes::processes(plan, &nats.address).await?;
        let ctl_url = record.nats.url.clone();
        let config = plan.host(ctl_url, rpc_url, loopback_only, processes);
        if !plan.remotes.is_empty() && settings.js_domain.is_none() {
            tracing::warn!(
                "links and claims are kept by this machine's server alone, and hosts across the hub keep their own; \
                 for one state, name a domain: --js-domain NAME"
            );
        }
        let host = match Host::start(config.clone(), ctl.clone(), rpc.clone()).await {
            Err(StartError::State(StateError::NoDomain(domain))) => {
                // Whoever else uses the domain has seen it.
                domain::used(plan, &ctl, &domain).await?;
                let config = crate::host::Config {
                    state_may_wait: true,
                    ..config
                };
                Host::start(config, ctl.clone(), rpc).await
            }
            other => other,
        };
        let host = host.map_err(|error| match error {
            StartError::State(StateError::NoJetStream) => no_jetstream(&record.nats.url),
            error @ StartError::Limits(_) => unlimited(&error),
            error => CommandError::new(Kind::General, "cannot start the host").because(error),
        })?;
        let known = Known::of(settings.js_domain.as_deref(), host.cut_off());
        record.host_id = host.id().to_string();
        record.name = host.name().to_owned();
        self.host = Some(host);
        let control = Control::new(
            ctl,
            plan.lattice.clone(),
            settings.ctl_topic_prefix.clone(),
            CONNECT_TIMEOUT,
        );
        control.inventory(&record.host_id).await?;
        record.ready = true;
        if let Some((held, told)) = &mut self.held {
            held.update(&record).map_err(unrecorded)?;
            told.clone_from(&record);
        }
        let dirs = Some(&plan.dirs);
        let context = contexts::of_host(dirs, &record).map(|it| it.name);
        let named = shelf::default_name(dirs).ok().flatten();
        let default_context = named
            .map(|it| it.value)
            .or_else(|| Some(contexts::first(dirs)?.name));
        Ok(Ready {
            context,
            default_context,
            nats_kind: record.nats.kind().to_owned(),
            nats_pid: record.nats_pid(),
            host_id: record.host_id,
            name: record.name,
            pid: std::process::id(),
            lattice: record.lattice,
            nats_url: record.nats.url,
            nats_dir: record.nats.dir,
            nats_version: info.version,
            nats_log: record.nats.log,
            cluster_signer: plan.cluster.seed.public(),
            cluster_issuers: plan.cluster.issuers.clone(),
            log,
            host_config: plan.host_config.clone(),
            leaf: links,
            state: known,
            applied: None,
        })
    }

    /// Carries out a manifest on the host that has just started, as `wash ctl apply` does.
    pub(super) async fn apply(
        &self,
        manifest: &Manifest,
        plan: &Plan,
        ready: &Ready,
        session: &Session,
    ) -> Result<Option<Applied>, CommandError> {
        let Some(client) = self.ctl.clone() else {
            return Ok(None);
        };
        let timeout = plan.ready_timeout;
        let prefix = plan.settings.ctl_topic_prefix.clone();
        let lattice = Lattice {
            control: Control::new(client.clone(), plan.lattice.clone(), prefix, timeout),
            client,
            name: plan.lattice.clone(),
            settings: session.settings(&ConnectionArgs::default())?,
            timeout,
            wait: true,
        };
        let driver = Driver::new(session, &lattice).at_home(ready.host_id.clone());
        let applied = driver.apply(manifest).await?;
        Ok(Some(Applied::new(&applied, &session.output.page)))
    }

    /// Waits until the host has been told to stop, or NATS has died.
    pub(super) async fn ended(&self) -> Result<(), CommandError> {
        let host = async {
            match &self.host {
                Some(it) => it.stopped().await,
                None => std::future::pending().await,
            }
        };
        let child = self.nats.as_ref().and_then(|it| it.child.as_ref());
        let nats = async {
            match child {
                Some(it) => it.server.died().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = host => {
                tracing::info!("asked to stop on the control interface");
                Ok(())
            }
            death = nats => Err(died(&death, child)),
        }
    }

    /// Stops what runs, the last first. A signal hurries.
    pub(super) async fn stop(&mut self, plan: &Plan, signals: &mut Signals) {
        let grace = plan.settings.grace;
        if let Some(host) = self.host.take() {
            let limit = grace.saturating_add(GOODBYE);
            tokio::select! {
                stopped = tokio::time::timeout(limit, host.shutdown(grace)) => {
                    if stopped.is_err() {
                        tracing::warn!("the host did not stop within {limit:?}");
                    }
                }
                // Dropping the host ends it at once.
                signal = signals.next() => tracing::warn!("{signal}: not waiting any longer"),
            }
        }
        self.ctl = None;
        self.leaf = None;
        self.warn_others(plan);
        if let Some(nats) = self.nats.take() {
            tokio::select! {
                () = nats.stop(NATS_GRACE) => {}
                signal = signals.next() => tracing::warn!("{signal}: killing NATS"),
            }
        }
        self.held = None;
    }

    /// Other hosts may use the server that ends with us.
    fn warn_others(&self, plan: &Plan) {
        let (Some((_, own)), Some(nats)) = (&self.held, &self.nats) else {
            return;
        };
        if nats.child.is_none() && !nats.is_embedded() {
            return;
        }
        let others = running::list(&plan.dirs.state).unwrap_or_default();
        for other in others {
            let record = other.record;
            if other.alive && record.host_id != own.host_id && record.nats.url == own.nats.url {
                let (id, name) = (record.host_id, record.name);
                tracing::warn!("host {id} ({name}) uses the NATS server that stops now");
            }
        }
    }
}

fn record(plan: &Plan, log: &Option<PathBuf>) -> Record {
    let pid = std::process::id();
    let started = ProcessId::current().map_or(0, |it| it.started);
    let ctl = &plan.settings.ctl;
    let credentials = match &ctl.auth.value {
        crate::config::auth::Auth::Creds(path) => Some(path.clone()),
        _ => None,
    };
    Record {
        host_id: plan.key.public(),
        name: plan.settings.name.clone().unwrap_or_default(),
        process: Process { pid, started },
        ready: false,
        lattice: plan.lattice.to_string(),
        ctl_prefix: plan.settings.ctl_topic_prefix.clone(),
        js_domain: plan.settings.js_domain.clone(),
        nats: running::Nats {
            url: String::new(),
            process: None,
            log: None,
            monitor: None,
            config: None,
            embedded: false,
            dir: None,
        },
        credentials,
        tls: ctl.tls,
        log: log.clone(),
    }
}

fn unrecorded(error: std::io::Error) -> CommandError {
    CommandError::new(Kind::General, "cannot note down that a host runs")
        .because(error)
        .hint("choose another place for state with WASH_HOME")
}

fn unconnected(error: ConnectError) -> CommandError {
    match error {
        ConnectError::Auth(_) => CommandError::new(Kind::Auth, "cannot connect to NATS")
            .because(error)
            .hint("give --ctl-credsfile and --rpc-credsfile, or --ctl-jwt, --ctl-seed, --rpc-jwt and --rpc-seed"),
        error => {
            let mut error = CommandError::from(error);
            error.hints = vec!["check --nats-host and --nats-port".to_owned()];
            error
        }
    }
}

fn unlimited(error: &StartError) -> CommandError {
    let what = "cannot hold providers to --provider-max-cpus or --provider-max-tasks here";
    CommandError::new(Kind::Refused, what)
        .because(error)
        .hint("leave them out, or give wash a control group of its own: systemd-run --user --scope -p Delegate=yes wash up …")
}

fn no_jetstream(url: &str) -> CommandError {
    CommandError::new(
        Kind::Refused,
        format!("the NATS server at {url} has no JetStream for us"),
    )
    .hint("start it with JetStream: nats-server -js")
    .hint("or let wash start one elsewhere: --nats-port 0")
    .hint("if JetStream is in another domain, name it with --js-domain")
}

fn died(death: &Death, child: Option<&nats::Child>) -> CommandError {
    let mut error = CommandError::new(
        Kind::General,
        format!("the NATS server ended by itself ({})", death.status),
    );
    error.causes.clone_from(&death.log);
    match child {
        Some(it) => error.hint(it.log_hint()),
        None => error,
    }
}
