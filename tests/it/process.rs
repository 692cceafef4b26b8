//! Providers in processes of their own, with the real binary: swapped while they run, and gone with their host.
#![cfg(target_os = "linux")]

use std::io::BufRead as _;

use rustix::process::Signal;

use crate::env::TestEnv;
use crate::up::{Up, eventually};

#[path = "../provider/build.rs"]
pub(crate) mod build;

const SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
const HTTP: &str = "wasmcloud:httpserver";

/// An archive of the test provider, with the key of the first-party HTTP server.
fn pack(env: &TestEnv) {
    let program = build::program().to_str().unwrap();
    #[rustfmt::skip]
    let args = ["par", "create", "--keygen", "--binary", program, "--capid", HTTP, "--vendor", "tests", "--name",
        "Test", "--revision", "1", "--subject", SERVER, "--destination", "test.par.gz"];
    env.run(&args).success();
}

fn up(env: &TestEnv, args: &[&str]) -> Up {
    let all = ["--nats-port", "0", "--allow-file-load"];
    Up::start(env, &[&all, args].concat())
}

/// How many processes have this argument.
fn with_argument(argument: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    lines
        .filter(|it| it.split(|it| *it == 0).any(|it| it == argument.as_bytes()))
        .count()
}

#[test]
fn a_killed_host_leaves_no_process_behind() {
    let env = TestEnv::new();
    pack(&env);
    let up = up(&env, &[]);
    // A number of seconds that nothing else sleeps for.
    let time = format!("87{}", std::process::id());
    let config = env.write("mode.json", format!("\"forks {time}\""));
    let config = config.to_str().unwrap();
    env.run(&[
        "start",
        "provider",
        "./test.par.gz",
        "--config-json",
        config,
    ])
    .success();
    eventually("both run", || (with_argument(&time) == 2).then_some(()));
    up.signal(Signal::KILL);
    eventually("all are gone", || (with_argument(&time) == 0).then_some(()));
}

#[test]
fn a_provider_is_replaced_in_place() {
    let env = TestEnv::new();
    pack(&env);
    let _up = up(&env, &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let actor = wash::claims::Seed::generate(wash::claims::KeyKind::Module).public();
    let address = format!("ADDRESS=127.0.0.1:{port}");
    env.run(&["link", "put", &actor, SERVER, HTTP, &address])
        .success();
    env.run(&["start", "provider", "builtin:httpserver"])
        .success();
    let answers = |word: &str| {
        eventually(&format!("it answers {word}"), || {
            let answer = crate::abuse::http(
                port,
                "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            )?;
            answer.contains(word).then_some(())
        });
    };
    // There is no such actor.
    answers("HTTP/1.1 5");

    // Refused with the way to do it.
    let refused = env
        .run(&["start", "provider", "./test.par.gz", "-o", "json"])
        .failure(8);
    assert!(refused.stdout.contains("wash update provider"), "{refused}");
    // What cannot be run stops nothing.
    env.write("bad.par.gz", "no archive");
    let bad = env
        .run(&["update", "provider", SERVER, "./bad.par.gz"])
        .failure(8);
    assert!(bad.stderr.contains("goes on"), "{bad}");
    answers("HTTP/1.1 5");

    let replace = |reference: &str| {
        let args = ["update", "provider", SERVER, reference, "-o", "json"];
        env.run(&args).success().json()["changed"].clone()
    };
    assert_eq!(replace("./test.par.gz"), true);
    answers("process");
    assert_eq!(replace("./test.par.gz"), false);
    assert_eq!(replace("builtin:httpserver"), true);
    answers("HTTP/1.1 5");

    // One that does not come up gives way to the one before.
    let config = env.write("mode.json", "\"exits\"");
    #[rustfmt::skip]
    let args = ["update", "provider", SERVER, "./test.par.gz", "--config-json", config.to_str().unwrap()];
    let failed = env.run(&args).failure(8);
    assert!(failed.stderr.contains("I cannot go on"), "{failed}");
    assert!(
        failed.stderr.contains("builtin:httpserver runs again"),
        "{failed}"
    );
    answers("HTTP/1.1 5");
}

#[test]
fn providers_get_an_address_of_their_own() {
    let env = TestEnv::new();
    pack(&env);
    // Nobody listens there.
    let _up = up(
        &env,
        &["--prov-rpc-host", "127.0.0.1", "--prov-rpc-port", "1"],
    );
    let failed = env.run(&["start", "provider", "./test.par.gz"]).failure(8);
    assert!(
        failed.stderr.contains("ended right after its start"),
        "{failed}"
    );
    assert!(failed.stderr.contains("Connection refused"), "{failed}");
}

#[test]
fn a_provider_is_held_to_its_limits() {
    let env = TestEnv::new();
    pack(&env);
    // Too few for a connection to NATS.
    let _up = up(&env, &["--provider-max-files", "4"]);
    let failed = env.run(&["start", "provider", "./test.par.gz"]).failure(8);
    assert!(failed.stderr.contains("Too many open files"), "{failed}");
}

/// Where the system can hold a provider to them, they are shown; where it cannot, the host does not start.
#[test]
fn limits_that_cannot_be_held_are_no_limits() {
    let env = TestEnv::new();
    #[rustfmt::skip]
    let args = ["up", "-o", "json", "--nats-port", "0", "--provider-max-cpus", "0.5", "--provider-max-tasks", "64"];
    let mut command = env.command(&args);
    let mut child = command.spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.ends_with("\n}\n") && stdout.read_line(&mut text).unwrap() > 0 {}
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    if document["success"] == true {
        let inventory = env.run(&["get", "inventory", "-o", "json"]);
        let limits = &inventory.success().json()["inventory"]["provider_limits"];
        assert_eq!(
            (&limits["cpus"], &limits["tasks"]),
            (&0.5.into(), &64.into())
        );
        let shown = env.run(&["get", "inventory"]).success();
        let words = "limits of a provider: 0.5 CPUs, 64 processes and threads";
        assert!(shown.stdout.contains(words), "{shown}");
        child.kill().unwrap();
        child.wait().unwrap();
    } else {
        assert_eq!(child.wait().unwrap().code(), Some(8), "{text}");
        assert!(
            text.contains("cannot hold providers to --provider-max-cpus"),
            "{text}"
        );
        assert!(text.contains("control group"), "{text}");
        assert!(text.contains("systemd-run"), "{text}");
    }
    let wrong = env.run(&["up", "--provider-max-cpus", "half"]).failure(2);
    assert!(wrong.stderr.contains("from 0.01 to 1024"), "{wrong}");
}

/// Limits of each process need nothing of the system, and are shown as what they are.
#[test]
fn limits_in_force_are_shown() {
    let env = TestEnv::new();
    #[rustfmt::skip]
    let _up = up(&env, &["--provider-max-memory", "512MiB", "--provider-max-files", "100"]);
    let shown = env.run(&["get", "inventory"]).success();
    let line = shown
        .stdout
        .lines()
        .find(|it| it.starts_with("limits of a provider"));
    let line = line.unwrap();
    assert!(line.contains("512.00 MiB of "), "{line}");
    assert!(line.contains("100 open files"), "{line}");
}
