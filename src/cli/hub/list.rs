//! `wash hub list`.

use serde_json::{Map, Value, json};

use crate::nats::hub::{Hub, Standing, UserRecord};

use super::super::CommandResult;
use super::super::output::{Answer, Page};
use super::super::session::Session;
use super::super::table::{KEEP, Table};
use super::{HubDir, date, hub_error, now};

/// List who may use a hub
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    hub: HubDir,
}

impl ListArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dir = self.hub.find(session)?;
        let hub = Hub::open(&dir).map_err(hub_error)?;
        Ok(Box::new(Users { hub, now: now() }))
    }
}

#[derive(Debug)]
struct Users {
    hub: Hub,
    now: u64,
}

impl Users {
    fn standing(&self, user: &UserRecord) -> &'static str {
        match user.standing(self.now) {
            Standing::Valid => "valid",
            Standing::Expired => "expired",
            Standing::Revoked => "revoked",
        }
    }
}

impl Answer for Users {
    fn fields(&self) -> Map<String, Value> {
        let record = self.hub.record();
        let users: Vec<_> = record
            .users
            .iter()
            .map(|it| {
                json!({
                    "name": it.name,
                    "standing": self.standing(it),
                    "public_key": it.public_key,
                    "created": date(it.created),
                    "expires": it.expires.map(date),
                    "revoked": it.revoked.map(date),
                })
            })
            .collect();
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(record.name));
        fields.insert("directory".to_owned(), json!(self.hub.dir()));
        fields.insert("client_url".to_owned(), json!(record.client_url));
        fields.insert("leaf_url".to_owned(), json!(record.leaf_url));
        fields.insert("server_pid".to_owned(), json!(self.hub.server()));
        fields.insert("users".to_owned(), users.into());
        fields
    }

    fn text(&self, page: &Page) -> String {
        let record = self.hub.record();
        let mut table = Table::new([
            ("Name", KEEP),
            ("Standing", KEEP),
            ("Created", 2),
            ("Expires", 3),
            ("Public key", 1),
        ]);
        for user in &record.users {
            table.row([
                user.name.clone(),
                self.standing(user).to_owned(),
                date(user.created),
                user.expires.map_or_else(|| "never".to_owned(), date),
                user.public_key.clone(),
            ]);
        }
        let server = match self.hub.server() {
            Some(pid) => format!("nats-server (pid {pid}) runs here"),
            None => "no server of it runs here".to_owned(),
        };
        format!(
            "Hub {} in {}: {server}\nLeaf nodes: {}  Clients: {}\n\n{}",
            record.name,
            self.hub.dir().display(),
            record.leaf_url,
            record.client_url,
            table.render(page)
        )
    }

    /// Those who are let in.
    fn names(&self) -> Vec<String> {
        let users = self.hub.record().users.iter();
        users
            .filter(|it| it.standing(self.now) == Standing::Valid)
            .map(|it| it.name.clone())
            .collect()
    }
}
