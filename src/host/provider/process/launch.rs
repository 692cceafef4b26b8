//! One run of a provider's process: from its program to its end.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::bounds::Bounds;
use super::family::Family;
use super::group::Room;
use super::output::Output;
use super::spawn;
use crate::archive::par::Executable;
use crate::host::event::ProviderOrder;
use crate::host::provider::Surroundings;
use crate::lattice::host_data::HostData;
use crate::lattice::wire::LinkDefinition;

/// How long a process that was asked by signal may take.
const AFTER_TERMINATE: Duration = Duration::from_millis(500);

/// How long what it wrote may take to be read.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// A killed process is gone at once, unless the kernel waits for a device.
const AFTER_KILL: Duration = Duration::from_secs(2);

/// A process that runs. Dropping it ends it with all that it started.
#[derive(Debug)]
pub(super) struct Run {
    child: Child,
    family: Family,
    output: Output,
    /// Writes the first line, and then holds the pipe open.
    _stdin: AbortOnDropHandle<()>,
    close_stdin: Arc<Notify>,
    pub(super) since: Instant,
    bounds: Bounds,
}

/// Starts the process, with the links that it has from the start.
pub(super) async fn launch(
    order: &ProviderOrder,
    program: &Executable,
    around: &Surroundings,
    links: Vec<LinkDefinition>,
) -> Result<Run, String> {
    let place = &around.processes;
    let settings = &place.settings;
    let program = verified(order, program, around).await?;
    let open = place.open().await?;
    let family = open.yard.family();
    let cannot = |error: std::io::Error| format!("cannot make room for its process: {error}");
    let mut family = family.map_err(cannot)?;
    spawn::check(program.path())?;
    let door = family.room().map(Room::door).transpose();
    let command = spawn::command(
        &program,
        &family,
        &settings.environment,
        settings.bounds,
        door.map_err(cannot)?,
    );
    let mut child = (open.spawner.spawn(command).await)
        .map_err(|error| spawn::explain(&error, program.path()))?;
    family.lead_by(child.id());

    let line = host_data(order, around, links).to_line();
    let secrets = [
        around.rpc.identity().signer.reveal(),
        settings.nats_seed.clone(),
    ];
    let name = match order.facts.name.as_str() {
        "" => order.key.id.as_str(),
        name => name,
    };
    let output = Output::follow(&mut child, name, &secrets);
    let close_stdin = Arc::new(Notify::new());
    let (closed, pipe) = (Arc::clone(&close_stdin), child.stdin.take());
    let feed = tokio::spawn(async move {
        let Some(mut pipe) = pipe else { return };
        // It may not want to read, or be gone.
        if pipe.write_all(line.as_bytes()).await.is_ok() && pipe.flush().await.is_ok() {
            closed.notified().await;
        }
    });
    Ok(Run {
        child,
        family,
        output,
        _stdin: AbortOnDropHandle::new(feed),
        close_stdin,
        since: Instant::now(),
        bounds: settings.bounds,
    })
}

/// The program with the right content, taken anew from its archive if need be.
async fn verified(
    order: &ProviderOrder,
    program: &Executable,
    around: &Surroundings,
) -> Result<Executable, String> {
    let again = program.clone();
    let intact = tokio::task::spawn_blocking(move || again.verify()).await;
    if matches!(intact, Ok(Ok(()))) {
        return Ok(program.clone());
    }
    let archive = around.provisioner.load_anew(&order.reference).await;
    let archive = archive.map_err(|error| error.to_string())?;
    if archive.program.hash() != program.hash() {
        return Err(format!(
            "its program was removed from the cache, and {} holds another now",
            order.reference
        ));
    }
    Ok(archive.program)
}

fn host_data(
    order: &ProviderOrder,
    around: &Surroundings,
    link_definitions: Vec<LinkDefinition>,
) -> HostData {
    let settings = &around.processes.settings;
    let variable = |name: &str| {
        let mut all = settings.environment.iter();
        all.find(|(it, _)| it == name).map(|(_, it)| it.as_str())
    };
    let telemetry = [
        ("traces_exporter", "OTEL_TRACES_EXPORTER"),
        ("exporter_otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ];
    let otel_config = telemetry
        .iter()
        .filter_map(|(field, name)| Some(((*field).to_owned(), variable(name)?.into())))
        .collect();
    let identity = around.rpc.identity();
    let milliseconds = around.rpc_timeout.as_millis();
    HostData {
        host_id: around.host.to_string(),
        lattice_rpc_prefix: around.rpc.lattice().to_string(),
        link_name: order.key.link_name.clone(),
        lattice_rpc_user_jwt: settings.nats_jwt.clone(),
        lattice_rpc_user_seed: settings.nats_seed.clone(),
        lattice_rpc_url: settings.nats_url.clone(),
        lattice_rpc_tls: u8::from(settings.nats_url.starts_with("tls://")),
        env_values: Default::default(),
        instance_id: order.instance_id.clone(),
        provider_key: order.key.id.to_string(),
        link_definitions,
        config_json: order.configuration.clone().unwrap_or_default(),
        default_rpc_timeout_ms: u64::try_from(milliseconds).ok(),
        cluster_issuers: identity.issuers.clone(),
        invocation_seed: identity.signer.reveal(),
        enable_structured_logging: settings.structured_logging,
        structured_logging: settings.structured_logging,
        log_level: settings.log_level.clone(),
        js_domain: around.js_domain.clone(),
        otel_config,
    }
}

impl Run {
    /// Waits for its end, in the words of events. Safe to drop and call again.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => {
                self.family.orphaned();
                self.because(reason(status)).await
            }
            Err(error) => error.to_string(),
        }
    }

    /// With the limit that it reached, as far as that can be told.
    async fn because(&self, reason: String) -> String {
        if reason == "normal" {
            return reason;
        }
        let limit = match self.family.room() {
            Some(room) => room.reached(),
            None if self.bounds.memory.is_some() => {
                // What it wrote last is still being read.
                sleep(LAST_WORDS).await;
                self.bounds.explain(&reason, &self.last_words())
            }
            None => None,
        };
        match limit {
            Some(limit) => format!("{reason}: {limit}"),
            None => reason,
        }
    }

    /// The last lines that it wrote.
    pub(super) fn last_words(&self) -> String {
        self.output.last_words()
    }

    /// Lets it read to the end of its stdin.
    pub(super) fn close_stdin(&self) {
        self.close_stdin.notify_one();
    }

    /// Ends it by signals, unless it ends by itself within `grace`.
    pub(super) async fn end(mut self, grace: Duration) {
        if timeout(grace, self.ended()).await.is_err() {
            tracing::debug!("a provider's process does not end by itself");
            self.family.terminate();
            let _ = timeout(AFTER_TERMINATE, self.ended()).await;
        }
        let Self {
            mut child, family, ..
        } = self;
        // Kills what is left, by looking through the system.
        let _ = tokio::task::spawn_blocking(move || drop(family)).await;
        let _ = timeout(AFTER_KILL, child.wait()).await;
    }
}

fn reason(status: ExitStatus) -> String {
    if status.success() {
        return "normal".to_owned();
    }
    // `exit status: 1`, `signal: 9 (SIGKILL)`
    status.to_string().replacen(": ", " ", 1)
}
