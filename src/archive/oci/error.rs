//! Why something did not come from, or get to, a registry.

use std::time::Duration;

use super::reference::{BadReference, Reference};

/// What a caller may branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for makes no sense.
    Reference,
    /// It means `latest`, which settings forbid.
    Latest,
    /// No such name, nobody listens, or the connection broke again and again.
    Unreachable,
    /// The registry's certificate is not trusted, or it speaks no TLS.
    Tls,
    /// Credentials are missing, wrong, or not enough.
    Unauthorized,
    NotFound,
    /// Too many requests, or the registry is out of order.
    Busy,
    Timeout,
    /// Digests or lengths differ from what was promised.
    Corrupt,
    /// An answer that no registry gives.
    Protocol,
    TooLarge,
    /// It is there, but is neither an actor nor a provider.
    NotAnArtifact,
    /// Files of our own.
    Local,
}

/// A failure with what it was about and a way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OciError {
    pub kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl OciError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next.
    pub fn way_out(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Message and way out, for logs and events.
    pub fn whole(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }

    /// Whether the registry could not be asked, so that what is known of it may still hold.
    pub(super) fn is_absence(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Unreachable | ErrorKind::Busy | ErrorKind::Timeout
        )
    }

    pub(super) fn latest(reference: &Reference) -> Self {
        Self::new(
            ErrorKind::Latest,
            format!("{reference}: the tag latest is not allowed, since it may mean another artifact tomorrow"),
        )
        .hint("name a tag or digest, or allow it with --allow-latest")
    }

    pub(super) fn unauthorized(registry: &str, reference: &str, known: bool) -> Self {
        let message = if known {
            format!("{reference}: {registry} refuses the credentials that were given")
        } else {
            format!("{reference}: {registry} wants credentials, and none are known for it")
        };
        Self::new(ErrorKind::Unauthorized, message)
            .hint(format!("log in with: wash reg login {registry}"))
    }

    pub(super) fn too_large(what: &str, limit: u64) -> Self {
        let message = format!("{what} is larger than {limit} bytes");
        Self::new(ErrorKind::TooLarge, message)
    }

    pub(super) fn timeout(what: &str, limit: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!("{what}: it took longer than {limit:?}"),
        )
        .hint("the registry or the way to it is slow; what was fetched is kept for the next try")
    }

    pub(super) fn local(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display();
        Self::new(ErrorKind::Local, format!("cannot {action} {path}: {error}"))
            .hint("check that the disk has room and who may write there; `wash drain oci` frees what is kept")
    }
}

impl From<BadReference> for OciError {
    fn from(error: BadReference) -> Self {
        Self::new(ErrorKind::Reference, error.to_string())
            .hint("references look like registry.example/name:tag")
    }
}
