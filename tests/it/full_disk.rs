//! Disks without room: what is fetched or unpacked says so, leaves nothing that would be believed later, and works
//! once there is room.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use serde_json::Value;
use wash::claims::{KeyKind, Seed};

use crate::artifact::module;
use crate::env::TestEnv;
use crate::process::build;
use crate::registry::{Registry, Wants};
use crate::up::{PATIENCE, Up, eventually};

const MIB: u64 = 1 << 20;

/// What no disk in these tests has room for, however much it has.
const BALLAST: usize = 6 << 20;

/// A command whose `dir` is a disk of this size, for it and its children alone.
fn with_disk(env: &mut TestEnv, dir: &str, size: u64) -> PathBuf {
    let dir = env.home().join(dir);
    std::fs::create_dir_all(&dir).unwrap();
    let flag = match rustix::process::geteuid().is_root() {
        true => "-m",
        false => "-rm",
    };
    let script = format!(r#"mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@""#);
    let path = dir.to_str().unwrap();
    env.within(&["unshare", flag, "sh", "-c", &script, path]);
    dir
}

/// As [`with_disk`]; when the command has ended, its files on that disk are listed on stderr.
fn with_listed_disk(env: &mut TestEnv, dir: &str, size: u64) {
    let dir = with_disk(env, dir, size);
    let listing = r#""$@"; code=$?; echo "left:" >&2; find "$0" -type f -size +0 >&2; exit $code"#;
    env.within_too(&["sh", "-c", listing, dir.to_str().unwrap()]);
}

fn left(stderr: &str) -> Vec<&str> {
    let (_, list) = stderr.split_once("left:\n").unwrap();
    list.lines().collect()
}

/// The size of files on the disk of a host, but for what fills it.
fn used(disk: &Path) -> u64 {
    let mut used = 0;
    for entry in std::fs::read_dir(disk).into_iter().flatten().flatten() {
        let meta = entry.metadata().unwrap();
        used += match meta.is_dir() {
            true => self::used(&entry.path()),
            false if entry.file_name() == FILLER => 0,
            false => meta.len(),
        };
    }
    used
}

const FILLER: &str = "filler";

/// Fills a disk, but for this much.
fn fill(disk: &Path, left: u64) {
    let path = disk.join(FILLER);
    let _ = std::fs::remove_file(&path);
    let mut file = File::create(path).unwrap();
    let piece = vec![1; 64 << 10];
    let full = std::iter::repeat_with(|| file.write_all(&piece)).find_map(Result::err);
    assert_eq!(full.unwrap().kind(), ErrorKind::StorageFull);
    let size = file.metadata().unwrap().len();
    file.set_len(size.checked_sub(left).unwrap()).unwrap();
}

/// An actor and a provider that are large, in a registry and in the home.
struct Pushed {
    actor: String,
    provider: String,
    actor_key: String,
}

fn push(env: &TestEnv, registry: &Registry) -> Pushed {
    let key = Seed::generate(KeyKind::Module);
    env.write("big.wasm", module(&key, 1, BALLAST));
    // What follows a program is not read by whoever runs it.
    let mut program = std::fs::read(build::program()).unwrap();
    program.extend(module(&key, 1, BALLAST));
    env.write("program", program);
    #[rustfmt::skip]
    let create = ["par", "create", "--keygen", "--binary", "program", "--capid", "wasmcloud:keyvalue", "--vendor",
        "tests", "--name", "Big", "--revision", "1", "--compress", "--destination", "big.par.gz"];
    let _ = env.run(&create).success();
    let (actor, provider) = (
        registry.reference("big/actor:1"),
        registry.reference("big/provider:1"),
    );
    for (reference, file) in [(&actor, "big.wasm"), (&provider, "big.par.gz")] {
        let _ = env.run(&["push", reference, file, "--insecure"]).success();
    }
    Pushed {
        actor,
        provider,
        actor_key: key.public(),
    }
}

#[test]
fn a_pull_onto_a_full_disk_leaves_nothing() {
    let registry = Registry::start(Wants::default());
    let desk = TestEnv::new();
    let pushed = push(&desk, &registry);
    let pull = |env: &TestEnv| {
        #[rustfmt::skip]
        let args = ["pull", &pushed.actor, "--insecure", "--destination", "out/actor.wasm"];
        env.run(&args)
    };
    let mut env = TestEnv::new();
    std::fs::create_dir(env.home().join("out")).unwrap();
    with_listed_disk(&mut env, ".cache", 2 * MIB);
    let failed = pull(&env).failure(1);
    assert!(failed.stderr.contains("No space left"), "{failed}");
    assert!(failed.stderr.contains("wash drain"), "{failed}");
    let kept: Vec<_> = left(&failed.stderr);
    let small = |it: &&str| it.contains("/manifests/") || it.contains("/tags/");
    assert!(kept.iter().all(small), "{failed}");
    assert!(!env.home().join("out/actor.wasm").exists());

    // Enough for the cache, but not for the file.
    let mut env = TestEnv::new();
    with_listed_disk(&mut env, "out", 2 * MIB);
    let failed = pull(&env).failure(1);
    assert!(failed.stderr.contains("No space left"), "{failed}");
    assert!(failed.stderr.contains("--destination"), "{failed}");
    assert!(left(&failed.stderr).is_empty(), "{failed}");

    let mut env = TestEnv::new();
    with_listed_disk(&mut env, "out", 20 * MIB);
    let pulled = pull(&env).success();
    assert_eq!(left(&pulled.stderr).len(), 1, "{pulled}");
}

/// Follows the lattice's events of failed starts.
struct Failures {
    runtime: tokio::runtime::Runtime,
    events: async_nats::Subscriber,
}

impl Failures {
    fn follow(url: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let events = runtime.block_on(async {
            let client = async_nats::connect(url).await.unwrap();
            let events = client.subscribe("wasmbus.evt.default.*").await.unwrap();
            client.flush().await.unwrap();
            events
        });
        Self { runtime, events }
    }

    /// Waits for one that says all of this.
    fn heard(&mut self, words: &[&str]) {
        let events = &mut self.events;
        let failed = async {
            loop {
                let message = events.next().await.unwrap();
                let event: Value = serde_json::from_slice(&message.payload).unwrap();
                let failed = event["type"].as_str().unwrap().ends_with("_start_failed");
                let said = event["data"].to_string();
                if failed && words.iter().all(|it| said.contains(it)) {
                    return;
                }
            }
        };
        let failed = async { tokio::time::timeout(PATIENCE, failed).await };
        self.runtime
            .block_on(failed)
            .expect("an event with the reason");
    }
}

#[test]
fn a_host_with_a_full_disk_goes_on_and_starts_things_once_there_is_room() {
    let registry = Registry::start(Wants::default());
    let mut desk = TestEnv::new();
    let pushed = push(&desk, &registry);
    let mut env = TestEnv::new();
    // Typed files go through the lattice.
    env.set("WASMCLOUD_ALLOW_FILE_LOAD", "false");
    let dir = with_disk(&mut env, ".cache", 40 * MIB);
    #[rustfmt::skip]
    let up = Up::start(&env, &["--nats-port", "0", "--allowed-insecure", &registry.host]);
    desk.set("WASH_NATS_URL", up.text("nats_url"));
    // The host's own view of its disk.
    let disk = PathBuf::from(format!("/proc/{}/root", up.ready["pid"]));
    let disk = disk.join(dir.strip_prefix("/").unwrap());
    let mut failures = Failures::follow(up.text("nats_url"));
    let start = |kind: &str, reference: &str| desk.run(&["start", kind, reference]);
    let before = used(&disk);

    fill(&disk, MIB);
    for (kind, reference) in [
        ("actor", pushed.actor.as_str()),
        ("provider", &pushed.provider),
        ("provider", "./big.par.gz"),
    ] {
        let words = ["big", "No space left", "wash drain"];
        let failed = start(kind, reference).failure(8);
        let told = words.iter().all(|it| failed.stderr.contains(it));
        assert!(told, "{failed}");
        failures.heard(&words);
        // The manifest of what was asked for may stay.
        assert!(used(&disk) < before + MIB / 2, "{reference}");
    }
    // The archive has room, but not the program in it.
    fill(&disk, 9 * MIB);
    let failed = start("provider", &pushed.provider).failure(8);
    let words = ["cannot write", "/providers/", "wash drain all"];
    assert!(
        words.iter().all(|it| failed.stderr.contains(it)),
        "{failed}"
    );
    failures.heard(&words);
    let archive = std::fs::metadata(desk.home().join("big.par.gz")).unwrap();
    assert!(used(&disk) < before + archive.len() + MIB / 2);

    std::fs::remove_file(disk.join(FILLER)).unwrap();
    let _ = start("provider", &pushed.provider).success();
    let _ = start("actor", &pushed.actor).success();
    let inventory = desk
        .run(&["get", "inventory", "-o", "json"])
        .success()
        .json();
    let running = &inventory["inventory"];
    assert_eq!(running["actors"][0]["id"], pushed.actor_key, "{running}");
    eventually("the provider is well", || {
        let inventory = desk
            .run(&["get", "inventory", "-o", "json"])
            .success()
            .json();
        let provider = &inventory["inventory"]["providers"][0];
        (provider["health"]["healthy"] == true).then_some(())
    });
}
