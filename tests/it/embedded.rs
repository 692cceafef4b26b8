//! `wash up` on a machine that has no nats-server: NATS is served by the same process.
#![cfg(unix)]

use rustix::process::Signal;

use crate::env::TestEnv;
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
