//! Starts that cannot succeed, and starts that are cut short: the reason, the exit code, and nothing left behind.
#![cfg(unix)]

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::Value;

use crate::abuse::{eventually, free_port};
use crate::abuse_nats::send;
use crate::abuse_up::Up;
use crate::env::{Output, TestEnv};
use crate::nats::{Login, NatsServer, Setup};

/// Runs a command that must fail with this code, a message that holds these words, and a hint.
#[track_caller]
fn fails(env: &TestEnv, line: &str, code: i32, words: &str) -> Output {
    let mut args: Vec<&str> = line.split(' ').collect();
    args.extend(["-o", "json"]);
    let output = env.run(&args).failure(code);
    let error: &Value = &output.json()["error"];
    assert!(error.to_string().contains(words), "{words}: {output}");
    let hints = error["hints"].as_array().map_or(0, Vec::len);
    // What is wrong with a setting says itself what would be right.
    assert!(hints > 0 || code == 2, "a way out: {output}");
    assert!(!output.stderr.contains("panicked"), "{output}");
    output
}

/// Panics if anything is noted as running.
#[track_caller]
fn nothing_runs(env: &TestEnv) {
    let _ = env.run(&["status"]).failure(3);
}

#[test]
fn no_nats() {
    let mut env = TestEnv::new();
    let port = free_port();
    fails(
        &env,
        &format!("up --nats-port {port} --nats-connect-only"),
        5,
        "refused",
    );
    fails(
        &env,
        &format!("up --nats-port {port} --nats-server /nowhere/nats-server"),
        5,
        "/nowhere",
    );
    let fake = env.write("fake", "#!/bin/sh\necho no >&2\nexit 1\n");
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    fails(
        &env,
        &format!("up --nats-port {port} --nats-server {}", fake.display()),
        5,
        "fake",
    );
    fails(
        &env,
        "up --nats-host name.invalid --nats-connect-only",
        5,
        "name.invalid",
    );
    nothing_runs(&env);
    for line in [
        "get hosts",
        "get inventory",
        "get links",
        "stop host",
        "start actor reg.io/x:1",
        "call x Y.Z",
    ] {
        fails(&env, &format!("{line} -s 127.0.0.1:{port}"), 5, "refused");
    }
    env.set("WASH_NATS_URL", "nats://");
    fails(&env, "get hosts", 2, "NATS address");
}

#[test]
fn something_else_listens() {
    let env = TestEnv::new();
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    fails(
        &env,
        &format!("up --nats-port {port} --ready-timeout 20s"),
        5,
        "does not speak NATS",
    );
    fails(
        &env,
        &format!("get hosts -s 127.0.0.1:{port} --timeout 1s"),
        5,
        "no answer",
    );
    nothing_runs(&env);
}

#[test]
fn nats_without_jetstream() {
    let nats = NatsServer::start_bare();
    let env = TestEnv::new();
    let port = nats.port();
    fails(&env, &format!("up --nats-port {port}"), 8, "no JetStream");
    nothing_runs(&env);
    // A client needs none.
    let _ = env.run(&["get", "hosts", "-s", nats.url()]).success();
}

#[test]
fn wrong_credentials() {
    let nats = NatsServer::start_with(&Setup::login(Login::User("alice", "hush-hush")));
    let env = TestEnv::new();
    let port = nats.port();
    fails(&env, &format!("up --nats-port {port}"), 4, "credentials");
    fails(
        &env,
        &format!("get hosts -s {}", nats.url()),
        4,
        "credentials",
    );
    let output = fails(
        &env,
        &format!(
            "get hosts -s {} --user alice --password wrong-one",
            nats.url()
        ),
        4,
        "credentials",
    );
    assert!(!format!("{}{}", output.stdout, output.stderr).contains("wrong-one"));
    let _ = env
        .run(&[
            "get",
            "hosts",
            "-s",
            nats.url(),
            "--user",
            "alice",
            "--password",
            "hush-hush",
        ])
        .success();
    // Files that are no credentials.
    env.write("bad.creds", "nothing in here");
    fails(
        &env,
        &format!("get hosts -s {} --creds bad.creds", nats.url()),
        4,
        "bad.creds",
    );
    fails(
        &env,
        &format!("get hosts -s {} --creds missing.creds", nats.url()),
        4,
        "missing.creds",
    );
    fails(
        &env,
        &format!("up --nats-port {port} --ctl-credsfile bad.creds --rpc-credsfile bad.creds"),
        4,
        "bad.creds",
    );
    nothing_runs(&env);
}

#[test]
fn wrong_lattices_and_contexts() {
    let nats = NatsServer::start();
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", nats.url());
    let port = nats.port();
    let mut up = Up::start(&env, &["--nats-port", port, "--lattice", "here"]);
    let host = up.text("host_id").to_owned();
    let elsewhere = env
        .run(&["get", "hosts", "-x", "there", "-o", "json"])
        .success();
    assert_eq!(elsewhere.json()["hosts"], serde_json::json!([]));
    assert!(elsewhere.stderr.contains("'there'"), "{elsewhere}");
    for line in [
        "start actor reg.io/x:1",
        "get inventory NAME",
        "scale actor Echo --count 2",
    ] {
        let output = env.run(
            &[
                line.split(' ').collect::<Vec<_>>(),
                vec!["-x", "there", "-o", "json"],
            ]
            .concat(),
        );
        assert!(matches!(output.code, 3 | 6), "{output}");
        assert!(output.stdout.contains("there"), "{output}");
    }
    fails(&env, "up --lattice a.b", 2, "lattice");
    fails(&env, "up --lattice *", 2, "lattice");
    fails(&env, "get hosts -x a.>", 2, "lattice");
    for context in ["nope", "./nope.json"] {
        fails(&env, &format!("get hosts --context {context}"), 3, "nope");
    }
    env.write("bad.json", "{");
    fails(&env, "get hosts --context ./bad.json", 8, "bad.json");
    up.alive();
    let found = env
        .run(&["get", "hosts", "-x", "here", "-o", "name"])
        .success();
    assert_eq!(found.stdout.trim(), host);
}

#[test]
fn settings_that_cannot_be_are_usage() {
    let env = TestEnv::new();
    for (line, words) in [
        ("up --nats-port 70000", "70000"),
        ("up --max-memory lots", "max-memory"),
        ("up --max-time=-1s", "max-time"),
        ("up --max-depth 0", "depth"),
        ("up --max-instances 0", "instances"),
        ("up --rpc-timeout-ms soon", "soon"),
        (
            "up --host-seed SUAIBDPBAUTWCWBKIO6XHQNINK5FWJW4OHLXC3HQ2KFE4PEJUA44CNHTC4",
            "host",
        ),
        ("up --cluster-seed junk", "seed"),
        ("up --cluster-issuers junk", "junk"),
        ("up --label nothing", "KEY=VALUE"),
        ("up --nats-port 0 --nats-connect-only", "connect-only"),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let output = env.run(&args);
        assert!(matches!(output.code, 2 | 3 | 8), "{output}");
        assert!(output.stderr.contains(words), "{output}");
    }
    env.write("host_config.json", "{ nonsense");
    let output = env.run(&[
        "up",
        "--nats-port",
        "0",
        "--host-config",
        "host_config.json",
    ]);
    assert!(
        output.code == 8 && output.stderr.contains("host_config.json"),
        "{output}"
    );
    nothing_runs(&env);
}

#[test]
fn a_home_that_cannot_be_written() {
    let mut env = TestEnv::new();
    let file = env.write("file", "in the way");
    env.set("WASH_HOME", file.join("home"));
    fails(&env, "up --nats-port 0", 1, "WASH_HOME");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "in the way");
}

/// Starts `wash up`, interrupts it as soon as `now` says so, and sees it end well.
fn interrupted(env: &TestEnv, args: &[&str], signals: &[Signal], now: impl Fn() -> bool) {
    let mut args = args.to_vec();
    args.insert(0, "up");
    let mut child = env.command(&args).spawn().unwrap();
    eventually("it is time", || now().then_some(()));
    for signal in signals {
        // It may have ended after the first.
        if child.try_wait().unwrap().is_none() {
            send(child.id(), *signal);
        }
    }
    let output = eventually("`wash up` ends", || child.try_wait().unwrap());
    assert_eq!(output.code(), Some(0), "{args:?}");
    nothing_runs(env);
}

#[test]
fn ctrl_c_before_nats_is_ready() {
    let env = TestEnv::new();
    // A server that never gets ready.
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'nats-server: v2.9.0' && exit\n\
                  : >\"$HOME/started\"\nexec sleep 1000\n";
    let slow = env.write("slow", script);
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let slow = slow.to_str().unwrap();
    let started = env.home().join("started");
    for signals in [
        &[Signal::INT][..],
        &[Signal::TERM],
        &[Signal::INT, Signal::INT],
    ] {
        let _ = std::fs::remove_file(&started);
        let args = ["--nats-port", "0", "--nats-server", slow];
        interrupted(&env, &args, signals, || started.exists());
    }
}

#[test]
fn ctrl_c_while_it_connects_to_a_port_that_says_nothing() {
    for connect_only in [true, false] {
        let env = TestEnv::new();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        silent.set_nonblocking(true).unwrap();
        let port = silent.local_addr().unwrap().port().to_string();
        let mut args = vec!["--nats-port", port.as_str()];
        args.extend(connect_only.then_some("--nats-connect-only"));
        let held = std::cell::RefCell::new(Vec::new());
        let connected = || {
            held.borrow_mut().extend(silent.accept().ok());
            !held.borrow().is_empty()
        };
        interrupted(&env, &args, &[Signal::INT], connected);
    }
}

#[test]
fn ctrl_c_when_it_is_ready_and_again_while_it_stops() {
    for signals in [
        &[Signal::INT][..],
        &[Signal::INT, Signal::INT],
        &[Signal::TERM, Signal::INT, Signal::TERM],
    ] {
        let env = TestEnv::new();
        let mut up = Up::start(&env, &["--nats-port", "0"]);
        let nats = u32::try_from(up.ready["nats_pid"].as_u64().unwrap()).unwrap();
        for signal in signals {
            if std::fs::metadata(format!("/proc/{}/stat", up.pid())).is_ok() {
                send(up.pid(), *signal);
            }
        }
        let (status, stderr) = up.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        eventually("NATS is gone", || {
            let pid = rustix::process::Pid::from_raw(i32::try_from(nats).unwrap()).unwrap();
            rustix::process::test_kill_process(pid).err().map(|_| ())
        });
        nothing_runs(&env);
    }
}
