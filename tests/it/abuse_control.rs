//! Control requests that make no sense: refused with a reason, never fatal.

use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::abuse::{Arena, Shared, guest, signed};

static SHARED: Shared = Shared::new();

/// Every request that is acknowledged, with a body that means something, but nothing that runs.
fn requests(host: &str, other: &str) -> Vec<(&'static str, Value)> {
    let (actor, provider) = (
        Seed::generate(KeyKind::Module).public(),
        Seed::generate(KeyKind::Service).public(),
    );
    let more = json!({"a": "b"});
    vec![
        (
            "cmd.HOST.la",
            json!({"actor_ref": "file:///nothing", "host_id": host, "count": 1, "annotations": more}),
        ),
        (
            "cmd.HOST.sa",
            json!({"actor_ref": actor, "host_id": host, "count": 1, "annotations": more}),
        ),
        (
            "cmd.HOST.scale",
            json!({"actor_ref": "file:///nothing", "actor_id": actor, "host_id": host, "count": 1, "annotations": more}),
        ),
        (
            "cmd.HOST.upd",
            json!({"actor_id": actor, "new_actor_ref": "file:///nothing", "host_id": host, "annotations": more}),
        ),
        (
            "cmd.HOST.lp",
            json!({"provider_ref": "file:///nothing", "link_name": "x", "host_id": host, "configuration": "{}", "annotations": more}),
        ),
        (
            "cmd.HOST.sp",
            json!({"provider_ref": provider, "link_name": "x", "contract_id": "c", "host_id": host, "annotations": more}),
        ),
        // With the right host it would end.
        ("cmd.HOST.stop", json!({"host_id": other, "timeout": 1})),
        (
            "linkdefs.put",
            json!({"actor_id": actor, "provider_id": provider, "link_name": "x", "contract_id": "c", "values": more}),
        ),
        (
            "linkdefs.del",
            json!({"actor_id": actor, "link_name": "x", "contract_id": "c"}),
        ),
        (
            "registries.put",
            json!({"reg.example": {"username": "u", "password": "p", "registryType": "oci"}}),
        ),
        ("labels.HOST.put", json!({"key": "k", "value": "v"})),
        ("labels.HOST.del", json!({"key": "k"})),
    ]
}

fn odd_values(host: &str) -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(7),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("."),
        json!("a.b"),
        json!("a b"),
        json!("*"),
        json!(">"),
        json!("\0\u{1b}[2J\r\n"),
        json!("ä/../../etc"),
        json!("x".repeat(200_000)),
        json!(host),
        json!([]),
        json!([[[]]]),
        json!({}),
        json!({"a": null}),
        json!({"a": {"b": "c"}}),
    ]
}

#[tokio::test]
async fn every_field_may_be_wrong() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let other = Seed::generate(KeyKind::Server).public();
    for (subject, body) in requests(&arena.host, &other) {
        for field in body.as_object().unwrap().keys() {
            // Whoever names no host means the one that is asked, and it would end.
            let stops = subject.ends_with("stop") && field == "host_id";
            for value in odd_values(&other) {
                if stops && value.as_str().is_none_or(str::is_empty) {
                    continue;
                }
                let mut body = body.clone();
                body[field] = value;
                let ack = lattice.ask(subject, body.to_string()).await;
                assert!(ack["accepted"].is_boolean(), "{subject} {field}: {ack}");
                let error = ack["error"].as_str().unwrap();
                assert_eq!(
                    error.is_empty(),
                    ack["accepted"] == true,
                    "{subject} {field}: {ack}"
                );
                assert!(
                    error.len() < 1000,
                    "{subject} {field}: {} bytes",
                    error.len()
                );
            }
            let mut less = body.clone();
            less.as_object_mut().unwrap().remove(field);
            if !stops {
                lattice.ask(subject, less.to_string()).await;
            }
        }
        arena.serves();
    }
    lattice.clean_up().await;
    let inventory = lattice.inventory().await;
    assert!(!inventory.to_string().contains("nothing"), "{inventory}");
    arena.serves();
}

#[tokio::test]
async fn bodies_may_be_empty_huge_or_no_json() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let other = Seed::generate(KeyKind::Server).public();
    let max = lattice.client.max_payload();
    // What a message's header and subject need is no part of the limit.
    let mut huge = vec![b' '; max];
    huge[..2].copy_from_slice(b"{}");
    for (subject, body) in requests(&arena.host, &other) {
        let filler = "x".repeat(max - body.to_string().len() - 20);
        let mut filled = body.clone();
        filled["filler"] = json!(filler);
        // Ends the host with a body that says nothing but that.
        let empty_object = (!subject.ends_with("stop")).then(|| huge.clone());
        for body in [
            Some(Vec::new()),
            Some(b"{".to_vec()),
            Some(b"\xff\xfe\0".to_vec()),
            Some(b"[".repeat(max)),
            Some(vec![0; max]),
            Some(filled.to_string().into_bytes()),
            empty_object,
        ] {
            let Some(body) = body else { continue };
            let ack = lattice.ask(subject, body).await;
            assert!(ack["accepted"].is_boolean(), "{subject}: {ack}");
        }
        arena.serves();
    }
    // No answer to what cannot be read, and a query reads no body.
    for subject in ["auction.actor", "auction.provider"] {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "{\"actor_ref\": 7, \"provider_ref\": []}",
        ] {
            let subject = format!("wasmbus.ctl.default.{subject}");
            lattice.client.publish(subject, body.into()).await.unwrap();
        }
    }
    for subject in ["ping.hosts", "get.claims", "get.links", "get.HOST.inv"] {
        assert!(
            lattice.ask(subject, huge.clone()).await.is_object(),
            "{subject}"
        );
    }
    lattice.clean_up().await;
    arena.serves();
}

#[tokio::test]
async fn large_requests_do_not_make_a_host_unlistable() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let wasm = signed(&guest("echo"), &Seed::generate(KeyKind::Module), |_| {});
    let reference = arena.write("listed.wasm", &wasm);
    let key = lattice.start(&reference).await.unwrap();
    let long = "x".repeat(400_000);
    for at in 0..5 {
        let annotations = json!({"at": format!("{at}{long}")});
        let body = json!({"actor_ref": reference, "count": 1, "host_id": arena.host, "annotations": annotations});
        lattice.ask("cmd.HOST.la", body.to_string()).await;
        lattice.ask("cmd.HOST.scale", body.to_string()).await;
        let body = json!({
            "provider_ref": "builtin:httpclient", "link_name": format!("l{at}"), "host_id": arena.host,
            "annotations": annotations, "configuration": long,
        });
        lattice.ask("cmd.HOST.lp", body.to_string()).await;
        let body = json!({
            "actor_id": key, "provider_id": "V", "link_name": format!("l{at}"), "contract_id": "c",
            "values": annotations,
        });
        lattice.ask("linkdefs.put", body.to_string()).await;
        let body = json!({"key": format!("k{at}"), "value": long});
        lattice.ask("labels.HOST.put", body.to_string()).await;
    }
    assert_eq!(lattice.ask("ping.hosts", "").await["id"], arena.host);
    assert_eq!(lattice.inventory().await["host_id"], arena.host);
    assert!(lattice.links().await.len() < 10);
    lattice.clean_up().await;
    let body = json!({"actor_ref": key, "count": 0, "host_id": arena.host});
    lattice.accepted("cmd.HOST.sa", &body).await;
    arena.serves();
}

#[tokio::test]
async fn answers_never_become_requests() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let stop = format!("wasmbus.ctl.default.cmd.{}.stop", arena.host);
    for subject in [
        "ping.hosts",
        "get.links",
        "get.claims",
        "linkdefs.put",
        "get.HOST.inv",
    ] {
        let subject = format!(
            "wasmbus.ctl.default.{}",
            subject.replace("HOST", &arena.host)
        );
        lattice
            .client
            .publish_with_reply(subject, stop.clone(), "{}".into())
            .await
            .unwrap();
    }
    lattice.client.flush().await.unwrap();
    for _ in 0..20 {
        assert_eq!(lattice.inventory().await["host_id"], arena.host);
    }
    arena.serves();
}
