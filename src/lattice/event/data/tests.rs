//! Events against those that real hosts sent.

use super::*;

const NOW: u64 = 1_700_000_000;

fn token<T>(metadata: T) -> Token<T> {
    Token {
        expires: None,
        id: "J".to_owned(),
        issued_at: 1,
        issuer: "AI".to_owned(),
        subject: "M".to_owned(),
        not_before: None,
        metadata: Some(metadata),
        revision: None,
    }
}

/// What `made` has besides `seen`, an event of a real host; all that it has must be there, equal.
fn beyond(made: &Value, seen: &Value) -> Vec<String> {
    let (made, seen) = (made.as_object().unwrap(), seen.as_object().unwrap());
    for (key, value) in seen {
        assert_eq!(made.get(key), Some(value), "{key}");
    }
    made.keys()
        .filter(|it| !seen.contains_key(*it))
        .cloned()
        .collect()
}

fn echo_claims() -> Value {
    let echo = ActorMetadata {
        name: Some("Echo".to_owned()),
        caps: Some(vec!["wasmcloud:httpserver".to_owned()]),
        rev: Some(4),
        ver: Some("0.3.4".to_owned()),
        ..ActorMetadata::default()
    };
    actor_claims(Some(&token(echo)), NOW)
}

#[test]
fn claims_have_the_types_that_readers_want() {
    assert_eq!(
        echo_claims(),
        json!({
            "call_alias": null, "caps": ["wasmcloud:httpserver"], "expires_human": "never", "issuer": "AI",
            "name": "Echo", "not_before_human": "immediately", "revision": 4, "tags": [], "version": "0.3.4",
        })
    );
    let unsigned = actor_claims(None, NOW);
    assert!(unsigned["caps"].is_array() && unsigned["name"].is_string());
    assert_eq!(
        (&unsigned["revision"], &unsigned["version"]),
        (&json!(0), &json!(""))
    );
    let provider = ProviderMetadata {
        name: Some("HTTP Server 2022".to_owned()),
        ver: Some("0.16.0".to_owned()),
        ..ProviderMetadata::default()
    };
    assert_eq!(
        provider_claims(&token(provider), NOW),
        json!({
            "expires_human": "never", "issuer": "AI", "name": "HTTP Server 2022",
            "not_before_human": "immediately", "tags": null, "version": "0.16.0",
        })
    );
}

#[test]
fn actor_events_hold_what_hosts_of_0_78_and_0_82_send() {
    let claims = echo_claims();
    let annotations = Map::from([("a".to_owned(), "b".to_owned())]);
    let actor = Actor {
        host: "NH",
        public_key: "M",
        image_ref: "r",
        annotations: &annotations,
        claims: &claims,
    };
    let marks = json!({"a": "b"});
    let (name, data) = actor_started(&actor, "i");
    let seen = json!({
        "annotations": marks, "api_version": "n/a", "claims": claims, "image_ref": "r", "instance_id": "i",
        "public_key": "M",
    });
    assert_eq!((name, data), ("actor_started", seen));
    let (name, data) = actors_started(&actor, 4);
    let seen = json!({
        "annotations": marks, "claims": claims, "count": 4, "host_id": "NH", "image_ref": "r", "public_key": "M",
    });
    assert_eq!((name, data), ("actors_started", seen));
    let (name, data) = actor_scaled(&actor, 4);
    let seen = json!({
        "annotations": marks, "claims": claims, "max_instances": 4, "host_id": "NH", "image_ref": "r",
        "public_key": "M",
    });
    assert_eq!((name, data), ("actor_scaled", seen));
    let (name, data) = actor_stopped(&actor, "i");
    let seen = json!({"annotations": marks, "instance_id": "i", "public_key": "M"});
    assert_eq!((name, data), ("actor_stopped", seen));
    let (name, data) = actors_stopped(&actor, 2, 3);
    let seen = json!({
        "annotations": marks, "count": 2, "host_id": "NH", "public_key": "M", "remaining": 3,
    });
    assert_eq!(
        (name, beyond(&data, &seen)),
        ("actors_stopped", vec!["image_ref".to_owned()])
    );
}

#[test]
fn a_failed_start_is_found_by_clients_of_every_generation() {
    let failures = actor_start_failures("NH", None, "r", &Map::new(), 1, "no such file");
    let names = failures.each_ref().map(|(name, _)| *name);
    assert_eq!(
        names,
        [
            "actor_start_failed",
            "actors_start_failed",
            "actor_scale_failed"
        ]
    );
    let seen = json!({
        "public_key": "N/A", "actor_ref": "r", "image_ref": "r", "annotations": {}, "host_id": "NH",
        "error": "no such file",
    });
    for (name, data) in &failures {
        let more = beyond(data, &seen);
        assert_eq!(more.is_empty(), *name != "actor_scale_failed", "{more:?}");
    }
    let (_, data) = provider_start_failed("NH", "p", "default", "e");
    let seen = json!({"provider_ref": "p", "link_name": "default", "error": "e"});
    assert_eq!(beyond(&data, &seen), ["host_id"]);
}

#[test]
fn provider_and_link_events() {
    let annotations = Map::new();
    let provider = Provider {
        host: "NH",
        public_key: "V",
        image_ref: "p",
        link_name: "default",
        contract_id: "c",
        instance_id: "i",
        annotations: &annotations,
    };
    let (name, data) = provider_started(&provider, &json!({"name": "n"}));
    let seen = json!({
        "annotations": {}, "claims": {"name": "n"}, "contract_id": "c", "host_id": "NH", "image_ref": "p",
        "instance_id": "i", "link_name": "default", "public_key": "V",
    });
    assert_eq!((name, data), ("provider_started", seen));
    let (_, data) = provider_stopped(&provider, "normal");
    assert_eq!(data["annotations"], data["annotaions"]);
    assert_eq!(data["reason"], "normal");
    let (name, data) = health_check(HealthCheck::Unchanged, &provider);
    let seen = json!({"contract_id": "c", "link_name": "default", "public_key": "V"});
    assert_eq!((name, data), ("health_check_status", seen));

    let link = LinkDefinition {
        id: "H".to_owned(),
        actor_id: "M".to_owned(),
        provider_id: "V".to_owned(),
        link_name: "default".to_owned(),
        contract_id: "c".to_owned(),
        values: Map::new(),
    };
    let seen = json!({
        "id": "H", "actor_id": "M", "provider_id": "V", "link_name": "default", "contract_id": "c", "values": {},
    });
    assert_eq!(linkdef_set(&link), ("linkdef_set", seen));
}

#[test]
fn heartbeats_are_inventories() {
    let inventory = HostInventory {
        host_id: "NH".to_owned(),
        version: "0.82.0".to_owned(),
        uptime_seconds: 30,
        ..HostInventory::default()
    };
    let (name, data) = host_heartbeat(&inventory);
    let seen = json!({
        "host_id": "NH", "issuer": "", "friendly_name": "", "labels": {}, "version": "0.82.0", "uptime_seconds": 30,
        "uptime_human": "", "actors": [], "providers": [],
    });
    assert_eq!((name, beyond(&data, &seen)), ("host_heartbeat", Vec::new()));
}

#[test]
fn calls_name_link_and_contract_of_providers_only() {
    let (name, data) = invocation(
        true,
        &Entity::actor("M"),
        &Entity::provider("V", "c", "default"),
        "S.Op",
        3,
    );
    let seen = json!({
        "source": {"public_key": "M", "contract_id": null, "link_name": null},
        "dest": {"public_key": "V", "contract_id": "c", "link_name": "default"}, "operation": "S.Op", "bytes": 3,
    });
    assert_eq!((name, data), ("invocation_succeeded", seen));
}
