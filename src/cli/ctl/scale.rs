//! `wash scale`: how many calls of an actor run at once, or how many instances on older hosts.

use serde_json::json;

use super::driver::{Acknowledged, Driver};
use super::pairs::Pair;
use super::stop::no_host_called;
use super::wait::Goal;
use super::{artifact, running};
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ScaleCommand {
    Actor(ScaleActorArgs),
}

/// Set how many calls of an actor run at once
#[derive(Debug, clap::Args)]
pub(crate) struct ScaleActorArgs {
    /// The actor: key, name, call alias or unique prefix; with its reference where it does not run yet
    #[arg(value_name = "[HOST] ACTOR [REFERENCE]", required = true, num_args = 1..=3)]
    names: Vec<String>,

    /// Host to scale it on, if there are several
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// The most calls that run at once; instances on older hosts; 0 stops it
    #[arg(
        short,
        long,
        value_name = "N",
        visible_alias = "max",
        default_value_t = 1
    )]
    count: u32,

    /// The set of notes whose count to change; repeatable
    #[arg(
        short,
        long = "annotation",
        short_alias = 'l',
        alias = "annotations",
        value_name = "KEY=VALUE"
    )]
    annotations: Vec<Pair>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ScaleCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Actor(args) => args.run(session).await,
        }
    }
}

impl ScaleActorArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let (positional, rest) = driver.split_host(self.names, 1, false).await?;
        let mut rest = rest.into_iter();
        let typed = rest.next().unwrap_or_default();
        let reference = rest.next();
        if rest.next().is_some() {
            return Err(no_host_called(&typed));
        }
        let actor = driver.actor(&typed).await?;
        let host = positional.or(self.host);
        let inventory = driver.host_of_actor(host.as_deref(), &actor).await?;
        let host = inventory.host_id.as_str();
        let annotations = Pair::map(self.annotations);
        let current = running::actor(&inventory, &actor, &annotations);
        let before = current.as_ref().map_or(0, |it| it.count);
        let name = current.as_ref().and_then(|it| it.name.clone());
        let known = || running::actor(&inventory, &actor, &Default::default());
        let known = current.or_else(known).and_then(|it| it.reference);
        let reference = match reference {
            Some(typed) => {
                let artifact = artifact::actor(&typed, None, false)?;
                let reference = artifact.at(&inventory);
                Some(match known.as_ref() == Some(&reference) {
                    true => reference,
                    false => driver.deliver(&artifact, &inventory).await?.reference,
                })
            }
            None => known,
        };
        let shown = match name {
            Some(name) => format!("{name} ({actor})"),
            None => actor.clone(),
        };
        let answer = |text: String, changed: bool| {
            let fields = json!({
                "actor_id": actor,
                "actor_ref": reference,
                "host_id": host,
                "count": self.count,
                "changed": changed,
                "elapsed_ms": driver.elapsed_ms(),
                "result": text,
            });
            Box::new(Sentence::new(text, fields).named(actor.as_str()))
        };
        if before == self.count {
            let text = format!("{shown} has the count {before} already on host {host}");
            return Ok(answer(text, false));
        }
        let Some(reference) = &reference else {
            return Err(CommandError::new(
                Kind::NotFound,
                format!("{actor} does not run on host {host}"),
            )
            .hint("give its reference after the actor, and it is started"));
        };
        let what = format!("scale {actor} to {} on host {host}", self.count);
        let events = driver.follow().await?;
        let request =
            driver
                .control()
                .scale_actor(host, &actor, reference, self.count, &annotations);
        let acknowledged = driver.acknowledged(host, &what, request).await?;
        if !driver.wait && acknowledged == Acknowledged::Yes {
            let text = format!("host {host} accepted to {what}");
            return Ok(answer(text, true));
        }
        let goal = Goal::ActorRuns {
            reference: reference.clone(),
            actor: Some(actor.clone()),
            count: self.count,
        };
        driver
            .reach(host, &what, &goal, events, |it| {
                let count = running::actor(it, &actor, &annotations).map_or(0, |it| it.count);
                (count == self.count).then_some(())
            })
            .await?;
        let text = format!(
            "scaled {shown} from {before} to {} on host {host}",
            self.count
        );
        Ok(answer(text, true))
    }
}
