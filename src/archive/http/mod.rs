//! The HTTP client that registries and the web are reached with, and what may go wrong on the way. Does not know
//! what is fetched.

mod fault;
mod retry;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) use fault::{Fault, chain};
pub(super) use retry::{backoff, is_busy, retry_after};

/// Bytes of a file of certificates.
const MAX_CA: u64 = 4 << 20;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetupError {
    #[error("cannot take certificates from {path}: {reason}")]
    Certificates { path: PathBuf, reason: String },
    #[error("cannot set up HTTP: {0}")]
    Client(String),
}

/// A client that trusts the platform's certificates and those in `ca_files`, goes through the proxies that the
/// environment names, and follows no redirects: its user knows what may be shown to whom.
pub(super) fn client(
    connect: Duration,
    ca_files: &[PathBuf],
) -> Result<reqwest::Client, SetupError> {
    // Somebody else in this process may have chosen one already; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("wash/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect);
    if !ca_files.is_empty() {
        let mut certificates = Vec::new();
        for path in ca_files {
            certificates.extend(read_certificates(path)?);
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| SetupError::Client(chain(&error)))
}

/// The certificates of a PEM file.
fn read_certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, SetupError> {
    let broken = |reason: String| SetupError::Certificates {
        path: path.to_owned(),
        reason,
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
