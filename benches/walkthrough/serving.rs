//! Requests through httpserver to hello, beside the same load on others.

use super::Effort;
use std::time::Duration;

use super::load::{self, Outcome};
use super::report::{Report, mib, text};
use super::stage::{Home, Up, examples, free_address};
use super::target::{self, Target};

const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Calls of hello that may run at once: no fewer than connections, as the others have no limit either.
const COUNT: &str = "64";

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let home = Home::new();
    let (wash, nats) = hello(&home);
    let answer = load::ask(wash.address).unwrap();
    let body = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let bare = target::bare(&home, &answer[body..]);
    let mut targets = vec![bare, wash];
    match target::wasmtime(&home) {
        Some(it) => targets.push(it),
        None => eprintln!("WASH_BENCH_WASMTIME is not set: nothing to compare with"),
    }

    let mut rows = vec![columns(&[
        "connections",
        "target",
        "requests/s",
        "to bare hyper",
        "CPU per request",
        "p50",
        "p99",
    ])];
    for connections in CONNECTIONS {
        let outcomes = under_load(&targets, connections, effort);
        let bare = outcomes[0].0.rate;
        for (target, (it, cpu)) in targets.iter().zip(&outcomes) {
            rows.push(vec![
                connections.to_string(),
                target.name.to_owned(),
                format!("{:.0}", it.rate),
                format!("{:.2}", it.rate / bare),
                text(*cpu),
                text(it.p50),
                text(it.p99),
            ]);
        }
        if let [_, (wash, _), (wasmtime, _)] = &outcomes[..] {
            let ratio = wash.rate / wasmtime.rate;
            report.budget(
                &format!("requests/s at {connections} connections, wash : wasmtime serve"),
                format!("{ratio:.2}"),
                "≥ 1",
                ratio >= 1.0,
            );
        }
    }
    scale(&home, &nats, "1");
    let (it, cpu) = under_load(&targets[1..=1], 64, effort)[0];
    rows.push(vec![
        "64".to_owned(),
        format!("{}, count 1", targets[1].name),
        format!("{:.0}", it.rate),
        String::new(),
        text(cpu),
        text(it.p50),
        text(it.p99),
    ]);
    report.table("HTTP", &rows);
    let mut rows = vec![columns(&["target", "resident memory after the load"])];
    for target in &targets {
        let memory = target.process.memory().resident;
        rows.push(vec![target.name.to_owned(), mib(memory)]);
    }
    report.table("Memory after the load", &rows);
}

/// hello behind httpserver, started as its manifest says, and its NATS.
fn hello(home: &Home) -> (Target, String) {
    let address = free_address();
    let manifest = std::fs::read_to_string(examples().join("hello/lattice.yaml")).unwrap();
    let manifest = manifest.replace("127.0.0.1:8081", &address.to_string());
    std::fs::write(home.path().join("lattice.yaml"), manifest).unwrap();
    let module = home.path().join("hello.wasm");
    std::fs::copy(examples().join("hello/hello.wasm"), module).unwrap();
    let up = Up::start(home);
    home.ask(&up.nats, &["ctl", "apply", "lattice.yaml"]);
    scale(home, &up.nats, COUNT);
    let target = Target {
        name: "wash: httpserver → hello",
        address,
        process: up.process,
    };
    (target, up.nats)
}

fn scale(home: &Home, nats: &str, count: &str) {
    home.ask(nats, &["ctl", "scale", "actor", "hello", "--count", count]);
}

/// The median round of each target, and the CPU time it took per request in all rounds, which says more than
/// anything else on a busy machine. Targets take turns, so that what else the machine does hits all of them.
fn under_load(targets: &[Target], connections: usize, effort: Effort) -> Vec<(Outcome, Duration)> {
    let cpu = |it: &Target| it.process.cpu();
    let before: Vec<_> = targets.iter().map(cpu).collect();
    let mut rounds = vec![Vec::new(); targets.len()];
    for _ in 0..effort.rounds {
        for (target, outcomes) in targets.iter().zip(&mut rounds) {
            let outcome = load::run(target.address, connections, effort.warm_up, effort.time);
            outcomes.push(outcome.unwrap_or_else(|error| panic!("{}: {error}", target.name)));
        }
    }
    let spent = targets
        .iter()
        .map(cpu)
        .zip(before)
        .map(|(after, before)| after - before);
    let sum_up = |(mut outcomes, spent): (Vec<Outcome>, Duration)| {
        let answers: usize = outcomes.iter().map(|it| it.answers).sum();
        outcomes.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        (outcomes[outcomes.len() / 2], spent.div_f64(answers as f64))
    };
    rounds.into_iter().zip(spent).map(sum_up).collect()
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&it| it.to_owned()).collect()
}
