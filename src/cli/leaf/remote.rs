//! Hubs as a server takes them: addresses, credentials and certificates are read and checked, so that none of them
//! fails later in a log that nobody reads.

use std::path::{Path, PathBuf};

use crate::cli::report::{CommandError, Kind};
use crate::config::auth::Auth;
use crate::config::host::Leaf;
use crate::lattice::ConnectError;
use crate::lattice::connect::{TlsOptions, check_tls, read_creds};
use crate::nats::leaf::{LeafUrl, Login, Remote, Tls};

/// Reads and checks everything that is said about hubs.
pub(crate) async fn prepare(leaf: &Leaf) -> Result<Vec<Remote>, CommandError> {
    if leaf.remotes.is_empty() {
        return Ok(Vec::new());
    }
    let login = login(&leaf.auth.value).await?;
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let tls = Tls {
        ca: leaf.tls.ca.as_ref().map(absolute),
        certificate: leaf
            .tls
            .certificate
            .as_ref()
            .map(|(certificate, key)| (absolute(certificate), absolute(key))),
        first: leaf.tls.first,
    };
    check_tls(&TlsOptions {
        required: false,
        first: tls.first,
        ca: tls.ca.clone(),
        certificate: tls.certificate.clone(),
    })
    .await
    .map_err(unusable)?;
    if let Some((_, key)) = &tls.certificate {
        refuse_exposed(key)?;
    }
    let mut remotes = Vec::new();
    for addresses in &leaf.remotes {
        let urls: Result<Vec<_>, _> = addresses.iter().map(|it| LeafUrl::parse(it)).collect();
        let urls = urls.map_err(|error| {
            CommandError::new(Kind::Usage, error.to_string())
                .hint("an address is used exactly as it is given; without a port it is 7422")
        })?;
        remotes.push(Remote {
            urls,
            login: login.clone(),
            tls: tls.clone(),
            account: leaf.account.clone(),
        });
    }
    Ok(remotes)
}

async fn login(auth: &Auth) -> Result<Login, CommandError> {
    Ok(match auth {
        Auth::Anonymous => Login::None,
        Auth::Creds(path) => {
            let (jwt, seed) = read_creds(path).await.map_err(unusable)?;
            Login::Creds {
                path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
                jwt,
                seed: seed.reveal(),
            }
        }
        // A leaf logs in with a JWT by a file only.
        Auth::Jwt { jwt, seed } => Login::Creds {
            path: PathBuf::new(),
            jwt: jwt.reveal().to_owned(),
            seed: seed.reveal(),
        },
        Auth::Nkey(seed) => Login::Nkey {
            seed: seed.reveal(),
        },
        Auth::UserPassword { user, password } => Login::User {
            user: user.clone(),
            password: password.reveal().to_owned(),
        },
        Auth::Token(token) => Login::Token(token.reveal().to_owned()),
    })
}

/// A file that is not what it should be.
fn unusable(error: ConnectError) -> CommandError {
    CommandError::new(Kind::Auth, error.to_string()).hint("check the path and who may read it")
}

/// A secret that others may read is refused, as everywhere.
#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), CommandError> {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |it: std::fs::Metadata| it.is_file() && it.permissions().mode() & 0o077 != 0;
    if path.metadata().is_ok_and(open) {
        let path = path.to_owned();
        return Err(crate::config::ConfigError::Exposed { path }.into());
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), CommandError> {
    Ok(())
}
