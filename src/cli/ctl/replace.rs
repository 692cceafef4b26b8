//! `wash update provider`: another program in place of the one that runs, links and actors untouched.
//!
//! Hosts have no such command: it is a stop and a start. The start is asked for once before, which a host refuses
//! as long as the provider runs, but only when it has fetched and checked everything. So a reference that is no good
//! stops nothing, and nothing is left to be fetched between stop and start.

use serde_json::json;

use super::driver::Driver;
use super::wait::Goal;
use super::{artifact, start};
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::lattice::wire::{Map, ProviderDescription};

/// Replace a running provider by another program of the same key
///
/// Built in or in a process of its own, either way round. Links stay. A reference that cannot be started stops
/// nothing; if the new one does not come up, the one before is started again.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateProviderArgs {
    /// The provider that runs: key, name, contract, builtin:NAME or unique prefix
    #[arg(value_name = "PROVIDER")]
    provider: String,

    /// What to run: builtin:NAME, an archive file, or a reference: file:///path, registry/name:tag
    #[arg(value_name = "REFERENCE")]
    reference: String,

    /// Host to replace it on, if it runs on several
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    /// Link name under which it serves, if it runs under several
    #[arg(short, long, value_name = "NAME")]
    link_name: Option<String>,

    /// File with the configuration that the provider is given at its start; - is stdin
    #[arg(long, value_name = "FILE")]
    config_json: Option<std::path::PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What hosts say of a provider that runs already, whatever their generation.
const ALREADY: &str = "already running on this host";

/// What is to run on a host.
struct Start<'a> {
    host: &'a str,
    reference: &'a str,
    link_name: &'a str,
    configuration: Option<&'a str>,
    annotations: &'a Map,
}

impl Start<'_> {
    fn is(&self, provider: &ProviderDescription) -> bool {
        provider.image_ref.as_deref() == Some(self.reference)
            && provider.link_name == self.link_name
    }
}

impl UpdateProviderArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let artifact = artifact::provider(&self.reference, None)?;
        let configuration = match &self.config_json {
            Some(path) => Some(start::configuration(path)?),
            None => None,
        };
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let provider = driver.provider(&self.provider).await?;
        let ours = |it: &ProviderDescription| {
            it.id == provider && (self.link_name.as_deref()).is_none_or(|name| it.link_name == name)
        };
        let running = driver
            .hosts_with(self.host.as_deref(), false, |it| {
                it.providers.iter().any(ours)
            })
            .await?;
        let Some(inventory) = running.first() else {
            return Err(
                CommandError::new(Kind::NotFound, format!("{provider} does not run")).hint(
                    format!("start it with `wash start provider {}`", self.reference),
                ),
            );
        };
        let host = inventory.host_id.as_str();
        let delivered = driver.deliver(&artifact, inventory).await?;
        let reference = &delivered.reference;
        let matches: Vec<_> = inventory.providers.iter().filter(|it| ours(it)).collect();
        let [current] = matches.as_slice() else {
            let names: Vec<_> = matches.iter().map(|it| it.link_name.as_str()).collect();
            let names = names.join(", ");
            return Err(CommandError::new(
                Kind::Ambiguous,
                format!("{provider} runs under the link names {names}"),
            )
            .hint("choose one with --link-name"));
        };
        let before = current.image_ref.clone().unwrap_or_default();
        let wanted = Start {
            host,
            reference,
            link_name: &current.link_name,
            configuration: configuration.as_deref(),
            annotations: &current.annotations,
        };
        let answer = |text: String, changed: bool| {
            let fields = json!({
                "provider_id": provider,
                "provider_ref": reference,
                "replaced_ref": before,
                "link_name": current.link_name,
                "host_id": host,
                "changed": changed,
                "elapsed_ms": driver.elapsed_ms(),
                "result": text,
            });
            Box::new(Sentence::new(text, fields).named(provider.as_str()))
        };
        let refusal = driver.rehearse(&wanted, &provider).await;
        let refusal = refusal.map_err(|it| delivered.explain(it))?;
        // Nothing more is said where the very same program runs.
        if before == *reference && refusal.ends_with(ALREADY) {
            let text = format!("{provider} runs {reference} already on host {host}");
            return Ok(answer(text, false));
        }
        let any = Map::new();
        let (link_name, contract) = (&current.link_name, &current.contract_id);
        let stop = (driver.control()).stop_provider(host, &provider, link_name, contract, &any);
        let what = format!("stop {provider} on host {host}");
        let events = driver.follow().await?;
        driver.acknowledged(host, &what, stop).await?;
        // At once: hosts start it as soon as the other is gone.
        let runs = |it: &ProviderDescription| wanted.is(it) && it.id == provider;
        if let Err(error) = driver.start_there(&wanted, runs, events).await {
            if before.is_empty() {
                return Err(error);
            }
            let again = Start {
                reference: &before,
                configuration: None,
                host: wanted.host,
                link_name: wanted.link_name,
                annotations: wanted.annotations,
            };
            let runs = |it: &ProviderDescription| again.is(it) && it.id == provider;
            let events = driver.follow().await?;
            return Err(match driver.start_there(&again, runs, events).await {
                Ok(()) => error.hint(format!("{before} runs again")),
                Err(_) => error.hint(format!(
                    "{before} does not run any more either; see `wash get inventory {host}`"
                )),
            });
        }
        let text = format!("replaced {before} by {reference} on host {host}");
        Ok(answer(text, true))
    }
}

impl Driver<'_> {
    /// Has the host load what is to run, which it then refuses to start: the words of that refusal.
    async fn rehearse(&self, wanted: &Start<'_>, provider: &str) -> Result<String, CommandError> {
        let events = self.follow().await?;
        let other = |it: &ProviderDescription| wanted.is(it) && it.id != provider;
        match self.start_there(wanted, other, events).await {
            Err(error) if error.kind == Kind::Refused && error.message.contains(ALREADY) => {
                Ok(error.message)
            }
            Err(error) => Err(error.hint("the one that runs goes on")),
            Ok(()) => {
                let Start {
                    host, reference, ..
                } = wanted;
                let message = format!("{reference} is another provider than {provider}");
                Err(CommandError::new(Kind::Refused, message).hint(format!(
                    "it runs now on host {host} beside the other; stop one with `wash stop provider`"
                )))
            }
        }
    }

    async fn start_there(
        &self,
        wanted: &Start<'_>,
        runs: impl Fn(&ProviderDescription) -> bool,
        events: futures_util::stream::BoxStream<'static, crate::lattice::event::Event>,
    ) -> Result<(), CommandError> {
        let Start {
            host,
            reference,
            link_name,
            configuration,
            annotations,
        } = *wanted;
        let what = format!("start {reference} on host {host}");
        let request =
            (self.control()).start_provider(host, reference, link_name, configuration, annotations);
        self.acknowledged(host, &what, request).await?;
        let goal = Goal::ProviderRuns {
            reference: reference.to_owned(),
            link_name: link_name.to_owned(),
        };
        self.reach(host, &what, &goal, events, |it| {
            it.providers.iter().any(&runs).then_some(())
        })
        .await?;
        Ok(())
    }
}
