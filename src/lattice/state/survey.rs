//! What can be seen of JetStream and of lattices' state without joining one: for those who look for faults.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::{RequestError, RequestErrorKind};
use futures_util::StreamExt as _;
use serde::Deserialize;
use time::OffsetDateTime;

use super::bucket::PREFIX;
use crate::lattice::connect::jetstream;
use crate::lattice::subject::LatticeName;

/// What JetStream says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    pub domain: Option<String>,
    pub streams: usize,
    /// Lattices that have state here, sorted.
    pub lattices: Vec<String>,
}

/// Why JetStream says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurveyError {
    /// The server has none, or no server of that domain is in reach.
    #[error("nobody answers for JetStream")]
    Nobody,
    #[error("no answer from JetStream within {0:?}")]
    Timeout(Duration),
    #[error("JetStream refuses: {0}")]
    Refused(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    error: Option<Refusal>,
    domain: Option<String>,
    streams: usize,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    description: String,
}

/// Streams that are looked through for lattices.
const MAX_STREAMS: usize = 10_000;

/// How long the server keeps what was made only to see its clock.
const BRIEF: Duration = Duration::from_secs(5);

/// Asks JetStream for each answer at most `limit`.
///
/// # Errors
/// Every variant of [`SurveyError`].
pub async fn survey(
    client: &async_nats::Client,
    domain: Option<&str>,
    limit: Duration,
) -> Result<Survey, SurveyError> {
    let context = context(client, domain, limit);
    // Read loosely: servers before 2.10 leave out what the library's type insists on.
    let info: Info =
        context
            .request("INFO", &"")
            .await
            .map_err(|error: RequestError| match error.kind() {
                RequestErrorKind::NoResponders => SurveyError::Nobody,
                RequestErrorKind::TimedOut => SurveyError::Timeout(limit),
                _ => SurveyError::Refused(error.to_string()),
            })?;
    if let Some(error) = info.error {
        return Err(SurveyError::Refused(error.description));
    }
    let lattice = |stream: String| {
        let bucket = stream.strip_prefix("KV_")?;
        bucket.strip_prefix(PREFIX).map(str::to_owned)
    };
    let names = context.stream_names().take(MAX_STREAMS);
    let listed = names.filter_map(|it| std::future::ready(it.ok().and_then(lattice)));
    let mut lattices: Vec<String> = tokio::time::timeout(limit, listed.collect())
        .await
        .unwrap_or_default();
    lattices.sort();
    Ok(Survey {
        domain: info.domain.filter(|it| !it.is_empty()),
        streams: info.streams,
        lattices,
    })
}

/// What time it is for the server that keeps a lattice's state, by the date it gives to a short-lived consumer.
/// None if there is no such state, or no permission.
pub async fn server_time(
    client: &async_nats::Client,
    domain: Option<&str>,
    lattice: &LatticeName,
    limit: Duration,
) -> Option<OffsetDateTime> {
    let stream = format!("KV_{PREFIX}{lattice}");
    let stream = context(client, domain, limit)
        .get_stream_no_info(stream)
        .await
        .ok()?;
    let config = pull::Config {
        inactive_threshold: BRIEF,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.ok()?;
    let info = consumer.cached_info();
    // It goes by itself if this fails.
    let _ = stream.delete_consumer(&info.name).await;
    Some(info.created)
}

fn context(client: &async_nats::Client, domain: Option<&str>, limit: Duration) -> Context {
    let mut context = jetstream(client.clone(), domain);
    context.set_timeout(limit);
    context
}
