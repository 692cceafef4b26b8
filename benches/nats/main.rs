//! The embedded NATS server beside nats-server: the same loads on both, by turns, each a process of its own.
//! Prints a report in Markdown. `scripts/bench nats` runs it; `--quick` takes fewer rounds, and a word takes only the
//! loads with that word in their names.
//!
//! Clients of the core loads are plain sockets, so that what is measured is the server; those of KV are async-nats.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a report is printed, and a benchmark that cannot go on should panic"
)]

mod core;
mod kv;
#[path = "../walkthrough/report.rs"]
#[allow(dead_code, reason = "of another benchmark")]
mod report;
mod server;
mod wire;

use std::time::Duration;

use report::{Report, mib, spread};
use server::{Kind, Server};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Turns that each server gets with each load; the median counts.
    rounds: usize,
    /// Of one turn.
    time: Duration,
    starts: usize,
}

const FULL: Effort = Effort {
    rounds: 15,
    time: Duration::from_millis(600),
    starts: 21,
};
const QUICK: Effort = Effort {
    rounds: 5,
    time: Duration::from_millis(400),
    starts: 5,
};

/// A load, and what it does in a second.
struct Load {
    name: &'static str,
    rate: Box<Rate>,
}

/// Loads a server for so long, and says how much it did in a second.
type Rate = dyn FnMut(&Server, Duration) -> f64;

/// What one process of the benchmark does that it starts itself.
const SERVE: &str = "serve-embedded";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, store] = &args[..]
        && command == SERVE
    {
        return server::serve(store);
    }
    let (mut effort, mut words) = (FULL, Vec::new());
    for arg in &args {
        match arg.as_str() {
            "--quick" => effort = QUICK,
            // Cargo says that this is a benchmark, and the script which one.
            "--bench" | "nats" => {}
            word => words.push(word),
        }
    }
    let mut report = Report::new();
    loads(effort, &words, &mut report);
    if words.is_empty() {
        starts(effort, &mut report);
    }
    println!("{report}");
}

fn loads(effort: Effort, words: &[&str], report: &mut Report) {
    let (ours, theirs) = (Server::start(Kind::Embedded), Server::start(Kind::Nats));
    let head = [
        "load",
        "embedded /s",
        "nats-server /s",
        "embedded : nats-server",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for mut load in core::loads().into_iter().chain(kv::loads([&ours, &theirs])) {
        if !words.is_empty() && !words.iter().any(|it| load.name.contains(it)) {
            continue;
        }
        let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
        // Both warm up, too.
        for round in 0..=effort.rounds {
            let rates = [&ours, &theirs].map(|it| (load.rate)(it, effort.time));
            if round > 0 {
                of_ours.push(rates[0]);
                of_theirs.push(rates[1]);
            }
        }
        let pairs = of_ours.iter().zip(&of_theirs);
        let mut ratios: Vec<f64> = pairs.map(|(a, b)| a / b).collect();
        let (a, b) = (Rates::of(&mut of_ours), Rates::of(&mut of_theirs));
        let each = Rates::of(&mut ratios);
        let ratio = a.median / b.median;
        report.budget(load.name, format!("{ratio:.2}"), "≥ 1", ratio >= 1.0);
        rows.push(vec![
            load.name.to_owned(),
            a.to_string(),
            b.to_string(),
            format!("**{ratio:.2}** ({:.2} to {:.2})", each.least, each.most),
        ]);
    }
    let version = format!("Loads, beside nats-server {}", theirs.version());
    report.table(&version, &rows);
    if words.is_empty() {
        let row = |it: &Server| vec![it.kind().to_owned(), mib(it.resident())];
        let head = vec!["after all that".to_owned(), "resident".to_owned()];
        report.table("Memory after the loads", &[head, row(&ours), row(&theirs)]);
    }
}

/// From nothing to the first PONG, and what an idle server holds.
fn starts(effort: Effort, report: &mut Report) {
    let head = [
        "server",
        "process to first PONG",
        "resident, idle",
        "of it anonymous",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let kinds = [Kind::Embedded, Kind::Nats];
    let mut times = [Vec::new(), Vec::new()];
    let mut idle = Vec::new();
    for _ in 0..effort.starts {
        idle = kinds.map(Server::start).into();
        for (it, times) in idle.iter().zip(&mut times) {
            times.push(it.ready_after());
        }
    }
    for (it, times) in idle.iter().zip(&times) {
        if it.kind() == Kind::Embedded.name() {
            let limit = Duration::from_millis(20);
            report.time("embedded: process to first PONG", times, limit);
            let resident = it.resident();
            let held = resident < 20 << 20;
            report.budget("embedded: resident, idle", mib(resident), "< 20 MiB", held);
        }
        rows.push(vec![
            it.kind().to_owned(),
            spread(times),
            mib(it.resident()),
            mib(it.anonymous()),
        ]);
    }
    report.table("Start and idle memory", &rows);
}

/// What several turns had.
struct Rates {
    least: f64,
    median: f64,
    most: f64,
}

impl Rates {
    fn of(all: &mut [f64]) -> Self {
        all.sort_by(f64::total_cmp);
        Self {
            least: all[0],
            median: all[all.len() / 2],
            most: all[all.len() - 1],
        }
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            least,
            median,
            most,
        } = self;
        write!(f, "{median:.0} ({least:.0} to {most:.0})")
    }
}
