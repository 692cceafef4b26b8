//! Taking over the state of the oldest hosts, as hosts since 0.60 do (protocol §7.1, §7.2): what the stream
//! `LATTICECACHE_{lattice}` holds goes to the bucket, and the stream goes away.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::push::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;
use serde::Deserialize;

use super::bucket::{Bucket, Only, is_missing, late};
use super::entry::{Entry, Reference, Value};
use crate::lattice::record;
use crate::lattice::subject::{LatticeName, cache};
use crate::lattice::wire::LinkDefinition;

/// How long the server may send nothing before all is read. On time-out the stream is kept.
const PATIENCE: Duration = Duration::from_secs(5);

/// Moves the old state, if there is any. On an error the old stream is as it was.
pub(super) async fn migrate(bucket: &Bucket, lattice: &LatticeName) -> Result<(), String> {
    let name = format!("LATTICECACHE_{lattice}");
    let stream = match bucket.context.get_stream(&name).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let entries = read(bucket, &stream).await?;
    let count = entries.len();
    for (key, entry) in entries {
        let value = Value::Put(entry);
        let written = bucket.write(&key, &value, Only::Always, None).await;
        written.map_err(|error| error.to_string())?;
    }
    bucket
        .context
        .delete_stream(&name)
        .await
        .map_err(|error| error.to_string())?;
    tracing::info!(%lattice, count, "took over the state of the oldest hosts");
    Ok(())
}

/// What the old stream holds, by the keys of the bucket. Of several links with the same key, the last counts.
async fn read(bucket: &Bucket, stream: &Stream) -> Result<HashMap<String, Entry>, String> {
    let config = Config {
        deliver_subject: bucket.client.new_inbox(),
        deliver_policy: DeliverPolicy::LastPerSubject,
        ack_policy: AckPolicy::None,
        // Servers want one with this policy.
        filter_subject: ">".to_owned(),
        num_replicas: 1,
        memory_storage: true,
        ..Config::default()
    };
    let consumer = stream
        .create_consumer(config)
        .await
        .map_err(|error| error.to_string())?;
    let mut pending = consumer.cached_info().num_pending;
    let mut messages = consumer
        .messages()
        .await
        .map_err(|error| error.to_string())?;
    let mut entries = HashMap::new();
    while pending > 0 {
        let message = tokio::time::timeout(PATIENCE, messages.next())
            .await
            .map_err(|_| late())?
            .ok_or("the subscription ended")?
            .map_err(|error| error.to_string())?;
        pending = message.info().map_err(|error| error.to_string())?.pending;
        match decode(&message.subject, &message.payload) {
            Some((entry, false)) => {
                entries.insert(entry.key(), entry);
            }
            Some((entry, true)) => {
                entries.remove(&entry.key());
            }
            None => {
                let subject = message.subject.as_str();
                tracing::warn!(subject, "passing over old state that cannot be read");
            }
        }
    }
    Ok(entries)
}

#[derive(Deserialize)]
struct OldLink {
    #[serde(flatten)]
    link: LinkDefinition,
    #[serde(default)]
    deleted: bool,
}

/// An entry, and whether it says that it is deleted.
fn decode(subject: &str, body: &[u8]) -> Option<(Entry, bool)> {
    match cache::parse(subject)? {
        cache::Entry::Link => {
            let old: OldLink = serde_json::from_slice(body).ok()?;
            // Once more through the bucket's own reader, for the id.
            let entry = Entry::Link(old.link);
            let entry = Entry::decode(&entry.key(), &entry.encode().ok()?)?;
            Some((entry, old.deleted))
        }
        cache::Entry::Claims(public_key) => {
            let claims = record::normalized(public_key, serde_json::from_slice(body).ok()?);
            let claims = record::completed(public_key, claims);
            let public_key = public_key.to_owned();
            Some((Entry::Claims { public_key, claims }, false))
        }
        cache::Entry::Reference => {
            let Reference {
                oci_url: reference,
                public_key,
            } = serde_json::from_slice(body).ok()?;
            Some((
                Entry::Reference {
                    reference,
                    public_key,
                },
                false,
            ))
        }
    }
}
