//! `wash link`: who may talk to whom, and with which values.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::driver::{ACK_LIMIT, Driver, accepted};
use super::launch::ailment;
use super::pairs::Pair;
use super::{get, read_text};
use crate::claims::ActorId;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::lattice::control::ControlError;
use crate::lattice::wire::{Ack, Health, LinkDefinition, Map};

/// How long a provider has to say that a new link works.
const LINK_HEALTH_LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum LinkCommand {
    Put(LinkPutArgs),
    #[command(alias = "delete", alias = "rm")]
    Del(LinkDelArgs),
    #[command(alias = "ls", alias = "list", alias = "get")]
    Query(LinkQueryArgs),
}

/// Link an actor to a provider
///
/// Either may be started before or after. An actor has one link for each contract and link name; putting another
/// replaces it.
#[derive(Debug, clap::Args)]
pub(crate) struct LinkPutArgs {
    /// The actor: key, name, call alias, module file or unique prefix
    actor: String,

    /// The provider: key, name, contract, builtin:NAME or unique prefix
    provider: String,

    /// Contract id, such as wasmcloud:httpserver
    contract: String,

    /// Settings of the link; the provider's documentation lists them
    #[arg(value_name = "KEY=VALUE")]
    values: Vec<Pair>,

    /// Link name, to tell links of one contract apart
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    link_name: String,

    /// JSON or YAML file with settings, below those typed; - is stdin
    #[arg(short = 'f', long, value_name = "FILE", alias = "json")]
    values_file: Option<PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Remove a link
///
/// Removing what is not there is success.
#[derive(Debug, clap::Args)]
pub(crate) struct LinkDelArgs {
    /// The actor: key, name, call alias, module file or unique prefix
    actor: String,

    /// Contract id, such as wasmcloud:httpserver
    contract: String,

    /// Link name
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    link_name: String,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// List links
#[derive(Debug, clap::Args)]
pub(crate) struct LinkQueryArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl LinkCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Put(args) => args.run(session).await,
            Self::Del(args) => args.run(session).await,
            Self::Query(args) => get::links(session, &args.connection).await,
        }
    }
}

impl LinkPutArgs {
    async fn run(self, session: &Session) -> CommandResult {
        super::link_name(&self.link_name)?;
        let mut values = match &self.values_file {
            Some(path) => values_from(path)?,
            None => Map::new(),
        };
        values.extend(Pair::map(self.values));
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let link = LinkDefinition {
            id: String::new(),
            actor_id: driver.actor(&self.actor).await?,
            provider_id: driver.provider(&self.provider).await?,
            link_name: self.link_name,
            contract_id: self.contract,
            values,
        };
        let changed = driver.put_link(&link).await?;
        let health = driver.linked_health(&link).await;
        if let Some(reason) = health.as_ref().and_then(ailment) {
            if !of_another(&link, reason) {
                return Err(unwell(&link, reason));
            }
            let warning = format!("the provider is not healthy: {reason}");
            session.output.warn(&warning);
        }
        let text = format!(
            "{} {} to {} for {}",
            if changed { "linked" } else { "linked already:" },
            link.actor_id,
            link.provider_id,
            link.contract_id,
        );
        let fields = json!({
            "actor_id": link.actor_id,
            "provider_id": link.provider_id,
            "contract_id": link.contract_id,
            "link_name": link.link_name,
            "changed": changed,
            "health": health,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        Ok(Box::new(Sentence::new(text, fields).named(link.actor_id)))
    }
}

/// Whether a provider blames another actor's link: the reason then names its key.
pub(super) fn of_another(link: &LinkDefinition, reason: &str) -> bool {
    let mut keys = reason
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|it| ActorId::parse(it).is_ok())
        .peekable();
    keys.peek().is_some() && keys.all(|it| it != link.actor_id)
}

/// A stored link that its provider cannot serve.
pub(super) fn unwell(link: &LinkDefinition, reason: &str) -> CommandError {
    CommandError::new(
        Kind::Refused,
        format!(
            "the link is stored, but provider {} cannot serve it: {reason}",
            link.provider_id
        ),
    )
    .hint(format!(
        "put it again with other values, or remove it with `wash link del {} {} --link-name {}`",
        link.actor_id, link.contract_id, link.link_name
    ))
}

impl LinkDelArgs {
    async fn run(self, session: &Session) -> CommandResult {
        super::link_name(&self.link_name)?;
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let actor = driver.actor(&self.actor).await?;
        let links = driver.links().await?;
        let of_actor =
            |it: &&LinkDefinition| it.actor_id == actor && it.contract_id == self.contract;
        let there = (links.iter().filter(of_actor)).any(|it| it.link_name == self.link_name);
        if there {
            let what = format!("remove the link of {actor} for {}", self.contract);
            let control = driver.control();
            let request = control.delete_link(&actor, &self.contract, &self.link_name);
            let gone = |links: &[LinkDefinition]| {
                let of_actor = links.iter().filter(of_actor);
                !of_actor
                    .into_iter()
                    .any(|it| it.link_name == self.link_name)
            };
            driver.link_acknowledged(&what, request, gone).await?;
        } else {
            let others: Vec<_> = (links.iter().filter(of_actor))
                .map(|it| it.link_name.as_str())
                .collect();
            if !others.is_empty() {
                session.output.note(&format!(
                    "it has links for {} under other names: {}",
                    self.contract,
                    others.join(", ")
                ));
            }
        }
        let text = format!(
            "{} {actor} for {} (link name '{}')",
            if there {
                "removed the link of"
            } else {
                "no link of"
            },
            self.contract,
            self.link_name
        );
        let fields = json!({
            "actor_id": actor,
            "contract_id": self.contract,
            "link_name": self.link_name,
            "changed": there,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        Ok(Box::new(Sentence::new(text, fields).named(actor)))
    }
}

impl Driver<'_> {
    pub(super) async fn links(&self) -> Result<Vec<LinkDefinition>, CommandError> {
        self.control().links().await.map_err(|it| self.explain(it))
    }

    /// Puts a link unless an equal one is there; true if it was not.
    ///
    /// # Errors
    /// A refusal, or nobody to take it.
    pub(in crate::cli) async fn put_link(
        &self,
        link: &LinkDefinition,
    ) -> Result<bool, CommandError> {
        let equal = |it: &LinkDefinition| {
            it.actor_id == link.actor_id
                && it.provider_id == link.provider_id
                && it.contract_id == link.contract_id
                && it.link_name == link.link_name
                && it.values == link.values
        };
        if self.links().await?.iter().any(equal) {
            return Ok(false);
        }
        let what = format!(
            "link {} to {} for {}",
            link.actor_id, link.provider_id, link.contract_id
        );
        let request = self.control().put_link(link);
        let there = |links: &[LinkDefinition]| links.iter().any(equal);
        self.link_acknowledged(&what, request, there).await?;
        Ok(true)
    }

    /// Waits for the acknowledgement of a change of links, or looks whether it is `done` where none comes.
    ///
    /// # Errors
    /// [`Kind::Refused`], or [`Kind::Timeout`] when the outcome is unknown.
    async fn link_acknowledged(
        &self,
        what: &str,
        request: impl Future<Output = Result<Ack, ControlError>>,
        done: impl Fn(&[LinkDefinition]) -> bool,
    ) -> Result<(), CommandError> {
        let limit = ACK_LIMIT.min(self.timeout);
        match timeout(limit, request).await {
            Ok(Ok(ack)) => return accepted(what, ack),
            Err(_) | Ok(Err(ControlError::Timeout { .. })) => {}
            Ok(Err(error)) => return Err(self.explain(error)),
        }
        match timeout(limit, self.links()).await {
            Ok(Ok(links)) if done(&links) => Ok(()),
            _ => Err(CommandError::new(
                Kind::Timeout,
                format!("no answer: the outcome of '{what}' is unknown"),
            )
            .hint("look with `wash link query`")),
        }
    }

    /// What the provider of a link says, if it runs: a listener that cannot be opened is worth telling now.
    pub(super) async fn linked_health(&self, link: &LinkDefinition) -> Option<Health> {
        if !self.wait {
            return None;
        }
        let (provider, name) = (link.provider_id.as_str(), link.link_name.as_str());
        self.health(provider, name, Duration::ZERO).await?;
        // The first answer may be from before the link arrived.
        tokio::time::sleep(Duration::from_millis(60)).await;
        self.health(provider, name, LINK_HEALTH_LIMIT).await
    }
}

/// Settings as a map of scalars.
fn values_from(path: &std::path::Path) -> Result<Map, CommandError> {
    let text = read_text(path, 1 << 20)?;
    let refused = |why: String| {
        CommandError::new(Kind::Refused, format!("{}: {why}", path.display()))
            .hint("write a map of settings: {\"KEY\": \"value\"}")
    };
    // JSON is YAML as well. The parser's own words may quote a value, which may be a secret.
    let parsed: serde_json::Map<String, Value> =
        serde_saphyr::from_str(&text).map_err(|error| {
            let place = error.location();
            let place = place.map_or_else(String::new, |it| {
                format!(" at line {}, column {}", it.line(), it.column())
            });
            refused(format!("not a map in JSON or YAML{place}"))
        })?;
    let mut values = Map::new();
    for (key, value) in parsed {
        let value = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(refused(format!("{key} is not a single value")));
            }
        };
        values.insert(key, value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{KeyKind, Seed};

    #[test]
    fn a_provider_may_suffer_from_anothers_link() {
        let key = || Seed::generate(KeyKind::Module).public();
        let link = LinkDefinition {
            actor_id: key(),
            ..LinkDefinition::default()
        };
        assert!(of_another(&link, &format!("link of {}: in use", key())));
        let own = format!("link of {}: x; link of {}: y", key(), link.actor_id);
        assert!(!of_another(&link, &own));
        assert!(!of_another(&link, "no disk"));
    }

    #[test]
    fn settings_come_from_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("values");
        std::fs::write(&path, r#"{"PORT": 80, "A": "b", "C": true, "D": null}"#).unwrap();
        let values = values_from(&path).unwrap();
        let expected = [("A", "b"), ("C", "true"), ("D", ""), ("PORT", "80")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(values, Map::from(expected));
        for bad in ["[1]", "{\"A\": [1]}", "{\"A\": ", "s3cret"] {
            std::fs::write(&path, bad).unwrap();
            let error = values_from(&path).unwrap_err();
            assert_eq!(error.kind, Kind::Refused);
            assert!(!error.message.contains("s3cret"));
        }
        let error = values_from(&directory.path().join("none")).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }
}
