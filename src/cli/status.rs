//! `wash status`: the hosts that `wash up` started here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::config::running::Record;

use super::CommandResult;
use super::local;
use super::output::{Answer, Page};
use super::report::{CommandError, Kind};
use super::session::Session;
use super::table::{KEEP, Table};

/// Show the hosts that `wash up` started on this machine
///
/// Exits with 0 if one of them answers on its lattice, with 1 if some run and none answers, and with 3 if none
/// runs. `wash get hosts` shows every host of a lattice.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {}

impl StatusArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let records = local::alive(local::state(session)?)?;
        let answers = records.iter().map(|it| local::answers(session, it));
        let answers = futures_util::future::join_all(answers).await;
        let rows: Vec<Row> = records.into_iter().zip(answers).map(Row::new).collect();
        let status = Status { rows };
        if status.rows.iter().any(|it| it.answers) {
            return Ok(Box::new(status));
        }
        Err(if status.rows.is_empty() {
            CommandError::new(Kind::NotFound, "no host runs on this machine")
                .hint("start one with `wash up`")
        } else {
            CommandError::new(
                Kind::General,
                "no host on this machine answers on its lattice",
            )
            .hint("their logs may tell why; end them with `wash down --all`")
        }
        .after(status))
    }
}

struct Row {
    record: Record,
    answers: bool,
    uptime: Duration,
}

impl Row {
    fn new((record, answers): (Record, bool)) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let uptime = now.as_secs().saturating_sub(record.process.started);
        Self {
            record,
            answers,
            uptime: Duration::from_secs(uptime),
        }
    }

    fn state(&self) -> &'static str {
        match (self.record.ready, self.answers) {
            (false, _) => "starting",
            (true, true) => "yes",
            (true, false) => "no",
        }
    }
}

struct Status {
    rows: Vec<Row>,
}

impl Answer for Status {
    fn fields(&self) -> Map<String, Value> {
        let host = |row: &Row| {
            let it = &row.record;
            json!({
                "host_id": it.host_id,
                "name": it.name,
                "pid": it.process.pid,
                "ready": it.ready,
                "answers": row.answers,
                "uptime_seconds": row.uptime.as_secs(),
                "lattice": it.lattice,
                "nats_url": it.nats.url,
                "nats_kind": it.nats.kind(),
                "nats_pid": it.nats_pid(),
                "nats_dir": it.nats.dir,
                "nats_log": it.nats.log,
                "log": it.log,
            })
        };
        let hosts: Vec<Value> = self.rows.iter().map(host).collect();
        Map::from_iter([("hosts".to_owned(), hosts.into())])
    }

    fn text(&self, page: &Page) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new([
            ("HOST", KEEP),
            ("NAME", 7),
            ("ANSWERS", 8),
            ("LATTICE", 6),
            ("UPTIME", 4),
            ("PID", 5),
            ("NATS", 3),
            ("KIND", 2),
            ("NATS PID", 2),
            ("LOG", 1),
        ]);
        for row in &self.rows {
            let it = &row.record;
            let log = it.log.as_ref().map(|it| it.display().to_string());
            table.row([
                it.host_id.clone(),
                it.name.clone(),
                row.state().to_owned(),
                it.lattice.clone(),
                humantime::format_duration(row.uptime)
                    .to_string()
                    .replace(' ', ""),
                it.process.pid.to_string(),
                it.nats.url.clone(),
                it.nats.kind().to_owned(),
                it.nats_pid().map_or_else(String::new, |it| it.to_string()),
                log.unwrap_or_default(),
            ]);
        }
        table.render(page)
    }

    fn names(&self) -> Vec<String> {
        self.rows
            .iter()
            .map(|it| it.record.host_id.clone())
            .collect()
    }
}
