//! `wash start`: actors and providers, on a named host or one that fits.

use serde_json::json;

use super::driver::Driver;
use super::launch::{StartActor, StartProvider, ailment};
use super::pairs::Pair;
use super::{artifact, read_text};
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum StartCommand {
    Actor(StartActorArgs),
    Provider(StartProviderArgs),
}

/// Start an actor
///
/// Without --host every host whose labels meet the constraints may bid. Running already is success.
#[derive(Debug, clap::Args)]
pub(crate) struct StartActorArgs {
    /// A module file, which is sent to the host through the lattice, or a reference: file:///path on the host,
    /// registry/name:tag
    #[arg(value_name = "ACTOR")]
    reference: String,

    /// Host to start it on: id, name or unique prefix
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// The most calls that run at once; instances on older hosts [default: 1]
    #[arg(long, visible_alias = "max", value_name = "N", alias = "max-instances", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,

    /// Label that the host must have; repeatable
    #[arg(short, long = "constraint", value_name = "KEY=VALUE")]
    constraints: Vec<Pair>,

    /// Note kept with what is started; repeatable
    #[arg(
        short = 'l',
        long = "annotation",
        short_alias = 'a',
        alias = "annotations",
        value_name = "KEY=VALUE"
    )]
    annotations: Vec<Pair>,

    /// Send a module file without checking its signature and dates first
    #[arg(long)]
    no_verify: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Start a capability provider
///
/// Without --host every host whose labels meet the constraints may bid. Running already is success.
#[derive(Debug, clap::Args)]
pub(crate) struct StartProviderArgs {
    /// builtin:NAME, an archive file, which is sent to the host through the lattice, or a reference: file:///path on
    /// the host, registry/name:tag
    #[arg(value_name = "PROVIDER")]
    reference: String,

    /// Host to start it on: id, name or unique prefix
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// Link name under which it serves
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    link_name: String,

    /// Label that the host must have; repeatable
    #[arg(short, long = "constraint", value_name = "KEY=VALUE")]
    constraints: Vec<Pair>,

    /// Note kept with what is started; repeatable
    #[arg(short, long = "annotation", value_name = "KEY=VALUE")]
    annotations: Vec<Pair>,

    /// File with the configuration that the provider is given at its start; - is stdin
    #[arg(long, value_name = "FILE")]
    config_json: Option<std::path::PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl StartCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Actor(args) => args.run(session).await,
            Self::Provider(args) => args.run(session).await,
        }
    }
}

impl StartActorArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let artifact = artifact::actor(&self.reference, None, !self.no_verify)?;
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let started = driver
            .start_actor(&StartActor {
                artifact: &artifact,
                host: self.host.as_deref(),
                count: self.count,
                constraints: &Pair::map(self.constraints),
                annotations: &Pair::map(self.annotations),
            })
            .await?;
        let text = started.sentence();
        let fields = json!({
            "actor_id": started.id,
            "actor_ref": started.reference,
            "host_id": started.host,
            "count": started.count,
            "changed": started.changed,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        let name = started.id.unwrap_or(started.reference);
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }
}

impl StartProviderArgs {
    async fn run(self, session: &Session) -> CommandResult {
        let artifact = artifact::provider(&self.reference, None)?;
        super::link_name(&self.link_name)?;
        let configuration = match &self.config_json {
            Some(path) => Some(configuration(path)?),
            None => None,
        };
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let started = driver
            .start_provider(&StartProvider {
                artifact: &artifact,
                host: self.host.as_deref(),
                link_name: &self.link_name,
                constraints: &Pair::map(self.constraints),
                annotations: &Pair::map(self.annotations),
                configuration: configuration.as_deref(),
            })
            .await?;
        if let Some(reason) = started.health.as_ref().and_then(ailment) {
            session
                .output
                .warn(&format!("the provider runs but is not healthy: {reason}"));
        }
        let text = started.sentence();
        let fields = json!({
            "provider_id": started.id,
            "provider_ref": started.reference,
            "link_name": self.link_name,
            "contract_id": started.contract,
            "host_id": started.host,
            "health": started.health,
            "changed": started.changed,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        let name = started.id.unwrap_or(started.reference);
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }
}

/// A configuration that is JSON, as its text.
pub(super) fn configuration(path: &std::path::Path) -> Result<String, CommandError> {
    let text = read_text(path, 1 << 20)?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        let message = format!("{}: not valid JSON: {error}", path.display());
        return Err(CommandError::new(Kind::Refused, message));
    }
    Ok(text)
}
