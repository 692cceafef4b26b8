//! NATS that goes away, fills up or hangs, and hosts that are killed: what runs goes on, and what can be told is.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use wash::claims::{KeyKind, Seed};

use crate::abuse::{Arena, HELLO, SERVER, eventually, free_port, guest, http, link, signed};
use crate::abuse_up::Up;
use crate::env::TestEnv;

pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn a_host_outlives_its_nats() {
    let arena = Arena::new().await;
    {
        let mut nats = arena.nats.lock().unwrap();
        for _ in 0..2 {
            nats.stop();
            // What needs no NATS goes on without.
            for _ in 0..5 {
                arena.serves();
            }
            nats.start_again();
        }
    }
    let lattice = arena.enter().await;
    // It answers again, with all that ran and was linked.
    let host = eventually("the host is back", || {
        let hosts = arena.env.run(&["get", "hosts", "-o", "json"]);
        let found = hosts.json()["hosts"][0]["id"].as_str().map(str::to_owned);
        found.filter(|_| hosts.code == 0)
    });
    assert_eq!(host, arena.host);
    let inventory = lattice.inventory().await;
    assert_eq!(inventory["actors"][0]["id"], HELLO);
    assert_eq!(inventory["providers"][0]["id"], SERVER);
    let links = lattice.ask("get.links", "").await;
    assert_eq!(links["links"][0]["actor_id"], HELLO);
    let called = lattice.call(HELLO, "Test.Call", "").await.unwrap_err();
    assert!(called.contains("does not know the operation"), "{called}");
    arena.serves();

    // New work too: an actor, a link, and its removal.
    let mirror = lattice.guest("mirror", 1).await;
    let port = free_port();
    lattice.link(&mirror, port).await;
    let get = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    eventually("the new link works", || {
        http(port, get).filter(|it| !it.is_empty())
    });
    let body = link(&mirror, port);
    lattice.accepted("linkdefs.del", &body).await;
    eventually("the new link is gone", || {
        http(port, get).is_none().then_some(())
    });
    arena.serves();

    // Signals end it also while NATS is away.
    arena.nats.lock().unwrap().stop();
    let mut up = arena.up.lock().unwrap();
    send(up.pid(), Signal::TERM);
    let (status, stderr) = up.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test]
async fn a_host_that_is_killed_leaves_nothing_in_the_way() {
    let arena = Arena::new().await;
    {
        let mut up = arena.up.lock().unwrap();
        send(up.pid(), Signal::KILL);
        up.end();
        let port = arena.nats.lock().unwrap().port().to_owned();
        *up = Up::start(&arena.env, &["--nats-port", &port, "--nats-connect-only"]);
    }
    // The lattice still knows the link, the port is free, and the actor starts as before.
    let new = arena.up.lock().unwrap().text("host_id").to_owned();
    assert_ne!(new, arena.host);
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    let _ = arena
        .env
        .run(&["start", "provider", "builtin:httpserver"])
        .success();
    let _ = arena
        .env
        .run(&["start", "actor", hello.to_str().unwrap()])
        .success();
    arena.serves();

    // NATS that takes connections and says nothing keeps neither calls nor the end waiting.
    let nats = arena.nats.lock().unwrap().pid();
    send(nats, Signal::STOP);
    arena.serves();
    let mut up = arena.up.lock().unwrap();
    send(up.pid(), Signal::INT);
    let (status, stderr) = up.end();
    send(nats, Signal::CONT);
    assert_eq!(status.code(), Some(0), "{stderr}");
}

/// A small file system of its own, where the user of the tests may mount one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(path)
            .output();
        mount.ok()?.status.success().then(|| Self(path.to_owned()))
    }

    fn fill(&self, name: &str) {
        let mut file = std::fs::File::create(self.0.join(name)).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still writes there must not keep it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let env = TestEnv::new();
    let Some(disk) = SmallDisk::mount(&env.home().join("home"), "64m") else {
        return;
    };
    let mut env = env;
    let home = disk.0.clone();
    env.set("WASH_HOME", &home);
    let mut up = Up::start(&env, &["--nats-port", "0"]);
    env.set("WASH_NATS_URL", up.text("nats_url"));
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    let _ = env
        .run(&["start", "actor", hello.to_str().unwrap()])
        .success();
    let _ = env
        .run(&["start", "provider", "builtin:httpserver"])
        .success();
    let port = free_port();
    let address = format!("ADDRESS=127.0.0.1:{port}");
    let _ = env
        .run(&[
            "link",
            "put",
            HELLO,
            SERVER,
            "wasmcloud:httpserver",
            &address,
        ])
        .success();
    let get = "GET /full HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let serves = || {
        let answer = eventually("it answers", || http(port, get).filter(|it| !it.is_empty()));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    serves();

    disk.fill("full");
    // Compiled code that cannot be kept is no reason not to run; what cannot be stored is told.
    let path = env.write(
        "new.wasm",
        signed(&guest("mirror"), &Seed::generate(KeyKind::Module), |_| {}),
    );
    let started = env.run(&[
        "start",
        "actor",
        path.to_str().unwrap(),
        "-o",
        "json",
        "--timeout",
        "20s",
    ]);
    let document = started.json();
    assert!(
        document["success"] == true || started.code == 8,
        "{started}"
    );
    serves();
    let long = format!("PADDING={}", "x".repeat(60_000));
    let mut refused = None;
    for at in 0..20 {
        let name = format!("full{at}");
        let put = env.run(&[
            "link",
            "put",
            HELLO,
            SERVER,
            "wasmcloud:httpserver",
            &long,
            "-l",
            &name,
            "--timeout",
            "20s",
        ]);
        assert!(!put.stderr.contains("panicked"), "{put}");
        serves();
        if put.code != 0 {
            refused = Some(put);
            break;
        }
    }
    let refused = refused.expect("the disk is full");
    assert!(refused.code == 8 || refused.code == 7, "{refused}");
    let _ = env.run(&["get", "inventory"]).success();
    up.alive();

    let text = format!("{}{}", refused.stdout, refused.stderr).to_lowercase();
    assert!(
        text.contains("no space left") || text.contains("disk is full"),
        "{refused}"
    );

    // With room and a new start, as some servers need it, all is as before the disk was full.
    std::fs::remove_file(home.join("full")).unwrap();
    send(up.pid(), Signal::INT);
    let (status, stderr) = up.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    let mut up = Up::start(&env, &["--nats-port", "0"]);
    env.set("WASH_NATS_URL", up.text("nats_url"));
    let _ = env
        .run(&["start", "provider", "builtin:httpserver"])
        .success();
    let _ = env
        .run(&["start", "actor", hello.to_str().unwrap()])
        .success();
    serves();
    let put = [
        "link",
        "put",
        HELLO,
        SERVER,
        "wasmcloud:httpserver",
        "A=b",
        "-l",
        "again",
    ];
    let _ = env.run(&put).success();
    up.alive();
}

#[tokio::test]
async fn a_disk_that_is_full_from_the_start_is_told() {
    let mut env = TestEnv::new();
    let Some(disk) = SmallDisk::mount(&env.home().join("home"), "16m") else {
        return;
    };
    env.set("WASH_HOME", &disk.0);
    disk.fill("full");
    let output = env
        .run(&["up", "--nats-port", "0", "-o", "json"])
        .failure(1);
    let error = &output.json()["error"];
    assert!(error.to_string().contains("No space left"), "{output}");
    assert!(error["hints"].to_string().contains("WASH_HOME"), "{output}");

    // With room again it starts.
    std::fs::remove_file(disk.0.join("full")).unwrap();
    let mut up = Up::start(&env, &["--nats-port", "0"]);
    send(up.pid(), Signal::INT);
    assert_eq!(up.end().0.code(), Some(0));
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_costs_time_only() {
    let nats = crate::nats::NatsServer::start();
    let env = TestEnv::new();
    // A file where the directory would be.
    env.write(".cache/wash", "in the way");
    let port = nats.port().to_owned();
    let mut up = Up::start(&env, &["--nats-port", &port, "--nats-connect-only"]);
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    let _ = env
        .run(&["start", "actor", hello.to_str().unwrap(), "-s", nats.url()])
        .success();
    up.alive();
}
