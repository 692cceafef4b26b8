//! What an error of the HTTP client means.

use std::error::Error as _;
use std::io;

/// Why a request got no answer, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::archive) enum Fault {
    /// What answers there speaks no TLS.
    NoTls,
    /// Its certificate is not trusted, or the like.
    Tls(String),
    NoHost,
    Refused,
    /// No connection in time.
    Slow,
    /// The connection broke; the next one may not.
    Broke(String),
}

impl Fault {
    pub(in crate::archive) fn of(error: &reqwest::Error) -> Self {
        match find::<rustls::Error>(error) {
            Some(rustls::Error::InvalidMessage(_)) => return Self::NoTls,
            Some(error) => return Self::Tls(error.to_string()),
            None => {}
        }
        if error.is_dns() {
            return Self::NoHost;
        }
        let io = find::<io::Error>(error).map(io::Error::kind);
        if io == Some(io::ErrorKind::ConnectionRefused) {
            return Self::Refused;
        }
        if error.is_connect() && error.is_timeout() {
            return Self::Slow;
        }
        Self::Broke(chain(error))
    }

    /// Whether trying again may help.
    pub(in crate::archive) fn passes(&self) -> bool {
        matches!(self, Self::Broke(_))
    }
}

/// An error with its causes, without addresses, which may hold secrets.
pub(in crate::archive) fn chain(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(it) = source {
        let text = it.to_string();
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        source = it.source();
    }
    if texts.is_empty() {
        if error.is_timeout() {
            return "it took too long".to_owned();
        }
        return "the request failed".to_owned();
    }
    texts.join(": ")
}

/// A cause of this type; those inside of I/O errors too.
fn find<T: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut source = error.source();
    while let Some(it) = source {
        if let Some(found) = it.downcast_ref::<T>() {
            return Some(found);
        }
        if let Some(io) = it.downcast_ref::<io::Error>()
            && let Some(inner) = io.get_ref()
        {
            // Which an I/O error does not count as its cause.
            source = Some(inner);
            continue;
        }
        source = it.source();
    }
    None
}
