//! TLS towards a hub, as a leaf of it would do it.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError};

use super::{Fault, Remote, TlsFault};

/// The hub is trusted if its authority is the given one, or one of the system's.
pub(super) fn config(remote: &Remote) -> Result<rustls::ClientConfig, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    match &remote.tls.ca {
        Some(path) => {
            let bad = |reason: &dyn std::fmt::Display| Fault::File {
                what: "CA certificates",
                path: path.clone(),
                reason: reason.to_string(),
            };
            let found = CertificateDer::pem_file_iter(path).map_err(|it| bad(&it))?;
            for certificate in found {
                let certificate = certificate.map_err(|it| bad(&it))?;
                roots.add(certificate).map_err(|it| bad(&it))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |reason: rustls::Error| Fault::Tls {
        address: remote.shown(),
        reason: TlsFault::Other(reason.to_string()),
    };
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots);
    let Some((path, key_path)) = &remote.tls.certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let bad = |what, path: &Path, reason: String| Fault::File {
        what,
        path: path.to_owned(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|it| bad("client certificate", path, it.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(key_path)
        .map_err(|_| bad("client key", key_path, "it holds no private key".to_owned()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|it| bad("client certificate", path, it.to_string()))
}

/// What a failure means.
pub(super) fn explain(error: &rustls::Error) -> TlsFault {
    use CertificateError as Certificate;
    match error {
        // The latter is of another authority with the same name.
        rustls::Error::InvalidCertificate(
            Certificate::UnknownIssuer | Certificate::BadSignature,
        ) => TlsFault::Untrusted,
        rustls::Error::InvalidCertificate(
            Certificate::Expired | Certificate::ExpiredContext { .. },
        ) => TlsFault::Expired,
        rustls::Error::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        ) => TlsFault::Early,
        rustls::Error::InvalidCertificate(Certificate::NotValidForName) => {
            TlsFault::OtherName(Vec::new())
        }
        rustls::Error::InvalidCertificate(Certificate::NotValidForNameContext {
            presented,
            ..
        }) => TlsFault::OtherName(presented.iter().map(|it| plain(it)).collect()),
        rustls::Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked,
        ) => TlsFault::ClientCertificate,
        rustls::Error::InvalidMessage(_) => TlsFault::NotTls,
        other => TlsFault::Other(other.to_string()),
    }
}

/// `DnsName("hub")` is for programmers.
fn plain(name: &str) -> String {
    let inner = name
        .split_once('(')
        .and_then(|(_, it)| it.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"').to_owned()
}
