//! `wash label`: labels of a running host.

use serde_json::json;

use super::driver::{Driver, accepted};
use super::pairs::Pair;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::lattice::control::ControlError;
use crate::lattice::wire::Ack;

/// Set or remove labels of a host
///
/// They last until the host stops. Constraints of `wash start` look at them.
#[derive(Debug, clap::Args)]
pub(crate) struct LabelArgs {
    /// The host, where there are several: id, name or unique prefix; then the labels to set
    #[arg(value_name = "[HOST] KEY=VALUE")]
    words: Vec<String>,

    /// Label to remove; repeatable
    #[arg(long, value_name = "KEY")]
    delete: Vec<String>,

    /// The host, if it is not the first word
    #[arg(long, value_name = "HOST", alias = "host-id")]
    host: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl LabelArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let usage = |text: String| CommandError::new(Kind::Usage, text);
        let mut words = self.words.into_iter().peekable();
        let first = words.next_if(|it| !it.contains('='));
        if let (Some(word), Some(_)) = (&first, &self.host) {
            return Err(usage(format!("'{word}' is not of the form KEY=VALUE")));
        }
        let pairs = words
            .map(|it| {
                it.parse::<Pair>()
                    .map_err(|why| usage(format!("'{it}' is {why}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if pairs.is_empty() && self.delete.is_empty() {
            return Err(usage("no label is given".to_owned())
                .hint("set one with KEY=VALUE, or remove one with --delete KEY"));
        }
        let lattice = session.connect(&self.connection).await?;
        let driver = Driver::new(session, &lattice);
        let host = driver.host(first.or(self.host).as_deref()).await?;
        let before = driver.inventory(&host).await?.labels;
        let mut labels = before.clone();
        for pair in pairs {
            if before.get(&pair.key) != Some(&pair.value) {
                let what = format!("set label {} on host {host}", pair.key);
                let answer = driver.control().put_label(&host, &pair.key, &pair.value);
                label_accepted(&driver, &what, answer.await)?;
            }
            labels.insert(pair.key, pair.value);
        }
        for key in &self.delete {
            if before.contains_key(key) {
                let what = format!("remove label {key} from host {host}");
                let answer = driver.control().delete_label(&host, key);
                label_accepted(&driver, &what, answer.await)?;
            }
            labels.remove(key);
        }
        let changed = labels != before;
        let text = match changed {
            true => format!("labelled host {host}"),
            false => format!("host {host} has these labels already"),
        };
        let fields = json!({
            "host_id": host,
            "labels": labels,
            "changed": changed,
            "elapsed_ms": driver.elapsed_ms(),
            "result": text,
        });
        Ok(Box::new(Sentence::new(text, fields).named(host)))
    }
}

/// A host that is there and does not listen for labels is of an older version.
fn label_accepted(
    driver: &Driver<'_>,
    what: &str,
    answer: Result<Ack, ControlError>,
) -> Result<(), CommandError> {
    match answer {
        Ok(ack) => accepted(what, ack),
        Err(ControlError::NoResponders { .. }) => Err(CommandError::new(
            Kind::Refused,
            format!("could not {what}: it takes no labels while it runs"),
        )
        .hint("hosts before 0.81 take labels only when they start")),
        Err(error) => Err(driver.explain(error)),
    }
}
