//! A host that asks a policy service.

use std::collections::VecDeque;

use super::*;
use crate::lattice::connect::round_trip;
use crate::lattice::wire::Map;

const TOPIC: &str = "test.policy";
const CHANGES: &str = "test.policy.changes";

/// A policy service that does as it is told.
#[derive(Clone, Default)]
struct Service(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    /// Answers before the usual one; none is silence.
    next: VecDeque<Option<String>>,
    deny: Vec<&'static str>,
    asked: Vec<Value>,
}

impl Service {
    async fn listen(&self, client: &async_nats::Client) {
        let mut questions = client.subscribe(TOPIC).await.unwrap();
        round_trip(client).await;
        let (told, client) = (Arc::clone(&self.0), client.clone());
        tokio::spawn(async move {
            while let Some(message) = questions.next().await {
                let question: Value = serde_json::from_slice(&message.payload).unwrap();
                let answer = {
                    let mut told = told.lock().unwrap();
                    let denied = told.deny.iter().any(|it| question["action"] == *it);
                    let usual = json!({
                        "requestId": question["requestId"],
                        "permitted": !denied,
                        "message": denied.then_some("not on my watch"),
                    });
                    told.asked.push(question);
                    told.next
                        .pop_front()
                        .unwrap_or_else(|| Some(usual.to_string()))
                };
                if let Some(answer) = answer {
                    client
                        .publish(message.reply.unwrap(), answer.into())
                        .await
                        .unwrap();
                }
            }
        });
    }

    fn deny(&self, actions: &[&'static str]) {
        self.0.lock().unwrap().deny = actions.to_vec();
    }

    fn next(&self, answer: Option<&str>) {
        self.0
            .lock()
            .unwrap()
            .next
            .push_back(answer.map(str::to_owned));
    }

    /// Every question about this action.
    fn asked(&self, action: &str) -> Vec<Value> {
        let told = self.0.lock().unwrap();
        told.asked
            .iter()
            .filter(|it| it["action"] == action)
            .cloned()
            .collect()
    }
}

fn policed(config: &mut Config) {
    config.policy = Some(PolicyService {
        topic: TOPIC.to_owned(),
        changes_topic: Some(CHANGES.to_owned()),
        timeout: Duration::from_secs(20),
    });
}

async fn bench() -> (Bench, Service) {
    let service = Service::default();
    let bench = Bench::prepared(
        async |client: &async_nats::Client| service.listen(client).await,
        policed,
    )
    .await;
    (bench, service)
}

impl Bench {
    /// Tells of a change as services do, and waits until the host has it.
    async fn revise(&self, body: Value) -> Value {
        let answer = self.client.request(CHANGES, body.to_string().into());
        serde_json::from_slice(&timeout(answer).await.unwrap().payload).unwrap()
    }

    fn error(&self, event: &Value) -> String {
        event["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_denied_start_is_told_and_nothing_runs() {
    let (bench, service) = bench().await;
    service.deny(&["start_actor", "start_provider"]);
    let guest = bench.guest("echo", &[]);
    for (operation, body, event) in [
        (
            "la",
            json!({"actor_ref": guest.reference}),
            "actors_start_failed",
        ),
        (
            "scale",
            json!({"actor_ref": guest.reference, "count": 2}),
            "actors_start_failed",
        ),
        (
            "lp",
            json!({"provider_ref": "builtin:httpclient"}),
            "provider_start_failed",
        ),
    ] {
        assert_eq!(bench.command(operation, body).await, ACCEPTED);
        let error = bench.error(&bench.event(event).await);
        assert!(error.starts_with("Policy denied to start "), "{error}");
        assert!(error.contains("not on my watch (request "), "{error}");
    }
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    assert!(inventory.actors.is_empty() && inventory.providers.is_empty());
    assert_eq!(
        service.asked("start_actor").len(),
        1,
        "the second is decided"
    );
}

#[tokio::test]
async fn a_question_is_as_services_know_it() {
    let (bench, service) = bench().await;
    let guest = bench.start("echo", &["wasmcloud:httpserver"]).await;
    let [question] = &service.asked("start_actor")[..] else {
        panic!("one question");
    };
    let expires = question["source"]["expiresAt"].as_u64().unwrap();
    assert!(expires > now() && expires <= now() + 60);
    let issuer = question["target"]["issuer"].as_str().unwrap();
    assert!(issuer.starts_with('A'), "{issuer}");
    let labels: Map = serde_json::from_value(question["host"]["labels"].clone()).unwrap();
    assert_eq!(labels["zone"], "a");
    assert_eq!(labels["hostcore.os"], std::env::consts::OS);
    let blank = json!({
        "publicKey": "", "contractId": "", "linkName": "", "capabilities": [], "issuer": "", "issuedOn": "",
        "expiresAt": expires, "expired": false,
    });
    let host = json!({
        "publicKey": bench.id(), "issuer": bench.cluster.public(), "latticeId": "default",
        "labels": labels, "clusterIssuers": [bench.cluster.public()],
    });
    let expected = json!({
        "requestId": question["requestId"],
        "source": blank,
        "target": {"publicKey": guest.id.as_str(), "issuer": issuer, "contractId": "", "linkName": ""},
        "action": "start_actor",
        "host": host,
    });
    assert_eq!(*question, expected);

    let server = Entity::provider(SERVER, HTTP, "front");
    bench.call(server, &guest.id, b"x").await.unwrap();
    let call = &service.asked("perform_invocation")[0];
    assert_eq!(call["target"], question["target"]);
    assert_eq!(call["host"], host);
    let source = json!({
        "publicKey": SERVER, "contractId": HTTP, "linkName": "front", "capabilities": [], "issuer": "",
        "issuedOn": "", "expiresAt": null, "expired": false,
    });
    assert_eq!(call["source"], source);

    let body = json!({"provider_ref": "builtin:httpclient", "link_name": "back"});
    assert_eq!(bench.command("lp", body).await, ACCEPTED);
    let started = bench.event("provider_started").await;
    let target = json!({
        "publicKey": started["public_key"], "issuer": bench.cluster.public(),
        "contractId": "wasmcloud:httpclient", "linkName": "back",
    });
    assert_eq!(service.asked("start_provider")[0]["target"], target);
    // What its claims say of an actor that calls.
    let caller = bench
        .start("caller", &["test:callee", "wasmcloud:httpclient"])
        .await;
    bench
        .call(Entity::actor(caller.id.as_str()), &guest.id, b"x")
        .await
        .unwrap();
    let source = &service.asked("perform_invocation")[1]["source"];
    assert_eq!(
        source["capabilities"],
        json!(["test:callee", "wasmcloud:httpclient"])
    );
    assert!(source["issuer"].as_str().unwrap().starts_with('A'));
}

#[tokio::test]
async fn a_call_is_decided_once_and_a_change_counts_at_once() {
    let (bench, service) = bench().await;
    let echo = bench.start("echo", &[]).await;
    let calls = (0..50).map(|_| bench.call(client_origin(), &echo.id, b"x"));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap(), "x");
    }
    let asked = service.asked("perform_invocation");
    assert_eq!(asked.len(), 1, "one of many asks");
    let id = &asked[0]["requestId"];
    for (name, permitted) in [
        ("request_id", false),
        ("requestId", true),
        ("request_id", false),
    ] {
        let body = json!({name: id, "permitted": permitted, "message": "changed my mind"});
        assert_eq!(bench.revise(body).await, json!({"success": true}));
        let answer = bench.call(client_origin(), &echo.id, b"x").await;
        assert_eq!(answer.is_ok(), permitted);
        if let Err(error) = answer {
            let id = id.as_str().unwrap();
            let expected = format!("Policy denied invocation: changed my mind (request {id})");
            assert_eq!(error.to_string(), expected);
        }
    }
    for bad in [
        json!({}),
        json!([]),
        json!({"request_id": id}),
        json!({"permitted": true}),
    ] {
        assert_eq!(bench.revise(bad).await, json!({"success": false}));
    }
    assert!(bench.call(client_origin(), &echo.id, b"x").await.is_err());
    assert_eq!(service.asked("perform_invocation").len(), 1);
}

#[tokio::test]
async fn a_call_within_the_host_obeys_too_and_runs_nothing() {
    let (bench, service) = bench().await;
    let counter = bench.start("echo", &[]).await;
    let path = std::path::Path::new(crate::host::testing::GUESTS).join("caller.wat");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("test:callee", counter.id.as_str());
    let text = text.replace(
        "(i32.const 16) (i32.const 11)",
        "(i32.const 16) (i32.const 56)",
    );
    let key = Seed::generate(KeyKind::Module);
    let wasm = signed(&wat::parse_str(text).unwrap(), &key, |_| {});
    let body = json!({"actor_ref": bench.file("caller.wasm", &wasm)});
    assert_eq!(bench.command("la", body).await, ACCEPTED);
    bench.event("actor_scaled").await;
    let caller = ActorId::parse(&key.public()).unwrap();

    let answer = bench.call(client_origin(), &caller, b"hello").await;
    assert_eq!(answer.unwrap(), "hello");
    let inner = service.asked("perform_invocation").remove(1);
    assert_eq!(inner["source"]["publicKey"], key.public());
    assert_eq!(inner["target"]["publicKey"], counter.id.as_str());
    let body = json!({"request_id": inner["requestId"], "permitted": false, "message": "no more"});
    bench.revise(body).await;
    let answer = bench
        .call(client_origin(), &caller, b"hello")
        .await
        .unwrap();
    assert!(
        answer.starts_with(b"EPolicy denied invocation: no more"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_is_not_decided_is_denied_and_asked_again() {
    let (bench, service) = bench().await;
    let echo = bench.start("echo", &[]).await;
    let other = json!({"requestId": "another", "permitted": true}).to_string();
    for bad in [
        "",
        "junk",
        "[true]",
        r#"{"permitted": "yes"}"#,
        r#"{"permitted": 1}"#,
        &other,
    ] {
        service.next(Some(bad));
        let error = bench
            .call(client_origin(), &echo.id, b"x")
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains("no valid answer"), "{bad}: {error}");
    }
    assert_eq!(service.asked("perform_invocation").len(), 6);
    assert_eq!(
        bench.call(client_origin(), &echo.id, b"x").await.unwrap(),
        "x"
    );
}

#[tokio::test]
async fn without_a_service_all_is_denied() {
    let bench = Bench::with(policed).await;
    let guest = bench.guest("echo", &[]);
    let body = json!({"actor_ref": guest.reference});
    assert_eq!(bench.command("la", body.clone()).await, ACCEPTED);
    let error = bench.error(&bench.event("actor_start_failed").await);
    assert!(
        error.contains("no policy service listens on 'test.policy'"),
        "{error}"
    );
    // It may come later.
    Service::default().listen(&bench.client).await;
    assert_eq!(bench.command("la", body).await, ACCEPTED);
    bench.event("actor_scaled").await;
}

#[tokio::test]
async fn a_service_that_is_silent_denies() {
    let service = Service::default();
    let bench = Bench::prepared(
        async |client: &async_nats::Client| service.listen(client).await,
        |config| {
            policed(config);
            config.policy.as_mut().unwrap().timeout = Duration::from_millis(300);
        },
    )
    .await;
    service.next(None);
    let body = json!({"provider_ref": "builtin:httpclient"});
    assert_eq!(bench.command("lp", body).await, ACCEPTED);
    let error = bench.error(&bench.event("provider_start_failed").await);
    assert!(error.contains("did not answer within 300ms"), "{error}");
}

#[tokio::test]
async fn more_of_an_actor_is_a_start_and_less_is_none() {
    let (bench, service) = bench().await;
    let echo = bench.start("echo", &[]).await;
    let id = service.asked("start_actor")[0]["requestId"].clone();
    let scale = |count| json!({"actor_ref": echo.reference, "count": count});
    assert_eq!(bench.command("scale", scale(3)).await, ACCEPTED);
    bench.event("actor_scaled").await;
    assert_eq!(bench.counts(&echo.id).await, [3]);
    bench
        .revise(json!({"request_id": id, "permitted": false, "message": "enough"}))
        .await;
    assert_eq!(bench.command("scale", scale(5)).await, ACCEPTED);
    let error = bench.error(&bench.event("actor_start_failed").await);
    assert!(error.contains("enough"), "{error}");
    assert_eq!(bench.command("scale", scale(2)).await, ACCEPTED);
    bench.event("actors_stopped").await;
    assert_eq!(bench.counts(&echo.id).await, [2]);
    assert_eq!(service.asked("start_actor").len(), 1);
}

#[tokio::test]
async fn new_code_and_new_labels_are_asked_about() {
    let (bench, service) = bench().await;
    let key = Seed::generate(KeyKind::Module);
    let revision = |number| {
        signed(&guest("echo"), &key, |token| {
            token.metadata.as_mut().unwrap().rev = Some(number);
        })
    };
    let (old, new) = (
        bench.file("1.wasm", &revision(1)),
        bench.file("2.wasm", &revision(2)),
    );
    bench.command("la", json!({"actor_ref": old})).await;
    bench.event("actor_scaled").await;
    service.deny(&["start_actor"]);
    // Another account signed it, so it is another question.
    let body = json!({"actor_id": key.public(), "new_actor_ref": new});
    let ack = bench.command("upd", body).await;
    assert!(ack.contains("not on my watch"), "{ack}");
    bench.event("actor_update_failed").await;

    let provider = json!({"provider_ref": "builtin:httpclient", "link_name": "a"});
    bench.command("lp", provider).await;
    bench.event("provider_started").await;
    bench
        .ask(
            "labels.HOST.put",
            json!({"key": "zone", "value": "b"}).to_string(),
        )
        .await;
    let echo = ActorId::parse(&key.public()).unwrap();
    bench.call(client_origin(), &echo, b"x").await.unwrap();
    assert_eq!(
        service.asked("perform_invocation")[0]["host"]["labels"]["zone"],
        "b"
    );
    bench
        .ask(
            "labels.HOST.put",
            json!({"key": "zone", "value": "c"}).to_string(),
        )
        .await;
    bench.call(client_origin(), &echo, b"x").await.unwrap();
    assert_eq!(
        service.asked("perform_invocation")[1]["host"]["labels"]["zone"],
        "c"
    );
}

#[tokio::test]
async fn after_a_lost_connection_nothing_is_taken_for_decided() {
    let (mut bench, service) = bench().await;
    let echo = bench.start("echo", &[]).await;
    bench.call(client_origin(), &echo.id, b"x").await.unwrap();
    service.deny(&["perform_invocation"]);
    // A change that is published now reaches nobody.
    bench.nats.restart().await;
    eventually("it is asked again", async || {
        let _ = bench.call(client_origin(), &echo.id, b"x").await;
        service.asked("perform_invocation").len() > 1
    })
    .await;
    eventually("it is decided", async || {
        let answer = bench.call(client_origin(), &echo.id, b"x").await;
        answer.is_err_and(|it| it.to_string().contains("not on my watch"))
    })
    .await;
}
