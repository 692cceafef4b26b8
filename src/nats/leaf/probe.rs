//! Trying a hub by hand: what a server that cannot become its leaf does not say, or says only in its log.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use rustls::AlertDescription;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde_json::json;
use tokio::io::BufReader;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{LeafUrl, Login, Remote, tls};

/// A hub that would take us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub server_name: String,
    pub version: String,
    /// From a question to its answer, once logged in.
    pub round_trip: Duration,
    pub tls: bool,
    /// False for websockets: only that something listens is known.
    pub logged_in: bool,
}

/// Why a hub cannot be reached, or does not take us. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("DNS: there is no host {0}")]
    Dns(String),
    #[error("refused: nothing listens on {0}")]
    Refused(String),
    #[error("{address} cannot be reached: {reason}")]
    Unreachable { address: String, reason: String },
    #[error("wrong port: {0} is for clients of NATS, not for leaf nodes")]
    ClientPort(String),
    #[error("wrong port: what listens on {0} does not speak NATS")]
    NotNats(String),
    /// It may want TLS first.
    #[error("{0} takes the connection and says nothing")]
    Silent(String),
    #[error("TLS: {0} offers none")]
    NoTls(String),
    #[error("TLS: {0} wants a client certificate")]
    NoCertificate(String),
    #[error("TLS with {address}: {reason}")]
    Tls { address: String, reason: String },
    #[error("{what} {path}: {reason}")]
    File {
        what: &'static str,
        path: std::path::PathBuf,
        reason: String,
    },
    /// Who we are.
    #[error("authentication: {address} refuses the login ({reason})")]
    Authentication { address: String, reason: String },
    /// What we may do.
    #[error("authorization: {address} refuses a leaf of this user ({reason})")]
    Authorization { address: String, reason: String },
}

impl Fault {
    /// Waiting does not mend it; what others do might mend the rest.
    pub fn is_lasting(&self) -> bool {
        !matches!(
            self,
            Self::Dns(_) | Self::Refused(_) | Self::Unreachable { .. } | Self::Silent(_)
        )
    }
}

/// Bytes of one line of a hub.
const MAX_LINE: u64 = 64 * 1024;

/// Lines of a hub before its answer to us: it tells first what its side listens to.
const MAX_LINES: usize = 100_000;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The line by which a server greets.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Info {
    server_name: String,
    version: String,
    nonce: String,
    tls_required: bool,
    tls_available: bool,
    tls_verify: bool,
    /// Only leaf listeners have it, unless they keep their addresses to themselves.
    leafnode_urls: Option<Vec<String>>,
    /// Only listeners for clients have it.
    client_ip: Option<String>,
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
        let tcp = self.tcp().await?;
        if self.url.is_websocket() {
            return Ok(Probe {
                server_name: String::new(),
                version: String::new(),
                round_trip: Duration::ZERO,
                tls: false,
                logged_in: false,
            });
        }
        let first = self.remote.tls.first;
        let stream: Box<dyn Stream> = if first {
            Box::new(self.tls(tcp).await?)
        } else {
            Box::new(tcp)
        };
        let mut stream = BufReader::new(stream);
        let info = self.info(&mut stream).await?;
        let wanted = self.remote.needs_tls() || info.tls_required;
        if wanted && !first && !info.tls_required && !info.tls_available {
            return Err(Fault::NoTls(self.address.clone()));
        }
        let mut stream: Box<dyn Stream> = if wanted && !first {
            Box::new(self.tls(stream.into_inner()).await?)
        } else {
            stream.into_inner()
        };
        let round_trip = self.log_in(&mut stream, &info).await?;
        Ok(Probe {
            server_name: info.server_name,
            version: info.version,
            round_trip,
            tls: wanted,
            logged_in: true,
        })
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
        let line = match self.timed(read_line(stream)).await {
            Ok(it) => it,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(Fault::Silent(self.address.clone()));
            }
            Err(error) => return Err(self.broken(&error)),
        };
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
        let failed = |reason: String| Fault::Tls {
            address: self.address.clone(),
            reason,
        };
        let name = ServerName::try_from(self.url.host().to_owned())
            .map_err(|error| failed(error.to_string()))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        self.timed(connector.connect(name, stream))
            .await
            .map_err(|error| self.broken(&error))
    }

    /// Logs in, and asks for a sign of life.
    async fn log_in(&self, stream: &mut Box<dyn Stream>, info: &Info) -> Result<Duration, Fault> {
        if info.tls_verify && self.remote.tls.certificate.is_none() {
            return Err(Fault::NoCertificate(self.address.clone()));
        }
        let mut connect = json!({
            "name": "wash-probe",
            "server_id": "wash-probe",
            "version": "2.9.0",
            "headers": true,
        });
        for (key, value) in self.credentials(&info.nonce)? {
            connect[key] = value.into();
        }
        let asked = Instant::now();
        let greeting = format!("CONNECT {connect}\r\nPING\r\n");
        let sent = async {
            stream.write_all(greeting.as_bytes()).await?;
            stream.flush().await
        };
        // A hub that refuses may close before it has read all; its reason is still to be read.
        let sent = self.timed(sent).await;
        let mut lines = BufReader::new(stream);
        for _ in 0..MAX_LINES {
            let line = match self.timed(read_line(&mut lines)).await {
                Ok(it) if it.is_empty() => break,
                Ok(it) => it,
                Err(error) => return Err(self.broken(&error)),
            };
            if line == "PONG" {
                return Ok(asked.elapsed());
            }
            if line == "PING" {
                let pong = self.timed(lines.get_mut().write_all(b"PONG\r\n")).await;
                pong.map_err(|error| self.broken(&error))?;
            }
            if let Some(reason) = line.strip_prefix("-ERR ") {
                return Err(self.refused(reason.trim_matches('\'')));
            }
        }
        Err(match sent {
            Err(error) => self.broken(&error),
            Ok(()) => self.unreachable("it closes the connection"),
        })
    }

    fn credentials(&self, nonce: &str) -> Result<Vec<(&'static str, String)>, Fault> {
        let sign = |seed: &str| -> Result<(String, String), Fault> {
            let bad = |_| Fault::Authentication {
                address: self.address.clone(),
                reason: "the seed is not valid".to_owned(),
            };
            let key = nkeys::KeyPair::from_seed(seed).map_err(bad)?;
            let signature = key.sign(nonce.as_bytes()).map_err(bad)?;
            Ok((key.public_key(), BASE64URL_NOPAD.encode(&signature)))
        };
        let own = self.url.login();
        Ok(match (&self.remote.login, own) {
            (Login::Creds { jwt, seed, .. }, _) => {
                vec![("jwt", jwt.clone()), ("sig", sign(seed)?.1)]
            }
            (Login::Nkey { seed }, _) => {
                let (public, signature) = sign(seed)?;
                vec![("nkey", public), ("sig", signature)]
            }
            (_, Some((user, Some(password)))) => vec![("user", user), ("pass", password)],
            (_, Some((token, None))) => vec![("user", token.clone()), ("auth_token", token)],
            (Login::User { user, password }, None) => {
                vec![("user", user.clone()), ("pass", password.clone())]
            }
            (Login::Token(token), None) => {
                vec![("user", token.clone()), ("auth_token", token.clone())]
            }
            (Login::None, None) => Vec::new(),
        })
    }

    fn refused(&self, reason: &str) -> Fault {
        let address = self.address.clone();
        let text = reason.to_ascii_lowercase();
        let about_rights = text.contains("permission") || text.contains("maximum");
        let reason = reason.to_owned();
        if about_rights {
            Fault::Authorization { address, reason }
        } else {
            Fault::Authentication { address, reason }
        }
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
