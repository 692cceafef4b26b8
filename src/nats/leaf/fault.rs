//! What keeps a hub from taking us, each told apart from the others. Never holds a secret.

use std::path::PathBuf;

/// Why a hub cannot be reached, or does not take us.
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
    #[error("wrong port: what listens on {0} speaks HTTP, not NATS")]
    Http(String),
    /// It speaks NATS, to those who come without websockets.
    #[error("wrong port: {0} does not take websockets")]
    NoWebsocket(String),
    #[error("{0} takes the connection and says nothing")]
    Silent(String),
    #[error("TLS: {0} offers none")]
    NoTls(String),
    /// Before its first line.
    #[error("TLS: {0} expects it at once, before it says anything")]
    TlsFirst(String),
    #[error("TLS: {0} speaks first, and TLS comes after that")]
    TlsLater(String),
    #[error("TLS: {0} takes websockets only with it")]
    WebsocketTls(String),
    #[error("TLS: {0} wants a client certificate")]
    NoCertificate(String),
    #[error("TLS with {address}: {reason}")]
    Tls { address: String, reason: TlsFault },
    #[error("{what} {path}: {reason}")]
    File {
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    /// Who we are.
    #[error("authentication: {address} refuses {} ({reason})", .way.name())]
    Authentication {
        address: String,
        reason: String,
        way: Way,
    },
    /// What we may do.
    #[error("authorization: {address} refuses a leaf of this user ({reason})")]
    Authorization { address: String, reason: String },
}

/// How a login was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    None,
    Creds,
    Nkey,
    Password,
    Token,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::None => "us without a login",
            Self::Creds => "the credentials",
            Self::Nkey => "the nkey",
            Self::Password => "user and password",
            Self::Token => "the token",
        }
    }
}

/// What is wrong with TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    #[error("its certificate is of an authority that is not trusted here")]
    Untrusted,
    #[error("its certificate has expired")]
    Expired,
    #[error("its certificate is not valid yet")]
    Early,
    /// And the names that it is for, if they are known.
    #[error("its certificate is for another name{}", listed(.0))]
    OtherName(Vec<String>),
    #[error("it does not take the client certificate")]
    ClientCertificate,
    #[error("it does not speak TLS")]
    NotTls,
    #[error("{0}")]
    Other(String),
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(": {}", names.join(", ")),
    }
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
