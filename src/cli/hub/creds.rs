//! `wash hub creds`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::config::connection::parse_duration;
use crate::nats::hub::Hub;

use super::super::CommandResult;
use super::super::output::Sentence;
use super::super::session::Session;
use super::{HubDir, authority_line, date, hub_error, now};

/// Let one more machine in, and write its credentials
///
/// They are good for clients and leaf nodes alike, and cannot be written a second time. The running server needs not
/// be told.
#[derive(Debug, clap::Args)]
pub(crate) struct CredsArgs {
    /// Whom they are for; a name of its own for each machine
    name: String,

    #[command(flatten)]
    hub: HubDir,

    /// Write them to this new file, or to stdout with -, instead of creds/NAME.creds in the hub's directory
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How long they are good: 12h, 90days; 0 is for ever, as is leaving it out
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<Duration>,
}

/// A century, beyond which no date is worth a word.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl CredsArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dir = self.hub.find(session)?;
        let mut hub = Hub::edit(&dir).map_err(hub_error)?;
        let now = now();
        let expires = self.expires.filter(|it| *it < FOREVER);
        let expires = expires.map(|it| now.saturating_add(it.as_secs().max(1)));
        let mut fields = json!({
            "name": self.name,
            "expires": expires.map(date),
            "client_url": hub.record().client_url,
            "leaf_url": hub.record().leaf_url,
            "authority": hub.authority(),
        });
        let text = if self.out.as_deref() == Some(Path::new("-")) {
            let creds = hub.add(&self.name, expires, now).map_err(hub_error)?;
            fields["creds"] = json!(creds.reveal());
            creds.reveal().to_owned()
        } else {
            let path = self.out.clone();
            let path = path.unwrap_or_else(|| hub.creds_file(&self.name));
            hub.add_to_file(&self.name, expires, now, &path)
                .map_err(hub_error)?;
            fields["path"] = json!(path);
            let mut text = format!("Copy to the machine '{}':\n  {}", self.name, path.display());
            if let Some(line) = authority_line(&hub) {
                text = format!("{text}\n{line}");
            }
            text
        };
        if let Some(user) = hub.record().users.last() {
            fields["public_key"] = json!(user.public_key);
        }
        Ok(Box::new(Sentence::new(text, fields).named(self.name)))
    }
}
