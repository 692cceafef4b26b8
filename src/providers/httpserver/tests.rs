use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_bytes_like::Blob;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::testing::Stage;
use super::*;
use crate::lattice::testing::eventually;
use tokio::sync::watch;

const ACTOR: &str = "MACTOR";

/// The contract's types once more, as a guest written elsewhere has them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    method: String,
    path: String,
    query_string: String,
    header: BTreeMap<String, Vec<String>>,
    body: Blob,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    header: BTreeMap<String, Vec<String>>,
    body: Blob,
}

/// Msgpack bin without another crate.
mod serde_bytes_like {
    use bytes::Bytes;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(transparent)]
    pub(super) struct Blob(#[serde(with = "crate::lattice::wire::payload")] pub(super) Bytes);
}

fn reply(
    status_code: u16,
    header: &[(&str, &[&str])],
    body: impl Into<Bytes>,
) -> Result<Bytes, String> {
    let header = header
        .iter()
        .map(|(name, values)| {
            (
                (*name).to_owned(),
                values.iter().map(|&it| it.to_owned()).collect(),
            )
        })
        .collect();
    let reply = Reply {
        status_code,
        header,
        body: Blob(body.into()),
    };
    Ok(rmp_serde::to_vec_named(&reply).unwrap().into())
}

fn link(values: &[(&str, &str)]) -> LinkDefinition {
    LinkDefinition {
        actor_id: ACTOR.into(),
        provider_id: "VPROVIDER".into(),
        link_name: "default".into(),
        contract_id: "wasmcloud:httpserver".into(),
        values: values
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
        ..LinkDefinition::default()
    }
}

fn server(stage: &Stage) -> Arc<HttpServer> {
    let entity = Entity::provider("VPROVIDER", "wasmcloud:httpserver", "default");
    HttpServer::new(stage.context(entity, None))
}

fn address(server: &HttpServer) -> SocketAddr {
    server.links()[ACTOR].listener.as_ref().unwrap().address()
}

/// Sends bytes and reads until the server closes.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_reach_the_actor_whole_and_its_answers_come_back_whole() {
    let stage = Stage::set().await;
    let _actor = stage
        .actor(ACTOR, |call| async move {
            assert_eq!(call.operation, "HttpServer.HandleRequest");
            assert_eq!(call.origin.public_key, "VPROVIDER");
            let seen: Seen = rmp_serde::from_slice(&call.payload).unwrap();
            assert!(!seen.header.contains_key("connection") && !seen.header.contains_key("x-hop"));
            let names = seen.header["x-name"].join("+");
            let text = format!(
                "{} {} {} {names} {:?}",
                seen.method, seen.path, seen.query_string, seen.body.0
            );
            reply(
                418,
                &[
                    ("set-cookie", &["a=1", "b=2"]),
                    ("X-Löve", &["no"]),
                    ("upgrade", &["no"]),
                ],
                text,
            )
        })
        .await;
    let server = server(&stage);
    server
        .put_link(link(&[("address", "127.0.0.1:0")]))
        .await
        .unwrap();
    let request = "BREW /a/b%20c?x=%41&y HTTP/1.1\r\nhost: h\r\nx-name: Å\r\nX-Name: b\r\nX-Hop: 1\r\n\
                   connection: close, X-Hop\r\ncontent-length: 3\r\n\r\nabc";
    let answer = raw(address(&server), request).await;
    assert!(answer.starts_with("HTTP/1.1 418 "), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\nBREW /a/b%20c x=%41&y Å+b b\"abc\""),
        "{answer}"
    );
    assert_eq!(answer.matches("set-cookie: ").count(), 2);
    assert!(!answer.contains("upgrade: "));
}

#[tokio::test]
async fn failures_become_the_right_status() {
    let stage = Stage::set().await;
    let actor = stage
        .actor(ACTOR, |call| async move {
            let seen: Seen = rmp_serde::from_slice(&call.payload).unwrap();
            match seen.path.as_str() {
                "/error" => Err("a secret reason".to_owned()),
                "/garbage" => Ok(Bytes::from_static(b"\xc1garbage")),
                "/status" => reply(1, &[], ""),
                "/slow" => std::future::pending().await,
                _ => reply(200, &[("cache-control", &["own"])], ""),
            }
        })
        .await;
    let server = server(&stage);
    let values = [
        ("address", "127.0.0.1:0"),
        ("timeout_ms", "300"),
        ("max_content_len", "1K"),
        ("cache_control", "no-store"),
    ];
    server.put_link(link(&values)).await.unwrap();
    let base = format!("http://{}", address(&server));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (path, status) in [
        ("/error", 500),
        ("/garbage", 500),
        ("/status", 500),
        ("/slow", 503),
        ("/", 200),
    ] {
        let response = client.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let expected = if path == "/" { "own" } else { "no-store" };
        assert_eq!(response.headers()["cache-control"], expected);
        assert!(!response.text().await.unwrap().contains("secret"));
    }
    let large = client
        .post(format!("{base}/"))
        .body(vec![0; 1025])
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
    drop(actor);
    assert_eq!(
        client
            .get(format!("{base}/"))
            .send()
            .await
            .unwrap()
            .status(),
        503
    );

    let mut read_only = values.to_vec();
    read_only.push(("readonly_mode", "true"));
    server.put_link(link(&read_only)).await.unwrap();
    let base = format!("http://{}", address(&server));
    assert_eq!(
        client
            .post(format!("{base}/"))
            .send()
            .await
            .unwrap()
            .status(),
        405
    );
}

#[tokio::test]
async fn a_replaced_link_finishes_what_runs_on_the_old_address() {
    let stage = Stage::set().await;
    let (started, mut running) = tokio::sync::mpsc::channel(1);
    let (release, released) = watch::channel(false);
    let _actor = stage
        .actor(ACTOR, move |_| {
            let (started, mut released) = (started.clone(), released.clone());
            async move {
                started.send(()).await.unwrap();
                released.wait_for(|it| *it).await.unwrap();
                reply(200, &[], "done")
            }
        })
        .await;
    let server = server(&stage);
    server
        .put_link(link(&[("address", "127.0.0.1:0")]))
        .await
        .unwrap();
    let old = address(&server);
    let slow = tokio::spawn(async move {
        raw(
            old,
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
        )
        .await
    });
    running.recv().await.unwrap();

    // Not the same text, so another listener.
    server
        .put_link(link(&[("address", "localhost:0")]))
        .await
        .unwrap();
    let new = address(&server);
    assert_ne!(old, new);
    eventually("the old port is closed", async || {
        std::net::TcpStream::connect(old).is_err()
    })
    .await;
    release.send_replace(true);
    assert!(slow.await.unwrap().ends_with("done"));
    assert!(
        raw(
            new,
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
        )
        .await
        .ends_with("done")
    );

    server.delete_link(link(&[])).await;
    eventually("the new port is closed", async || {
        std::net::TcpStream::connect(new).is_err()
    })
    .await;
    server.shutdown(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn new_values_on_the_same_address_keep_the_listener() {
    let stage = Stage::set().await;
    let _actor = stage.actor(ACTOR, |_| async { reply(200, &[], "") }).await;
    let server = server(&stage);
    let port = address_of_a_free_port();
    let mut values = vec![("address", port.as_str())];
    server.put_link(link(&values)).await.unwrap();
    values.push(("cache_control", "no-cache"));
    server.put_link(link(&values)).await.unwrap();
    let answer = raw(
        address(&server),
        "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.contains("cache-control: no-cache\r\n"), "{answer}");

    // Values that cannot be used leave the listener as it was, and say so.
    values.push(("timeout_ms", "soon"));
    assert!(server.put_link(link(&values)).await.is_err());
    assert!(!server.health().healthy);
    let answer = raw(
        address(&server),
        "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_taken_address_is_told_and_tried_again() {
    let stage = Stage::set().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let server = server(&stage);
    let error = server
        .put_link(link(&[("address", &address)]))
        .await
        .unwrap_err();
    assert!(matches!(&error, ProviderError::Bind { address: it, .. } if *it == address));
    let message = server.health().message.unwrap();
    assert!(
        message.contains(ACTOR) && message.contains("in use"),
        "{message}"
    );
    drop(taken);
    eventually("the listener is bound after all", async || {
        server.health().healthy
    })
    .await;
    assert!(std::net::TcpStream::connect(&address).is_ok());
}

#[tokio::test]
async fn tls_speaks_both_versions_of_http() {
    let stage = Stage::set().await;
    let _actor = stage
        .actor(ACTOR, |call| async move {
            let seen: Seen = rmp_serde::from_slice(&call.payload).unwrap();
            reply(200, &[], seen.header["host"].join(","))
        })
        .await;
    let dir = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, signed.cert.pem()).unwrap();
    std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    let json = serde_json::json!({ "address": "127.0.0.1:0", "tls": { "cert_file": cert, "priv_key_file": key } });
    let server = server(&stage);
    server
        .put_link(link(&[("config_json", &json.to_string())]))
        .await
        .unwrap();
    let url = format!("https://localhost:{}/", address(&server).port());
    let root = reqwest::Certificate::from_pem(signed.cert.pem().as_bytes()).unwrap();
    for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([root.clone()]);
        let builder = if version == http::Version::HTTP_11 {
            builder.http1_only()
        } else {
            builder
        };
        let response = builder.build().unwrap().get(&url).send().await.unwrap();
        assert_eq!(response.version(), version);
        assert!(response.text().await.unwrap().starts_with("localhost:"));
    }
    // A client that never finishes its handshake keeps nobody from closing.
    let idle = TcpStream::connect(address(&server)).await.unwrap();
    tokio::time::timeout(
        Duration::from_secs(20),
        server.shutdown(Duration::from_secs(60)),
    )
    .await
    .unwrap();
    drop(idle);
}

fn address_of_a_free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}
