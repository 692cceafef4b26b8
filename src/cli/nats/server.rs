//! The nats-server that commands start or ask.

use std::path::Path;

use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::nats::installed::Installed;
use crate::nats::{Binary, FindError};

/// Takes `wanted` if given, else what `wash nats install` brought, else the first on the PATH or in the usual
/// folders.
///
/// # Errors
/// As [`Binary::find`].
pub(in crate::cli) async fn find_server(
    wanted: Option<&Path>,
    env: &Env,
    dirs: Option<&Dirs>,
) -> Result<Binary, FindError> {
    let path = env.get("PATH").map(AsRef::as_ref);
    if wanted.is_some() {
        return Binary::find(wanted, path).await;
    }
    let installed = dirs.and_then(|it| Installed::new(it.nats_servers()).current());
    Binary::find(installed.as_deref(), path).await
}
