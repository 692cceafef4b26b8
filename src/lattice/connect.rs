//! Connecting to NATS: addresses, every kind of credentials, TLS, and what went wrong in words.

use std::path::PathBuf;
use std::time::Duration;

use crate::claims::Seed;

/// How to reach and authenticate to a NATS system.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// `nats://`, `tls://`, `ws://`, `wss://` or bare `host:port`; at least one, tried in order.
    pub urls: Vec<String>,
    pub credentials: Credentials,
    pub tls: TlsOptions,
    /// Shown in the server's connection list.
    pub name: String,
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

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Connects, and returns once the server has accepted us.
///
/// # Errors
/// Every variant of [`ConnectError`].
pub async fn connect(options: &ConnectOptions) -> Result<async_nats::Client, ConnectError> {
    let _ = options;
    todo!()
}
