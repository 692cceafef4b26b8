//! `wash update`: another revision of an actor in place of the one that runs. Providers: [`super::replace`].

use serde_json::json;

use super::driver::{Acknowledged, Driver};
use super::lookup::several_hosts;
use super::replace::UpdateProviderArgs;
use super::stop::no_host_called;
use super::wait::Goal;
use super::{artifact, running};
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::lattice::wire::HostInventory;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum UpdateCommand {
    Actor(UpdateActorArgs),
    Provider(UpdateProviderArgs),
}

/// Replace a running actor by a newer revision
///
/// Calls that run finish with the old one; a failure keeps it.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateActorArgs {
    /// The actor: key, name, call alias or unique prefix; then the file or reference of its newer revision
    #[arg(value_name = "[HOST] ACTOR REFERENCE", required = true, num_args = 2..=3)]
    names: Vec<String>,

    /// Host to update it on, if it runs on several
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// Send a module file without checking its signature and dates first
    #[arg(long)]
    no_verify: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl UpdateCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Actor(args) => args.run(session).await,
            Self::Provider(args) => args.run(session).await,
        }
    }
}

impl UpdateActorArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let last = self.names.last().cloned().unwrap_or_default();
        let artifact = artifact::actor(&last, None, !self.no_verify)?;
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let (positional, rest) = driver.split_host(self.names, 2, false).await?;
        let [typed, _] = rest.as_slice() else {
            return Err(no_host_called(rest.first().map_or("", |it| it)));
        };
        let actor = driver.actor(typed).await?;
        if let Some(key) = artifact.key().filter(|it| *it != actor) {
            return Err(CommandError::new(
                Kind::Refused,
                format!("{last} is another actor: {key}, not {actor}"),
            )
            .hint("an update keeps the key; start it as an actor of its own instead"));
        }
        let host = positional.or(self.host);
        let inventory = driver.host_of_actor(host.as_deref(), &actor).await?;
        let host = inventory.host_id.as_str();
        let Some(current) = running::any_actor(&inventory, &actor) else {
            return Err(CommandError::new(
                Kind::NotFound,
                format!("{actor} does not run on host {host}"),
            )
            .hint(format!("start it with `wash start actor {last}`")));
        };
        let reference = artifact.next_at(&inventory);
        let revision = artifact.claims.as_ref().map(|it| it.revision());
        let answer = |text: String, reference: &str, changed: bool| {
            let fields = json!({
                "actor_id": actor,
                "actor_ref": reference,
                "host_id": host,
                "revision": revision,
                "changed": changed,
                "elapsed_ms": driver.elapsed_ms(),
                "result": text,
            });
            Box::new(Sentence::new(text, fields).named(actor.as_str()))
        };
        let same_revision = revision.is_none_or(|it| it == current.revision);
        if current.reference.as_ref() == Some(&reference) && same_revision {
            let text = format!("{actor} runs {reference} already on host {host}");
            return Ok(answer(text, &reference, false));
        }
        let delivered = driver.deliver(&artifact, &inventory).await?;
        let reference = delivered.reference.as_str();
        let what = format!("update {actor} to {reference} on host {host}");
        let events = driver.follow().await?;
        let request = driver.control().update_actor(host, &actor, reference);
        let acknowledged = driver.acknowledged(host, &what, request).await;
        let acknowledged = acknowledged.map_err(|it| delivered.explain(it))?;
        if !driver.wait && acknowledged == Acknowledged::Yes {
            let text = format!("host {host} accepted to {what}");
            return Ok(answer(text, reference, true));
        }
        let goal = Goal::ActorUpdated {
            actor: actor.clone(),
        };
        let moved = current.reference.as_deref() != Some(reference);
        driver
            .reach(host, &what, &goal, events, |it| {
                let now = running::any_actor(it, &actor)?;
                let there = match revision {
                    Some(revision) if !moved => now.revision == revision,
                    _ => now.reference.as_deref() == Some(reference),
                };
                there.then_some(())
            })
            .await
            .map_err(|it| delivered.explain(it))?;
        let text = format!("updated {actor} to {reference} on host {host}");
        Ok(answer(text, reference, true))
    }
}

impl Driver<'_> {
    /// The inventory of the named host, or of the one that runs `actor`, or else of the only one.
    ///
    /// # Errors
    /// [`Kind::Ambiguous`] when several could be meant.
    pub(super) async fn host_of_actor(
        &self,
        host: Option<&str>,
        actor: &str,
    ) -> Result<HostInventory, CommandError> {
        if host.is_some() {
            let id = self.host(host).await?;
            return self.inventory(&id).await;
        }
        self.some_hosts().await?;
        let all = self.inventories().await?;
        let running: Vec<_> = (all.iter())
            .filter(|it| running::has_actor(it, actor))
            .collect();
        match (running.as_slice(), all) {
            ([one], _) => Ok((*one).clone()),
            ([], [one]) => Ok(one.clone()),
            ([], several) => Err(several_hosts(names(several.iter()), "name one with --host")
                .hint(format!("{actor} runs on none of them"))),
            (several, _) => {
                let hosts = names(several.iter().copied());
                Err(several_hosts(hosts, "name one with --host"))
            }
        }
    }
}

fn names<'a>(
    hosts: impl Iterator<Item = &'a HostInventory>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    hosts.map(|it| (it.host_id.as_str(), it.friendly_name.as_str()))
}
