//! How long commands, hosts and actors take to start.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use wash::lattice::LatticeName;
use wash::lattice::control::{Control, Gather};
use wash::lattice::event;
use wash::lattice::wire::{HostSummary, Map};

use super::Effort;
use super::report::{Report, mib, spread};
use super::stage::{Home, Nats, PATIENCE, Up, WASH, block_on};

const MS: Duration = Duration::from_millis(1);

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    commands(effort, report);
    hosts(effort, report);
    actors(effort, report);
}

fn commands(effort: Effort, report: &mut Report) {
    let home = Home::new();
    for flag in ["--version", "--help"] {
        let run = || {
            let mut command = home.wash(&[flag]);
            let begin = Instant::now();
            let status = command.stdout(Stdio::null()).status().unwrap();
            assert!(status.success());
            begin.elapsed()
        };
        run();
        let times: Vec<_> = (0..effort.runs).map(|_| run()).collect();
        report.time(&format!("`wash {flag}`, warm"), &times, 10 * MS);
    }
    let touched = home.path().read_dir().unwrap().count();
    let measured = format!("{touched} files");
    report.budget("left behind by `--help`", measured, "none", touched == 0);
    let size = std::fs::metadata(WASH).unwrap().len();
    report.budget("release binary", mib(size), "< 60 MB", size < 60_000_000);
}

fn hosts(effort: Effort, report: &mut Report) {
    let start = |home: &Home, args: &[&str]| {
        let mut up = Up::with(home, args);
        up.process.stop();
        up.ready_after
    };
    let home = Home::new();
    let child = ["--nats-port", "0"];
    let times: Vec<_> = (0..effort.starts).map(|_| start(&home, &child)).collect();
    report.time("`wash up` to ready, child nats-server", &times, 1000 * MS);

    let (home, nats) = (Home::new(), Nats::start());
    let existing = ["--nats-connect-only", "--nats-port", nats.port()];
    let times: Vec<_> = (0..effort.starts)
        .map(|_| start(&home, &existing))
        .collect();
    report.time("`wash up` to ready, existing NATS", &times, 300 * MS);

    let up = Up::with(&home, &existing);
    let times: Vec<_> = (0..effort.runs)
        .map(|_| {
            let (answer, time) = home.ask(&up.nats, &["ctl", "get", "hosts"]);
            assert_eq!(answer["hosts"].as_array().unwrap().len(), 1);
            time
        })
        .collect();
    report.time("`wash ctl get hosts`, one host", &times, 100 * MS);
}

fn actors(effort: Effort, report: &mut Report) {
    let home = Home::new();
    let actors: Vec<_> = (0..effort.starts)
        .map(|index| home.new_hello(&format!("hello-{index}")))
        .collect();
    let mut rows = vec![vec!["start of an actor".to_owned(), "time".to_owned()]];
    let mut row = |what: &str, times: &[Duration]| rows.push(vec![what.to_owned(), spread(times)]);

    let mut up = Up::start(&home);
    let (acks, events) = start_each(&up, &actors);
    row("request to ack", &acks);
    row("ack to event, not compiled yet", &events);
    up.process.stop();

    let mut up = Up::start(&home);
    let (_, events) = start_each(&up, &actors);
    let compiled = "start of a compiled actor, ack to event, host restarted";
    report.time(compiled, &events, 50 * MS);
    row("ack to event, compiled before, host restarted", &events);
    up.process.stop();

    let up = Up::start(&home);
    let times: Vec<_> = actors
        .iter()
        .map(|(path, _)| {
            let path = path.to_str().unwrap();
            let (answer, time) = home.ask(&up.nats, &["ctl", "start", "actor", path]);
            assert_eq!(answer["changed"], true);
            time
        })
        .collect();
    row("`wash ctl start actor`, compiled before", &times);
    report.table("Actors", &rows);
}

/// Starts each actor through the control interface; times from request to ack, and from ack to event.
fn start_each(up: &Up, actors: &[(PathBuf, String)]) -> (Vec<Duration>, Vec<Duration>) {
    block_on(async {
        let client = async_nats::connect(&up.nats).await.unwrap();
        let lattice = LatticeName::default();
        let mut events = event::follow(&client, &lattice).await.unwrap();
        let control = Control::new(client, lattice, None, PATIENCE);
        let gather = Gather {
            expect: Some(1),
            ..control.patience(PATIENCE)
        };
        let [host]: [HostSummary; 1] = control.hosts(gather).await.unwrap().try_into().unwrap();
        let (mut to_ack, mut to_event) = (Vec::new(), Vec::new());
        for (path, key) in actors {
            let begin = Instant::now();
            let ack = control
                .start_actor(&host, &reference(path), 1, &Map::new())
                .await
                .unwrap();
            assert!(ack.accepted, "{}", ack.error);
            let acked = Instant::now();
            to_ack.push(acked - begin);
            loop {
                let event = events.next().await.unwrap();
                let name = event.name();
                assert!(!name.ends_with("failed"), "{event:?}");
                if name.ends_with("started") && event.data["public_key"] == **key {
                    break;
                }
            }
            to_event.push(acked.elapsed());
        }
        (to_ack, to_event)
    })
}

fn reference(path: &Path) -> String {
    format!("file://{}", path.display())
}
