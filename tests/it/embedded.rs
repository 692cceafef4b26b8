//! `wash up` on a machine that has no nats-server: NATS is served by the same process.
#![cfg(unix)]

use rustix::process::Signal;
use serde_json::Value;

use crate::abuse::free_port;
use crate::env::TestEnv;
use crate::serve::{end, serve};
use crate::up::{Up, eventually};

const HELLO: &str = "MB46ZQTNXEDVJP4TMWTBRAV57H6SNAHORBZYWNNTMEC7Y5LLSFG4EC6N";
const HTTP_SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";

/// A home in which no nats-server is to be found, nor one on the PATH.
fn bare() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("WASH_NATS_SERVER", "embedded");
    env
}

fn links(env: &TestEnv) -> usize {
    let links = env.run(&["get", "links", "-o", "json"]).success().json();
    links["links"].as_array().unwrap().len()
}

#[test]
fn the_story_runs_without_a_nats_server_and_survives_a_kill() {
    let env = bare();
    let hello = format!("{}/examples/hello/hello.wasm", env!("CARGO_MANIFEST_DIR"));
    let mut up = Up::start(&env, &["--nats-port", "0"]);
    assert_eq!(up.ready["nats_started"], true, "{}", up.ready);
    assert_eq!(up.ready["nats_pid"], up.ready["pid"], "{}", up.ready);
    env.run(&["start", "actor", &hello]).success();
    env.run(&[
        "link",
        "put",
        HELLO,
        HTTP_SERVER,
        "wasmcloud:httpserver",
        "ADDRESS=127.0.0.1:0",
    ])
    .success();
    env.run(&["start", "provider", "builtin:httpserver"])
        .success();
    assert_eq!(links(&env), 1);

    // What was acknowledged is there after a kill, also the actor's bytes.
    up.signal(Signal::KILL);
    drop(up);
    up = Up::start(&env, &["--nats-port", "0"]);
    eventually("the link is back", || (links(&env) == 1).then_some(()));
    let kept = env.run(&["get", "claims", "-o", "json"]).success();
    assert!(kept.stdout.contains(HELLO), "{kept}");
    let stopped = env.run(&["down"]).success();
    assert!(
        stopped.stdout.contains("the NATS server in it"),
        "{stopped}"
    );
    let (status, _) = up.end();
    assert!(status.success(), "{status}");
}

#[test]
fn what_the_embedded_server_lacks_names_nats_server() {
    let env = bare();
    let refused = env.run(&[
        "up",
        "--nats-port",
        "0",
        "--leaf-remote",
        "nats://127.0.0.1:1",
    ]);
    assert_eq!(refused.code, 8, "{refused}");
    assert!(refused.stderr.contains("nats-server"), "{refused}");
}

/// A home in which nothing asks for the embedded server.
fn undecided() -> TestEnv {
    let mut env = TestEnv::new();
    if std::env::var_os("WASH_NATS_SERVER").is_some_and(|it| it == "embedded") {
        // An empty variable counts as none.
        env.set("WASH_NATS_SERVER", "");
    }
    env
}

#[test]
fn the_kind_that_was_asked_for_is_told_everywhere() {
    let env = undecided();
    let up = Up::start(&env, &["--nats", "embedded", "--nats-port", "0"]);
    let ready = &up.ready;
    assert_eq!(ready["nats_kind"], "embedded", "{ready}");
    assert_eq!(ready["nats_started"], true, "{ready}");
    assert_eq!(ready["nats_pid"], ready["pid"], "{ready}");
    assert!(up.text("nats_version").contains("-wash."), "{ready}");
    let dir = std::path::Path::new(up.text("nats_dir"));
    assert!(dir.starts_with(env.home()) && dir.is_dir(), "{ready}");

    let status = env.run(&["status", "-o", "json"]).success().json();
    let told = &status["hosts"][0];
    for field in ["nats_kind", "nats_pid", "nats_dir", "nats_url"] {
        assert_eq!(told[field], ready[field], "{field}: {status}");
    }
    let doctor = env.run(&["doctor"]);
    assert!(
        doctor.stdout.contains("embedded in wash, a single node"),
        "{doctor}"
    );
    assert!(doctor.stdout.contains("no leaf"), "{doctor}");

    // A second host of this kind uses the first one's server, and says so.
    let port = up.text("nats_url").rsplit(':').next().unwrap().to_owned();
    let second = Up::start(&env, &["--nats", "embedded", "--nats-port", &port]);
    assert_eq!(second.ready["nats_kind"], "external", "{}", second.ready);
    assert_eq!(second.ready["nats_pid"], Value::Null, "{}", second.ready);
    // It goes first, whoever was started first.
    let down = env.run(&["down", "--all", "-o", "json"]).success().json();
    let stopped = down["stopped"].as_array().unwrap();
    let kinds: Vec<_> = stopped.iter().map(|it| &it["nats_kind"]).collect();
    assert_eq!(kinds, ["external", "embedded"], "{down}");
    assert_eq!(down["nats_stopped"], true, "{down}");
    assert!(second.end().0.success());
    assert!(up.end().0.success());
}

#[test]
fn another_kind_than_what_answers_is_refused() {
    let env = undecided();
    let real = Up::start(&env, &["--nats", "server", "--nats-port", "0"]);
    assert_eq!(real.ready["nats_kind"], "server", "{}", real.ready);
    assert_ne!(real.ready["nats_pid"], real.ready["pid"], "{}", real.ready);
    let port = real.text("nats_url").rsplit(':').next().unwrap();
    let refused = env.run(&["up", "--nats-port", port, "--nats", "embedded"]);
    assert_eq!(refused.code, 9, "{refused}");
    assert!(refused.stderr.contains("nats-server 2."), "{refused}");
    for args in [
        &["--nats", "embedded", "--nats-connect-only"][..],
        &[
            "--nats",
            "embedded",
            "--nats-server",
            "/usr/sbin/nats-server",
        ],
        &["--nats", "server", "--nats-server", "embedded"],
        &["--nats", "sometimes"],
        &["--nats", "external", "--nats-port", "0"],
    ] {
        let refused = env.run(&[&["up"][..], args].concat());
        assert_eq!(refused.code, 2, "{refused}");
    }
    let elsewhere = ["--nats-port", "1", "--nats-host", "nowhere.invalid"];
    let elsewhere = env.run(&[&["up", "--nats", "embedded"][..], &elsewhere].concat());
    assert_eq!(elsewhere.code, 5, "{elsewhere}");
    let nobody = free_port().to_string();
    let nothing = env.run(&["up", "--nats", "external", "--nats-port", &nobody]);
    assert_eq!(nothing.code, 5, "{nothing}");
    // What answers is fine as a nats-server, whoever started it.
    let up = Up::start(&env, &["--nats", "server", "--nats-port", port]);
    assert_eq!(up.ready["nats_kind"], "external", "{}", up.ready);
    env.run(&["down", "--all"]).success();
    assert!(up.end().0.success());
    assert!(real.end().0.success());
}

#[test]
fn it_and_wash_up_share_a_port_and_its_streams() {
    let env = TestEnv::new();
    let port = free_port().to_string();
    let server = serve(&env, &["--port", &port]);
    let dir = server.text("dir").to_owned();
    // A host uses what is there, unless it is told to want another kind.
    let real = env.run(&["up", "--nats", "server", "--nats-port", &port]);
    assert_eq!(real.code, 9, "{real}");
    let up = Up::start(&env, &["--nats-port", &port]);
    assert_eq!(up.ready["nats_kind"], "external", "{}", up.ready);
    env.run(&[
        "link",
        "put",
        HELLO,
        HTTP_SERVER,
        "wasmcloud:httpserver",
        "A=b",
    ])
    .success();
    up.signal(Signal::TERM);
    assert!(up.end().0.success());
    end(server);

    let up = Up::start(&env, &["--nats", "embedded", "--nats-port", &port]);
    assert_eq!(up.ready["nats_kind"], "embedded", "{}", up.ready);
    assert_eq!(up.text("nats_dir"), dir, "{}", up.ready);
    let links = env.run(&["get", "links", "-o", "json"]).success().json();
    assert_eq!(links["links"].as_array().unwrap().len(), 1, "{links}");
    up.signal(Signal::TERM);
    assert!(up.end().0.success());
}
