//! The official client against the server.

mod core;
mod dialogues;
mod greed;
mod limits;
mod raw;
mod secure;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_nats::RequestErrorKind;

use super::{Config, Running, Server};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn config() -> Config {
    Config::new((Ipv4Addr::LOCALHOST, 0).into())
}

fn start(config: Config) -> Running {
    Server::start(config).unwrap()
}

async fn connect(server: &Running) -> async_nats::Client {
    let url = url(server.address());
    async_nats::connect(url).await.unwrap()
}

fn url(address: SocketAddr) -> String {
    format!("nats://{address}")
}

/// Waits until the server has seen all that a client said before.
async fn settle(client: &async_nats::Client) {
    let failed = soon(client.request("nobody.is.there", "".into())).await;
    let kind = failed.map_err(|it| it.kind());
    assert!(
        matches!(kind, Err(RequestErrorKind::NoResponders)),
        "{kind:?}"
    );
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    let it = tokio::time::timeout(PATIENCE, what).await;
    it.expect("it comes in time")
}
