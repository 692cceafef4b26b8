//! The shared state on a real server, among handles of ours and writers that are not.

mod cut_off;

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};
use serde_json::json;
use tokio::sync::broadcast::Receiver;

use super::*;
use crate::lattice::testing::{NatsServer, Setup, eventually};

const LIMIT: Duration = Duration::from_secs(30);

async fn open(server: &NatsServer) -> State {
    let opened = State::open(server.client().await, &LatticeName::default(), None).await;
    opened.unwrap()
}

fn link(actor: &str, value: &str) -> LinkDefinition {
    LinkDefinition {
        actor_id: actor.to_owned(),
        provider_id: "V".to_owned(),
        link_name: "default".to_owned(),
        contract_id: "c".to_owned(),
        values: Map::from([("k".to_owned(), value.to_owned())]),
        ..LinkDefinition::default()
    }
}

fn stored(actor: &str, value: &str) -> LinkDefinition {
    LinkDefinition {
        id: entry::link_hash(actor, "c", "default"),
        ..link(actor, value)
    }
}

async fn next(changes: &mut Receiver<Change>) -> Change {
    tokio::time::timeout(LIMIT, changes.recv())
        .await
        .unwrap()
        .unwrap()
}

/// A write as peers do it, without our code.
async fn put(server: &NatsServer, key: &str, body: &str, operation: Option<&str>) {
    let jetstream = jetstream::new(server.client().await);
    let mut headers = HeaderMap::new();
    if let Some(operation) = operation {
        headers.insert("KV-Operation", operation);
    }
    let subject = format!("$KV.LATTICEDATA_default.{key}");
    let sent = jetstream
        .publish_with_headers(subject, headers, body.to_owned().into())
        .await;
    sent.unwrap().await.unwrap();
}

#[tokio::test]
async fn handles_see_each_others_links() {
    let server = NatsServer::start().await;
    let (ours, theirs) = (open(&server).await, open(&server).await);
    let (mut our_changes, mut their_changes) = (ours.changes(), theirs.changes());

    assert!(ours.put_link(link("M", "1")).await.unwrap());
    assert_eq!(
        ours.snapshot().links[&LinkKey::of(&link("M", "1"))],
        stored("M", "1")
    );
    assert_eq!(
        next(&mut their_changes).await,
        Change::LinkPut(stored("M", "1"))
    );
    assert_eq!(theirs.snapshot().links.len(), 1);
    assert!(
        !theirs.put_link(link("M", "1")).await.unwrap(),
        "an equal link is there"
    );
    assert!(theirs.put_link(link("M", "2")).await.unwrap());

    assert_eq!(
        next(&mut our_changes).await,
        Change::LinkPut(stored("M", "1"))
    );
    assert_eq!(
        next(&mut our_changes).await,
        Change::LinkPut(stored("M", "2"))
    );
    let deleted = ours
        .delete_link(&LinkKey::of(&link("M", "2")))
        .await
        .unwrap();
    assert_eq!(deleted, Some(stored("M", "2")));
    assert!(ours.snapshot().links.is_empty());
    assert_eq!(
        ours.delete_link(&LinkKey::of(&link("M", "2")))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        next(&mut our_changes).await,
        Change::LinkDeleted(stored("M", "2"))
    );
    assert_eq!(
        next(&mut their_changes).await,
        Change::LinkPut(stored("M", "2"))
    );
    assert_eq!(
        next(&mut their_changes).await,
        Change::LinkDeleted(stored("M", "2"))
    );
    assert!(
        ours.put_link(link("M", "2")).await.unwrap(),
        "it was deleted"
    );

    let late = open(&server).await;
    assert_eq!(late.snapshot().links, ours.snapshot().links);
}

#[tokio::test]
async fn claims_and_references_are_shared() {
    let server = NatsServer::start().await;
    let (ours, theirs) = (open(&server).await, open(&server).await);
    let mut changes = theirs.changes();
    let claims = |alias: &str, key: &str| {
        Map::from([("call_alias", alias), ("sub", key)].map(|(k, v)| (k.to_owned(), v.to_owned())))
    };
    ours.put_claims("MB", claims("a/b", "MB")).await.unwrap();
    ours.put_claims("MA", claims("a/b", "MA")).await.unwrap();
    ours.put_claims("MB", claims("a/b", "MB")).await.unwrap();
    ours.put_reference("oci/ref:1", "MB").await.unwrap();
    assert_eq!(next(&mut changes).await, Change::ClaimsPut("MB".to_owned()));
    assert_eq!(next(&mut changes).await, Change::ClaimsPut("MA".to_owned()));
    eventually("the reference is there", async || {
        theirs
            .snapshot()
            .references
            .get("oci/ref:1")
            .is_some_and(|it| it == "MB")
    })
    .await;
    for state in [&ours, &theirs] {
        assert_eq!(state.snapshot().alias("a/b"), Some("MB"));
        assert_eq!(state.snapshot().claims["MA"], claims("a/b", "MA"));
    }
    let error = ours.put_claims("M.*", claims("", "")).await.unwrap_err();
    assert!(matches!(error, StateError::Write { .. }), "{error}");
}

#[tokio::test]
async fn the_bucket_has_the_settings_of_every_host() {
    let server = NatsServer::start().await;
    open(&server).await;
    let jetstream = jetstream::new(server.client().await);
    let stream = jetstream
        .get_stream("KV_LATTICEDATA_default")
        .await
        .unwrap();
    let config = stream.cached_info().config.clone();
    assert_eq!(config.subjects, ["$KV.LATTICEDATA_default.>"]);
    assert_eq!(config.max_messages_per_subject, 1);
    assert_eq!(config.storage, stream::StorageType::File);
    assert_eq!(config.discard, stream::DiscardPolicy::New);
    assert!(
        config.allow_rollup && config.deny_delete && config.allow_direct && !config.mirror_direct
    );
    assert_eq!(config.duplicate_window, Duration::from_secs(120));
    let limits = [
        config.max_messages,
        config.max_bytes,
        i64::from(config.max_message_size),
    ];
    assert_eq!(limits, [-1, -1, -1]);
}

#[tokio::test]
async fn a_bucket_with_other_settings_is_taken_as_it_is() {
    let server = NatsServer::start().await;
    let jetstream = jetstream::new(server.client().await);
    let config = stream::Config {
        name: "KV_LATTICEDATA_default".to_owned(),
        subjects: vec!["$KV.LATTICEDATA_default.>".to_owned()],
        max_messages_per_subject: 5,
        storage: stream::StorageType::Memory,
        ..stream::Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let state = open(&server).await;
    assert!(state.put_link(link("M", "1")).await.unwrap());
    assert!(!state.put_link(link("M", "1")).await.unwrap());
}

#[tokio::test]
async fn every_generation_of_writers_is_read() {
    let server = NatsServer::start().await;
    let before = open(&server).await;
    let mut changes = before.changes();
    let key = format!("LINKDEF_{}", entry::link_hash("M", "c", "default"));
    let without_id = json!({
        "actor_id": "M", "provider_id": "V", "link_name": "default", "contract_id": "c", "values": {"k": "1"},
    });
    let claims = json!({
        "call_alias": "", "capabilities": ["x", "y"], "issuer": "AI", "name": "n", "revision": "4", "subject": "M",
        "tags": [], "version": "1",
    });
    put(&server, &key, "no json", None).await;
    put(&server, &key, &without_id.to_string(), None).await;
    put(&server, "CLAIMS_M", &claims.to_string(), None).await;
    put(&server, "OTHER", "", None).await;
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("M", "1")));
    assert_eq!(next(&mut changes).await, Change::ClaimsPut("M".to_owned()));
    let late = open(&server).await;
    for state in [&before, &late] {
        assert_eq!(state.snapshot().links.len(), 1);
        let claims = &state.snapshot().claims["M"];
        let short = ["caps", "iss", "rev", "sub", "tags"].map(|it| claims[it].clone());
        assert_eq!(short, ["x,y", "AI", "4", "M", ""]);
    }

    for operation in ["PURGE", "DEL"] {
        put(&server, &key, "", Some(operation)).await;
        assert_eq!(
            next(&mut changes).await,
            Change::LinkDeleted(stored("M", "1"))
        );
        put(&server, &key, &without_id.to_string(), None).await;
        assert_eq!(next(&mut changes).await, Change::LinkPut(stored("M", "1")));
    }
    put(&server, "CLAIMS_M", "", Some("PURGE")).await;
    eventually("the claims are gone", async || {
        before.snapshot().claims.is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_state_of_the_oldest_hosts_moves_in() {
    let server = NatsServer::start().await;
    let jetstream = jetstream::new(server.client().await);
    let config = stream::Config {
        name: "LATTICECACHE_default".to_owned(),
        subjects: vec!["lc.default.>".to_owned()],
        max_messages_per_subject: 1,
        storage: stream::StorageType::Memory,
        ..stream::Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let body = |actor: &str, value: &str, deleted: bool| {
        json!({
            "id": "some-uuid", "actor_id": actor, "provider_id": "V", "link_name": "default", "contract_id": "c",
            "values": {"k": value}, "deleted": deleted,
        })
    };
    let claims = json!({
        "call_alias": "", "iss": "AI", "name": "n", "caps": "x,y", "rev": "4", "tags": "", "version": null, "sub": "M",
    });
    for (subject, body) in [
        ("linkdefs.one", body("MA", "1", false)),
        ("linkdefs.two", body("MA", "2", false)),
        ("linkdefs.three", body("MB", "1", false)),
        ("linkdefs.three", body("MB", "1", true)),
        ("linkdefs.four", json!("no link")),
        ("claims.M", claims),
        ("refmap.cmVm", json!({"oci_url": "ref", "public_key": "M"})),
    ] {
        let sent = jetstream
            .publish(format!("lc.default.{subject}"), body.to_string().into())
            .await;
        sent.unwrap().await.unwrap();
    }

    let state = open(&server).await;
    let snapshot = state.snapshot();
    let links: Vec<_> = snapshot.links.values().cloned().collect();
    assert_eq!(links, [stored("MA", "2")]);
    let claims = &snapshot.claims["M"];
    assert_eq!(
        ["caps", "version", "rev"].map(|it| claims[it].as_str()),
        ["x,y", "", "4"]
    );
    assert_eq!(snapshot.references["ref"], "M");
    assert!(jetstream.get_stream("LATTICECACHE_default").await.is_err());
    assert_eq!(open(&server).await.snapshot().links, snapshot.links);
}

#[tokio::test]
async fn the_watch_survives_a_restart_of_the_server() {
    let mut server = NatsServer::start().await;
    let state = open(&server).await;
    assert!(state.put_link(link("MA", "1")).await.unwrap());
    let mut changes = state.changes();
    server.restart().await;
    let other = open(&server).await;
    assert_eq!(other.snapshot().links.len(), 1, "the store is the same");
    other.put_link(link("MB", "1")).await.unwrap();
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("MB", "1")));
    other
        .delete_link(&LinkKey::of(&link("MA", "1")))
        .await
        .unwrap();
    assert_eq!(
        next(&mut changes).await,
        Change::LinkDeleted(stored("MA", "1"))
    );
    assert!(state.put_link(link("MC", "1")).await.unwrap());
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("MC", "1")));
    assert_eq!(state.snapshot().links.len(), 2);
}

#[tokio::test]
async fn no_jetstream_is_known_at_once() {
    let without = NatsServer::start_bare().await;
    let disabled = NatsServer::start_real(
        "jetstream: enabled\nno_auth_user: a\naccounts: { A: { users: [ {user: a, password: a} ] } }",
    )
    .await;
    for server in [without, disabled] {
        let opened = State::open(server.client().await, &LatticeName::default(), None).await;
        assert!(
            matches!(opened, Err(StateError::NoJetStream)),
            "{:?}",
            opened.err()
        );
    }
}

#[tokio::test]
async fn domains_are_honoured() {
    let server = NatsServer::start_with(Setup::domain("hub")).await;
    let lattice = LatticeName::default();
    let state = State::open(server.client().await, &lattice, Some("hub"))
        .await
        .unwrap();
    let other = State::open(server.client().await, &lattice, None)
        .await
        .unwrap();
    let mut changes = other.changes();
    assert!(state.put_link(link("M", "1")).await.unwrap());
    assert!(!state.put_link(link("M", "1")).await.unwrap());
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("M", "1")));

    let opened = State::open(server.client().await, &lattice, Some("nowhere")).await;
    let error = opened.err().map(|it| it.to_string());
    assert_eq!(
        error.as_deref(),
        Some("cannot reach JetStream in domain 'nowhere': nobody answers")
    );
}

#[tokio::test]
async fn the_watch_ends_with_the_last_handle() {
    let server = NatsServer::start().await;
    let state = open(&server).await;
    let shared = Arc::downgrade(&state.inner.shared);
    let clone = state.clone();
    drop(state);
    assert!(shared.upgrade().is_some());
    drop(clone);
    eventually("nobody holds the state", async || {
        shared.upgrade().is_none()
    })
    .await;
}
