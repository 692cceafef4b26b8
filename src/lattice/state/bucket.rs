//! The bucket itself: opening or creating it, reading and writing single keys.

use std::fmt::Display;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::context::{
    GetStreamError, GetStreamErrorKind, PublishErrorKind, RequestError, RequestErrorKind,
};
use async_nats::jetstream::kv::{Operation, Store};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use bytes::Bytes;
use tokio::time::Instant;

use super::StateError;
use super::entry::{self, Entry, Value};
use crate::lattice::connect::jetstream;
use crate::lattice::subject::LatticeName;

/// How long JetStream may take for one answer.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a leaf node may take to find the domain it is to use.
const DOMAIN_PAUSE: Duration = Duration::from_millis(100);

/// Of the names of buckets; the lattice's follows.
pub(super) const PREFIX: &str = "LATTICEDATA_";

pub(super) const OPERATION: &str = "KV-Operation";

/// A handle; cheap to clone.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) client: async_nats::Client,
    pub(super) context: Context,
    pub(super) store: Store,
    domain: Option<String>,
}

impl Bucket {
    pub(super) async fn open(
        client: async_nats::Client,
        lattice: &LatticeName,
        domain: Option<&str>,
    ) -> Result<Self, StateError> {
        let mut context = jetstream(client.clone(), domain);
        context.set_timeout(LIMIT);
        let name = format!("{PREFIX}{lattice}");
        let give_up = Instant::now() + LIMIT;
        loop {
            match find_or_create(&context, &name).await {
                Ok(store) => {
                    return Ok(Self {
                        client,
                        context,
                        store,
                        domain: domain.map(str::to_owned),
                    });
                }
                Err(Failure::NobodyThere) if domain.is_some() && Instant::now() < give_up => {
                    tokio::time::sleep(DOMAIN_PAUSE).await;
                }
                Err(failure) => return Err(failure.explained(domain)),
            }
        }
    }

    /// Makes sure that the bucket is there, after an interruption.
    pub(super) async fn reopen(&self) -> Result<Store, String> {
        find_or_create(&self.context, &self.store.name)
            .await
            .map_err(|it| it.explained(self.domain.as_deref()).to_string())
    }

    pub(super) fn unreachable(&self, reason: String) -> StateError {
        StateError::Unreachable {
            domain: self.domain.clone(),
            reason,
        }
    }

    /// What the bucket holds now; none for deleted and unreadable values.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Entry>, String> {
        let found = self.store.entry(key);
        match tokio::time::timeout(LIMIT, found).await {
            Ok(Ok(Some(found))) if found.operation == Operation::Put => {
                Ok(Entry::decode(key, &found.value))
            }
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(late()),
        }
    }

    /// Puts or deletes, and waits for the acknowledgement; its revision.
    pub(super) async fn write(&self, key: &str, value: &Value) -> Result<u64, String> {
        if !entry::is_key(key) {
            return Err("it cannot be a key".to_owned());
        }
        let mut headers = HeaderMap::new();
        let body = match value {
            Value::Put(entry) => entry.encode().map_err(text)?,
            Value::Deleted => {
                // Hosts of 0.82 do not honour PURGE.
                headers.insert(OPERATION, "DEL");
                Bytes::new()
            }
            Value::Unreadable => return Err("it has no value".to_owned()),
        };
        let acknowledged = async {
            let sent = self
                .context
                .publish_with_headers(self.subject(key), headers, body)
                .await
                .map_err(text)?;
            let ack = sent.await.map_err(|error| match error.kind() {
                PublishErrorKind::TimedOut => late(),
                _ => text(error),
            })?;
            Ok(ack.sequence)
        };
        tokio::time::timeout(LIMIT, acknowledged)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    /// Where the library's own store would put the key.
    fn subject(&self, key: &str) -> String {
        let store = &self.store;
        let prefix = store.put_prefix.as_ref().unwrap_or(&store.prefix);
        match &self.domain {
            Some(domain) if store.use_jetstream_prefix => {
                format!("$JS.{domain}.API.{prefix}{key}")
            }
            _ => format!("{prefix}{key}"),
        }
    }
}

/// Why there is no bucket.
enum Failure {
    /// Nobody answers for JetStream.
    NobodyThere,
    /// JetStream is off.
    Disabled,
    Other(String),
}

impl Failure {
    fn explained(self, domain: Option<&str>) -> StateError {
        let unreachable = |reason| StateError::Unreachable {
            domain: domain.map(str::to_owned),
            reason,
        };
        match self {
            Self::NobodyThere if domain.is_some() => unreachable("nobody answers".to_owned()),
            Self::NobodyThere | Self::Disabled => StateError::NoJetStream,
            Self::Other(reason) => unreachable(reason),
        }
    }
}

async fn find_or_create(context: &Context, name: &str) -> Result<Store, Failure> {
    let stream = format!("KV_{name}");
    match context.get_stream(&stream).await {
        Ok(_) => {}
        Err(error) if is_missing(&error) => create(context, name, stream).await?,
        Err(error) => return Err(failure(&error)),
    }
    context.get_key_value(name).await.map_err(other)
}

/// With the settings of every host since 0.60 (protocol §7.2).
async fn create(context: &Context, name: &str, stream: String) -> Result<(), Failure> {
    let config = Config {
        name: stream,
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        max_messages: -1,
        max_bytes: -1,
        max_message_size: -1,
        max_consumers: -1,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: 1,
        duplicate_window: Duration::from_secs(120),
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..Config::default()
    };
    match context.create_stream(config).await {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            // Another host was faster, with settings of its own.
            async_nats::jetstream::context::CreateStreamErrorKind::JetStream(it)
                if it.error_code() == ErrorCode::STREAM_NAME_EXIST =>
            {
                Ok(())
            }
            _ => Err(other(error)),
        },
    }
}

pub(super) fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(it) if it.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn failure(error: &GetStreamError) -> Failure {
    let disabled = [
        ErrorCode::JETSTREAM_NOT_ENABLED,
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
    ];
    if let GetStreamErrorKind::JetStream(it) = error.kind()
        && disabled.contains(&it.error_code())
    {
        return Failure::Disabled;
    }
    let request = std::error::Error::source(error).and_then(|it| it.downcast_ref::<RequestError>());
    match request.map(RequestError::kind) {
        Some(RequestErrorKind::NoResponders) => Failure::NobodyThere,
        Some(RequestErrorKind::TimedOut) => Failure::Other(late()),
        _ => other(error),
    }
}

fn other(error: impl Display) -> Failure {
    Failure::Other(text(error))
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Some servers say nothing any more once their disk has been full.
pub(super) fn late() -> String {
    format!(
        "no answer from JetStream within {LIMIT:?}; if its disk is full, make room and start the NATS server again"
    )
}
