//! `wash hub revoke`.

use serde_json::json;

use crate::nats::hub::Hub;

use super::super::CommandResult;
use super::super::output::Sentence;
use super::super::session::Session;
use super::{HubDir, date, hub_error, now};

/// Shut a machine out
///
/// Its credentials are void as soon as the hub's server has read its configuration again. A server that runs on this
/// machine is told to; those who are connected then are cut off. Doing it again is no error.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Whom the credentials were made for
    name: String,

    #[command(flatten)]
    hub: HubDir,

    /// Leave the running server as it is
    #[arg(long)]
    no_reload: bool,
}

impl RevokeArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dir = self.hub.find(session)?;
        let mut hub = Hub::edit(&dir).map_err(hub_error)?;
        let revocation = hub.revoke(&self.name, now()).map_err(hub_error)?;
        let told = if self.no_reload { None } else { hub.reload() };
        let user = revocation.user;
        let mut text = format!(
            "The credentials of '{}' {}",
            user.name,
            if revocation.already {
                "were revoked before"
            } else {
                "are revoked"
            }
        );
        if let Some(path) = &revocation.deleted {
            text += &format!("; {} is deleted", path.display());
        }
        text.push('\n');
        text += &match told {
            Some(pid) => {
                format!("nats-server (pid {pid}) was told to read its configuration again")
            }
            None => match hub.server() {
                Some(pid) => {
                    format!("They work until the server reloads: nats-server --signal reload={pid}")
                }
                None => format!(
                    "No server of this hub is seen here. If one runs elsewhere, copy {} to it, and there: \
                     nats-server --signal reload",
                    hub.accounts().display()
                ),
            },
        };
        let fields = json!({
            "name": user.name,
            "public_key": user.public_key,
            "revoked": user.revoked.map(date),
            "already": revocation.already,
            "deleted": revocation.deleted,
            "accounts": hub.accounts(),
            "reloaded_pid": told,
        });
        Ok(Box::new(Sentence::new(text, fields).named(user.name)))
    }
}
