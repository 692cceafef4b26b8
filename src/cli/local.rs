//! Hosts that `wash up` started on this machine: which run, how to reach them, and what those that were killed
//! have left behind.

use std::path::Path;
use std::time::Duration;

use crate::config::running::{self, Entry, Process, Record};
use crate::lattice::LatticeName;
use crate::lattice::connect::{Credentials, connect};
use crate::lattice::control::Control;
use crate::nats::ProcessId;

use super::args::ConnectionArgs;
use super::report::{CommandError, Kind};
use super::session::{Session, options};

/// NATS writes out its store when it stops.
const NATS_GRACE: Duration = Duration::from_secs(10);

/// A server on this machine answers at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// The directory of what runs.
pub(crate) fn state(session: &Session) -> Result<&Path, CommandError> {
    let dirs = session.dirs.as_ref().ok_or_else(|| {
        CommandError::new(
            Kind::General,
            "there is no home directory to find running hosts in",
        )
        .hint("set WASH_HOME to the directory that `wash up` had")
    })?;
    Ok(&dirs.state)
}

/// Hosts that run, by name.
pub(crate) fn alive(state: &Path) -> Result<Vec<Record>, CommandError> {
    let entries = running::list(state).map_err(|error| {
        let state = state.display();
        CommandError::new(Kind::General, format!("cannot read what runs from {state}"))
            .because(error)
    })?;
    let alive = entries.into_iter().filter(|it| it.alive);
    Ok(alive.map(|it| it.record).collect())
}

/// Forgets every host that has ended, and ends the NATS servers that were theirs. Returns those that had one.
pub(crate) async fn forget_dead(state: &Path) -> Vec<Entry> {
    let mut orphaned = Vec::new();
    for entry in running::list(state).unwrap_or_default() {
        if entry.alive {
            continue;
        }
        let orphan = entry.record.nats.process.map(process);
        if let Some(orphan) = orphan.filter(|it| it.is_running()) {
            tracing::info!(
                pid = orphan.pid,
                "ending the NATS server of a host that is gone"
            );
            if !orphan.end(NATS_GRACE).await {
                continue;
            }
            orphaned.push(entry.clone());
        }
        if let Err(error) = entry.forget() {
            tracing::debug!(%error, "cannot forget a host that is gone");
        }
    }
    orphaned
}

pub(crate) fn process(it: Process) -> ProcessId {
    ProcessId {
        pid: it.pid,
        started: it.started,
    }
}

/// A control client on the lattice of a host, with its credentials file or else the user's own settings.
pub(crate) async fn control(session: &Session, record: &Record) -> Result<Control, CommandError> {
    // Said as a flag, so that no other host that runs here is taken for the one that is meant.
    let settings = session.settings(&ConnectionArgs {
        server: Some(record.nats.url.clone()),
        ..ConnectionArgs::default()
    })?;
    let mut options = options(&settings);
    options.timeout = ANSWER_LIMIT;
    options.tls.required |= record.tls;
    if let Some(path) = &record.credentials {
        options.credentials = Credentials::File(path.clone());
    }
    let client = connect(&options).await?;
    let lattice: LatticeName = record.lattice.parse().map_err(|error| {
        CommandError::new(Kind::General, "cannot read the lattice of a running host").because(error)
    })?;
    let prefix = record.ctl_prefix.clone();
    Ok(Control::new(client, lattice, prefix, ANSWER_LIMIT))
}

/// Whether a host answers on its lattice.
pub(crate) async fn answers(session: &Session, record: &Record) -> bool {
    let ask = async {
        let control = control(session, record).await.ok()?;
        control.inventory(&record.host_id).await.ok()
    };
    let answer = tokio::time::timeout(ANSWER_LIMIT, ask).await;
    record.ready && answer.is_ok_and(|it| it.is_some())
}
