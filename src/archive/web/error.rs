//! Why something did not come from the web.

use std::time::Duration;

use reqwest::{StatusCode, Url};

use super::super::http::Fault;
use super::shown;

/// What a caller may branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebErrorKind {
    /// It is none, or of a kind that is not fetched.
    Url,
    /// No such name, nobody listens, or the connection broke again and again.
    Unreachable,
    /// The certificate is not trusted, or there is no TLS.
    Tls,
    Unauthorized,
    NotFound,
    /// Too many requests, or the server is out of order.
    Busy,
    Timeout,
    /// It is not what it was promised to be.
    Corrupt,
    /// An answer that makes no sense.
    Protocol,
    TooLarge,
    /// Files of our own.
    Local,
}

/// A failure with what it was about; never with what may be secret in a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WebError {
    pub kind: WebErrorKind,
    message: String,
}

impl WebError {
    pub(super) fn new(kind: WebErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn too_large(url: &Url, limit: u64) -> Self {
        let message = format!("{} is larger than {limit} bytes", shown(url));
        Self::new(WebErrorKind::TooLarge, message)
    }

    pub(super) fn timeout(url: &Url, limit: Duration) -> Self {
        let message = format!("{} does not come within {limit:?}", shown(url));
        Self::new(WebErrorKind::Timeout, message)
    }

    pub(super) fn busy(url: &Url, status: StatusCode) -> Self {
        let message = format!("{} cannot be had now ({status})", shown(url));
        Self::new(WebErrorKind::Busy, message)
    }

    pub(super) fn status(url: &Url, status: StatusCode) -> Self {
        let url = shown(url);
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Self::new(
                WebErrorKind::NotFound,
                format!("there is no {url} ({status})"),
            ),
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Self::new(
                WebErrorKind::Unauthorized,
                format!("{url} is not for us ({status})"),
            ),
            status => Self::new(
                WebErrorKind::Protocol,
                format!("{url} is answered with {status}"),
            ),
        }
    }

    pub(super) fn fault(url: &Url, fault: Fault) -> Self {
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let (kind, reason) = match fault {
            Fault::NoTls => (WebErrorKind::Tls, format!("{host} does not speak TLS")),
            Fault::Tls(reason) => (
                WebErrorKind::Tls,
                format!("{host} has a certificate that is not trusted: {reason}"),
            ),
            Fault::NoHost => (
                WebErrorKind::Unreachable,
                format!("there is no host {host}"),
            ),
            Fault::Refused => (
                WebErrorKind::Unreachable,
                format!("nothing listens at {host}, or at the proxy before it"),
            ),
            Fault::Slow => (
                WebErrorKind::Unreachable,
                format!("{host} does not accept a connection in time"),
            ),
            Fault::Broke(reason) => (
                WebErrorKind::Unreachable,
                format!("the connection to {host} broke: {reason}"),
            ),
        };
        Self::new(kind, reason)
    }
}
