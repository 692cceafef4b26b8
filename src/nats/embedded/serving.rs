//! What all connections of a server share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::auth::Auth;
use super::hub::Hub;
use super::info::Info;
use super::outbound::Limits;
use super::parser::Bounds;

/// A server as its connections see it.
pub(super) struct Serving {
    pub(super) hub: Arc<Hub>,
    pub(super) auth: Auth,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) bounds: Bounds,
    pub(super) pending: Limits,
    pub(super) times: Times,
    /// Per client; 0 is any number.
    pub(super) subscriptions: usize,
    pub(super) connections: usize,
    /// What is the same in each client's INFO.
    pub(super) greeting: Info,
    /// Connections there are.
    pub(super) open: AtomicUsize,
    /// Clients should go elsewhere.
    pub(super) leaving: CancellationToken,
    /// Clients must go.
    pub(super) closing: CancellationToken,
}

/// How long the server waits for a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) handshake: Duration,
    pub(super) auth: Duration,
    /// Silence before it is asked whether it is there.
    pub(super) ping: Duration,
}

impl Serving {
    /// INFO for one client.
    pub(super) fn info(&self, id: u64, peer: SocketAddr) -> Info {
        let mut info = self.greeting.clone();
        info.client_id = id;
        info.client_ip = peer.ip().to_string();
        if self.auth.nonce() {
            info.nonce = nuid::next().to_string();
        }
        info
    }

    /// There are more connections than there may be, this one counted.
    pub(super) fn full(&self) -> bool {
        self.open.load(Ordering::Acquire) > self.connections
    }
}
