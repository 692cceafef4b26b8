//! `wash stop`: actors, providers and hosts. What does not run is stopped already.

use std::time::Duration;

use serde_json::json;

use super::driver::{Acknowledged, Driver};
use super::lookup::several_hosts;
use super::pairs::Pair;
use super::running;
use super::wait::Goal;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::lattice::wire::{HostInventory, Map, ProviderDescription};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum StopCommand {
    Actor(StopActorArgs),
    Provider(StopProviderArgs),
    Host(StopHostArgs),
}

/// Stop an actor
///
/// Its links stay. Where it does not run, nothing is changed, and that is success.
#[derive(Debug, clap::Args)]
pub(crate) struct StopActorArgs {
    /// The actor: key, name, call alias, reference or unique prefix; a host may stand beside it
    #[arg(value_name = "[HOST] ACTOR", required = true, num_args = 1..=2)]
    names: Vec<String>,

    /// Host to stop it on, if it runs on several
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// Stop it on every host that runs it
    #[arg(long, conflicts_with = "host")]
    all: bool,

    /// How many to stop; 0 is all of them
    #[arg(long, value_name = "N", default_value_t = 0)]
    count: u32,

    /// Only what was started with this note; repeatable
    #[arg(
        short = 'l',
        long = "annotation",
        short_alias = 'a',
        value_name = "KEY=VALUE"
    )]
    annotations: Vec<Pair>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Stop a capability provider
///
/// Its links stay. Where it does not run, nothing is changed, and that is success.
#[derive(Debug, clap::Args)]
pub(crate) struct StopProviderArgs {
    /// The provider: key, name, contract, builtin:NAME or unique prefix; or HOST PROVIDER LINK CONTRACT as older
    /// versions want it
    #[arg(value_name = "[HOST] PROVIDER [LINK CONTRACT]", required = true, num_args = 1..=4)]
    names: Vec<String>,

    /// Host to stop it on, if it runs on several
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// Stop it on every host that runs it
    #[arg(long, conflicts_with = "host")]
    all: bool,

    /// Link name under which it serves, if it runs under several
    #[arg(short, long, value_name = "NAME")]
    link_name: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Stop a host and everything on it
#[derive(Debug, clap::Args)]
pub(crate) struct StopHostArgs {
    /// The host: id, name or unique prefix
    #[arg(value_name = "HOST")]
    host: Option<String>,

    /// Time for what runs to finish, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    host_timeout: u64,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl StopCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Actor(args) => args.run(session).await,
            Self::Provider(args) => args.run(session).await,
            Self::Host(args) => args.run(session).await,
        }
    }
}

impl StopActorArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let (positional, rest) = driver.split_host(self.names, 1, true).await?;
        let actor = driver.actor(only(&rest, "actor")?).await?;
        let host = positional.or(self.host);
        let running = driver
            .hosts_with(host.as_deref(), self.all, |it| {
                running::has_actor(it, &actor)
            })
            .await?;
        if running.is_empty() {
            return Ok(not_running(&driver, "actor_id", &actor, host.as_deref()));
        }
        let annotations = Pair::map(self.annotations);
        let mut hosts = Vec::new();
        for inventory in &running {
            if (driver.stop_actor(inventory, &actor, self.count, &annotations)).await? {
                hosts.push(inventory.host_id.as_str());
            }
        }
        let shown = running
            .iter()
            .find_map(|it| running::actor(it, &actor, &Map::new()));
        let shown = match shown.and_then(|it| it.name) {
            Some(name) => format!("{name} ({actor})"),
            None => actor.clone(),
        };
        let shown = match self.count {
            0 => shown,
            count => format!("{count} of {shown}"),
        };
        Ok(stopped(&driver, "actor_id", &actor, &shown, &hosts))
    }
}

impl StopProviderArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let (positional, rest) = driver.split_host(self.names, 1, false).await?;
        let mut rest = rest.into_iter();
        let typed = rest.next().unwrap_or_default();
        let link_name = rest.next().or(self.link_name);
        let contract = rest.next();
        if let Some(extra) = rest.next() {
            return Err(no_host_called(&extra));
        }
        let provider = driver.provider(&typed).await?;
        let host = positional.or(self.host);
        let ours = |it: &ProviderDescription| {
            it.id == provider
                && link_name.as_deref().is_none_or(|name| it.link_name == name)
                && contract
                    .as_deref()
                    .is_none_or(|id| it.contract_id.is_empty() || it.contract_id == id)
        };
        let running = driver
            .hosts_with(host.as_deref(), self.all, |it| {
                it.providers.iter().any(ours)
            })
            .await?;
        if running.is_empty() {
            return Ok(not_running(
                &driver,
                "provider_id",
                &provider,
                host.as_deref(),
            ));
        }
        let mut hosts = Vec::new();
        let mut name = None;
        for inventory in &running {
            let matches: Vec<_> = inventory.providers.iter().filter(|it| ours(it)).collect();
            let [found] = matches.as_slice() else {
                let names: Vec<_> = matches.iter().map(|it| it.link_name.as_str()).collect();
                return Err(CommandError::new(
                    Kind::Ambiguous,
                    format!("{provider} runs under the link names {}", names.join(", ")),
                )
                .hint("choose one with --link-name"));
            };
            let contract = contract.as_deref().unwrap_or(&found.contract_id);
            driver
                .stop_provider(inventory, &provider, &found.link_name, contract)
                .await?;
            hosts.push(inventory.host_id.as_str());
            name = name.or_else(|| found.name.clone().filter(|it| it != "N/A"));
        }
        let shown = match name {
            Some(name) => format!("{name} ({provider})"),
            None => provider.clone(),
        };
        Ok(stopped(&driver, "provider_id", &provider, &shown, &hosts))
    }
}

impl StopHostArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let host = driver.host(self.host.as_deref()).await?;
        let what = format!("stop host {host}");
        let events = driver.follow().await?;
        let grace = Duration::from_millis(self.host_timeout);
        let request = async {
            driver.inventory(&host).await?;
            let request = driver.control().stop_host(&host, grace);
            driver.acknowledged(&host, &what, request).await
        };
        let acknowledged = match request.await {
            Err(error) if error.kind == Kind::NotFound => {
                return Ok(not_running(&driver, "host_id", &host, None));
            }
            other => other?,
        };
        let seen = driver.wait || acknowledged == Acknowledged::Silent;
        if seen {
            driver
                .reach::<()>(&host, &what, &Goal::HostStopped, events, |_| None)
                .await?;
        }
        let text = if seen {
            format!("stopped host {host}")
        } else {
            format!("host {host} accepted to stop")
        };
        let fields = json!({
            "host_id": host,
            "changed": true,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        Ok(Box::new(Sentence::new(text, fields).named(host)))
    }
}

impl Driver<'_> {
    /// The hosts on which `runs` holds: the named one, or the one there is, or with `all` every one.
    ///
    /// # Errors
    /// [`Kind::Ambiguous`] when several do and none was chosen.
    pub(super) async fn hosts_with(
        &self,
        host: Option<&str>,
        all: bool,
        runs: impl Fn(&HostInventory) -> bool,
    ) -> Result<Vec<HostInventory>, CommandError> {
        if host.is_some() {
            let id = self.host(host).await?;
            let inventory = self.inventory(&id).await?;
            return Ok(Some(inventory).filter(|it| runs(it)).into_iter().collect());
        }
        self.some_hosts().await?;
        let running: Vec<_> = (self.inventories().await?.iter())
            .filter(|it| runs(it))
            .cloned()
            .collect();
        if running.len() > 1 && !all {
            let hosts = (running.iter()).map(|it| (it.host_id.as_str(), it.friendly_name.as_str()));
            return Err(several_hosts(
                hosts,
                "choose one with --host, or take every one with --all",
            ));
        }
        Ok(running)
    }

    /// Stops `count` of an actor on one host; 0 is all of it. False if nothing of it was there to stop.
    async fn stop_actor(
        &self,
        inventory: &HostInventory,
        actor: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<bool, CommandError> {
        let host = inventory.host_id.as_str();
        let current = running::actor(inventory, actor, annotations);
        let rest = match (&current, count) {
            // With annotations that nothing carries there is nothing to stop.
            (None, _) if !annotations.is_empty() => return Ok(false),
            (None, _) | (_, 0) => 0,
            (Some(current), count) => current.count.saturating_sub(count),
        };
        let what = format!("stop {actor} on host {host}");
        let events = self.follow().await?;
        let control = self.control();
        let reference = current.and_then(|it| it.reference).unwrap_or_default();
        let request = async {
            if rest > 0 && !running::counts_instances(inventory, actor) {
                (control.scale_actor(host, actor, &reference, rest, annotations)).await
            } else {
                let count = if rest == 0 { 0 } else { count };
                control.stop_actor(host, actor, count, annotations).await
            }
        };
        let acknowledged = self.acknowledged(host, &what, request).await?;
        if !self.wait && acknowledged == Acknowledged::Yes {
            return Ok(true);
        }
        let goal = Goal::ActorStopped {
            actor: actor.to_owned(),
        };
        self.reach(host, &what, &goal, events, |it| {
            let left = match annotations.is_empty() && rest == 0 {
                true => u32::from(running::has_actor(it, actor)),
                false => running::actor(it, actor, annotations).map_or(0, |it| it.count),
            };
            (left <= rest).then_some(())
        })
        .await?;
        Ok(true)
    }

    async fn stop_provider(
        &self,
        inventory: &HostInventory,
        provider: &str,
        link_name: &str,
        contract: &str,
    ) -> Result<(), CommandError> {
        let host = inventory.host_id.as_str();
        let what = format!("stop {provider} on host {host}");
        let events = self.follow().await?;
        let none = Map::new();
        let request = (self.control()).stop_provider(host, provider, link_name, contract, &none);
        let acknowledged = self.acknowledged(host, &what, request).await?;
        if !self.wait && acknowledged == Acknowledged::Yes {
            return Ok(());
        }
        let goal = Goal::ProviderStopped {
            provider: provider.to_owned(),
            link_name: link_name.to_owned(),
        };
        self.reach(host, &what, &goal, events, |it| {
            let mut providers = it.providers.iter();
            let there = providers.any(|it| it.id == provider && it.link_name == link_name);
            (!there).then_some(())
        })
        .await?;
        Ok(())
    }
}

fn only<'a>(names: &'a [String], noun: &str) -> Result<&'a str, CommandError> {
    match names {
        [name] => Ok(name),
        [first, ..] => Err(no_host_called(first)),
        [] => Err(CommandError::new(
            Kind::Usage,
            format!("name the {noun} as well"),
        )),
    }
}

/// One positional too many: none of them was a host.
pub(super) fn no_host_called(typed: &str) -> CommandError {
    CommandError::new(Kind::NotFound, format!("no host is called '{typed}'"))
        .hint("`wash get hosts` lists hosts")
}

fn not_running(
    driver: &Driver<'_>,
    field: &str,
    id: &str,
    host: Option<&str>,
) -> Box<dyn crate::cli::output::Answer> {
    let text = match host {
        Some(host) => format!("{id} does not run on host {host}"),
        None => format!("{id} does not run"),
    };
    let fields = json!({
        field: id,
        "changed": false,
        "elapsed_ms": driver.elapsed_ms(),
        "result": text,
    });
    Box::new(Sentence::new(text, fields).named(id))
}

fn stopped(
    driver: &Driver<'_>,
    field: &str,
    id: &str,
    shown: &str,
    hosts: &[&str],
) -> Box<dyn crate::cli::output::Answer> {
    if hosts.is_empty() {
        return not_running(driver, field, id, None);
    }
    let plural = if hosts.len() == 1 { "host" } else { "hosts" };
    let verb = if driver.wait {
        "stopped"
    } else {
        "asked to stop"
    };
    let text = format!("{verb} {shown} on {plural} {}", hosts.join(", "));
    let fields = json!({
        field: id,
        "host_id": hosts.first(),
        "host_ids": hosts,
        "changed": true,
        "elapsed_ms": driver.elapsed_ms(),
        "result": text,
    });
    Box::new(Sentence::new(text, fields).named(id))
}
