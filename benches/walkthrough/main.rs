//! The walkthrough, measured: the real binary in a sealed home, with a real nats-server, beside the same load on
//! a bare hyper server and on `wasmtime serve`. Prints a report in Markdown.
//!
//! `scripts/bench` runs it and fetches what it compares with. `--quick` takes fewer samples.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a report is printed, and a benchmark that cannot go on should panic"
)]

mod bucket;
mod crowd;
mod fleet;
mod idle;
mod latency;
mod load;
mod memory;
mod mesh;
mod report;
mod serving;
mod stage;
mod starting;
mod supply;
mod target;

// As the tests have them.
#[path = "../../tests/provider/build.rs"]
mod provider;
#[path = "../../tests/it/registry.rs"]
#[expect(dead_code, reason = "TLS and logins are not measured")]
mod registry;

use std::time::Duration;

use report::Report;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Of short commands.
    pub(crate) runs: usize,
    /// Of what starts processes.
    pub(crate) starts: usize,
    /// Times that each target of the load gets its turn; the median counts.
    pub(crate) rounds: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
    pub(crate) distinct_actors: usize,
}

impl Effort {
    const FULL: Self = Self {
        runs: 40,
        starts: 11,
        rounds: 5,
        warm_up: Duration::from_secs(1),
        time: Duration::from_secs(3),
        distinct_actors: 100,
    };
    const QUICK: Self = Self {
        runs: 11,
        starts: 3,
        rounds: 1,
        warm_up: Duration::from_millis(500),
        time: Duration::from_secs(1),
        distinct_actors: 20,
    };
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, body] = &args[..]
        && command == target::SERVE_BARE
    {
        return target::serve_bare(body.as_ref());
    }
    if let [command, url, signer] = &args[..]
        && command == latency::ANSWER_BARE
    {
        return latency::answer_bare(url, signer);
    }
    let mut effort = Effort::FULL;
    let mut sections = Vec::new();
    for arg in &args {
        match arg.as_str() {
            "--quick" => effort = Effort::QUICK,
            // Cargo says that this is a benchmark.
            "--bench" => {}
            section @ ("serving" | "starting" | "memory" | "fleet" | "supply" | "latency"
            | "scale" | "idle") => {
                sections.push(section);
            }
            other => {
                eprintln!(
                    "unknown: {other} (--quick, serving, starting, memory, fleet, supply, latency, scale, idle)"
                );
                std::process::exit(2);
            }
        }
    }
    let chosen = |it| sections.is_empty() || sections.contains(&it);

    let mut report = Report::new();
    if chosen("serving") {
        serving::measure(effort, &mut report);
    }
    if chosen("starting") {
        starting::measure(effort, &mut report);
    }
    if chosen("fleet") {
        fleet::measure(effort, &mut report);
    }
    if chosen("memory") {
        memory::measure(effort, &mut report);
    }
    if chosen("supply") {
        supply::measure(effort, &mut report);
    }
    // Only when asked for: other figures, for another document.
    if sections.contains(&"latency") {
        latency::measure(effort, &mut report);
    }
    if sections.contains(&"scale") {
        crowd::measure(effort, &mut report);
        bucket::measure(effort, &mut report);
    }
    if sections.contains(&"idle") {
        idle::measure(effort, &mut report);
    }
    println!("{report}");
}
