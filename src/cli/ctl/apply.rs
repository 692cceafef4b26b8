//! `wash apply`: what a manifest says, done step by step and told truthfully. `wash up --apply` does the same.

mod plan;

use std::path::PathBuf;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Map as Fields, Value, json};

use super::artifact::Artifact;
use super::driver::Driver;
use super::launch::{StartActor, StartProvider, ailment};
use super::resolve::Noun;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::{Answer, Page};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::table::one_line;
use crate::config::manifest::At;
use crate::lattice::wire::{LinkDefinition, Map};

pub(in crate::cli) use plan::Plan;
use plan::{End, PlannedLink, PlannedProvider, find_end, invalid};

/// Actors and providers that are started at a time.
const START_AT_ONCE: usize = 4;

/// Start and link what a manifest lists, and wait until it runs
///
/// What runs or is linked already is left alone. Every step is reported; if one fails, the others are done all
/// the same and the exit code says so.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// The manifest, YAML or JSON; - is stdin. A host may stand before it
    #[arg(value_name = "[HOST] FILE", required = true, num_args = 1..=2)]
    words: Vec<String>,

    /// Host to start things on [default: any that fits]
    #[arg(long, value_name = "HOST", aliases = ["host-id", "host-key"])]
    host: Option<String>,

    /// Replace ${NAME}, ${NAME:default} and ${NAME:-default} by environment variables
    #[arg(short, long)]
    expand_env: bool,

    /// Send module files without checking their signatures and dates first
    #[arg(long)]
    no_verify: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ApplyArgs {
    pub(crate) async fn run(mut self, session: &Session) -> CommandResult {
        let file = PathBuf::from(self.words.pop().unwrap_or_default());
        let host = self.words.pop().or(self.host);
        let variables = self.expand_env.then_some(&session.env);
        let plan = Plan::read(&file, variables, !self.no_verify)?;
        let lattice = session.connect(&self.connection).await?;
        let mut driver = Driver::new(session, &lattice);
        if host.is_some() {
            let host = driver.host(host.as_deref()).await?;
            driver = driver.at_home(host);
        }
        Ok(Box::new(driver.apply(&plan).await?))
    }
}

/// What became of each instruction of a manifest.
#[derive(Debug)]
pub(in crate::cli) struct Applied {
    pub(in crate::cli) results: Vec<Step>,
    elapsed_ms: u64,
}

/// One instruction and what became of it.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Step {
    pub(in crate::cli) instruction: &'static str,
    /// The reference, or the ends of the link.
    pub(in crate::cli) target: String,
    pub(in crate::cli) ok: bool,
    pub(in crate::cli) changed: bool,
    pub(in crate::cli) error: Option<String>,
    pub(in crate::cli) id: Option<String>,
    pub(in crate::cli) host_id: Option<String>,
    result: String,
}

impl Step {
    fn new(instruction: &'static str, target: impl Into<String>) -> Self {
        Self {
            instruction,
            target: target.into(),
            ok: true,
            changed: false,
            error: None,
            id: None,
            host_id: None,
            result: String::new(),
        }
    }

    fn failed(mut self, error: &CommandError) -> Self {
        self.ok = false;
        self.result = std::iter::once(&error.message)
            .chain(&error.causes)
            .cloned()
            .collect::<Vec<_>>()
            .join(": ");
        self.error = Some(self.result.clone());
        self
    }
}

impl Applied {
    fn changed(&self) -> bool {
        self.results.iter().any(|it| it.changed)
    }
}

impl Answer for Applied {
    fn fields(&self) -> Fields<String, Value> {
        let fields = json!({
            "results": self.results,
            "changed": self.changed(),
            "elapsed_ms": self.elapsed_ms,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    fn text(&self, _page: &Page) -> String {
        if self.results.is_empty() {
            return "nothing to do: the manifest is empty".to_owned();
        }
        let line = |it: &Step| {
            let state = match (it.ok, it.changed) {
                (true, true) => "done",
                (true, false) => "same",
                (false, _) => "FAILED",
            };
            format!("{state:<7} {}", one_line(&it.result))
        };
        let lines: Vec<_> = self.results.iter().map(line).collect();
        lines.join("\n")
    }

    fn names(&self) -> Vec<String> {
        self.results.iter().filter_map(|it| it.id.clone()).collect()
    }
}

impl Driver<'_> {
    /// Does what a manifest says and waits until all of it runs: actors first, then links, then the providers
    /// that are to find both.
    ///
    /// # Errors
    /// [`Kind::Refused`], with all findings before anything was sent, or after it with every step's result.
    pub(in crate::cli) async fn apply(&self, plan: &Plan) -> Result<Applied, CommandError> {
        if plan.actors.is_empty() && plan.providers.is_empty() && plan.links.is_empty() {
            return Ok(self.applied(Vec::new()));
        }
        if self.home.is_none() {
            self.some_hosts().await?;
        }
        let links = self.resolve_links(plan).await?;
        let spinner = self
            .output
            .spinner(format!("starting what {} lists", plan.shown));

        let silent = self.silent();
        let mut steps: Vec<_> = stream::iter(&plan.actors)
            .map(|(at, artifact)| silent.apply_actor(at, artifact))
            .buffered(START_AT_ONCE)
            .collect()
            .await;
        let early = |it: &&(End, End)| matches!(it, (End::Known(_), End::Known(_)));
        let mut link_steps = Vec::new();
        for (link, ends) in plan.links.iter().zip(&links) {
            if early(&ends) {
                link_steps.push(self.apply_link(link, ends, &steps, &[]).await);
            }
        }
        let mut started: Vec<_> = stream::iter(&plan.providers)
            .map(|it| silent.apply_provider(it))
            .buffered(START_AT_ONCE)
            .collect()
            .await;
        for (link, ends) in plan.links.iter().zip(&links) {
            if !early(&ends) {
                link_steps.push(self.apply_link(link, ends, &steps, &started).await);
            }
        }
        steps.append(&mut started);
        for (mut step, link) in link_steps {
            if let Some(link) = link.filter(|_| step.ok)
                && let Some(health) = self.linked_health(&link).await
                && let Some(reason) = ailment(&health)
                && !super::link::of_another(&link, reason)
            {
                step = step.failed(&super::link::unwell(&link, reason));
            }
            steps.push(step);
        }
        drop(spinner);

        let applied = self.applied(steps);
        let failed = applied.results.iter().filter(|it| !it.ok).count();
        if failed == 0 {
            return Ok(applied);
        }
        let message = format!("{failed} of {} instructions failed", applied.results.len());
        let error = CommandError::new(Kind::Refused, format!("{}: {message}", plan.shown))
            .hint("mend what failed and apply it again: what is done stays as it is");
        Err(error.after(applied))
    }

    fn applied(&self, results: Vec<Step>) -> Applied {
        Applied {
            results,
            elapsed_ms: self.elapsed_ms(),
        }
    }

    /// Both ends of every link, or every end that cannot be found.
    async fn resolve_links(&self, plan: &Plan) -> Result<Vec<(End, End)>, CommandError> {
        if plan.links.is_empty() {
            return Ok(Vec::new());
        }
        let mut actors = self.actor_candidates().await?;
        plan.add_actors(&mut actors);
        let providers = self.provider_candidates().await?;
        let mut findings = Vec::new();
        let mut ends = Vec::new();
        for link in &plan.links {
            let actor = find_end(Noun::Actor, &link.actor, plan, &actors, &mut findings);
            let provider = find_end(
                Noun::Provider,
                &link.provider,
                plan,
                &providers,
                &mut findings,
            );
            ends.push((actor, provider));
        }
        if findings.is_empty() {
            Ok(ends)
        } else {
            Err(invalid(&plan.shown, &findings))
        }
    }

    async fn apply_actor(&self, at: &At<String>, artifact: &Artifact) -> Step {
        let step = Step::new("start_actor", &at.value);
        let none = Map::new();
        let asked = StartActor {
            artifact,
            host: None,
            count: None,
            constraints: &none,
            annotations: &none,
        };
        match self.start_actor(&asked).await {
            Ok(it) => Step {
                changed: it.changed,
                result: it.sentence(),
                id: it.id,
                host_id: Some(it.host),
                ..step
            },
            Err(error) => step.failed(&error),
        }
    }

    async fn apply_provider(&self, planned: &PlannedProvider) -> Step {
        let step = Step::new("start_provider", &planned.typed);
        let none = Map::new();
        let asked = StartProvider {
            artifact: &planned.artifact,
            host: None,
            link_name: &planned.link_name,
            constraints: &none,
            annotations: &none,
            configuration: None,
        };
        match self.start_provider(&asked).await {
            Ok(it) => {
                let ailment = it.health.as_ref().and_then(ailment).map(str::to_owned);
                let step = Step {
                    changed: it.changed,
                    result: it.sentence(),
                    id: it.id,
                    host_id: Some(it.host),
                    ..step
                };
                match ailment {
                    None => step,
                    Some(reason) => step.failed(&CommandError::new(
                        Kind::Refused,
                        format!("{} runs but is not healthy: {reason}", planned.typed),
                    )),
                }
            }
            Err(error) => step.failed(&error),
        }
    }

    /// Puts a link whose ends are known, or are among what was `started`.
    async fn apply_link(
        &self,
        link: &PlannedLink,
        (actor, provider): &(End, End),
        actors: &[Step],
        providers: &[Step],
    ) -> (Step, Option<LinkDefinition>) {
        let target = format!(
            "{} -> {} ({})",
            link.actor.value, link.provider.value, link.contract
        );
        let step = Step::new("put_link", target);
        let actor = self
            .late(Noun::Actor, &link.actor.value, actor, actors)
            .await;
        let provider = self
            .late(Noun::Provider, &link.provider.value, provider, providers)
            .await;
        let definition = match (actor, provider) {
            (Ok(actor), Ok(provider)) => LinkDefinition {
                id: String::new(),
                actor_id: actor,
                provider_id: provider,
                link_name: link.link_name.clone(),
                contract_id: link.contract.clone(),
                values: link.values.0.clone(),
            },
            (Err(error), _) | (_, Err(error)) => return (step.failed(&error), None),
        };
        match self.put_link(&definition).await {
            Ok(changed) => {
                let verb = if changed { "linked" } else { "linked already:" };
                let result = format!(
                    "{verb} {} to {} for {}",
                    definition.actor_id, definition.provider_id, definition.contract_id
                );
                let step = Step {
                    changed,
                    result,
                    ..step
                };
                (step, Some(definition))
            }
            Err(error) => (step.failed(&error), None),
        }
    }

    /// The key of an end that had to wait for its thing to run.
    async fn late(
        &self,
        noun: Noun,
        typed: &str,
        end: &End,
        started: &[Step],
    ) -> Result<String, CommandError> {
        if let End::Known(key) = end {
            return Ok(key.clone());
        }
        if let Some(step) = started.iter().find(|it| it.target == typed) {
            if let Some(key) = &step.id {
                return Ok(key.clone());
            }
            if !step.ok {
                let message = format!("{noun} {typed} did not start");
                return Err(CommandError::new(Kind::Refused, message));
            }
        }
        let fresh = self.renewed();
        match noun {
            Noun::Provider => fresh.provider(typed).await,
            Noun::Actor | Noun::Host => fresh.actor(typed).await,
        }
    }
}
