//! What can be seen of JetStream and of lattices' state without joining one: for those who look for faults.

use std::time::Duration;

use async_nats::StatusCode;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::{RequestError, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::time::Instant;

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
    limits: Limits,
    /// Limits by replicas, in place of the above.
    tiers: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Limits {
    /// Bytes; negative for any.
    max_storage: Option<i64>,
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

/// Who keeps state in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// More than one is a fault: what one of them keeps, the others do not know.
    pub servers: usize,
    /// The account may keep streams in files.
    pub keeps_files: bool,
    /// Of the first answer.
    pub round_trip: Duration,
}

/// How long after the first answer others are waited for, besides the time that one took.
const OTHERS: Duration = Duration::from_millis(200);

/// Asks everybody who answers for a domain, for at most `limit`.
///
/// # Errors
/// Every variant of [`SurveyError`].
pub async fn census(
    client: &async_nats::Client,
    domain: &str,
    limit: Duration,
) -> Result<Census, SurveyError> {
    let broken = |error: &dyn std::fmt::Display| SurveyError::Refused(error.to_string());
    let inbox = client.new_inbox();
    let mut answers = client
        .subscribe(inbox.clone())
        .await
        .map_err(|it| broken(&it))?;
    let asked = Instant::now();
    client
        .publish_with_reply(format!("$JS.{domain}.API.INFO"), inbox, Bytes::new())
        .await
        .map_err(|it| broken(&it))?;
    let first = tokio::time::timeout(limit, answers.next()).await;
    let first = first
        .map_err(|_| SurveyError::Timeout(limit))?
        .ok_or(SurveyError::Nobody)?;
    if first.status == Some(StatusCode::NO_RESPONDERS) {
        return Err(SurveyError::Nobody);
    }
    let round_trip = asked.elapsed();
    let info: Info = serde_json::from_slice(&first.payload).map_err(|it| broken(&it))?;
    if let Some(error) = info.error {
        return Err(SurveyError::Refused(error.description));
    }
    let mut servers = 1;
    let end = Instant::now() + (OTHERS + round_trip).min(limit);
    while let Ok(Some(_)) = tokio::time::timeout_at(end, answers.next()).await {
        servers += 1;
    }
    Ok(Census {
        servers,
        keeps_files: info.limits.max_storage != Some(0) || !info.tiers.is_empty(),
        round_trip,
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
