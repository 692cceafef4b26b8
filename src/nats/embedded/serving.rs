//! What all connections of a server share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::Config;
use super::hub::Hub;
use super::info::Info;
use super::parser::Bounds;

/// A server as its connections see it.
pub(super) struct Serving {
    pub(super) hub: Arc<Hub>,
    pub(super) tls: Option<TlsAcceptor>,
    /// What is the same in each client's INFO.
    pub(super) greeting: Info,
    pub(super) config: Config,
    /// Connections there are.
    pub(super) open: AtomicUsize,
    /// Clients should go elsewhere.
    pub(super) leaving: CancellationToken,
    /// Clients must go.
    pub(super) closing: CancellationToken,
}

impl Serving {
    /// INFO for one client.
    pub(super) fn info(&self, id: u64, peer: SocketAddr) -> Info {
        let mut info = self.greeting.clone();
        info.client_id = id;
        info.client_ip = peer.ip().to_string();
        if self.config.auth.nonce() {
            info.nonce = nuid::next().to_string();
        }
        info
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            control_line: self.config.max_control_line,
            payload: self.config.max_payload,
        }
    }

    /// There are more connections than there may be, this one counted.
    pub(super) fn full(&self) -> bool {
        self.open.load(Ordering::Acquire) > self.config.max_connections
    }
}
