//! The control client against plain subscribers that answer as hosts do.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::lattice::connect::round_trip;
use crate::lattice::testing::NatsServer;

/// Long enough that a test which waits for it has failed.
const NEVER: Duration = Duration::from_secs(60);

const LIMIT: Gather = Gather {
    expect: None,
    quiet: NEVER,
    limit: NEVER,
};

async fn control(server: &NatsServer) -> Control {
    Control::new(server.client().await, LatticeName::default(), None, NEVER)
}

/// Answers each message on `subject` with `answers`; what it was asked comes out of the channel.
async fn peer(
    server: &NatsServer,
    subject: &str,
    answers: &[Value],
) -> (
    AbortOnDropHandle<()>,
    mpsc::UnboundedReceiver<(String, Value)>,
) {
    let answers: Vec<Bytes> = answers.iter().map(|it| it.to_string().into()).collect();
    raw_peer(server, subject, answers).await
}

async fn raw_peer(
    server: &NatsServer,
    subject: &str,
    answers: Vec<Bytes>,
) -> (
    AbortOnDropHandle<()>,
    mpsc::UnboundedReceiver<(String, Value)>,
) {
    let client = server.client().await;
    let mut questions = client.subscribe(subject.to_owned()).await.unwrap();
    round_trip(&client).await;
    let (sender, receiver) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        while let Some(question) = questions.next().await {
            let body = serde_json::from_slice(&question.payload).unwrap_or(Value::Null);
            sender.send((question.subject.to_string(), body)).unwrap();
            let Some(reply) = question.reply else {
                continue;
            };
            for answer in &answers {
                client.publish(reply.clone(), answer.clone()).await.unwrap();
            }
        }
    });
    (AbortOnDropHandle::new(task), receiver)
}

fn ids(hosts: &[HostSummary]) -> Vec<&str> {
    let mut ids: Vec<_> = hosts.iter().map(|it| it.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn nobody_is_known_at_once() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    assert_eq!(control.hosts(LIMIT).await.unwrap(), []);
    let bids = control
        .auction_actor("r", &Map::new(), LIMIT)
        .await
        .unwrap();
    assert!(bids.is_empty());
    let error = control.links().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody answers on wasmbus.ctl.default.get.links in lattice 'default'"
    );
    for host in ["NX", "N.X", "*"] {
        let error = control.inventory(host).await.unwrap_err();
        assert!(
            matches!(error, ControlError::NoResponders { .. }),
            "{error}"
        );
    }
    assert_eq!(control.provider_health("V", "default").await.unwrap(), None);
}

#[tokio::test]
async fn hosts_are_gathered_once_each() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    let subject = "wasmbus.ctl.default.ping.hosts";
    let first = [
        json!({"id": "NA"}),
        json!({"id": "NA"}),
        json!("no host"),
        json!({"id": "NB", "labels": null}),
    ];
    let _first = peer(&server, subject, &first).await;
    let _second = peer(
        &server,
        subject,
        &[json!({"id": "NC", "uptime_seconds": 3})],
    )
    .await;
    let _silent = peer(&server, subject, &[]).await;

    let all = Gather {
        expect: Some(3),
        ..LIMIT
    };
    assert_eq!(ids(&control.hosts(all).await.unwrap()), ["NA", "NB", "NC"]);
    let quiet = Gather {
        quiet: Duration::from_secs(1),
        ..LIMIT
    };
    assert_eq!(
        ids(&control.hosts(quiet).await.unwrap()),
        ["NA", "NB", "NC"]
    );
    let limit = Gather {
        limit: Duration::from_secs(1),
        ..LIMIT
    };
    assert_eq!(
        ids(&control.hosts(limit).await.unwrap()),
        ["NA", "NB", "NC"]
    );
}

#[tokio::test]
async fn a_silent_host_does_not_stop_at_the_quiet_window() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    let _silent = peer(&server, "wasmbus.ctl.default.ping.hosts", &[]).await;
    let gather = Gather {
        expect: None,
        quiet: Duration::from_millis(1),
        limit: Duration::from_millis(300),
    };
    let began = Instant::now();
    assert_eq!(control.hosts(gather).await.unwrap(), []);
    assert!(began.elapsed() >= gather.limit);
}

#[tokio::test]
async fn requests_have_the_bodies_of_every_generation() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    let ack = json!({"accepted": true, "error": null});
    let (_peer, mut asked) = peer(&server, "wasmbus.ctl.default.>", &[ack]).await;
    let none = Map::new();
    let host = |version: &str| HostSummary {
        id: "NH".to_owned(),
        version: version.to_owned(),
        ..HostSummary::default()
    };
    let (old, new) = (host("0.78.0"), host("0.82.0"));
    let some = Map::from([("k".to_owned(), "v".to_owned())]);
    let link = LinkDefinition {
        actor_id: "M".to_owned(),
        provider_id: "V".to_owned(),
        link_name: "default".to_owned(),
        contract_id: "c".to_owned(),
        ..LinkDefinition::default()
    };
    let grace = Duration::from_secs(2);

    for answer in [
        control.start_actor(&old, "r", 2, &none).await,
        control.start_actor(&new, "r", 2, &some).await,
        control.scale_actor("NH", "M", "r", 5, &none).await,
        control.stop_actor("NH", "M", 0, &none).await,
        control.update_actor("NH", "M", "r2").await,
        control
            .start_provider("NH", "p", "default", Some("{}"), &none)
            .await,
        control
            .stop_provider("NH", "V", "default", "c", &none)
            .await,
        control.stop_host("NH", grace).await,
        control.put_label("NH", "k", "v").await,
        control.delete_label("NH", "k").await,
        control.put_link(&link).await,
        control.delete_link("M", "c", "default").await,
    ] {
        assert_eq!(answer.unwrap(), Ack::accepted());
    }
    for (subject, body) in [
        (
            "cmd.NH.la",
            json!({"actor_ref": "r", "count": 2, "host_id": "NH"}),
        ),
        (
            "cmd.NH.scale",
            json!({"actor_ref": "r", "annotations": {"k": "v"}, "count": 2, "host_id": "NH"}),
        ),
        (
            "cmd.NH.scale",
            json!({"actor_id": "M", "actor_ref": "r", "count": 5, "host_id": "NH"}),
        ),
        (
            "cmd.NH.sa",
            json!({"actor_ref": "M", "count": 0, "host_id": "NH"}),
        ),
        (
            "cmd.NH.upd",
            json!({"actor_id": "M", "new_actor_ref": "r2", "host_id": "NH"}),
        ),
        (
            "cmd.NH.lp",
            json!({"provider_ref": "p", "link_name": "default", "configuration": "{}", "host_id": "NH"}),
        ),
        (
            "cmd.NH.sp",
            json!({"provider_ref": "V", "link_name": "default", "contract_id": "c", "host_id": "NH"}),
        ),
        ("cmd.NH.stop", json!({"host_id": "NH", "timeout": 2000})),
        ("labels.NH.put", json!({"key": "k", "value": "v"})),
        ("labels.NH.del", json!({"key": "k", "value": ""})),
        (
            "linkdefs.put",
            json!({"actor_id": "M", "provider_id": "V", "link_name": "default", "contract_id": "c", "values": {}}),
        ),
        (
            "linkdefs.del",
            json!({"actor_id": "M", "contract_id": "c", "link_name": "default"}),
        ),
    ] {
        let asked = asked.recv().await.unwrap();
        assert_eq!(asked, (format!("wasmbus.ctl.default.{subject}"), body));
    }
}

#[tokio::test]
async fn queries_read_every_generation() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    let claims = json!({"claims": [{"caps": ["a", "b"], "rev": 4, "sub": "M", "version": null}]});
    let _claims = peer(&server, "wasmbus.ctl.default.get.claims", &[claims]).await;
    let expected = [("caps", "a,b"), ("rev", "4"), ("sub", "M")];
    let expected: Map = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    assert_eq!(control.claims().await.unwrap(), [expected]);

    let links = json!({"links": [
        {"actor_id": "M", "provider_id": "V", "link_name": "l", "contract_id": "c", "values": null},
        {"no": "link"},
    ]});
    let _links = peer(&server, "wasmbus.ctl.default.get.links", &[links]).await;
    let links = control.links().await.unwrap();
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].actor_id, "M");

    let inventory = json!({"host_id": "NH", "labels": {}, "actors": [
        {"id": "M", "image_ref": null, "name": null, "instances": [{"annotations": null, "instance_id": "i", "revision": 0}]},
    ], "providers": []});
    let _inventory = peer(&server, "wasmbus.ctl.default.get.NH.inv", &[inventory]).await;
    assert_eq!(
        control.inventory("NH").await.unwrap().actors[0]
            .instances
            .len(),
        1
    );

    let _broken = peer(&server, "wasmbus.ctl.default.get.NX.inv", &[json!([])]).await;
    let error = control.inventory("NX").await.unwrap_err();
    assert!(matches!(error, ControlError::BadAnswer { .. }), "{error}");
}

#[tokio::test]
async fn bids_name_their_hosts_and_silence_times_out() {
    let server = NatsServer::start_bare().await;
    let mut control = control(&server).await;
    let bid =
        json!({"provider_ref": "p", "link_name": "default", "constraints": {}, "host_id": "NB"});
    let (_bidder, mut asked) = peer(&server, "wasmbus.ctl.default.auction.provider", &[bid]).await;
    let one = Gather {
        expect: Some(1),
        ..LIMIT
    };
    let bids = control
        .auction_provider("p", "default", &Map::new(), one)
        .await;
    assert_eq!(bids.unwrap(), ["NB"]);
    let (_, body) = asked.recv().await.unwrap();
    assert_eq!(
        body,
        json!({"provider_ref": "p", "link_name": "default", "constraints": {}})
    );

    let _silent = peer(&server, "wasmbus.ctl.default.get.links", &[]).await;
    control.timeout = Duration::from_millis(100);
    let error = control.links().await.unwrap_err();
    assert!(matches!(error, ControlError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn health_of_a_provider() {
    let server = NatsServer::start_bare().await;
    let control = control(&server).await;
    let answer = Bytes::from_static(b"\x81\xa7healthy\xc3");
    let _peer = raw_peer(
        &server,
        "wasmbus.rpc.default.V.default.health",
        vec![answer],
    )
    .await;
    let health = control.provider_health("V", "default").await.unwrap();
    assert_eq!(health.map(|it| it.healthy), Some(true));
}

#[test]
fn the_version_decides_how_actors_start() {
    for (version, expected) in [
        ("0.82.0", true),
        ("0.81.0-rc1", true),
        ("1.0.0", true),
        ("v0.81", true),
        ("0.78.0", false),
        ("0.9.9", false),
        ("", false),
        ("new", false),
    ] {
        assert_eq!(scales(version), expected, "{version}");
    }
    let request: Value = rmp_serde::from_slice(HEALTH_REQUEST).unwrap();
    assert_eq!(request, json!({"placeholder": true}));
}

#[tokio::test]
async fn a_long_list_comes_in_parts() {
    let server = NatsServer::start_bare().await;
    let client = server.client().await;
    let mut questions = client
        .subscribe("wasmbus.ctl.default.get.links")
        .await
        .unwrap();
    round_trip(&client).await;
    let link = |actor: &str| json!({"actor_id": actor, "provider_id": "V", "link_name": "default", "contract_id": "c", "values": {}});
    let control = control(&server).await;
    let asked = tokio::spawn(async move { control.links().await });
    for (after, answer) in [
        (
            json!(null),
            json!({"accepted": false, "error": "too long", "next": []}),
        ),
        (
            json!([]),
            json!({"links": [link("MA")], "next": ["MA", "c", "default"]}),
        ),
        (
            json!(["MA", "c", "default"]),
            json!({"links": [link("MB")]}),
        ),
    ] {
        let question = questions.next().await.unwrap();
        let body = serde_json::from_slice::<Value>(&question.payload).unwrap_or_default();
        assert_eq!(body["after"], after);
        let reply = question.reply.unwrap();
        client
            .publish(reply, answer.to_string().into())
            .await
            .unwrap();
    }
    let links = asked.await.unwrap().unwrap();
    let actors: Vec<_> = links.iter().map(|it| it.actor_id.as_str()).collect();
    assert_eq!(actors, ["MA", "MB"]);
}

#[tokio::test]
async fn a_list_that_never_ends_or_is_refused_is_an_error() {
    let server = NatsServer::start_bare().await;
    let subject = "wasmbus.ctl.default.get.claims";
    let circles = [json!({"claims": [], "next": ["M"]})];
    let peer_of = peer(&server, subject, &circles).await;
    let error = control(&server).await.claims().await.unwrap_err();
    assert!(error.to_string().contains("circles"), "{error}");
    drop(peer_of);

    let subject = "wasmbus.ctl.default.get.links";
    let refused = [json!({"accepted": false, "error": "not today"})];
    let _peer = peer(&server, subject, &refused).await;
    let error = control(&server).await.links().await.unwrap_err();
    assert!(error.to_string().contains("not today"), "{error}");
}
