//! What real hosts answered real clients: ours gives the same requests at least the same fields, of the same
//! types, and tells it with the same events. Keys, references and addresses are placeholders in the fixtures.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::*;
use crate::lattice::wire::{self, Invocation, InvocationResponse};

const CAPTURES: [&str; 2] = [
    include_str!("fixtures/host-0.78-wash-0.11.jsonl"),
    include_str!("fixtures/host-0.82-wash-0.26.jsonl"),
];

/// The cluster that signed the captured calls, and whom they call: the key of the example `hello`.
const CLUSTER: &str = "CARDYNVV4OOP22AOKNPMQJWCXFZYIOZIE5PFK2VNXIERNTBBNVPYLYBT";
const CALLED: &str = include_str!("../../../examples/keys/hello_module.nk");

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Exchange {
        subject: String,
        body: String,
        answer: Value,
        #[serde(default)]
        events: BTreeMap<String, Value>,
    },
    /// One that comes by itself.
    Event { event: String, data: Value },
}

/// Whether `ours` has every field of `theirs` with a value of its type. What is null there may be anything,
/// and what is listed there must be listed here in some place.
fn covers(ours: &Value, theirs: &Value) -> Result<(), String> {
    let fits = match (ours, theirs) {
        (_, Value::Null) => true,
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, theirs) in theirs {
                let ours = ours.get(key).ok_or_else(|| format!("no {key}"))?;
                covers(ours, theirs).map_err(|it| format!("{key}: {it}"))?;
            }
            true
        }
        (Value::Array(ours), Value::Array(theirs)) => theirs
            .iter()
            .all(|theirs| ours.iter().any(|it| covers(it, theirs).is_ok())),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => true,
        (Value::Number(ours), Value::Number(theirs)) => ours.is_i64() == theirs.is_i64(),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{ours} is not like {theirs}"))
    }
}

fn assert_covers(what: &str, ours: &Value, theirs: &Value) {
    if let Err(difference) = covers(ours, theirs) {
        panic!("{what}: {difference}\n ours   {ours}\n theirs {theirs}");
    }
}

impl Bench {
    fn revision(&self, key: &Seed, rev: i32, alias: Option<&str>) -> String {
        let wasm = signed(&guest("echo"), key, |token| {
            let metadata = token.metadata.as_mut().unwrap();
            metadata.name = Some("echo".to_owned());
            metadata.caps = Some(vec![HTTP.to_owned()]);
            metadata.tags = Some(Vec::new());
            metadata.rev = Some(rev);
            metadata.call_alias = alias.map(str::to_owned);
        });
        self.file(&format!("{}-{rev}.wasm", key.public()), &wasm)
    }
}

async fn replay(capture: &str) {
    let bench = Bench::new().await;
    let (actor, aliased) = (
        Seed::generate(KeyKind::Module),
        Seed::generate(KeyKind::Module),
    );
    // Longer placeholders first: some begin like others.
    let values = [
        (
            "ALIASED_REF",
            bench.revision(&aliased, 1, Some("test/echo")),
        ),
        ("ACTOR_REF", bench.revision(&actor, 1, None)),
        ("NEWER_REF", bench.revision(&actor, 2, None)),
        ("PROVIDER_REF", "builtin:httpserver".to_owned()),
        ("PROVIDER", SERVER.to_owned()),
        ("ALIASED", aliased.public()),
        ("ACTOR", actor.public()),
        ("HOST", bench.id().to_owned()),
        ("ADDRESS", "127.0.0.1:0".to_owned()),
    ];
    for line in capture.lines() {
        match serde_json::from_str(line).unwrap() {
            Line::Exchange {
                subject,
                mut body,
                answer,
                events,
            } => {
                for (name, value) in &values {
                    body = body.replace(name, value);
                }
                let ours = bench.ask(&subject, body).await;
                let ours = serde_json::from_str(&ours).unwrap();
                assert_covers(&subject, &ours, &answer);
                assert_eq!(ours.get("accepted"), answer.get("accepted"), "{line}");
                for (name, theirs) in events {
                    let ours = bench.event(&name).await;
                    assert_covers(&format!("{subject}: {name}"), &ours, &theirs);
                }
            }
            Line::Event { event, data } => {
                // Makes ours send its heartbeat now, not in half a minute.
                bench.ask("ping.hosts", "").await;
                eventually(&format!("{event} like {data}"), async || {
                    let events = bench.events.lock().unwrap();
                    let mut events = events.iter().filter(|it| it.name() == event);
                    events.any(|it| covers(&it.data, &data).is_ok())
                })
                .await;
            }
        }
    }
}

#[tokio::test]
async fn requests_of_2022_are_answered_as_a_host_of_2023_did() {
    replay(CAPTURES[0]).await;
}

#[tokio::test]
async fn requests_of_2024_are_answered_as_a_host_of_2024_did() {
    replay(CAPTURES[1]).await;
}

#[tokio::test]
async fn captured_calls_are_answered() {
    let bench = Bench::with(|it| it.issuers = vec![CLUSTER.to_owned()]).await;
    let key = Seed::parse(CALLED.trim()).unwrap();
    let body = json!({"actor_ref": bench.revision(&key, 1, None), "host_id": bench.id()});
    assert_eq!(bench.command("la", body).await, ACCEPTED);
    bench.event("actor_scaled").await;
    let fields = |body: &[u8]| -> BTreeSet<String> {
        let fields: BTreeMap<String, IgnoredAny> = rmp_serde::from_slice(body).unwrap();
        fields.into_keys().collect()
    };
    let theirs = fields(include_bytes!("fixtures/response-host-0.82.msgpack"));
    for call in [
        &include_bytes!("fixtures/invocation-wash-0.26.msgpack")[..],
        include_bytes!("fixtures/invocation-provider-0.82.msgpack"),
    ] {
        let invocation: Invocation = wire::decode(call).unwrap();
        let subject = format!("wasmbus.rpc.default.{}", key.public());
        let answer = timeout(bench.client.request(subject, call.into()));
        let answer = answer.await.unwrap().payload;
        assert!(fields(&answer).is_superset(&theirs), "{answer:?}");
        let response: InvocationResponse = wire::decode(&answer).unwrap();
        assert_eq!(response.error, None);
        assert_eq!(response.invocation_id, invocation.id);
        assert_eq!(response.msg, invocation.msg);
    }
}
