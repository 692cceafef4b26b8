//! What is decided about hubs before anything is started: from flags, a bundle, or the user's own configuration.

use std::path::{Path, PathBuf};

use crate::cli::leaf::own::OwnConfig;
use crate::cli::leaf::passphrase::PassphraseArgs;
use crate::cli::leaf::remote::prepare;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::bundle::{Bundle, BundleError};
use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::config::host::HostSettings;
use crate::config::layer::Source;
use crate::nats::leaf::Remote;

use super::UpArgs;

/// Which hubs there are, and whose configuration the server gets. Everything in it is read and checked now.
pub(super) async fn hubs(
    settings: &mut HostSettings,
    env: &Env,
) -> Result<(Vec<Remote>, Option<OwnConfig>), CommandError> {
    let usage = |message: &str| CommandError::new(Kind::Usage, message);
    let own = match &settings.nats.config {
        Some(path) => Some(OwnConfig::read(path, env)?),
        None => None,
    };
    let Some(own) = own else {
        let remotes = prepare(&settings.leaf).await?;
        if !remotes.is_empty() && settings.nats.connect_only {
            return Err(usage(
                "a leaf remote needs a server that is started, which --nats external and --nats-connect-only forbid",
            )
            .hint("if a leaf node runs already, leave --leaf-remote out"));
        }
        return Ok((remotes, None));
    };
    if !settings.leaf.remotes.is_empty() {
        return Err(
            usage("--nats-config and --leaf-remote both say where the hubs are")
                .hint("put the remotes into the file; `wash leaf config` writes it"),
        );
    }
    let nats = &mut settings.nats;
    let by_flag = |source: &Source| matches!(source, Source::Flag(_));
    if by_flag(&nats.host.source) || by_flag(&nats.port.source) || nats.connect_only {
        return Err(usage(
            "with --nats-config the address is that of the file, and the server is started",
        )
        .hint("leave --nats-host, --nats-port and --nats-connect-only out"));
    }
    nats.host.value.clone_from(&own.host);
    nats.port.value = own.port;
    let remotes = own.remotes().await?;
    Ok((remotes, Some(own)))
}

pub(super) fn open_bundle(
    path: &Path,
    args: &UpArgs,
    session: &Session,
) -> Result<Bundle, CommandError> {
    let given = args.passphrase.read(session)?;
    match Bundle::read(path, || given) {
        // Only now is it known that there is something to ask.
        Err(BundleError::Encrypted { .. }) => {
            let passphrase = PassphraseArgs::ask(session)?;
            Ok(Bundle::read(path, || Some(passphrase))?)
        }
        other => Ok(other?),
    }
}

/// Each bundle has a place for its credentials.
pub(super) fn bundle_dir(dirs: &Dirs, path: &Path) -> PathBuf {
    use sha2::Digest as _;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let hash = sha2::Sha256::digest(path.to_string_lossy().as_bytes());
    let name = data_encoding::HEXLOWER.encode(hash.get(..8).unwrap_or(&hash));
    dirs.state.join("bundles").join(name)
}
