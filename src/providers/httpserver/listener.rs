//! One bound address: accepts, optionally speaks TLS, serves HTTP/1.1 and 2, and stops gracefully.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::super::ProviderError;
use super::exchange::Exchange;
use super::settings::{Settings, Tls};

/// Connections one listener holds; more wait in the kernel's queue instead of taking this process's memory.
const MAX_CONNECTIONS: usize = 8192;

/// A peer that has not sent its headers, or finished its handshake, by then is cut off.
const PATIENCE: Duration = Duration::from_secs(30);

/// After a failed accept (no file descriptors left) trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener serves with; swapped as a whole when a link's values change.
struct Serving {
    exchange: Arc<Exchange>,
    tls: Option<TlsAcceptor>,
}

/// A bound listener and its connections. Dropping it cuts them off.
pub(super) struct Listener {
    address: SocketAddr,
    serving: Arc<RwLock<Arc<Serving>>>,
    stop: watch::Sender<bool>,
    task: AbortOnDropHandle<()>,
}

impl Listener {
    /// Binds the address of the exchange's settings; returns once connections are accepted.
    pub(super) async fn bind(exchange: Arc<Exchange>) -> Result<Self, ProviderError> {
        let address = &exchange.settings.address;
        let failed = |error: std::io::Error| ProviderError::Bind {
            address: address.clone(),
            reason: match error.kind() {
                std::io::ErrorKind::AddrInUse => "the address is in use".to_owned(),
                _ => error.to_string(),
            },
        };
        // Settings first: what cannot be served must not be bound.
        let tls = acceptor(&exchange.settings)?;
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let bound = socket.local_addr().map_err(failed)?;
        let serving = Arc::new(RwLock::new(Arc::new(Serving { exchange, tls })));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(socket, Arc::clone(&serving), stopped));
        Ok(Self {
            address: bound,
            serving,
            stop,
            task: AbortOnDropHandle::new(task),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether `settings` ask for the address this listener was bound by.
    pub(super) fn serves(&self, settings: &Settings) -> bool {
        self.current().exchange.settings.address == settings.address
    }

    /// Serves new connections and requests by other settings on the same address.
    pub(super) fn replace(&self, exchange: Arc<Exchange>) -> Result<(), ProviderError> {
        let tls = acceptor(&exchange.settings)?;
        *self
            .serving
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(Serving { exchange, tls });
        Ok(())
    }

    /// Closes the port at once, then waits at most `grace` for running requests.
    pub(super) async fn close(self, grace: Duration) {
        self.stop.send_replace(true);
        // Dropping the handle on a timeout cuts off what still runs.
        let _ = tokio::time::timeout(grace, self.task).await;
    }

    fn current(&self) -> Arc<Serving> {
        current(&self.serving)
    }
}

fn current(serving: &RwLock<Arc<Serving>>) -> Arc<Serving> {
    Arc::clone(
        &serving
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    )
}

async fn accept(
    socket: TcpListener,
    serving: Arc<RwLock<Arc<Serving>>>,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&permits)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (permit, socket.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            it = next => it,
            _ = stopped.wait_for(|it| *it) => break,
        };
        // Finished connections leave the set here, so that it does not grow.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _peer)) => {
                let serving = Arc::clone(&serving);
                let watcher = graceful.watcher();
                let stopped = stopped.clone();
                connections.spawn(async move {
                    connection(stream, serving, watcher, stopped).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(socket);
    graceful.shutdown().await;
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    serving: Arc<RwLock<Arc<Serving>>>,
    watcher: hyper_util::server::graceful::Watcher,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers must not wait for the peer's acknowledgement of earlier ones (some 40 ms).
    let _ = stream.set_nodelay(true);
    let tls = current(&serving).tls.clone();
    match tls {
        None => serve(stream, serving, watcher).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(PATIENCE, tls.accept(stream));
            let result = tokio::select! {
                it = handshake => it,
                _ = stopped.wait_for(|it| *it) => return,
            };
            match result {
                Ok(Ok(stream)) => serve(stream, serving, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        }
    }
}

async fn serve<S>(
    stream: S,
    serving: Arc<RwLock<Arc<Serving>>>,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(move |request| {
        let exchange = Arc::clone(&current(&serving).exchange);
        async move { Ok::<_, Infallible>(exchange.answer(request).await) }
    });
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "connection ended early");
    }
}

fn acceptor(settings: &Settings) -> Result<Option<TlsAcceptor>, ProviderError> {
    let Some(Tls {
        cert_file,
        priv_key_file,
    }) = &settings.tls
    else {
        return Ok(None);
    };
    let bad = |key: &str, path: &Path, reason: String| ProviderError::BadValue {
        key: key.to_owned(),
        reason: format!("{}: {reason}", path.display()),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert_file)
        .and_then(Iterator::collect)
        .map_err(|error| bad("tls.cert_file", cert_file, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(priv_key_file)
        .map_err(|error| bad("tls.priv_key_file", priv_key_file, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ProviderError::Other(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| bad("tls.cert_file", cert_file, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
