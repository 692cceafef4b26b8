//! Trying a hub by hand: what a server that cannot become its leaf does not say, or says only in its log.

mod domain;
mod login;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::AlertDescription;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

pub use self::domain::{Owners, owners};
use super::{Fault, LeafUrl, Remote, Rights, TlsFault, tls, websocket};

/// A hub that takes us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub server_name: String,
    pub version: String,
    /// From a question to its answer, once logged in.
    pub round_trip: Duration,
    pub tls: bool,
    /// That of the hub which we are joined to, as far as it tells.
    pub account: Option<String>,
    /// Bytes of one message; 0 if it does not tell.
    pub max_payload: u64,
    pub rights: Rights,
}

/// Bytes of one line of a hub.
const MAX_LINE: u64 = 64 * 1024;

/// A hub greets within a round trip; whoever has not by then may wait for us to begin.
const GREETING_LIMIT: Duration = Duration::from_secs(2);

/// One question to who listens there in place of a hub.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

type Lines = BufReader<Box<dyn Stream>>;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The line by which a server greets.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    server_name: String,
    version: String,
    nonce: String,
    max_payload: u64,
    tls_required: bool,
    tls_available: bool,
    tls_verify: bool,
    /// JetStream domain of the hub itself.
    domain: Option<String>,
    /// Only leaf listeners have it, unless they keep their addresses to themselves.
    leafnode_urls: Option<Vec<String>>,
    /// Only listeners for clients have it.
    client_ip: Option<String>,
}

/// A connection before the first line of NATS.
struct Line {
    stream: Box<dyn Stream>,
    /// Carries what goes over websockets.
    _carrier: Option<AbortOnDropHandle<()>>,
}

/// A hub that has said what it is, and listens to how we log in.
struct Greeted {
    lines: Lines,
    info: Info,
    tls: bool,
    _carrier: Option<AbortOnDropHandle<()>>,
}

/// Connects to one address of a hub and logs in as a leaf would, for at most `limit`.
///
/// # Errors
/// Every variant of [`Fault`].
pub async fn probe(url: &LeafUrl, remote: &Remote, limit: Duration) -> Result<Probe, Fault> {
    let attempt = Attempt {
        url,
        remote,
        address: format!("{}:{}", bracketed(url.host()), url.port()),
        give_up: Instant::now() + limit,
    };
    attempt.run().await
}

struct Attempt<'a> {
    url: &'a LeafUrl,
    remote: &'a Remote,
    address: String,
    give_up: Instant,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Probe, Fault> {
        let mut greeted = self.greeted().await?;
        let welcome = self.log_in(&mut greeted, |_| {}).await?;
        let info = greeted.info;
        Ok(Probe {
            server_name: info.server_name,
            version: info.version,
            round_trip: welcome.round_trip,
            tls: greeted.tls,
            account: welcome.account,
            max_payload: info.max_payload,
            rights: welcome.rights,
        })
    }

    /// A connection on which the hub has said what it is, with TLS if there is to be.
    async fn greeted(&self) -> Result<Greeted, Fault> {
        let line = match self.open().await {
            Err(fault) => return Err(self.second_look(fault).await),
            Ok(it) => it,
        };
        let mut stream = BufReader::new(line.stream);
        let info = match self.info(&mut stream).await {
            Err(fault) => return Err(self.second_look(fault).await),
            Ok(it) => it,
        };
        let begun = self.remote.tls.first || self.url.is_websocket();
        let wanted = self.remote.needs_tls() || info.tls_required;
        let upgrade = wanted && !begun;
        if upgrade && !info.tls_required && !info.tls_available {
            return Err(Fault::NoTls(self.address.clone()));
        }
        let stream: Box<dyn Stream> = if upgrade {
            Box::new(self.tls(stream.into_inner()).await?)
        } else {
            stream.into_inner()
        };
        Ok(Greeted {
            lines: BufReader::new(stream),
            info,
            tls: upgrade || self.begins_with_tls(),
            _carrier: line._carrier,
        })
    }

    fn begins_with_tls(&self) -> bool {
        if self.url.is_websocket() {
            return self.url.needs_tls();
        }
        self.remote.tls.first
    }

    /// All that comes before the first line of NATS.
    async fn open(&self) -> Result<Line, Fault> {
        let tcp = self.tcp().await?;
        let stream: Box<dyn Stream> = if self.begins_with_tls() {
            Box::new(self.tls(tcp).await?)
        } else {
            Box::new(tcp)
        };
        if !self.url.is_websocket() {
            let _carrier = None;
            return Ok(Line { stream, _carrier });
        }
        let path = self.url.path();
        let asked = websocket::open(stream, &self.address, &path);
        let taken = self.timed(async { Ok(asked.await) }).await;
        match taken {
            Ok(Some((stream, carrier))) => Ok(Line {
                stream: Box::new(stream),
                _carrier: Some(carrier),
            }),
            Ok(None) => Err(Fault::NoWebsocket(self.address.clone())),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Why whoever listens there is not understood: asked in the other ways in which a hub may be spoken to.
    async fn second_look(&self, fault: Fault) -> Fault {
        let address = || self.address.clone();
        let not_tls = matches!(
            fault,
            Fault::Tls {
                reason: TlsFault::NotTls,
                ..
            }
        );
        match fault {
            Fault::NoWebsocket(_) | Fault::Silent(_) if self.url.is_websocket() => {
                match self.look().await {
                    Some(Look::Nats) => Fault::NoWebsocket(address()),
                    _ if !self.url.needs_tls() && self.look_tls().await.is_some() => {
                        Fault::WebsocketTls(address())
                    }
                    _ => fault,
                }
            }
            Fault::Tls { .. } if not_tls => match self.look().await {
                Some(Look::Nats) if self.url.is_websocket() => Fault::NoWebsocket(address()),
                Some(Look::Nats) => Fault::TlsLater(address()),
                Some(Look::Http) if !self.url.is_websocket() => Fault::Http(address()),
                _ => fault,
            },
            Fault::Silent(_) | Fault::NotNats(_) if !self.remote.tls.first => {
                match tokio::join!(self.look_tls(), self.look()) {
                    (Some(Look::Http), _) | (None, Some(Look::Http)) => Fault::Http(address()),
                    (Some(_), _) => Fault::TlsFirst(address()),
                    (None, _) => fault,
                }
            }
            fault => fault,
        }
    }

    /// What answers without TLS, to silence and then to a question of HTTP.
    async fn look(&self) -> Option<Look> {
        let tcp = brief(async { self.tcp().await.ok() }).await?;
        look_at(tcp).await
    }

    /// What answers to TLS. A certificate that is not trusted is an answer, too.
    async fn look_tls(&self) -> Option<Look> {
        let tcp = brief(async { self.tcp().await.ok() }).await?;
        match brief(async { Some(self.tls(tcp).await) }).await? {
            Ok(stream) => Some(look_at(stream).await.unwrap_or(Look::Other)),
            Err(
                Fault::Tls {
                    reason: TlsFault::NotTls | TlsFault::Other(_),
                    ..
                }
                | Fault::Unreachable { .. }
                | Fault::Silent(_),
            ) => None,
            Err(_) => Some(Look::Other),
        }
    }

    async fn tcp(&self) -> Result<TcpStream, Fault> {
        let found = self
            .timed(tokio::net::lookup_host((self.url.host(), self.url.port())))
            .await;
        let addresses: Vec<_> = match found {
            Ok(it) => it.collect(),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(self.unreachable("its name is not resolved in time"));
            }
            Err(_) => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(Fault::Dns(self.url.host().to_owned()));
        }
        self.timed(TcpStream::connect(addresses.as_slice()))
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => Fault::Refused(self.address.clone()),
                io::ErrorKind::TimedOut => self.unreachable("no answer in time"),
                _ => self.unreachable(&error.to_string()),
            })
    }

    async fn info(&self, stream: &mut BufReader<Box<dyn Stream>>) -> Result<Info, Fault> {
        let greeting = tokio::time::timeout(GREETING_LIMIT, self.timed(read_line(stream)));
        let line = match greeting.await {
            Err(_) => return Err(Fault::Silent(self.address.clone())),
            Ok(Ok(it)) => it,
            Ok(Err(error)) => return Err(self.broken(&error)),
        };
        if line.starts_with("HTTP/") {
            return Err(Fault::Http(self.address.clone()));
        }
        let json = line.strip_prefix("INFO ");
        let info: Option<Info> = json.and_then(|it| serde_json::from_str(it).ok());
        let info = info.ok_or_else(|| Fault::NotNats(self.address.clone()))?;
        if info.leafnode_urls.is_none() && info.client_ip.is_some() {
            return Err(Fault::ClientPort(self.address.clone()));
        }
        Ok(info)
    }

    async fn tls<S: Stream>(&self, stream: S) -> Result<tokio_rustls::client::TlsStream<S>, Fault> {
        let config = tls::config(self.remote)?;
        let name = ServerName::try_from(self.url.host().to_owned());
        let name = name.map_err(|error| Fault::Tls {
            address: self.address.clone(),
            reason: TlsFault::Other(error.to_string()),
        })?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        self.timed(connector.connect(name, stream))
            .await
            .map_err(|error| self.broken(&error))
    }

    /// An error of a connection that was there; after a TLS handshake, a refused certificate arrives like this.
    fn broken(&self, error: &io::Error) -> Fault {
        let tls = error
            .get_ref()
            .and_then(|it| it.downcast_ref::<rustls::Error>());
        let address = self.address.clone();
        match tls {
            Some(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)) => {
                Fault::NoCertificate(address)
            }
            Some(error) => Fault::Tls {
                address,
                reason: tls::explain(error),
            },
            None if error.kind() == io::ErrorKind::TimedOut => Fault::Silent(address),
            None => self.unreachable(&error.to_string()),
        }
    }

    fn unreachable(&self, reason: &str) -> Fault {
        Fault::Unreachable {
            address: self.address.clone(),
            reason: reason.to_owned(),
        }
    }

    async fn timed<T>(&self, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        tokio::time::timeout_at(self.give_up, work)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What is found on a port.
enum Look {
    Nats,
    Http,
    Other,
}

async fn look_at<S: Stream>(stream: S) -> Option<Look> {
    let mut stream = BufReader::new(stream);
    let mut line = brief(async { read_line(&mut stream).await.ok() }).await;
    if line.is_none() {
        let question = b"GET / HTTP/1.0\r\n\r\n";
        brief(async { stream.get_mut().write_all(question).await.ok() }).await?;
        line = brief(async { read_line(&mut stream).await.ok() }).await;
    }
    let line = line?;
    Some(match line.split_whitespace().next()? {
        "INFO" => Look::Nats,
        it if it.starts_with("HTTP/") => Look::Http,
        _ => Look::Other,
    })
}

async fn brief<T>(work: impl Future<Output = Option<T>>) -> Option<T> {
    tokio::time::timeout(LOOK_LIMIT, work).await.ok().flatten()
}

/// One line without its end; empty at the end of the stream. What has no end within bounds is cut.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}
