//! `wash down`: stops what `wash up` started here, and nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::config::connection::parse_duration;
use crate::config::running::{self, Record};
use crate::nats::process::Signal;

use super::CommandResult;
use super::local;
use super::output::{Answer, Page};
use super::report::{CommandError, Kind};
use super::session::Session;

/// Stop a host that `wash up` started on this machine
///
/// The host finishes what it runs, and this command returns when it is gone together with the NATS server that was
/// started for it. Other hosts and NATS servers are left alone. That nothing
/// runs is no error.
#[derive(Debug, clap::Args)]
pub(crate) struct DownArgs {
    /// Id, name, or the beginning of either; may be left out if one host runs
    #[arg(value_name = "HOST")]
    host: Option<String>,

    /// Stop every host that runs on this machine
    #[arg(long, conflicts_with = "host")]
    all: bool,

    /// Kill what has not stopped in time
    #[arg(long)]
    force: bool,

    /// How long a host may take to stop
    #[arg(short, long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
}

/// How long running calls may take to finish.
const GRACE: Duration = Duration::from_secs(10);

/// After a kill, until the system has noticed.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// How often it is looked whether a host is gone.
const POLL: Duration = Duration::from_millis(20);

impl DownArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let state = local::state(session)?;
        let orphans = local::forget_dead(state).await;
        let mut down = Down {
            stopped: Vec::new(),
            orphans: orphans
                .into_iter()
                .filter_map(|it| it.record.nats.process)
                .map(|it| it.pid)
                .collect(),
        };
        let mut wanted = self.choose(local::alive(state)?)?;
        // Those whose NATS others may use go last.
        wanted.sort_by_key(|it| it.nats_pid().is_some());
        for record in wanted {
            let spinner = session
                .output
                .spinner(format!("stopping host {}", record.host_id));
            let stopped = self.stop(session, state, &record).await;
            drop(spinner);
            if let Err(error) = stopped {
                return Err(error.after(down));
            }
            down.stopped.push(record);
        }
        // A host that had to be killed leaves its server to us.
        local::forget_dead(state).await;
        Ok(Box::new(down))
    }

    fn choose(&self, running: Vec<Record>) -> Result<Vec<Record>, CommandError> {
        let Some(wanted) = &self.host else {
            if running.len() > 1 && !self.all {
                return Err(ambiguous("several hosts run on this machine", &running));
            }
            return Ok(running);
        };
        let exact = |it: &Record| it.host_id.eq_ignore_ascii_case(wanted) || it.name == *wanted;
        let begins = |text: &str| {
            let start = text.get(..wanted.len());
            wanted.len() >= MIN_PREFIX && start.is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        };
        let mut found: Vec<Record> = running.iter().filter(|it| exact(it)).cloned().collect();
        if found.is_empty() {
            let near = running
                .iter()
                .filter(|it| begins(&it.host_id) || begins(&it.name));
            found = near.cloned().collect();
        }
        match found.len() {
            0 => {
                let message = format!("no host '{wanted}' was started on this machine");
                let error = CommandError::new(Kind::NotFound, message)
                    .hint("`wash status` shows those that were");
                Err(error.hint("a host elsewhere stops with `wash stop host`"))
            }
            1 => Ok(found),
            _ => Err(ambiguous(&format!("'{wanted}' fits several hosts"), &found)),
        }
    }

    async fn stop(
        &self,
        session: &Session,
        state: &Path,
        record: &Record,
    ) -> Result<(), CommandError> {
        let deadline = Instant::now() + self.timeout;
        let process = local::process(record.process);
        // The signal needs neither NATS nor credentials, and the lock proves whose process it is.
        if !process.signal(Signal::Terminate) {
            ask(session, record).await;
        }
        let mut gone = is_gone(state, record, deadline).await;
        if !gone && self.force {
            process.signal(Signal::Kill);
            gone = is_gone(state, record, Instant::now() + AFTER_KILL).await;
        }
        if gone {
            return Ok(());
        }
        let message = format!(
            "host {} has not stopped within {:?}",
            record.host_id, self.timeout
        );
        Err(CommandError::new(Kind::Timeout, message)
            .hint("it may still; see `wash status`, allow more with --timeout, or use --force"))
    }
}

/// Shorter beginnings would fit by accident.
const MIN_PREFIX: usize = 4;

fn ambiguous(message: &str, candidates: &[Record]) -> CommandError {
    let mut error = CommandError::new(Kind::Ambiguous, message)
        .hint("name one of them, or stop all with --all:");
    for it in candidates {
        error = error.hint(format!("{} ({})", it.host_id, it.name));
    }
    error
}

/// Asks a host on its lattice to stop, where it cannot be signalled.
async fn ask(session: &Session, record: &Record) {
    let stop = async {
        let control = local::control(session, record).await?;
        Ok::<_, CommandError>(control.stop_host(&record.host_id, GRACE).await?)
    };
    if let Err(error) = stop.await {
        tracing::warn!("cannot ask host {} to stop: {error}", record.host_id);
    }
}

/// Waits until a host has given up its lock and its process has ended.
async fn is_gone(state: &Path, record: &Record, deadline: Instant) -> bool {
    let process = local::process(record.process);
    loop {
        let holds = running::list(state)
            .unwrap_or_default()
            .iter()
            .any(|it| it.alive && it.record.host_id == record.host_id);
        if !holds && !process.is_running() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
}

struct Down {
    stopped: Vec<Record>,
    /// NATS servers whose host was gone.
    orphans: Vec<u32>,
}

impl Answer for Down {
    fn fields(&self) -> Map<String, Value> {
        let host = |it: &Record| {
            json!({
                "host_id": it.host_id,
                "name": it.name,
                "pid": it.process.pid,
                "nats_kind": it.nats.kind(),
                "nats_pid": it.nats_pid(),
            })
        };
        let stopped: Vec<Value> = self.stopped.iter().map(host).collect();
        let nats =
            !self.orphans.is_empty() || self.stopped.iter().any(|it| it.nats_pid().is_some());
        Map::from_iter([
            (
                "changed".to_owned(),
                (!stopped.is_empty() || !self.orphans.is_empty()).into(),
            ),
            // As older versions name them.
            ("host_stopped".to_owned(), (!stopped.is_empty()).into()),
            ("nats_stopped".to_owned(), nats.into()),
            ("stopped".to_owned(), stopped.into()),
            ("orphaned_nats_pids".to_owned(), self.orphans.clone().into()),
        ])
    }

    fn text(&self, _: &Page) -> String {
        let mut lines = Vec::new();
        for it in &self.stopped {
            let nats = match it.nats.process {
                Some(_) => ", and the NATS server started for it",
                None if it.nats.embedded => ", and the NATS server in it",
                None => "; NATS stays, since it was there before",
            };
            lines.push(format!("stopped host {} ({}){nats}", it.host_id, it.name));
        }
        for pid in &self.orphans {
            lines.push(format!(
                "ended the NATS server of a host that was killed (pid {pid})"
            ));
        }
        if lines.is_empty() {
            return "nothing is running".to_owned();
        }
        lines.join("\n")
    }

    fn names(&self) -> Vec<String> {
        self.stopped.iter().map(|it| it.host_id.clone()).collect()
    }
}
