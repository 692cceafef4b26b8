//! A NATS server for one machine, in this process.
//!
//! Speaks the client protocol, with JetStream for what key-value buckets, object stores and ordinary consumers need.
//! There are no clusters, leaf nodes, gateways or accounts; who needs them puts nats-server in its place.
//!
//! `parser.rs` reads, `session.rs` understands, `hub.rs` routes by `trie.rs`, `outbound.rs` writes. Inside parts, as
//! JetStream, use `bus.rs`. Does not know lattices, hosts or claims.

mod auth;
mod bus;
mod cache;
mod client;
mod connection;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hub;
mod info;
pub mod jetstream;
mod outbound;
pub mod parser;
mod serving;
mod session;
mod thread;
mod tls;
mod trie;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use auth::{Auth, AuthError, Credential};
pub use bus::{Bus, BusSubscription, Delivered};
pub use info::{VERSION, is_version};
pub use tls::{Tls, TlsError};

use self::hub::Hub;
use self::info::Info;
use self::jetstream::JetStream;
use self::serving::Serving;
use self::thread::Thread;

/// How long to wait when no connection can be accepted, as when there are too many open files.
const BREATH: Duration = Duration::from_millis(50);

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port 0 lets the kernel choose.
    pub listen: SocketAddr,
    pub server_name: String,
    pub auth: Auth,
    pub tls: Option<Tls>,
    pub jetstream: Option<jetstream::Config>,
    /// Bytes of headers and payload of one message.
    pub max_payload: usize,
    /// Bytes of one line of the protocol.
    pub max_control_line: usize,
    /// Bytes that wait for one client until it is cut off.
    pub max_pending: usize,
    pub max_connections: usize,
    /// Per client; 0 is any number.
    pub max_subscriptions: usize,
    /// How long a client may take nothing while something waits for it.
    pub write_deadline: Duration,
    /// How long a client may be silent before it is asked whether it is there.
    pub ping_interval: Duration,
    /// How long a client may take to say who it is.
    pub auth_timeout: Duration,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        address: SocketAddr,
        reason: io::Error,
    },
    #[error(transparent)]
    JetStream(#[from] jetstream::StartError),
    #[error("cannot start a thread for the NATS server: {0}")]
    Thread(io::Error),
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs. Dropping it closes all connections at once.
pub struct Running {
    address: SocketAddr,
    bus: Bus,
    serving: Arc<Serving>,
    task: AbortOnDropHandle<()>,
    jetstream: Option<JetStream>,
    _thread: Thread,
}

impl Server {
    /// Listens, and serves from then on. Blocks while streams are read from the disk.
    ///
    /// # Errors
    ///
    /// When the address is not to be had, or not without authentication, or certificate, key or store do not serve.
    pub fn start(config: Config) -> Result<Running, StartError> {
        config.auth.check_address(config.listen.ip())?;
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let listen = |reason| StartError::Listen {
            address: config.listen,
            reason,
        };
        let listener = std::net::TcpListener::bind(config.listen).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let thread = Thread::start().map_err(StartError::Thread)?;
        let hub = Arc::new(Hub::new());
        let bus = Bus::new(hub.clone());
        let jetstream = match config.jetstream.clone() {
            None => None,
            Some(it) => Some(thread.within(|| JetStream::start(bus.clone(), it))?),
        };
        let serving = Arc::new(Serving {
            hub,
            tls: tls.map(TlsAcceptor::from),
            greeting: Info::new(&config, address),
            config,
            open: AtomicUsize::new(0),
            leaving: CancellationToken::new(),
            closing: CancellationToken::new(),
        });
        let task = thread.spawn(accept(listener, serving.clone()));
        tracing::info!(%address, version = VERSION, "serving NATS on this machine: a single node, without clusters or leaf nodes");
        Ok(Running {
            address,
            bus,
            serving,
            task,
            jetstream,
            _thread: thread,
        })
    }
}

impl Config {
    /// The limits that nats-server has by default, on an address without authentication or TLS.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            server_name: "wash".to_owned(),
            auth: Auth::default(),
            tls: None,
            jetstream: None,
            max_payload: 1024 * 1024,
            max_control_line: 4096,
            max_pending: 64 * 1024 * 1024,
            max_connections: 64 * 1024,
            max_subscriptions: 0,
            write_deadline: Duration::from_secs(10),
            ping_interval: Duration::from_secs(120),
            auth_timeout: Duration::from_secs(2),
        }
    }
}

impl Running {
    /// Where it listens; the port is a real one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The inside door, for parts that run with it.
    pub fn bus(&self) -> Bus {
        self.bus.clone()
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.serving.open.load(Ordering::Acquire)
    }

    /// Subscriptions there are, those of the server itself included.
    pub fn subscriptions(&self) -> usize {
        self.serving.hub.len()
    }

    /// Takes no more connections, tells clients to go elsewhere, after `grace` closes those that are left, and brings
    /// streams to the disk.
    pub async fn shutdown(mut self, grace: Duration) {
        self.serving.leaving.cancel();
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            self.serving.closing.cancel();
            let _ = self.task.await;
        }
        if let Some(it) = self.jetstream {
            it.shutdown().await;
        }
    }
}

/// Takes connections in, and owns them until the last has ended.
async fn accept(listener: std::net::TcpListener, serving: Arc<Serving>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(it) => it,
        Err(error) => return tracing::error!(%error, "cannot listen"),
    };
    let mut clients = JoinSet::new();
    let mut id = 0;
    loop {
        let accepted = tokio::select! {
            it = listener.accept() => it,
            Some(_) = clients.join_next() => continue,
            () = serving.leaving.cancelled() => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                id += 1;
                clients.spawn(serve(socket, peer, id, serving.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    while clients.join_next().await.is_some() {}
}

async fn serve(socket: TcpStream, peer: SocketAddr, id: u64, serving: Arc<Serving>) {
    serving.open.fetch_add(1, Ordering::AcqRel);
    connection::serve(socket, peer, id, serving.clone()).await;
    serving.open.fetch_sub(1, Ordering::AcqRel);
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
