//! State that makes no sense, and requests in haste: what can be served is, and the last word counts.

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

impl Lattice<'_> {
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
    lattice.unlink(&link(&actor, port)).await;
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
    lattice.unlink(&link(&actor, port)).await;
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
        lattice.unlink(&body).await;
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
            lattice.unlink(&body).await;
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
