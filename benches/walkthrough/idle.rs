//! What a host costs on which nothing runs: wake-ups, CPU, and bytes over its leaf link.

use std::fs;
use std::time::Duration;

use super::Effort;
use super::mesh::{Mesh, Traffic};
use super::report::{Report, mib};
use super::stage::{Home, Process, Up};

/// Two heartbeats of a host.
const TIME: Duration = Duration::from_secs(60);

pub(crate) fn measure(_: Effort, report: &mut Report) {
    let mesh = Mesh::near();
    let home = Home::new();
    let bare = sample(&mesh, &[], TIME / 2);
    let up = Up::with(
        &home,
        &["--nats-connect-only", "--nats-port", mesh.b.port()],
    );
    // What it does at its start is over.
    std::thread::sleep(Duration::from_secs(2));
    let host = sample(&mesh, &[&up.process, &mesh.b.process], TIME);
    let follower = async_nats_follower(&mesh.a.url);
    let followed = sample(&mesh, &[], TIME);
    drop(follower);
    let seconds = TIME.as_secs_f64();
    let rate = |sum: u64, seconds: f64| format!("{:.1} /s", sum as f64 / seconds);
    let rows = [
        ["a host on which nothing runs".to_owned(), "cost".to_owned()],
        [
            "wake-ups of its process".to_owned(),
            rate(host.switches[0], seconds),
        ],
        [
            "CPU of its process".to_owned(),
            format!("{:.2} %", 100.0 * host.cpu[0].as_secs_f64() / seconds),
        ],
        [
            "resident memory".to_owned(),
            mib(up.process.memory().resident),
        ],
        [
            "wake-ups of its leaf node's server".to_owned(),
            rate(host.switches[1], seconds),
        ],
        [
            "bytes over the leaf link, no host".to_owned(),
            rate(bare.bytes, seconds / 2.0),
        ],
        [
            "bytes over the leaf link, one host".to_owned(),
            rate(host.bytes, seconds),
        ],
        [
            "the same while someone beyond the hub follows events".to_owned(),
            rate(followed.bytes, seconds),
        ],
    ];
    report.table("Idle", &rows.map(Vec::from));
}

struct Sample {
    switches: Vec<u64>,
    cpu: Vec<Duration>,
    bytes: u64,
}

fn sample(mesh: &Mesh, processes: &[&Process], time: Duration) -> Sample {
    let look = || {
        let switches: Vec<_> = processes.iter().map(|it| switches(it.id())).collect();
        let cpu: Vec<_> = processes.iter().map(|it| it.cpu()).collect();
        (switches, cpu, Traffic::of_leaf(&mesh.b))
    };
    let before = look();
    std::thread::sleep(time);
    let after = look();
    Sample {
        switches: after.0.iter().zip(&before.0).map(|(a, b)| a - b).collect(),
        cpu: after
            .1
            .iter()
            .zip(&before.1)
            .map(|(a, b)| *a - *b)
            .collect(),
        bytes: after.2.since(before.2).bytes,
    }
}

/// How often all its threads went to sleep.
fn switches(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads
        .filter_map(|it| fs::read_to_string(it.ok()?.path().join("status")).ok())
        .filter_map(|status| {
            let line = |it: &str| {
                it.strip_prefix("voluntary_ctxt_switches:")
                    .map(str::to_owned)
            };
            status.lines().find_map(line)?.trim().parse::<u64>().ok()
        })
        .sum()
}

/// Follows every event until it is dropped.
fn async_nats_follower(url: &str) -> tokio::runtime::Runtime {
    use futures_util::StreamExt as _;

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = url.to_owned();
    runtime.block_on(async {
        let client = async_nats::connect(url).await.unwrap();
        let mut events = client.subscribe("wasmbus.evt.>").await.unwrap();
        client.flush().await.unwrap();
        tokio::spawn(async move { while events.next().await.is_some() {} });
    });
    runtime
}
