//! Connecting to NATS: addresses, every kind of credentials, TLS, and what went wrong in words.

mod files;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{AuthError, ConnectErrorKind, Event, ServerError};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::Instant;

pub use self::files::{check_tls, read_creds};
pub use super::address::without_login;
use super::address::{Address, Login};
use crate::claims::Seed;

/// A server that says nothing for two or three times as long is taken for gone.
const PING_INTERVAL: Duration = Duration::from_secs(3);

/// How to reach and authenticate to a NATS system. Secrets do not debug-print.
#[derive(Clone)]
pub struct ConnectOptions {
    /// `nats://`, `tls://`, `ws://`, `wss://` or bare `host:port`; at least one, tried in order. Port 4222
    /// unless given. `user:password@` or `token@` counts where [`Self::credentials`] is anonymous.
    pub urls: Vec<String>,
    pub credentials: Credentials,
    pub tls: TlsOptions,
    /// Shown in the server's connection list.
    pub name: String,
    /// For the first connection, all addresses together.
    pub timeout: Duration,
}

/// At most one way to authenticate. Secrets do not debug-print.
#[derive(Clone, Default)]
pub enum Credentials {
    #[default]
    Anonymous,
    /// A `.creds` file: user JWT and seed.
    File(PathBuf),
    Jwt {
        jwt: String,
        seed: Seed,
    },
    Nkey(Seed),
    UserPassword {
        user: String,
        password: String,
    },
    Token(String),
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.urls.iter().map(|it| without_login(it)).collect();
        f.debug_struct("ConnectOptions")
            .field("urls", &urls)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::File(_) => "File(…)",
            Self::Jwt { .. } => "Jwt(…)",
            Self::Nkey(_) => "Nkey(…)",
            Self::UserPassword { .. } => "UserPassword(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// TLS even where the URL does not ask for it.
    pub required: bool,
    /// TLS before the server's INFO.
    pub first: bool,
    pub ca: Option<PathBuf>,
    /// Client certificate and key, PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Why there is no connection; the variant decides exit code and hint.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("'{0}' is not a NATS address")]
    BadUrl(String),
    #[error("{what} {path}: {reason}")]
    File {
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    #[error("no such host: {0}")]
    Dns(String),
    #[error("connection refused by {0}")]
    Refused(String),
    #[error("TLS with {url} failed: {reason}")]
    Tls { url: String, reason: String },
    #[error("{0} refused the credentials")]
    Auth(String),
    #[error("no answer from {url} within {timeout:?}")]
    Timeout { url: String, timeout: Duration },
    #[error("cannot connect to {url}: {reason}")]
    Other { url: String, reason: String },
}

/// Connects, and returns once the server has accepted us. Each address is tried once; a connection that is
/// lost later is made again for as long as it takes.
///
/// Files are read and checked first, so that a bad one never becomes an anonymous connection.
///
/// # Errors
/// Every variant of [`ConnectError`]; of several addresses, the last one's.
pub async fn connect(options: &ConnectOptions) -> Result<async_nats::Client, ConnectError> {
    // Whoever comes first decides for the process; a later call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut addresses = Vec::new();
    for text in &options.urls {
        addresses.extend(Address::parse_list(text)?);
    }
    let auth = Auth::read(&options.credentials, &addresses).await?;
    files::check_tls(&options.tls).await?;

    let give_up = Instant::now() + options.timeout;
    let mut failure = ConnectError::BadUrl(String::new());
    for (at, address) in addresses.iter().enumerate() {
        // An address that swallows packets must leave time for those after it.
        let share = (give_up - Instant::now()) / u32::try_from(addresses.len() - at).unwrap_or(1);
        let attempt = client_options(options, &auth).connect(&address.server);
        failure = match tokio::time::timeout(share, attempt).await {
            Ok(Ok(client)) => {
                offer_all(&client, address, &addresses).await;
                return Ok(client);
            }
            Ok(Err(error)) => classify(address, options.timeout, &error),
            Err(_) => ConnectError::Timeout {
                url: address.shown(),
                timeout: options.timeout,
            },
        };
        tracing::debug!(%failure, "cannot connect");
        if matches!(failure, ConnectError::Auth(_)) {
            break;
        }
    }
    Err(failure)
}

/// The user JWT that these credentials present, if they do. Not verified.
///
/// # Errors
/// [`ConnectError::File`].
pub async fn user_jwt(credentials: &Credentials) -> Result<Option<UserJwt>, ConnectError> {
    let (jwt, seed) = match credentials {
        Credentials::File(path) => files::read_creds(path).await?,
        Credentials::Jwt { jwt, seed } => (jwt.clone(), seed.clone()),
        _ => return Ok(None),
    };
    Ok(UserJwt::read(&jwt, &seed))
}

/// What a NATS user's JWT states, as far as it matters to whoever presents it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserJwt {
    /// Seconds since the epoch.
    pub expires: Option<u64>,
    /// Seconds since the epoch.
    pub not_before: Option<u64>,
    pub name: Option<String>,
    /// The seed beside it is the one it was made for.
    pub fits_seed: bool,
}

impl UserJwt {
    fn read(jwt: &str, seed: &Seed) -> Option<Self> {
        /// NATS writes 0 for what is not limited.
        #[derive(serde::Deserialize)]
        struct Claims {
            #[serde(default)]
            exp: u64,
            #[serde(default)]
            nbf: u64,
            #[serde(default)]
            sub: String,
            name: Option<String>,
        }
        let payload = jwt.trim().split('.').nth(1)?;
        let payload = data_encoding::BASE64URL_NOPAD
            .decode(payload.as_bytes())
            .ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        let limit = |it: u64| (it != 0).then_some(it);
        Some(Self {
            expires: limit(claims.exp),
            not_before: limit(claims.nbf),
            fits_seed: claims.sub == seed.public(),
            name: claims.name,
        })
    }
}

/// Returns when the server has taken in everything sent before on this connection, subscriptions above all
/// ([`async_nats::Client::flush`] only writes to the socket). Gives up after two seconds, since an account
/// may forbid the question.
pub async fn round_trip(client: &async_nats::Client) {
    let inbox = client.new_inbox();
    let echo = async {
        let mut echo = client.subscribe(inbox.clone()).await.ok()?;
        client.publish(inbox, Bytes::new()).await.ok()?;
        echo.next().await
    };
    if tokio::time::timeout(Duration::from_secs(2), echo)
        .await
        .is_err()
    {
        tracing::debug!("NATS does not echo; taking subscriptions for made");
    }
}

/// JetStream on this connection, in `domain` if there is one.
pub fn jetstream(
    client: async_nats::Client,
    domain: Option<&str>,
) -> async_nats::jetstream::Context {
    match domain {
        Some(domain) => async_nats::jetstream::with_domain(client, domain),
        None => async_nats::jetstream::new(client),
    }
}

/// [`Credentials`] whose file has been read, or what a URL held. No `Debug`: it would show them.
enum Auth {
    Anonymous,
    Jwt { jwt: String, seed: Seed },
    Nkey(Seed),
    Login(Login),
}

impl Auth {
    async fn read(credentials: &Credentials, addresses: &[Address]) -> Result<Self, ConnectError> {
        Ok(match credentials {
            Credentials::Anonymous => addresses
                .iter()
                .find_map(|it| it.login.clone())
                .map_or(Self::Anonymous, Self::Login),
            Credentials::File(path) => {
                let (jwt, seed) = files::read_creds(path).await?;
                Self::Jwt { jwt, seed }
            }
            Credentials::Jwt { jwt, seed } => Self::Jwt {
                jwt: jwt.clone(),
                seed: seed.clone(),
            },
            Credentials::Nkey(seed) => Self::Nkey(seed.clone()),
            Credentials::UserPassword { user, password } => Self::Login(Login::User {
                user: user.clone(),
                password: password.clone(),
            }),
            Credentials::Token(token) => Self::Login(Login::Token(token.clone())),
        })
    }
}

fn client_options(options: &ConnectOptions, auth: &Auth) -> async_nats::ConnectOptions {
    let mut ours = async_nats::ConnectOptions::new()
        .name(&options.name)
        .connection_timeout(options.timeout)
        .ping_interval(PING_INTERVAL)
        .require_tls(options.tls.required);
    if options.tls.first {
        ours = ours.tls_first();
    }
    if let Some(ca) = &options.tls.ca {
        ours = ours.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &options.tls.certificate {
        ours = ours.add_client_certificate(certificate.clone(), key.clone());
    }
    ours = match auth {
        Auth::Anonymous => ours,
        Auth::Jwt { jwt, seed } => {
            let seed = seed.clone();
            ours.jwt(jwt.clone(), move |nonce| {
                let signature = seed.sign(&nonce);
                async move { Ok::<_, AuthError>(signature) }
            })
        }
        Auth::Nkey(seed) => ours.nkey(seed.reveal()),
        Auth::Login(Login::User { user, password }) => {
            ours.user_and_password(user.clone(), password.clone())
        }
        Auth::Login(Login::Token(token)) => ours.token(token.clone()),
    };
    let lost = Arc::new(AtomicBool::new(false));
    ours.event_callback(move |event| {
        log(&event, &lost);
        std::future::ready(())
    })
}

fn log(event: &Event, lost: &AtomicBool) {
    match event {
        Event::Disconnected => {
            lost.store(true, Ordering::Relaxed);
            tracing::warn!("lost the connection to NATS, trying to get it back");
        }
        Event::Connected if lost.swap(false, Ordering::Relaxed) => {
            tracing::info!("connected to NATS again");
        }
        Event::SlowConsumer(_) | Event::ServerError(_) => tracing::warn!("NATS: {event}"),
        _ => tracing::debug!("NATS: {event}"),
    }
}

/// Reconnects may go to any of the addresses that speak the same transport.
async fn offer_all(client: &async_nats::Client, taken: &Address, all: &[Address]) {
    if all.len() < 2 {
        return;
    }
    let pool: Vec<_> = all
        .iter()
        .map(|it| it.server.clone())
        .filter(|it| it.is_websocket() == taken.server.is_websocket())
        .collect();
    if let Err(error) = client.set_server_pool(pool).await {
        tracing::debug!(%error, "cannot name the other servers");
    }
}

/// What went wrong, in our words; none of the library's texts holds a secret.
fn classify(
    address: &Address,
    timeout: Duration,
    error: &async_nats::ConnectError,
) -> ConnectError {
    let url = address.shown();
    let reason = causes(error)
        .last()
        .map_or_else(String::new, ToString::to_string);
    match error.kind() {
        ConnectErrorKind::ServerParse => return ConnectError::BadUrl(url),
        ConnectErrorKind::Dns => return ConnectError::Dns(address.server.host().to_owned()),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            return ConnectError::Auth(url);
        }
        ConnectErrorKind::TimedOut => return ConnectError::Timeout { url, timeout },
        ConnectErrorKind::Tls => return ConnectError::Tls { url, reason },
        ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {}
    }
    for cause in causes(error) {
        if cause.is::<rustls::Error>() {
            return ConnectError::Tls { url, reason };
        }
        if let Some(ServerError::Other(text)) = cause.downcast_ref()
            && text.to_ascii_lowercase().contains("authentication")
        {
            return ConnectError::Auth(url);
        }
        match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return ConnectError::Refused(url),
            Some(io::ErrorKind::TimedOut) => return ConnectError::Timeout { url, timeout },
            _ => {}
        }
    }
    ConnectError::Other { url, reason }
}

/// An error and what caused it. What an I/O error wraps is its `get_ref`, which its `source` passes over.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests;
