//! `wash up`: NATS, connections, host, in the order in which each needs the one before; then it waits, and stops
//! them in the reverse order.

mod detach;
mod domain;
mod files;
pub(crate) mod flags;
mod hubs;
mod leaf;
mod nats;
mod parts;
mod plan;
mod processes;
mod ready;
mod signals;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::CommandResult;
use crate::cli::ctl::apply::Plan as Manifest;
use crate::cli::leaf::passphrase::PassphraseArgs;
use crate::cli::local;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::trace::LogFormat;
use crate::config::connection::parse_duration;

use flags::HostFlags;
use parts::Parts;
use plan::Plan;
use ready::{Applied, Ready};
use signals::Signals;

/// Start a host, and a NATS server if none answers
///
/// Uses a NATS server that answers at the address, and never stops it; otherwise starts a nats-server, which ends
/// with the host. Ctrl-C stops the host in stages: no new work, running calls finish, providers stop, goodbye. A
/// second Ctrl-C hurries.
///
/// Settings come from flags, before environment variables and `.env`, before host_config.json, before defaults.
#[derive(Debug, clap::Args)]
pub(crate) struct UpArgs {
    /// Run in the background; returns once the host answers on its lattice
    #[arg(short, long)]
    detached: bool,

    /// How long everything may take to be ready
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    ready_timeout: Duration,

    /// Start the actors, providers and links of this manifest, and wait until they run
    #[arg(long, value_name = "FILE")]
    apply: Option<PathBuf>,

    /// Replace ${VARIABLE:default} in the manifest
    #[arg(long, requires = "apply")]
    expand_env: bool,

    /// Read and write this host configuration [env: WASH_HOST_CONFIG, HOST_CONFIG]
    #[arg(long, value_name = "FILE")]
    host_config: Option<PathBuf>,

    /// Keep nothing: no configuration, no lattice state, no compiled code
    #[arg(long)]
    ephemeral: bool,

    /// Label of the host; may be repeated [env: HOST_*, WASMCLOUD_LABEL_*]
    #[arg(short, long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,

    /// Join a lattice with the bundle that `wash leaf bundle` made; flags and variables win over it
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    #[command(flatten)]
    host: HostFlags,
}

/// One attempt to connect to a NATS that is known to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl UpArgs {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        let log = detach::log_of_background(&session.env);
        if self.detached && log.is_none() {
            let ready = session.block_on(detach::run(session, self.ready_timeout))?;
            return Ok(Box::new(ready));
        }
        if log.is_some() {
            detach::leave_terminal();
        }
        let background = log.is_some();
        let result = session.block_on_threads(self.stay(session, log));
        if let (true, Err(error)) = (background, &result) {
            detach::report_failure(error);
        }
        result
    }

    /// Starts, waits, stops.
    async fn stay(self, session: &Session, log: Option<PathBuf>) -> CommandResult {
        files::allow_many();
        let mut signals = Signals::install().map_err(|error| {
            CommandError::new(Kind::General, "cannot watch for signals").because(error)
        })?;
        let plan = Plan::make(&self, session).await?;
        let manifest = self.manifest(&plan)?;
        start_logging(&plan, session)?;
        local::forget_dead(&plan.dirs.state).await;
        let mut parts = Parts::default();
        // Each part has a limit of its own and says more when it is reached.
        let limit = self.ready_timeout.saturating_add(Duration::from_secs(1));
        let started = tokio::select! {
            started = tokio::time::timeout(limit, parts.start(&plan, log, &self)) => {
                started.unwrap_or_else(|_| Err(not_ready(self.ready_timeout)))
            }
            signal = signals.next() => {
                tracing::info!("{signal} while starting: stopping");
                parts.stop(&plan, &mut signals).await;
                return Ok(Box::new(Sentence::new("stopped", serde_json::json!({"stopped": signal}))));
            }
        };
        let mut ready = match started {
            Ok(it) => it,
            Err(error) => {
                parts.stop(&plan, &mut signals).await;
                return Err(error);
            }
        };
        if plan.cluster.is_new {
            warn_about_cluster(&plan);
        }
        let outcome = tokio::select! {
            outcome = serve(session, &plan, manifest.as_ref(), &parts, &mut ready) => outcome,
            signal = signals.next() => {
                tracing::info!("{signal}: stopping; once more to hurry");
                Ok(())
            }
        };
        parts.stop(&plan, &mut signals).await;
        outcome?;
        let text = format!("host {} has stopped", ready.host_id);
        Ok(Box::new(Sentence::new(
            text,
            serde_json::json!({"host_id": ready.host_id}),
        )))
    }

    /// Read before anything starts, so that a manifest with mistakes touches nothing.
    fn manifest(&self, plan: &Plan) -> Result<Option<Manifest>, CommandError> {
        let variables = self.expand_env.then_some(&plan.env);
        let read = |path: &PathBuf| Manifest::read(path, variables, true);
        self.apply.as_ref().map(read).transpose()
    }
}

/// Tells that the host is ready, and waits until it ends by itself or NATS is gone.
async fn serve(
    session: &Session,
    plan: &Plan,
    manifest: Option<&Manifest>,
    parts: &Parts,
    ready: &mut Ready,
) -> Result<(), CommandError> {
    let ended = parts.ended();
    tokio::pin!(ended);
    let mut refused = None;
    if let Some(manifest) = manifest {
        tracing::info!("host {} is ready; applying the manifest", ready.host_id);
        let applied = tokio::select! {
            applied = parts.apply(manifest, plan, ready, session) => applied,
            outcome = &mut ended => return outcome,
        };
        match applied {
            Ok(it) => ready.applied = it,
            Err(error) => {
                ready.applied = error
                    .answer()
                    .map(|it| Applied::new(it, &session.output.page));
                let stop = format!("the host runs on; stop it with: {}", ready.kill_command());
                refused = Some(error.hint(stop));
            }
        }
    }
    match refused {
        refused if ready.log.is_some() => detach::report_ready(ready, refused.as_ref()),
        None => session.output.answer_now(ready),
        Some(error) => session.output.failure_now(&error.after(ready.clone())),
    }
    ended.await
}

/// What runs, in the order in which it was started.
#[derive(Debug, Default)]
struct Parts {
    held: Option<(Held, Record)>,
    nats: Option<Nats>,
    /// Tells in the log how the leaf links fare.
    leaf: Option<AbortOnDropHandle<()>>,
    ctl: Option<async_nats::Client>,
    host: Option<Host>,
}

impl Parts {
    async fn start(
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
            self.leaf = leaf::watch(&child.server, &plan.remotes, links.up);
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
        let host = Host::start(config, ctl.clone(), rpc)
            .await
            .map_err(|error| match error {
                StartError::State(StateError::NoJetStream) => no_jetstream(&record.nats.url),
                error => CommandError::new(Kind::General, "cannot start the host").because(error),
            })?;
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
            host_id: record.host_id,
            name: record.name,
            pid: std::process::id(),
            lattice: record.lattice,
            nats_url: record.nats.url,
            nats_pid: record.nats.process.map(|it| it.pid),
            nats_version: info.version,
            nats_log: record.nats.log,
            cluster_signer: plan.cluster.seed.public(),
            cluster_issuers: plan.cluster.issuers.clone(),
            log,
            host_config: plan.host_config.clone(),
            leaf: links,
            applied: None,
        })
    }

    /// Carries out a manifest on the host that has just started, as `wash ctl apply` does.
    async fn apply(
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
    async fn ended(&self) -> Result<(), CommandError> {
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
    async fn stop(&mut self, plan: &Plan, signals: &mut Signals) {
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
        let (Some((_, own)), Some(Nats { child: Some(_), .. })) = (&self.held, &self.nats) else {
            return;
        };
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
        },
        credentials,
        tls: ctl.tls,
        log: log.clone(),
    }
}

fn start_logging(plan: &Plan, session: &Session) -> Result<(), CommandError> {
    let mut logging = session.logging.clone();
    if plan.settings.structured_logging {
        logging.format = Some(LogFormat::Json);
    }
    let level = plan
        .settings
        .log_level
        .as_ref()
        .map(|it| it.value.to_ascii_lowercase());
    let level = match level.as_deref() {
        None | Some("notice") => "info",
        Some("warning") => "warn",
        Some("critical" | "alert" | "emergency") => "error",
        Some(it) => it,
    };
    logging.start(level)
}

/// What hosts of the time say in the same case, without the seed.
fn warn_about_cluster(plan: &Plan) {
    let signer = plan.cluster.seed.public();
    tracing::warn!("WARNING. You are using an ad hoc generated cluster seed.");
    tracing::warn!("Calls of this host are signed by {signer}.");
    match &plan.host_config {
        Some(path) => tracing::warn!(
            "The seed is kept in {}. Other hosts of this lattice need the same in WASMCLOUD_CLUSTER_SEED.",
            path.display()
        ),
        None => tracing::warn!(
            "It is gone when the host stops. For a lasting one, set WASMCLOUD_CLUSTER_SEED: wash keys gen cluster --env"
        ),
    }
}

fn not_ready(limit: Duration) -> CommandError {
    CommandError::new(Kind::Timeout, format!("not ready within {limit:?}"))
        .hint("allow more with --ready-timeout")
}
