//! `wash up`: NATS, connections, host, in the order in which each needs the one before; then it waits, and stops
//! them in the reverse order.

mod detach;
mod domain;
mod files;
pub(crate) mod flags;
mod hubs;
mod leaf;
mod left;
mod nats;
mod parts;
mod plan;
mod processes;
mod ready;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::CommandResult;
use crate::cli::ctl::apply::Plan as Manifest;
use crate::cli::leaf::passphrase::PassphraseArgs;
use crate::cli::local;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::signals::Signals;
use crate::cli::trace::LogFormat;
use crate::config::connection::parse_duration;

use flags::HostFlags;
use parts::Parts;
use plan::Plan;
use ready::{Applied, Ready};

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
