//! Credentials and certificates in files: read and checked before anything is connected.

use std::io;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{ConnectError, TlsOptions};
use crate::claims::Seed;

/// User JWT and seed of a `.creds` file.
///
/// # Errors
/// [`ConnectError::File`].
pub async fn read_creds(path: &Path) -> Result<(String, Seed), ConnectError> {
    let file = Named("credentials file", path);
    let text = String::from_utf8(file.read().await?).map_err(|_| file.error("it is not text"))?;
    parse_creds(&text).ok_or_else(|| file.error("it does not hold a user JWT and a seed"))
}

/// Reads and checks certificates and key. The library reads these files only when it needs them, and then its
/// errors do not name them.
///
/// # Errors
/// [`ConnectError::File`].
pub async fn check_tls(tls: &TlsOptions) -> Result<(), ConnectError> {
    if let Some(path) = &tls.ca {
        let file = Named("CA certificates", path);
        let mut roots = rustls::RootCertStore::empty();
        for certificate in file.certificates().await? {
            roots
                .add(certificate)
                .map_err(|error| file.error(error.to_string()))?;
        }
    }
    if let Some((path, key_path)) = &tls.certificate {
        let file = Named("client certificate", path);
        let key_file = Named("client key", key_path);
        let certificates = file.certificates().await?;
        let key = PrivateKeyDer::from_pem_slice(&key_file.read().await?)
            .map_err(|_| key_file.error("it holds no private key in PEM form"))?;
        rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_client_auth_cert(certificates, key)
            .map_err(|error| file.error(error.to_string()))?;
    }
    Ok(())
}

/// A file and what it is for.
struct Named<'a>(&'static str, &'a Path);

impl Named<'_> {
    async fn read(&self) -> Result<Vec<u8>, ConnectError> {
        tokio::fs::read(self.1)
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => self.error("no such file"),
                io::ErrorKind::PermissionDenied => self.error("permission denied"),
                _ => self.error(error.to_string()),
            })
    }

    async fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
        let bytes = self.read().await?;
        let certificates = CertificateDer::pem_slice_iter(&bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| self.error("it is not in PEM form"))?;
        if certificates.is_empty() {
            return Err(self.error("it holds no certificate in PEM form"));
        }
        Ok(certificates)
    }

    fn error(&self, reason: impl Into<String>) -> ConnectError {
        ConnectError::File {
            what: self.0,
            path: self.1.to_owned(),
            reason: reason.into(),
        }
    }
}

/// JWT and seed of a `.creds` file: the lines after its first two `BEGIN` lines.
fn parse_creds(text: &str) -> Option<(String, Seed)> {
    let mut lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let mut block = || {
        lines.find(|it| it.starts_with("---") && it.contains("BEGIN"))?;
        lines.next()
    };
    let (jwt, seed) = (block()?, block()?);
    let is_jwt = jwt.split('.').count() == 3;
    Some((jwt.to_owned(), Seed::parse(seed).ok()?)).filter(|_| is_jwt)
}
