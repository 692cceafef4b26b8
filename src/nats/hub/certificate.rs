//! Certificates for a hub: an authority of its own with a server certificate, or a check of those that are given.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use time::{Duration, OffsetDateTime};

use super::HubError;

/// Who trusts the authority does so by hand; there is nobody to renew it unasked.
const LIFETIME: Duration = Duration::days(3650);

/// Clocks of machines differ.
const LEEWAY: Duration = Duration::days(1);

/// PEM texts.
pub(super) struct Issued {
    pub(super) authority: String,
    pub(super) authority_key: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// An authority and a certificate for these names and addresses, and for this machine by its loopback names.
/// `now` in seconds since 1970.
pub(super) fn issue(hub: &str, names: &[String], now: u64) -> Result<Issued, HubError> {
    let failed = |error: rcgen::Error| HubError::Certificate(error.to_string());
    let now = i64::try_from(now)
        .ok()
        .and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok())
        .ok_or_else(|| HubError::Certificate("this machine's clock is far off".to_owned()))?;
    let params = |names: Vec<String>, title: String| -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, title);
        params.not_before = now - LEEWAY;
        params.not_after = now + LIFETIME;
        Ok(params)
    };

    let mut authority = params(Vec::new(), format!("{hub} authority")).map_err(failed)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().map_err(failed)?;
    let authority = CertifiedIssuer::self_signed(authority, authority_key).map_err(failed)?;

    let mut all: Vec<String> = names.to_vec();
    for local in ["localhost", "127.0.0.1", "::1"] {
        if !all.iter().any(|it| it == local) {
            all.push(local.to_owned());
        }
    }
    let mut server = params(all, hub.to_owned()).map_err(failed)?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = server.signed_by(&key, &authority).map_err(failed)?;
    Ok(Issued {
        authority: authority.pem(),
        authority_key: authority.key().serialize_pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

/// Whether a certificate can state this: an IP address, or a DNS name that may begin with `*.`.
pub(super) fn is_name(text: &str) -> bool {
    ServerName::try_from(text.strip_prefix("*.").unwrap_or(text)).is_ok()
}

/// Whether a certificate chain and a key can be read and belong together.
pub(super) fn check(certificate: &Path, key: &Path) -> Result<(), HubError> {
    let bad = |path: &Path, reason: String| {
        HubError::Certificate(format!("{}: {reason}", path.display()))
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| bad(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "it holds no PEM certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|it| it.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| bad(certificate, format!("with {}: {error}", key.display())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    #[test]
    fn names_are_dns_names_or_addresses() {
        for good in ["hub", "hub.example.com", "*.example.com", "10.0.0.1", "::1"] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "tls://hub",
            "hub:7422",
            "a*.example.com",
            "ü.example",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_issued_fits_together_and_other_keys_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let issued = issue("hub", &["hub.example.com".to_owned()], NOW).unwrap();
        let other = issue("hub", &["hub.example.com".to_owned()], NOW).unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let certificate = file("cert.pem", &issued.certificate);
        let key = file("key.pem", &issued.key);
        check(&certificate, &key).unwrap();
        let wrong = file("other.pem", &other.key);
        let none = file("none.pem", "nothing");
        for (certificate, key) in [
            (&certificate, &wrong),
            (&none, &key),
            (&certificate, &none),
            (&certificate, &dir.path().join("gone.pem")),
        ] {
            let error = check(certificate, key).unwrap_err();
            assert!(!error.to_string().contains("PRIVATE"), "{error}");
        }
    }
}
