//! What went wrong on the way to a registry, in words that help.

use std::error::Error as _;
use std::io::{self, Read as _};
use std::path::Path;

use reqwest::StatusCode;
use serde::Deserialize;

use super::error::{ErrorKind, OciError};
use super::reference::Reference;
use super::transport::Access;

/// Bytes of a file of certificates.
const MAX_CA: u64 = 4 << 20;

/// A registry's own words that are shown.
const MAX_WORDS: usize = 300;

/// An error of the HTTP client, and whether trying again may help.
pub(super) fn of(subject: &str, host: &str, error: &reqwest::Error) -> (OciError, bool) {
    if let Some(tls) = find::<rustls::Error>(error) {
        return (tls_error(subject, host, tls), false);
    }
    if error.is_dns() {
        let message = format!("{subject}: there is no host {host}");
        let error = OciError::new(ErrorKind::Unreachable, message)
            .hint("check the registry's name and this machine's network");
        return (error, false);
    }
    let refused =
        find::<io::Error>(error).is_some_and(|it| it.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        let message = format!("{subject}: nothing listens at {host}");
        let error = OciError::new(ErrorKind::Unreachable, message)
            .hint("check the registry's address and port, and that it runs");
        return (error, false);
    }
    if error.is_connect() && error.is_timeout() {
        let message = format!("{subject}: {host} does not accept a connection in time");
        let error = OciError::new(ErrorKind::Unreachable, message)
            .hint("check the registry's address, and firewalls and proxies on the way");
        return (error, false);
    }
    let message = format!(
        "{subject}: the connection to {host} broke: {}",
        chain(error)
    );
    let error =
        OciError::new(ErrorKind::Unreachable, message).hint("check the network, then try again");
    (error, true)
}

fn tls_error(subject: &str, host: &str, error: &rustls::Error) -> OciError {
    let (what, hint) = match error {
        rustls::Error::InvalidMessage(_) => (
            "does not speak TLS".to_owned(),
            format!(
                "if it is to be reached over plain HTTP, allow that: --insecure (`wash up`: --allowed-insecure {host})"
            ),
        ),
        error => (
            format!("has a certificate that is not trusted: {error}"),
            "trust its authority with --ca-file FILE (`wash up`: --oci-ca-file FILE)".to_owned(),
        ),
    };
    OciError::new(ErrorKind::Tls, format!("{subject}: {host} {what}")).hint(hint)
}

/// An answer that is no success.
pub(super) fn status(
    reference: &Reference,
    access: Access,
    status: StatusCode,
    said: Option<String>,
) -> OciError {
    let said = said.map_or_else(String::new, |it| format!(": {it}"));
    let registry = reference.registry();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let verb = match access {
                Access::Push => "pushing",
                Access::Pull | Access::Login => "access",
            };
            let message = format!("{reference}: {registry} refuses {verb} ({status}){said}");
            OciError::new(ErrorKind::Unauthorized, message).hint(format!(
                "log in as somebody who may: wash reg login {registry}"
            ))
        }
        StatusCode::NOT_FOUND => {
            let message = format!("{reference}: {registry} does not have it{said}");
            OciError::new(ErrorKind::NotFound, message)
        }
        status => {
            let message = format!("{reference}: {registry} answers {status}{said}");
            OciError::new(ErrorKind::Protocol, message)
        }
    }
}

/// What a registry says in its error document.
pub(super) fn words(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Document {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let document: Document = serde_json::from_slice(body).ok()?;
    let entries = document.errors.iter().map(|it| match it.message.as_str() {
        "" => it.code.to_ascii_lowercase().replace('_', " "),
        message => message.to_owned(),
    });
    let text = entries.collect::<Vec<_>>().join("; ");
    let text: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(MAX_WORDS)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// The certificates of a PEM file.
pub(super) fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, OciError> {
    let broken = |reason: String| {
        let message = format!("cannot take certificates from {}: {reason}", path.display());
        OciError::new(ErrorKind::Local, message).hint("it is to be a file of PEM certificates")
    };
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|it| it.take(MAX_CA).read_to_end(&mut pem))
        .map_err(|error| broken(error.to_string()))?;
    let found =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| broken(chain(&error)))?;
    if found.is_empty() {
        return Err(broken("there are none in it".to_owned()));
    }
    Ok(found)
}

/// An error with its causes, without addresses, which may hold secrets.
pub(super) fn chain(error: &reqwest::Error) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_words_are_shown_if_it_has_any() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no\nway"}]}"#,
                Some("no way"),
            ),
            (
                r#"{"errors":[{"code":"NAME_UNKNOWN"},{"message":"b"}]}"#,
                Some("name unknown; b"),
            ),
            (r#"{"errors":[]}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(words(body.as_bytes()).as_deref(), expected, "{body}");
        }
        let long = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "x".repeat(10_000));
        assert_eq!(words(long.as_bytes()).unwrap().len(), MAX_WORDS);
    }
}
