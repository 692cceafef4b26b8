//! Queries, auctions, labels, and requests that make no sense.

use super::*;
use crate::host::about::COMPATIBLE_VERSION;
use crate::lattice::control::Gather;
use crate::lattice::wire::{LinkDefinition, Map};

#[tokio::test]
async fn a_started_host_answers_at_once() {
    let bench = Bench::with(|it| it.ctl_url = "nats://me:s3cret@h:4222,h2:4222".to_owned()).await;
    let answer = bench.ask("ping.hosts", "").await;
    let summary: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(summary["id"], bench.id());
    assert_eq!(summary["issuer"], bench.cluster.public());
    assert_eq!(summary["cluster_issuers"], bench.cluster.public());
    assert_eq!(summary["friendly_name"], bench.host.name());
    assert_eq!(summary["labels"]["zone"], "a");
    assert_eq!(summary["labels"]["hostcore.os"], std::env::consts::OS);
    assert_eq!(summary["version"], COMPATIBLE_VERSION);
    assert!(summary["uptime_seconds"].is_u64());
    assert_eq!(summary["ctl_host"], "nats://h:4222,h2:4222");
    for (key, value) in [("lattice", "default"), ("lattice_prefix", "default")] {
        assert_eq!(summary[key], value);
    }
    let started = bench.event("host_started").await;
    assert_eq!(started["friendly_name"], bench.host.name());
    // One when it starts, one when it is asked; in the shape of 0.82.
    for _ in 0..2 {
        let beat = bench.event("host_heartbeat").await;
        assert_eq!(beat["host_id"], bench.id());
        assert!(beat["actors"].is_array() && beat["providers"].is_array());
    }
    let hosts = bench
        .control
        .hosts(bench.control.patience(Duration::from_secs(2)))
        .await
        .unwrap();
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0].id, bench.id());
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_in_the_words_of_the_generation() {
    let bench = Bench::new().await;
    let subjects = [
        ("cmd.HOST.la", "Invalid launch actor JSON request"),
        ("cmd.HOST.sa", "Invalid request to stop actor"),
        ("cmd.HOST.scale", "Invalid scale actor JSON request"),
        ("cmd.HOST.upd", "Invalid JSON request to update actor"),
        (
            "cmd.HOST.lp",
            "Improperly formed start provider command JSON",
        ),
        ("cmd.HOST.sp", "Invalid JSON request for stop provider"),
        ("cmd.HOST.stop", "Invalid JSON request to stop host"),
        ("linkdefs.put", "Invalid link definition put request"),
        ("linkdefs.del", "Invalid link definition removal request"),
        ("registries.put", "Invalid registry credential put request"),
        ("labels.HOST.put", "Invalid label put request"),
        ("labels.HOST.del", "Invalid label removal request"),
    ];
    let huge = format!(r#"{{"x":"{}"}}"#, "a".repeat(1_000_000));
    let deep = "[".repeat(100_000);
    for (subject, text) in subjects {
        for body in ["", "null", "[]", "{", "\"a\"", "12", "\u{1}\u{2}", &deep] {
            let ack = bench.ask(subject, body.to_owned()).await;
            let expected = json!({"accepted": false, "error": text}).to_string();
            assert_eq!(ack, expected, "{subject} {body:.20}");
        }
    }
    for (subject, body, words) in [
        ("cmd.HOST.la", json!({"actor_ref": 7}), "Invalid launch"),
        (
            "cmd.HOST.la",
            json!({"actor_ref": ""}),
            "actor_ref is empty",
        ),
        (
            "cmd.HOST.la",
            json!({"actor_ref": "r", "count": -1}),
            "Invalid launch",
        ),
        (
            "cmd.HOST.la",
            json!({"actor_ref": "r", "annotations": {"a": 1}}),
            "Invalid launch",
        ),
        (
            "cmd.HOST.sa",
            json!({"actor_ref": "echo"}),
            "not a valid module key",
        ),
        (
            "cmd.HOST.sa",
            json!({"actor_ref": SERVER}),
            "not a valid module key",
        ),
        (
            "cmd.HOST.scale",
            json!({"count": 1}),
            "neither actor_id nor",
        ),
        (
            "cmd.HOST.scale",
            json!({"actor_ref": "r", "count": 1e30}),
            "Invalid scale",
        ),
        (
            "cmd.HOST.lp",
            json!({"provider_ref": "builtin:httpserver", "link_name": "a.b"}),
            "link_name must not",
        ),
        (
            "cmd.HOST.sp",
            json!({"provider_ref": "V"}),
            "not a valid service key",
        ),
        (
            "linkdefs.put",
            json!({"actor_id": "a.>", "provider_id": "V", "link_name": "d", "contract_id": "c"}),
            "actor_id must not",
        ),
        (
            "linkdefs.put",
            json!({"actor_id": "M", "provider_id": "", "link_name": "d", "contract_id": "c"}),
            "provider_id must not",
        ),
        (
            "linkdefs.put",
            json!({"actor_id": "M", "provider_id": "V", "link_name": "d", "contract_id": ""}),
            "contract_id is empty",
        ),
        (
            "linkdefs.put",
            json!({"actor_id": "M", "provider_id": "V", "link_name": "d"}),
            "Invalid link definition put request",
        ),
        (
            "linkdefs.del",
            json!({"actor_id": "M", "contract_id": "c", "link_name": "*"}),
            "link_name must not",
        ),
        ("cmd.HOST.fly", json!({}), "unsupported subject"),
        ("linkdefs.fly", json!({}), "unsupported subject"),
        ("get.config", json!({}), "unsupported subject"),
    ] {
        let ack = bench.ask(subject, body.to_string()).await;
        assert!(
            ack.contains(words) && ack.contains("false"),
            "{subject} {body}: {ack}"
        );
    }
    let ack = bench.ask("cmd.HOST.la", huge).await;
    assert!(ack.contains("Invalid launch actor JSON request"), "{ack}");
    let other = Seed::generate(KeyKind::Server).public();
    for (operation, mut body) in [
        ("la", json!({"actor_ref": "r"})),
        ("sa", json!({"actor_ref": "r"})),
        ("scale", json!({"actor_ref": "r"})),
        ("upd", json!({"actor_id": "r", "new_actor_ref": "r"})),
        ("lp", json!({"provider_ref": "r"})),
        ("sp", json!({"provider_ref": "r"})),
        ("stop", json!({})),
    ] {
        body["host_id"] = other.clone().into();
        let ack = bench.command(operation, body).await;
        assert!(ack.contains("Command received by incorrect host"), "{ack}");
    }
    // Whoever wants no answer gets none, and nothing breaks.
    for rest in ["ping.hosts", "get.claims", "auction.actor", "linkdefs.put"] {
        let subject = format!("wasmbus.ctl.default.{rest}");
        bench.client.publish(subject, "junk".into()).await.unwrap();
    }
    assert_eq!(bench.ask("get.links", "").await, r#"{"links":[]}"#);
    assert!(!bench.has_event("actor_start_failed"));
}

#[tokio::test]
async fn auctions_are_answered_by_those_who_fit() {
    let bench = Bench::new().await;
    let map = |key: &str, value: &str| -> Map { [(key.to_owned(), value.to_owned())].into() };
    let quick = Gather {
        expect: Some(1),
        quiet: Duration::from_millis(300),
        limit: Duration::from_secs(1),
    };
    let bids = async |constraints: Map| {
        let bids = bench.control.auction_actor("r", &constraints, quick).await;
        bids.unwrap().len()
    };
    assert_eq!(bids(Map::new()).await, 1);
    assert_eq!(bids(map("zone", "a")).await, 1);
    assert_eq!(bids(map("zone", "b")).await, 0);
    let body = r#"{"provider_ref":"builtin:httpserver","link_name":"default"}"#;
    let bid: Value = serde_json::from_str(&bench.ask("auction.provider", body).await).unwrap();
    assert_eq!(bid["host_id"], bench.id());
    assert_eq!(bid["link_name"], "default");
    let lp = json!({"provider_ref": "builtin:httpserver"});
    assert_eq!(bench.command("lp", lp).await, ACCEPTED);
    bench.event("provider_started").await;
    let provider = async |reference: &str, link_name: &str| {
        let constraints = Map::new();
        let bids = bench
            .control
            .auction_provider(reference, link_name, &constraints, quick);
        bids.await.unwrap().len()
    };
    assert_eq!(provider("builtin:httpserver", "default").await, 0);
    assert_eq!(provider(SERVER, "default").await, 0);
    assert_eq!(provider("builtin:httpserver", "other").await, 1);
}

#[tokio::test]
async fn labels_are_put_and_deleted() {
    let bench = Bench::new().await;
    let labels = async || {
        let inventory = bench.control.inventory(bench.id()).await.unwrap();
        inventory.labels
    };
    let ack = bench.control.put_label(bench.id(), "disk", "ssd").await;
    assert!(ack.unwrap().accepted);
    assert_eq!(labels().await["disk"], "ssd");
    let ack = bench.control.delete_label(bench.id(), "disk").await;
    assert!(ack.unwrap().accepted);
    assert!(!labels().await.contains_key("disk"));
    let ack = bench
        .control
        .put_label(bench.id(), "hostcore.os", "x")
        .await;
    assert!(!ack.unwrap().accepted);
}

#[tokio::test]
async fn registry_credentials_are_taken_and_never_shown() {
    let bench = Bench::new().await;
    let body = json!({"ghcr.io": {"username": "me", "password": "s3cret", "registryType": "oci"}});
    let ack = bench.ask("registries.put", body.to_string()).await;
    assert_eq!(ack, ACCEPTED);
}

#[tokio::test]
async fn links_are_stored_once_and_by_one_of_many_hosts() {
    let bench = Bench::new().await;
    let second = Host::start(
        config(&bench.cluster),
        bench.nats.client().await,
        bench.nats.client().await,
    );
    let second = second.await.unwrap();
    let link = json!({"actor_id": "MA", "provider_id": "VB", "link_name": "default",
        "contract_id": "c:d", "values": {"A": "1"}});
    assert_eq!(bench.ask("linkdefs.put", link.to_string()).await, ACCEPTED);
    // The other host learns of it by its watch.
    eventually("both know the link", async || {
        let answers = [
            bench.ask("get.links", "").await,
            bench.ask("get.links", "").await,
        ];
        answers.iter().all(|it| it.contains(r#""actor_id":"MA""#))
    })
    .await;
    // Values may be left out.
    let bare = json!({"actor_id": "MB", "provider_id": "VB", "link_name": "default", "contract_id": "c:d"});
    assert_eq!(bench.ask("linkdefs.put", bare.to_string()).await, ACCEPTED);
    let del = json!({"actor_id": "MA", "link_name": "default", "contract_id": "c:d"});
    for _ in 0..2 {
        assert_eq!(bench.ask("linkdefs.del", del.to_string()).await, ACCEPTED);
    }
    eventually("one link is left", async || {
        let links = bench.control.links().await.unwrap();
        links.len() == 1 && links[0].actor_id == "MB"
    })
    .await;
    timeout(second.shutdown(Duration::from_secs(1))).await;
}

#[tokio::test]
async fn links_that_fit_into_no_message_are_told_in_parts() {
    let bench = Bench::new().await;
    let long = "x".repeat(60_000);
    let link = |index: usize| LinkDefinition {
        actor_id: format!("M{index:02}"),
        provider_id: "VP".to_owned(),
        link_name: "default".to_owned(),
        contract_id: "c".to_owned(),
        values: [("text".to_owned(), long.clone())].into(),
        ..LinkDefinition::default()
    };
    // A message holds 17 of them.
    let count = 40;
    for index in 0..count {
        assert!(bench.control.put_link(&link(index)).await.unwrap().accepted);
    }
    let links = bench.control.links().await.unwrap();
    let actors: Vec<_> = links.iter().map(|it| it.actor_id.clone()).collect();
    let all: Vec<_> = (0..count).map(|it| link(it).actor_id).collect();
    assert_eq!(actors, all);
    assert!(links.iter().all(|it| it.values["text"] == long));
    // Who knows no parts is refused, and at once.
    let answer: Value = serde_json::from_str(&bench.ask("get.links", "").await).unwrap();
    assert_eq!(answer["accepted"], false);
    assert!(answer.get("links").is_none());
}
