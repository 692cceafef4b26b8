//! What went wrong on the way to a registry, in words that help.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::super::http::{Fault, SetupError};
use super::error::{ErrorKind, OciError};
use super::reference::Reference;
use super::transport::Access;

/// A registry's own words that are shown.
const MAX_WORDS: usize = 300;

/// An error of the HTTP client, and whether trying again may help.
pub(super) fn of(subject: &str, host: &str, error: &reqwest::Error) -> (OciError, bool) {
    let fault = Fault::of(error);
    let passes = fault.passes();
    let (kind, message, hint) = match fault {
        Fault::NoTls => (
            ErrorKind::Tls,
            format!("{subject}: {host} does not speak TLS"),
            format!(
                "if it is to be reached over plain HTTP, allow that: --insecure (`wash up`: --allowed-insecure {host})"
            ),
        ),
        Fault::Tls(reason) => (
            ErrorKind::Tls,
            format!("{subject}: {host} has a certificate that is not trusted: {reason}"),
            "trust its authority with --ca-file FILE (`wash up`: --oci-ca-file FILE)".to_owned(),
        ),
        Fault::NoHost => (
            ErrorKind::Unreachable,
            format!("{subject}: there is no host {host}"),
            "check the registry's name and this machine's network".to_owned(),
        ),
        Fault::Refused => (
            ErrorKind::Unreachable,
            format!("{subject}: nothing listens at {host}"),
            "check the registry's address and port, and that it runs".to_owned(),
        ),
        Fault::Slow => (
            ErrorKind::Unreachable,
            format!("{subject}: {host} does not accept a connection in time"),
            "check the registry's address, and firewalls and proxies on the way".to_owned(),
        ),
        Fault::Broke(reason) => (
            ErrorKind::Unreachable,
            format!("{subject}: the connection to {host} broke: {reason}"),
            "check the network, then try again".to_owned(),
        ),
    };
    (OciError::new(kind, message).hint(hint), passes)
}

/// A client that could not be made.
pub(super) fn setup(error: &SetupError) -> OciError {
    let told = OciError::new(ErrorKind::Local, error.to_string());
    match error {
        SetupError::Certificates { .. } => told.hint("it is to be a file of PEM certificates"),
        SetupError::Client(_) => told,
    }
}

pub(super) fn busy(subject: &str, status: StatusCode, wanted: Option<Duration>) -> OciError {
    let message = match status {
        StatusCode::TOO_MANY_REQUESTS => {
            format!("{subject}: the registry has had too many requests ({status})")
        }
        _ => format!("{subject}: the registry is out of order ({status})"),
    };
    let hint = match wanted {
        Some(it) => format!("it asks to come back in {} s", it.as_secs()),
        None => "try again later".to_owned(),
    };
    OciError::new(ErrorKind::Busy, message).hint(hint)
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
