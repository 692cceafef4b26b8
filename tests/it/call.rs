//! `wash call` against an actor that only pretends, and checks every call as hosts do.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use serde_json::json;
use wash::claims::{KeyKind, Seed};
use wash::lattice::invocation;
use wash::lattice::wire::{Invocation, InvocationResponse};

use crate::env::TestEnv;
use crate::nats::NatsServer;

/// Answers calls to `actor`: `Echo` with its payload, everything else with `answer` or its error.
fn pretend(url: &str, actor: &str, issuer: &str, answer: Vec<u8>) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let issuers = vec![issuer.to_owned()];
    let subject = format!("wasmbus.rpc.default.{actor}");
    let client = runtime.block_on(async_nats::connect(url)).unwrap();
    let mut calls = runtime.block_on(async {
        let calls = client.subscribe(subject).await.unwrap();
        client.flush().await.unwrap();
        calls
    });
    runtime.spawn(async move {
        while let Some(message) = calls.next().await {
            let call: Invocation = rmp_serde::from_slice(&message.payload).unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let checked = invocation::check(&call, &issuers, now.as_secs());
            let (msg, error) = match (checked, call.operation.as_str()) {
                (Err(refusal), _) => (Vec::new(), Some(refusal.to_string())),
                (Ok(()), "Echo") => (call.msg.to_vec(), None),
                (Ok(()), "Fail") => (Vec::new(), Some("it broke".to_owned())),
                // The caller must be known to hosts that look it up.
                (Ok(()), "Who") => (rmp_serde::to_vec(&call.origin.public_key).unwrap(), None),
                (Ok(()), _) => (answer.clone(), None),
            };
            let response = InvocationResponse {
                content_length: Some(msg.len() as u64),
                msg: msg.into(),
                invocation_id: call.id,
                error,
                ..InvocationResponse::default()
            };
            let body = rmp_serde::to_vec_named(&response).unwrap();
            client
                .publish(message.reply.unwrap(), body.into())
                .await
                .unwrap();
            client.flush().await.unwrap();
        }
    });
    runtime
}

#[test]
fn calls_are_signed_and_answers_are_read() {
    let server = NatsServer::start();
    let (cluster, actor) = (
        Seed::generate(KeyKind::Cluster),
        Seed::generate(KeyKind::Module).public(),
    );
    let results = json!([{"name": "good", "passed": true}, {"name": "bad", "passed": false}]);
    let answer = rmp_serde::to_vec_named(&results).unwrap();
    let _runtime = pretend(server.url(), &actor, &cluster.public(), answer);
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", server.url());

    let unsigned = env.run(&["call", &actor, "Echo"]).failure(4);
    assert!(unsigned.stderr.contains("--cluster-seed"), "{unsigned}");

    env.set("WASMCLOUD_CLUSTER_SEED", cluster.reveal());
    let payload = r#"{"z": [1, -1, 18446744073709551615, 0.5, null, {"$bin": "AAE="}]}"#;
    let echoed = env.run(&["call", &actor, "Echo", payload, "-o", "json"]);
    let expected = json!({"z": [1, -1, 18446744073709551615_u64, 0.5, null, [0, 1]]});
    assert_eq!(echoed.success().json()["response"], expected);
    let nothing = env.run(&["call", &actor, "Echo", "-o", "json"]).success();
    assert_eq!(nothing.json()["response"], json!(null));
    let who = env.run(&["call", &actor, "Who"]).success();
    assert_eq!(who.stdout.trim(), actor);
    env.write("payload.json", "\"from a file\"");
    let file = env.run(&["call", &actor, "Echo", "--data", "payload.json"]);
    assert_eq!(file.success().stdout, "from a file\n");
    let args = [
        "call", &actor, "Echo", "\"x\"", "--save", "raw", "-o", "json",
    ];
    env.run(&args).success();
    assert_eq!(std::fs::read(env.home().join("raw")).unwrap(), b"\xa1x");

    let failed = env.run(&["call", &actor, "Fail", "-o", "json"]).failure(8);
    let message = failed.json()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("it broke"), "{failed}");
    let tests = env.run(&["call", &actor, "Test", "--test", "-o", "json"]);
    let tests = tests.failure(8).json();
    assert_eq!((&tests["passed"], &tests["failed"]), (&json!(1), &json!(1)));

    for bad in ["{", "99999999999999999999"] {
        env.run(&["call", &actor, "Echo", bad]).failure(2);
    }
    let nobody = Seed::generate(KeyKind::Module).public();
    env.run(&["call", &nobody, "Echo"]).failure(6);
    let other = Seed::generate(KeyKind::Cluster).reveal();
    let args = ["call", &actor, "Echo", "1", "--cluster-seed", &other];
    let refused = env.run(&args).failure(8);
    assert!(refused.stderr.contains("hint:"), "{refused}");
    assert!(!format!("{}{}", refused.stdout, refused.stderr).contains(&other));
}

#[test]
fn the_seed_that_a_host_kept_signs() {
    let server = NatsServer::start();
    let (cluster, actor) = (
        Seed::generate(KeyKind::Cluster),
        Seed::generate(KeyKind::Module).public(),
    );
    let _runtime = pretend(server.url(), &actor, &cluster.public(), Vec::new());
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", server.url());
    let config = json!({"cluster_seed": cluster.reveal()}).to_string();
    env.write(".wash/host_config.json", config);
    let echoed = env.run(&["call", &actor, "Echo", "1"]).success();
    assert_eq!(echoed.stdout, "1\n");
}
