//! `wash get`: hosts, what they run, claims and links.

mod claims;
mod inventory;

use serde_json::{Map as Fields, Value, json};

use super::driver::Driver;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::{Answer, Page};
use crate::cli::report::CommandError;
use crate::cli::session::{Lattice, Session};
use crate::cli::table::{KEEP, Table};
use crate::config::connection::without_secrets;
use crate::lattice::control::{ControlError, Gather};
use crate::lattice::wire::{HostSummary, LinkDefinition, Map};

use claims::ClaimsList;
use inventory::Inventories;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum GetCommand {
    /// List hosts
    #[command(alias = "host")]
    Hosts(HostsArgs),
    Inventory(InventoryArgs),
    /// List what is known of every actor and provider that ever ran
    #[command(alias = "claim")]
    Claims(PlainArgs),
    /// List links between actors and providers
    #[command(alias = "link")]
    Links(PlainArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct HostsArgs {
    /// Return as soon as this many have answered, instead of when no more answers come
    #[arg(long, value_name = "N")]
    expect: Option<usize>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlainArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Show what runs on a host, or on every host
#[derive(Debug, clap::Args)]
pub(crate) struct InventoryArgs {
    /// The host: id, name or unique prefix
    #[arg(value_name = "HOST")]
    host: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl GetCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Hosts(args) => args.run(session).await,
            Self::Inventory(args) => args.run(session).await,
            Self::Claims(args) => all_claims(session, &args.connection).await,
            Self::Links(args) => links(session, &args.connection).await,
        }
    }
}

impl HostsArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let gather = Gather {
            expect: self.expect,
            ..lattice.control.patience(lattice.timeout)
        };
        let hosts = lattice.control.hosts(gather).await;
        let mut hosts = hosts.map_err(|it| lattice.explain(it))?;
        hosts.sort_by(|a, b| a.id.cmp(&b.id));
        if hosts.is_empty() {
            nobody(session, &lattice);
        }
        Ok(Box::new(Hosts(hosts)))
    }
}

impl InventoryArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        if self.host.is_some() {
            let id = driver.host(self.host.as_deref()).await?;
            let inventory = driver.inventory(&id).await?;
            return Ok(Box::new(Inventories(vec![inventory])));
        }
        let mut inventories = driver.inventories().await?.to_vec();
        inventories.sort_by(|a, b| a.host_id.cmp(&b.host_id));
        if inventories.is_empty() {
            nobody(session, &lattice);
        }
        Ok(Box::new(Inventories(inventories)))
    }
}

async fn all_claims(session: &Session, connection: &ConnectionArgs) -> CommandResult {
    let lattice = session.connect(connection).await?;
    let claims = or_nobody(session, &lattice, lattice.control.claims().await)?;
    Ok(Box::new(ClaimsList::read(&claims)))
}

pub(super) async fn links(session: &Session, connection: &ConnectionArgs) -> CommandResult {
    let lattice = session.connect(connection).await?;
    let mut links = or_nobody(session, &lattice, lattice.control.links().await)?;
    links.sort_by(|a, b| {
        (&a.actor_id, &a.contract_id, &a.link_name).cmp(&(
            &b.actor_id,
            &b.contract_id,
            &b.link_name,
        ))
    });
    Ok(Box::new(Links(links)))
}

/// Nobody to ask is an empty answer with a word to the user.
fn or_nobody<T>(
    session: &Session,
    lattice: &Lattice,
    answer: Result<Vec<T>, ControlError>,
) -> Result<Vec<T>, CommandError> {
    match answer {
        Err(ControlError::NoResponders { .. }) => {
            nobody(session, lattice);
            Ok(Vec::new())
        }
        answer => answer.map_err(|it| lattice.explain(it)),
    }
}

fn nobody(session: &Session, lattice: &Lattice) {
    session.output.note(&format!(
        "no host answers in lattice '{}' at {}",
        lattice.name,
        lattice.server()
    ));
}

struct Hosts(Vec<HostSummary>);

impl Answer for Hosts {
    fn fields(&self) -> Fields<String, Value> {
        Fields::from_iter([("hosts".to_owned(), json!(self.0))])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([
            ("ID", KEEP),
            ("NAME", 4),
            ("UPTIME", 2),
            ("VERSION", 3),
            ("LABELS", 1),
        ]);
        for host in &self.0 {
            table.row([
                host.id.clone(),
                host.friendly_name.clone(),
                uptime(host.uptime_seconds),
                host.version.clone(),
                pairs(&host.labels),
            ]);
        }
        rows(&table, page)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.id.clone()).collect()
    }
}

struct Links(Vec<LinkDefinition>);

impl Answer for Links {
    fn fields(&self) -> Fields<String, Value> {
        let link = |it: &LinkDefinition| {
            json!({
                "actor_id": it.actor_id,
                "provider_id": it.provider_id,
                "link_name": it.link_name,
                "contract_id": it.contract_id,
                "values": it.values,
            })
        };
        let links = self.0.iter().map(link).collect();
        Fields::from_iter([("links".to_owned(), Value::Array(links))])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([
            ("ACTOR", KEEP),
            ("PROVIDER", KEEP),
            ("CONTRACT", 3),
            ("LINK", 2),
            ("VALUES", 1),
        ]);
        for it in &self.0 {
            table.row([
                it.actor_id.clone(),
                it.provider_id.clone(),
                it.contract_id.clone(),
                it.link_name.clone(),
                shown_values(&it.values),
            ]);
        }
        rows(&table, page)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.actor_id.clone()).collect()
    }
}

/// Passwords of links stay out of terminals; documents have them, for who must read them.
fn shown_values(values: &Map) -> String {
    let secret = |key: &str| {
        let key = key.to_ascii_uppercase();
        let words = ["PASSWORD", "SECRET", "TOKEN", "SEED", "JWT", "CREDENTIAL"];
        words.iter().any(|it| key.contains(it))
    };
    let shown: Vec<_> = values
        .iter()
        .map(|(key, value)| {
            if secret(key) {
                format!("{key}=***")
            } else {
                format!("{key}={}", without_secrets(value))
            }
        })
        .collect();
    shown.join(",")
}

/// A table, or nothing where there are no rows: the note on stderr has said so.
fn rows(table: &Table, page: &Page) -> String {
    if table.is_empty() {
        return String::new();
    }
    table.render(page)
}

fn pairs(map: &Map) -> String {
    let pairs: Vec<_> = map
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

/// The two largest units are enough.
fn uptime(seconds: u64) -> String {
    let text = humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string();
    let units: Vec<_> = text.split(' ').take(2).collect();
    units.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Format;

    const PAGE: Page = Page {
        width: None,
        color: false,
        format: Format::Text,
    };

    fn map(pairs: &[(&str, &str)]) -> Map {
        let own = |it: &(&str, &str)| (it.0.to_owned(), it.1.to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn secrets_of_links_are_masked_in_text_only() {
        let link = LinkDefinition {
            actor_id: "M".to_owned(),
            values: map(&[
                ("PASSWORD", "pw"),
                ("PORT", "80"),
                ("URL", "redis://u:hush@h"),
            ]),
            ..LinkDefinition::default()
        };
        let links = Links(vec![link]);
        let text = links.text(&PAGE);
        assert!(text.contains("PORT=80") && text.contains("PASSWORD=***"));
        assert!(!text.contains("hush"), "{text}");
        assert_eq!(links.fields()["links"][0]["values"]["PASSWORD"], "pw");
    }

    #[test]
    fn uptimes_are_short() {
        assert_eq!(uptime(0), "0s");
        assert_eq!(uptime(93_784), "1day 2h");
    }
}
