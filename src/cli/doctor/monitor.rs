//! The monitoring port of a NATS server: which server it is, and its leaf links.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::facts::{Leafs, Link};

/// Bytes of one answer; a server with thousands of links stays below.
const MAX_ANSWER: u64 = 8 << 20;

#[derive(Debug, Deserialize)]
struct Varz {
    server_id: String,
    #[serde(default)]
    leaf: LeafOptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LeafOptions {
    /// Go writes null for an empty list.
    remotes: Option<Vec<Remote>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Remote {
    urls: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Leafz {
    leafs: Option<Vec<Leaf>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Leaf {
    name: String,
    ip: String,
    port: u16,
    rtt: Option<String>,
}

/// Asks the monitoring at `address` (`host:port`) for the leaf links of the server `id`; none if nobody answers or
/// it is another server.
pub(super) async fn leafs(address: &str, id: &str, limit: Duration) -> Option<Leafs> {
    let ask = async {
        let varz: Varz = get(address, "/varz").await?;
        if varz.server_id != id {
            return None;
        }
        let leafz: Leafz = get(address, "/leafz").await?;
        let link = |it: Leaf| Link {
            peer: match it.name.as_str() {
                "" => format!("{}:{}", it.ip, it.port),
                name => name.to_owned(),
            },
            round_trip: it.rtt,
        };
        Some(Leafs {
            monitor: format!("http://{address}"),
            wanted: varz
                .leaf
                .remotes
                .into_iter()
                .flatten()
                .map(|it| it.urls.unwrap_or_default().join(", "))
                .collect(),
            links: leafz.leafs.into_iter().flatten().map(link).collect(),
        })
    };
    tokio::time::timeout(limit, ask).await.ok().flatten()
}

/// One plain GET: the server closes the connection after HTTP/1.0.
async fn get<T: DeserializeOwned>(address: &str, path: &str) -> Option<T> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER)
        .read_to_end(&mut answer)
        .await
        .ok()?;
    let end = b"\r\n\r\n";
    let head = answer.windows(end.len()).position(|it| it == end)?;
    serde_json::from_slice(answer.get(head + end.len()..)?).ok()
}
