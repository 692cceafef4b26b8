//! `wash get`: hosts, what they run, claims and links.

use serde::Serialize;
use serde_json::{Map as Fields, Value, json};

use super::driver::Driver;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::{Answer, Page};
use crate::cli::report::CommandError;
use crate::cli::session::{Lattice, Session};
use crate::cli::table::{KEEP, Table};
use crate::config::connection::without_secrets;
use crate::lattice::control::ControlError;
use crate::lattice::wire::{HostInventory, HostSummary, LinkDefinition, Map};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum GetCommand {
    /// List hosts
    #[command(alias = "host")]
    Hosts(PlainArgs),
    Inventory(InventoryArgs),
    /// List what is known of every actor and provider that ever ran
    #[command(alias = "claim")]
    Claims(PlainArgs),
    /// List links between actors and providers
    #[command(alias = "link")]
    Links(PlainArgs),
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
            Self::Hosts(args) => hosts(session, &args.connection).await,
            Self::Inventory(args) => args.run(session).await,
            Self::Claims(args) => claims(session, &args.connection).await,
            Self::Links(args) => links(session, &args.connection).await,
        }
    }
}

async fn hosts(session: &Session, connection: &ConnectionArgs) -> CommandResult {
    let lattice = session.connect(connection).await?;
    let driver = Driver::new(session, &lattice);
    let mut hosts = driver.hosts().await?.to_vec();
    hosts.sort_by(|a, b| a.id.cmp(&b.id));
    if hosts.is_empty() {
        nobody(session, &lattice);
    }
    Ok(Box::new(Hosts(hosts)))
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

async fn claims(session: &Session, connection: &ConnectionArgs) -> CommandResult {
    let lattice = session.connect(connection).await?;
    let claims = or_nobody(session, &lattice, lattice.control.claims().await)?;
    let mut claims: Vec<_> = claims.iter().map(Claims::read).collect();
    claims.sort_by(|a, b| a.sub.cmp(&b.sub));
    Ok(Box::new(ClaimsList(claims)))
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

struct Inventories(Vec<HostInventory>);

impl Answer for Inventories {
    fn fields(&self) -> Fields<String, Value> {
        let mut fields = Fields::from_iter([("inventories".to_owned(), json!(self.0))]);
        if let [only] = self.0.as_slice() {
            fields.insert("inventory".to_owned(), json!(only));
        }
        fields
    }

    fn text(&self, page: &Page) -> String {
        let hosts: Vec<_> = self.0.iter().map(|it| inventory(it, page)).collect();
        hosts.join("\n\n")
    }

    fn names(&self) -> Vec<String> {
        let actors = self.0.iter().flat_map(|it| &it.actors).map(|it| &it.id);
        let providers = (self.0.iter().flat_map(|it| &it.providers)).map(|it| &it.id);
        let mut names: Vec<_> = actors.chain(providers).cloned().collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|it| seen.insert(it.clone()));
        names
    }
}

fn inventory(host: &HostInventory, page: &Page) -> String {
    use crate::cli::table::one_line;

    let mut head = format!("host {}", one_line(&host.host_id));
    if !host.friendly_name.is_empty() {
        head.push_str(&format!(" ({})", one_line(&host.friendly_name)));
    }
    if !host.version.is_empty() {
        head.push_str(&format!(", version {}", one_line(&host.version)));
    }
    let mut parts = vec![head];
    if !host.labels.is_empty() {
        parts.push(format!("labels: {}", one_line(&pairs(&host.labels))));
    }
    parts.push(String::new());
    parts.push(actors(host, page));
    parts.push(String::new());
    parts.push(providers(host, page));
    parts.join("\n")
}

fn actors(host: &HostInventory, page: &Page) -> String {
    let mut table = Table::new([
        ("ACTOR", KEEP),
        ("NAME", 6),
        ("COUNT", 5),
        ("REV", 4),
        ("REFERENCE", 3),
        ("SIGNED", 1),
        ("ANNOTATIONS", 2),
    ]);
    let mut seen = std::collections::BTreeSet::new();
    for actor in &host.actors {
        // The oldest hosts list an actor once for each instance, every copy with all of them.
        if !seen.insert(&actor.id) {
            continue;
        }
        let mut groups: Vec<(Map, i32, u32)> = Vec::new();
        for instance in &actor.instances {
            let count = instance.max_instances.unwrap_or(1);
            let same = groups
                .iter_mut()
                .find(|it| it.0 == instance.annotations && it.1 == instance.revision);
            match same {
                Some(group) => group.2 = group.2.saturating_add(count),
                None => groups.push((instance.annotations.clone(), instance.revision, count)),
            }
        }
        if groups.is_empty() {
            groups.push((Map::new(), 0, 0));
        }
        let instances = actor.instances.iter();
        let reference = actor
            .image_ref
            .clone()
            .or_else(|| instances.filter_map(|it| it.image_ref.clone()).next());
        for (annotations, revision, count) in groups {
            table.row([
                actor.id.clone(),
                actor.name.clone().unwrap_or_default(),
                count.to_string(),
                revision.to_string(),
                reference.clone().unwrap_or_default(),
                match actor.signed {
                    Some(false) => "NO".to_owned(),
                    Some(true) => "yes".to_owned(),
                    None => String::new(),
                },
                pairs(&annotations),
            ]);
        }
    }
    if table.is_empty() {
        return "no actors".to_owned();
    }
    table.render(page)
}

fn providers(host: &HostInventory, page: &Page) -> String {
    let mut table = Table::new([
        ("PROVIDER", KEEP),
        ("NAME", 6),
        ("LINK", 4),
        ("CONTRACT", 3),
        ("HEALTH", 5),
        ("REFERENCE", 2),
        ("ANNOTATIONS", 1),
    ]);
    for provider in &host.providers {
        let health = match &provider.health {
            None => String::new(),
            Some(health) if health.healthy => "ok".to_owned(),
            Some(health) => match &health.message {
                Some(message) => format!("unhealthy: {message}"),
                None => "unhealthy".to_owned(),
            },
        };
        let reference = provider.image_ref.clone().unwrap_or_default();
        let reference = match &provider.builtin {
            Some(builtin) if *builtin != reference && !reference.is_empty() => {
                format!("{reference} (is {builtin})")
            }
            Some(builtin) => builtin.clone(),
            None => reference,
        };
        table.row([
            provider.id.clone(),
            provider.name.clone().unwrap_or_default(),
            provider.link_name.clone(),
            provider.contract_id.clone(),
            health,
            reference,
            pairs(&provider.annotations),
        ]);
    }
    if table.is_empty() {
        return "no providers".to_owned();
    }
    table.render(page)
}

/// The claims of an actor or provider, with the keys of older versions and typed values.
#[derive(Debug, PartialEq, Serialize)]
struct Claims {
    iss: String,
    sub: String,
    name: Option<String>,
    caps: Vec<String>,
    tags: Vec<String>,
    /// None if it is no number.
    rev: Option<i64>,
    version: Option<String>,
    call_alias: Option<String>,
    contract_id: Option<String>,
}

impl Claims {
    /// Hosts write either generation's names, and everything as text.
    fn read(claims: &Map) -> Self {
        let get = |names: [&str; 2]| {
            let found = names.iter().find_map(|it| claims.get(*it));
            found.filter(|it| !it.is_empty()).cloned()
        };
        let list = |names| {
            let text = get(names).unwrap_or_default();
            let items = text.split(',').map(|it| it.trim().to_owned());
            items.filter(|it| !it.is_empty()).collect()
        };
        Self {
            iss: get(["iss", "issuer"]).unwrap_or_default(),
            sub: get(["sub", "subject"]).unwrap_or_default(),
            name: get(["name", "name"]),
            caps: list(["caps", "capabilities"]),
            tags: list(["tags", "tags"]),
            rev: get(["rev", "revision"]).and_then(|it| it.parse().ok()),
            version: get(["version", "ver"]),
            call_alias: get(["call_alias", "call_alias"]),
            contract_id: get(["contract_id", "contract_id"]),
        }
    }
}

struct ClaimsList(Vec<Claims>);

impl Answer for ClaimsList {
    fn fields(&self) -> Fields<String, Value> {
        Fields::from_iter([("claims".to_owned(), json!(self.0))])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([
            ("SUBJECT", KEEP),
            ("NAME", 6),
            ("REV", 4),
            ("VERSION", 5),
            ("ALIAS", 2),
            ("CAPABILITIES", 3),
            ("ISSUER", 1),
        ]);
        for it in &self.0 {
            let caps = match &it.contract_id {
                Some(contract) => format!("provides {contract}"),
                None => it.caps.join(","),
            };
            table.row([
                it.sub.clone(),
                it.name.clone().unwrap_or_default(),
                it.rev.map(|it| it.to_string()).unwrap_or_default(),
                it.version.clone().unwrap_or_default(),
                it.call_alias.clone().unwrap_or_default(),
                caps,
                it.iss.clone(),
            ]);
        }
        rows(&table, page)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.sub.clone()).collect()
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
    fn claims_of_both_generations_read_the_same() {
        let old = map(&[
            ("call_alias", ""),
            ("caps", "wasmcloud:httpserver,c:b"),
            ("contract_id", ""),
            ("iss", "A"),
            ("name", "Echo"),
            ("rev", "4"),
            ("sub", "M"),
            ("tags", ""),
            ("version", "0.3.4"),
        ]);
        let new = map(&[
            ("capabilities", "wasmcloud:httpserver, c:b"),
            ("issuer", "A"),
            ("name", "Echo"),
            ("revision", "4"),
            ("subject", "M"),
            ("version", "0.3.4"),
        ]);
        let read = Claims::read(&old);
        assert_eq!(read, Claims::read(&new));
        assert_eq!(read.caps, ["wasmcloud:httpserver", "c:b"]);
        assert_eq!((read.rev, read.call_alias), (Some(4), None));
        assert_eq!(Claims::read(&map(&[("rev", "x")])).rev, None);
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
    fn an_inventory_says_what_runs() {
        let host: HostInventory = serde_json::from_value(json!({
            "host_id": "N1", "friendly_name": "old-owl-1", "labels": {"a": "b"},
            "actors": [
                {"id": "M1", "name": "Echo", "image_ref": "r", "instances": [{"revision": 1}, {"revision": 1}]},
                {"id": "M1", "name": "Echo", "image_ref": "r", "instances": [{"revision": 1}, {"revision": 1}]},
                {"id": "M2", "signed": false, "instances": [{"max_instances": 7, "image_ref": "file:///x"}]}],
            "providers": [{"id": "V1", "image_ref": "reg/httpserver:1", "builtin": "builtin:httpserver",
                "link_name": "default", "contract_id": "c",
                "health": {"healthy": false, "message": "port in use"}}]}))
        .unwrap();
        let all = Inventories(vec![host]);
        let text = all.text(&PAGE);
        assert!(text.starts_with("host N1 (old-owl-1)\nlabels: a=b\n"));
        assert_eq!(text.matches("M1").count(), 1, "{text}");
        for part in [
            "NO",
            "file:///x",
            "unhealthy: port in use",
            "(is builtin:httpserver)",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(all.names(), ["M1", "M2", "V1"]);
        assert_eq!(all.fields()["inventory"]["host_id"], "N1");
    }

    #[test]
    fn uptimes_are_short() {
        assert_eq!(uptime(0), "0s");
        assert_eq!(uptime(93_784), "1day 2h");
    }
}
