//! Control requests, stored state and links that make no sense: refused, passed over or put right, never fatal.

use std::net::TcpListener;

use async_nats::HeaderMap;
use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::abuse::{
    Arena, HELLO, HTTP, Lattice, SERVER, Shared, eventually, free_port, guest, http, link, signed,
    timeout,
};

static SHARED: Shared = Shared::new();

const GET: &str = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

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

impl Lattice<'_> {
    async fn links(&self) -> Vec<Value> {
        let links = self.ask("get.links", "").await;
        links["links"].as_array().unwrap().clone()
    }

    /// Removes every link but that of `hello`.
    async fn clean_up(&self) {
        for link in self.links().await {
            if link["actor_id"] != HELLO {
                self.delete(&link).await;
            }
        }
    }

    async fn delete(&self, link: &Value) {
        let body = json!({
            "actor_id": link["actor_id"], "contract_id": link["contract_id"], "link_name": link["link_name"],
        });
        self.accepted("linkdefs.del", &body).await;
    }

    async fn store(&self, key: &str, value: impl Into<bytes::Bytes>, headers: HeaderMap) {
        let subject = format!("$KV.LATTICEDATA_default.{key}");
        let written = self
            .client
            .request_with_headers(subject, headers, value.into());
        timeout(written).await.unwrap();
    }

    /// Waits until the health of the HTTP server holds these words, or none if there are none.
    async fn health(&self, words: &str) {
        timeout(async {
            loop {
                let inventory = self.inventory().await;
                let message = inventory["providers"][0]["health"]["message"].to_string();
                if message.contains(words) && (!words.is_empty() || message == "null") {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    }
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
    assert_eq!(
        inventory["actors"].as_array().unwrap().len(),
        1,
        "{inventory}"
    );
    assert_eq!(
        inventory["providers"].as_array().unwrap().len(),
        1,
        "{inventory}"
    );
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

#[tokio::test]
async fn garbage_in_the_shared_state_is_passed_over() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let links = lattice.links().await;
    let hello = links.iter().find(|it| it["actor_id"] == HELLO).unwrap();
    let own = format!("LINKDEF_{}", hello["id"].as_str().unwrap());
    let deep = "[".repeat(100_000);
    let none = HeaderMap::new;
    for key in [
        &own,
        "LINKDEF_",
        "LINKDEF_X",
        "REFMAP_X",
        "CLAIMS_X",
        &format!("CLAIMS_{HELLO}"),
        "ODD",
        "LINKDEF_a.b",
    ] {
        for value in [
            "",
            "{",
            "null",
            "[]",
            "7",
            "{\"actor_id\": 7}",
            "\u{0}",
            &deep,
        ] {
            lattice.store(key, value.to_owned(), none()).await;
        }
        lattice.store(key, vec![b'x'; 900_000], none()).await;
        let mut odd = HeaderMap::new();
        odd.insert("KV-Operation", "EXPLODE");
        lattice.store(key, "{", odd).await;
        arena.serves();
    }
    // Under a key that is not its own, and with names that no subject can hold.
    for (key, actor, provider, name) in [
        ("LINKDEF_WRONG", "MA", SERVER, "default"),
        ("LINKDEF_WILD", "M>", "V.*", "a b"),
        ("LINKDEF_NONE", "", "", ""),
    ] {
        let link = json!({
            "actor_id": actor, "provider_id": provider, "link_name": name, "contract_id": HTTP,
            "values": {"address": "256.1.1.1:99999"},
        });
        lattice.store(key, link.to_string(), none()).await;
    }
    for index in 0..200 {
        let value = json!({"oci_url": "x".repeat(index), "public_key": ">"});
        lattice
            .store(&format!("REFMAP_{index}"), value.to_string(), none())
            .await;
    }
    // Whatever came before, what is put now counts.
    let marker = json!({"actor_id": "MARKER", "provider_id": "V", "link_name": "x", "contract_id": "c", "values": {}});
    lattice.accepted("linkdefs.put", &marker).await;
    let links = lattice.links().await;
    assert!(
        links.iter().any(|it| it["actor_id"] == "MARKER"),
        "{links:?}"
    );
    assert!(links.iter().any(|it| it["actor_id"] == HELLO), "{links:?}");
    assert!(lattice.ask("get.claims", "").await["claims"].is_array());
    let listed = arena.env.run(&["link", "query", "-o", "json"]).success();
    assert!(listed.stdout.contains("MARKER"), "{listed}");
    let _ = arena.env.run(&["get", "claims"]).success();
    arena.serves();
    for key in ["LINKDEF_WRONG", "LINKDEF_WILD", "LINKDEF_NONE"] {
        let mut deleted = HeaderMap::new();
        deleted.insert("KV-Operation", "DEL");
        lattice.store(key, "", deleted).await;
    }
    lattice.clean_up().await;
    arena.serves();
}

#[tokio::test]
async fn a_link_to_an_address_in_use_waits_for_it() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let actor = lattice.guest("mirror", 1).await;
    // Taken by another actor, and by another process.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    lattice.link(&actor, arena.port).await;
    lattice.health("in use").await;
    arena.serves();
    lattice.link(&actor, port).await;
    lattice.health(&format!(":{port}")).await;
    arena.serves();
    let output = arena.env.run(&[
        "link",
        "put",
        &actor,
        SERVER,
        HTTP,
        &format!("address=127.0.0.1:{}", arena.port),
    ]);
    let output = output.failure(8);
    assert!(output.stderr.contains("in use"), "{output}");
    lattice.link(&actor, port).await;
    drop(taken);
    let answer = eventually("the address is free", || {
        http(port, GET).filter(|it| !it.is_empty())
    });
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    lattice.delete(&link(&actor, port)).await;
    arena.serves();
    // Addresses that are none.
    for address in [
        "",
        "nonsense",
        "127.0.0.1:99999",
        "256.0.0.1:1",
        "127.0.0.1",
        "[::",
        "a b:1",
        "192.0.2.1:80",
    ] {
        let mut bad = link(&actor, 1);
        bad["values"]["address"] = json!(address);
        lattice.accepted("linkdefs.put", &bad).await;
        arena.serves();
    }
    lattice.delete(&link(&actor, port)).await;
    lattice.health("").await;
}

#[tokio::test]
async fn the_same_actor_started_twenty_times_at_once_is_one_actor() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let key = Seed::generate(KeyKind::Module);
    let reference = arena.write("twenty.wasm", &signed(&guest("echo"), &key, |_| {}));
    let body = json!({"actor_ref": reference, "count": 1, "host_id": arena.host});
    let starts = (0..20).map(|_| lattice.accepted("cmd.HOST.la", &body));
    futures_util::future::join_all(starts).await;
    let find = |inventory: &Value| {
        let actors = inventory["actors"].as_array().unwrap().clone();
        actors
            .into_iter()
            .filter(|it| it["id"] == key.public())
            .collect::<Vec<_>>()
    };
    timeout(async {
        loop {
            let found = find(&lattice.inventory().await);
            assert!(found.len() <= 1, "{found:?}");
            if found
                .first()
                .is_some_and(|it| it["instances"][0]["max_instances"] == 20)
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(
        lattice.call(&key.public(), "Echo.It", "hi").await.unwrap(),
        "hi"
    );
    let stop = json!({"actor_ref": key.public(), "count": 0, "host_id": arena.host});
    let stops = (0..20).map(|_| lattice.ask("cmd.HOST.sa", stop.to_string()));
    futures_util::future::join_all(stops).await;
    assert!(find(&lattice.inventory().await).is_empty());
    arena.serves();
}

#[tokio::test]
async fn links_put_and_deleted_in_haste_end_as_the_last_word_says() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let actor = lattice.guest("mirror", 1).await;
    let port = free_port();
    let body = link(&actor, port);
    for _ in 0..100 {
        lattice.accepted("linkdefs.put", &body).await;
        lattice.delete(&body).await;
    }
    eventually("the port is closed", || {
        http(port, GET).is_none().then_some(())
    });
    for last in [true, false] {
        // All at once: whichever comes last counts, and it is taken into account.
        let puts = (0..50).map(|_| lattice.accepted("linkdefs.put", &body));
        futures_util::future::join_all(puts).await;
        if last {
            eventually("the port answers", || {
                http(port, GET).filter(|it| !it.is_empty())
            });
        } else {
            lattice.delete(&body).await;
            eventually("the port is closed", || {
                http(port, GET).is_none().then_some(())
            });
        }
    }
    arena.serves();
}

#[tokio::test]
async fn a_provider_started_and_stopped_in_haste_ends_as_the_last_word_says() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    const CLIENT: &str = "VCCVLH4XWGI3SGARFNYKYT2A32SUYA2KVAIV2U2Q34DQA7WWJPFRKIKM";
    let start =
        json!({"provider_ref": "builtin:httpclient", "link_name": "x", "host_id": arena.host});
    let stop = json!({"provider_ref": CLIENT, "link_name": "x", "contract_id": "wasmcloud:httpclient", "host_id": arena.host});
    for _ in 0..20 {
        lattice.ask("cmd.HOST.lp", start.to_string()).await;
        lattice.ask("cmd.HOST.sp", stop.to_string()).await;
    }
    for runs in [true, false] {
        timeout(async {
            loop {
                let (subject, body) = if runs {
                    ("cmd.HOST.lp", &start)
                } else {
                    ("cmd.HOST.sp", &stop)
                };
                lattice.ask(subject, body.to_string()).await;
                let inventory = lattice.inventory().await;
                let providers = inventory["providers"].as_array().unwrap();
                if providers.iter().any(|it| it["id"] == CLIENT) == runs {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    }
    arena.serves();
}
