//! The built-in providers: links, health, HTTP to an actor, starting and stopping.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::lattice::wire::LinkDefinition;

/// A port that was free a moment ago.
pub(super) async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// The whole answer to a GET; none if nobody listens.
async fn get(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// A guest that answers every request with the same page.
fn page(text: &str) -> Vec<u8> {
    let mut body = vec![0x83, 0xaa];
    body.extend(b"statusCode\xcc\xc8\xa6header\x80\xa4body\xc4");
    body.push(u8::try_from(text.len()).unwrap());
    body.extend(text.as_bytes());
    let data: String = body.iter().map(|it| format!("\\{it:02x}")).collect();
    let wat = format!(
        r#"(module
            (import "wasmbus" "__guest_request" (func (param i32 i32)))
            (import "wasmbus" "__guest_response" (func $response (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "{data}")
            (func (export "__guest_call") (param i32 i32) (result i32)
                (call $response (i32.const 0) (i32.const {}))
                (i32.const 1)))"#,
        body.len()
    );
    wat::parse_str(wat).unwrap()
}

impl Bench {
    pub(super) async fn start_page(&self, text: &str) -> ActorId {
        let key = Seed::generate(KeyKind::Module);
        let wasm = signed(&page(text), &key, |token| {
            token.metadata.as_mut().unwrap().caps = Some(vec![HTTP.to_owned()]);
        });
        let reference = self.file(&format!("{text}.wasm"), &wasm);
        let body = json!({"actor_ref": reference, "host_id": self.id()});
        assert_eq!(self.command("la", body).await, ACCEPTED);
        self.event("actor_scaled").await;
        ActorId::parse(&key.public()).unwrap()
    }

    pub(super) async fn start_server(&self) {
        let body = json!({"provider_ref": "wasmcloud.azurecr.io/httpserver:0.15.0", "link_name": "default",
            "host_id": self.id()});
        assert_eq!(self.command("lp", body).await, ACCEPTED);
        let started = self.event("provider_started").await;
        assert_eq!(started["public_key"], SERVER);
        assert_eq!(started["contract_id"], HTTP);
        assert_eq!(
            started["image_ref"],
            "wasmcloud.azurecr.io/httpserver:0.15.0"
        );
        assert_eq!(started["claims"]["name"], "HTTP Server");
    }

    pub(super) async fn link(&self, actor: &ActorId, port: u16) {
        let ack = self.control.put_link(&link(actor, port)).await;
        assert!(ack.unwrap().accepted);
    }

    async fn unlink(&self, actor: &ActorId) {
        let ack = self
            .control
            .delete_link(actor.as_str(), HTTP, "default")
            .await;
        assert!(ack.unwrap().accepted);
    }

    pub(super) async fn serves(&self, port: u16, text: &str) {
        eventually(&format!("port {port} serves {text}"), async || {
            get(port).await.is_some_and(|it| it.ends_with(text))
        })
        .await;
    }

    pub(super) async fn closed(&self, port: u16) {
        eventually("the port is closed", async || get(port).await.is_none()).await;
    }

    async fn healthy(&self) -> Option<bool> {
        let inventory = self.control.inventory(self.id()).await.unwrap();
        let health = inventory.providers.into_iter().next()?.health?;
        Some(health.healthy)
    }
}

pub(super) fn link(actor: &ActorId, port: u16) -> LinkDefinition {
    LinkDefinition {
        actor_id: actor.to_string(),
        provider_id: SERVER.to_owned(),
        link_name: "default".to_owned(),
        contract_id: HTTP.to_owned(),
        values: [("ADDRESS".to_owned(), format!("127.0.0.1:{port}"))].into(),
        ..LinkDefinition::default()
    }
}

#[tokio::test]
async fn an_actor_answers_http_in_whatever_order_things_start() {
    for order in [
        ["link", "provider", "actor"],
        ["provider", "link", "actor"],
        ["actor", "provider", "link"],
    ] {
        let bench = Bench::new().await;
        let port = free_port().await;
        let key = Seed::generate(KeyKind::Module);
        let id = ActorId::parse(&key.public()).unwrap();
        let wasm = signed(&page("hello"), &key, |token| {
            token.metadata.as_mut().unwrap().caps = Some(vec![HTTP.to_owned()]);
        });
        let reference = bench.file("hello.wasm", &wasm);
        for step in order {
            match step {
                "link" => bench.link(&id, port).await,
                "provider" => bench.start_server().await,
                _ => {
                    bench.command("la", json!({"actor_ref": reference})).await;
                    bench.event("actor_started").await;
                }
            }
        }
        bench.serves(port, "hello").await;
        let inventory = bench.control.inventory(bench.id()).await.unwrap();
        let provider = &inventory.providers[0];
        assert_eq!(provider.builtin.as_deref(), Some("builtin:httpserver"));
        assert_eq!(provider.name.as_deref(), Some("HTTP Server"));
        bench.event("health_check_passed").await;
        timeout(bench.host.shutdown(Duration::from_secs(5))).await;
        assert!(get(port).await.is_none());
    }
}

#[tokio::test]
async fn initial_links_are_in_effect_when_the_provider_is_said_to_run() {
    let bench = Bench::new().await;
    let port = free_port().await;
    let hello = bench.start_page("hello").await;
    bench.link(&hello, port).await;
    bench.start_server().await;
    assert!(get(port).await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn a_link_changes_moves_and_goes() {
    let bench = Bench::new().await;
    let (one, two) = (free_port().await, free_port().await);
    bench.start_server().await;
    let hello = bench.start_page("hello").await;
    let world = bench.start_page("world").await;
    bench.link(&hello, one).await;
    bench.serves(one, "hello").await;
    // New values replace the old ones.
    bench.link(&hello, two).await;
    bench.serves(two, "hello").await;
    bench.closed(one).await;
    bench.link(&world, one).await;
    bench.serves(one, "world").await;
    bench.unlink(&hello).await;
    bench.closed(two).await;
    assert!(get(one).await.unwrap().ends_with("world"));
    for name in ["linkdef_set", "linkdef_deleted"] {
        let event = bench.event(name).await;
        assert_eq!(event["actor_id"], hello.as_str(), "{name}");
        assert_eq!(event["provider_id"], SERVER);
    }
}

#[tokio::test]
async fn an_address_in_use_is_told_and_tried_again() {
    let bench = Bench::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let hello = bench.start_page("hello").await;
    bench.link(&hello, port).await;
    bench.start_server().await;
    bench.event("health_check_failed").await;
    assert_eq!(bench.healthy().await, Some(false));
    let health = bench.control.provider_health(SERVER, "default").await;
    let message = health.unwrap().unwrap().message.unwrap();
    assert!(message.contains(hello.as_str()), "{message}");
    // Another link is none the worse for it.
    let world = bench.start_page("world").await;
    let other = free_port().await;
    bench.link(&world, other).await;
    bench.serves(other, "world").await;
    drop(taken);
    bench.serves(port, "hello").await;
}

#[tokio::test]
async fn a_link_written_by_someone_else_takes_effect() {
    let bench = Bench::new().await;
    bench.start_server().await;
    let hello = bench.start_page("hello").await;
    let port = free_port().await;
    let foreign = State::open(bench.nats.client().await, &LatticeName::default(), None).await;
    let foreign = foreign.unwrap();
    foreign.put_link(link(&hello, port)).await.unwrap();
    bench.serves(port, "hello").await;
    assert_eq!(bench.event("linkdef_set").await["actor_id"], hello.as_str());
    let key = crate::lattice::state::LinkKey::of(&link(&hello, port));
    foreign.delete_link(&key).await.unwrap();
    bench.closed(port).await;
}

#[tokio::test]
async fn links_by_message_alone_work_and_stale_ones_do_nothing() {
    let bench = Bench::new().await;
    bench.start_server().await;
    let hello = bench.start_page("hello").await;
    let (port, stale) = (free_port().await, free_port().await);
    let tell = async |verb: &str, link: &LinkDefinition| {
        let subject = format!("wasmbus.rpc.default.{SERVER}.default.linkdefs.{verb}");
        let body = rmp_serde::to_vec_named(link).unwrap();
        bench.client.publish(subject, body.into()).await.unwrap();
    };
    // As a host that keeps its links elsewhere does.
    tell("put", &link(&hello, port)).await;
    bench.serves(port, "hello").await;
    tell("del", &link(&hello, port)).await;
    bench.closed(port).await;
    // With the link in shared state, messages that say otherwise are old news.
    bench.link(&hello, port).await;
    bench.serves(port, "hello").await;
    tell("put", &link(&hello, stale)).await;
    tell("del", &link(&hello, port)).await;
    bench
        .client
        .publish(
            format!("wasmbus.rpc.default.{SERVER}.default.linkdefs.put"),
            "junk".into(),
        )
        .await
        .unwrap();
    // Answered after them, since one task does both.
    let health = bench.control.provider_health(SERVER, "default").await;
    assert!(health.unwrap().unwrap().healthy);
    assert!(get(port).await.unwrap().ends_with("hello"));
    assert!(get(stale).await.is_none());
}

#[tokio::test]
async fn a_provider_starts_once_and_stops() {
    let bench = Bench::new().await;
    bench.start_server().await;
    let again = json!({"provider_ref": "builtin:httpserver", "link_name": "default", "host_id": bench.id()});
    assert_eq!(bench.command("lp", again.clone()).await, ACCEPTED);
    let failed = bench.event("provider_start_failed").await;
    assert_eq!(failed["provider_ref"], "builtin:httpserver");
    assert_eq!(
        failed["error"],
        "Provider with that link name is already running on this host"
    );
    let claims = bench.control.claims().await.unwrap();
    let server = claims.iter().find(|it| it["sub"] == SERVER).unwrap();
    assert_eq!(server["contract_id"], HTTP);
    assert_eq!(server["iss"], bench.cluster.public());
    assert!(!server.contains_key("tags"));

    let hello = bench.start_page("hello").await;
    let port = free_port().await;
    bench.link(&hello, port).await;
    bench.serves(port, "hello").await;
    let stop = json!({"provider_ref": SERVER, "link_name": "default", "contract_id": HTTP,
        "host_id": bench.id()});
    assert_eq!(bench.command("sp", stop.clone()).await, ACCEPTED);
    let stopped = bench.event("provider_stopped").await;
    assert_eq!(stopped["reason"], "stop");
    assert_eq!(stopped["annotaions"], json!({}));
    assert!(get(port).await.is_none());
    assert_eq!(bench.command("sp", stop).await, ACCEPTED);
    // Links outlive it.
    assert_eq!(bench.command("lp", again).await, ACCEPTED);
    bench.event("provider_started").await;
    assert!(get(port).await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn a_peer_may_shut_a_provider_down_if_it_means_this_one() {
    let bench = Bench::new().await;
    bench.start_server().await;
    let subject = format!("wasmbus.rpc.default.{SERVER}.default.shutdown");
    let other = json!({"host_id": Seed::generate(KeyKind::Server).public()}).to_string();
    let publish = bench.client.publish(subject.clone(), other.into());
    publish.await.unwrap();
    let ours = json!({"host_id": bench.id()}).to_string();
    let answer = bench.client.request(subject, ours.into()).await.unwrap();
    assert_eq!(answer.payload, "shutting down");
    assert_eq!(bench.event("provider_stopped").await["reason"], "normal");
    assert!(!bench.has_event("provider_stopped"));
}
