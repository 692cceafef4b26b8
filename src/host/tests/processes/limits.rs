//! The limits of provider processes: that they bite, that an end is laid to them, and that a host does not start
//! where they cannot be held.

use super::*;
use crate::host::Bounds;

/// Room for threads and libraries, but not for what the test provider hoards.
const MEMORY: u64 = 512 << 20;

/// What a host with these limits says at its start.
async fn start(bounds: Bounds) -> Result<(), StartError> {
    let nats = NatsServer::start().await;
    let files = tempfile::tempdir().unwrap();
    let mut config = config(&Seed::generate(KeyKind::Cluster));
    config.processes = Processes::new(files.path(), nats.url().to_owned());
    config.processes.bounds = bounds;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = Host::start(config, nats.client().await, nats.client().await).await?;
    timeout(host.shutdown(Duration::from_secs(5))).await;
    Ok(())
}

/// With groups it is memory, otherwise address space: an end that is laid to the limit either way, and a provider
/// that comes back.
#[tokio::test]
async fn a_provider_that_needs_too_much_memory_ends_and_the_limit_is_named() {
    let bench = Bench::with(|config| {
        config.processes.bounds.memory = Some(MEMORY);
    })
    .await;
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    let limits = inventory.provider_limits.unwrap();
    assert_eq!(limits.memory.xor(limits.address_space), Some(MEMORY));
    let packed = bench.run("").await;
    // It is not answered, and its time may be over long after.
    let hoard = async {
        let _ = bench.tell(&packed, "Hoard").await;
        std::future::pending().await
    };
    let stopped = tokio::select! {
        stopped = bench.event("provider_stopped") => stopped,
        never = hoard => never,
    };
    let reason = stopped["reason"].as_str().unwrap();
    let why = match limits.memory {
        Some(_) => "signal 9 (SIGKILL): it needed more than its 512 MiB of memory",
        None => "signal 6 (SIGABRT): its address space is limited to 512 MiB",
    };
    assert!(reason.starts_with(why), "{reason}");
    bench.unhealthy("512 MiB").await;
    bench.event("provider_started").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
}

/// Where the system has what it takes, a provider is held to its share; where not, the host does not start.
#[tokio::test]
async fn cpus_and_tasks_are_limited_or_the_host_does_not_start() {
    let bounds = Bounds {
        millicpus: Some(250),
        tasks: Some(40),
        ..Bounds::default()
    };
    match start(bounds).await {
        Ok(()) => {}
        Err(StartError::Limits(reason)) => {
            let known = [
                "no control groups",
                "no controller",
                "cannot make the control group",
                "has to be the host's own",
                "cannot hand out",
                "is not mounted",
                "cannot move into",
            ];
            assert!(known.iter().any(|it| reason.contains(it)), "{reason}");
            tell(&reason);
            return;
        }
        Err(error) => panic!("{error}"),
    }
    let bench = Bench::with(|config| config.processes.bounds = bounds).await;
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    let limits = inventory.provider_limits.unwrap();
    assert_eq!((limits.cpus, limits.tasks), (Some(0.25), Some(40)));
    let packed = bench.run("").await;
    let group = bench.said(&packed, "Group").await;
    let path = group.lines().find_map(|it| it.strip_prefix("0::")).unwrap();
    assert!(path.contains("/wash-"), "{group}");
    let share: u64 = bench.said(&packed, "Spin").await.parse().unwrap();
    assert!(share <= 50, "{share} % of a CPU");
    let children: u64 = bench.said(&packed, "Breed").await.parse().unwrap();
    assert!(children < 40, "{children} children");
    bench.crash(&packed).await;
    let stopped = bench.event("provider_stopped").await;
    let reason = stopped["reason"].as_str().unwrap();
    let expected = "exit status 4: it reached its limit of 40 processes and threads";
    assert_eq!(reason, expected);
    bench.event("provider_started").await;
    assert_ne!(bench.said(&packed, "Group").await, group);
    timeout(bench.host.shutdown(Duration::from_secs(5))).await;
    let groups = walk(std::path::Path::new("/sys/fs/cgroup"));
    let mark = path.rsplit('/').nth(1).unwrap();
    assert!(!groups.iter().any(|it| it == mark), "{mark} is left");
}

#[expect(clippy::print_stdout, reason = "what this machine could not test")]
fn tell(reason: &str) {
    println!("no control groups for tests here: {reason}");
}

/// A memory limit alone is never a reason not to start.
#[tokio::test]
async fn memory_alone_can_always_be_limited() {
    let memory = Some(MEMORY);
    let bounds = Bounds {
        memory,
        ..Bounds::default()
    };
    start(bounds).await.unwrap();
}

/// The names of all folders.
fn walk(dir: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            names.extend(entry.file_name().into_string());
            names.extend(walk(&entry.path()));
        }
    }
    names
}
