//! The bucket itself: opening or creating it, reading and writing single keys.

use std::fmt;
use std::fmt::Display;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::connection::State;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::{
    GetStreamError, GetStreamErrorKind, PublishError, PublishErrorKind, RequestError,
    RequestErrorKind,
};
use async_nats::jetstream::kv::{Operation, Store};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use bytes::Bytes;
use tokio::time::Instant;

use super::StateError;
use super::entry::{self, Entry, Value};
use super::origin::Origin;
use crate::lattice::connect::jetstream;
use crate::lattice::subject::LatticeName;

/// How long JetStream may take for one answer.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// How long a leaf node may take to find the domain it is to use.
const DOMAIN_PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked whether the client is connected again.
const CONNECTION_PAUSE: Duration = Duration::from_millis(50);

/// Of the names of buckets; the lattice's follows.
pub(super) const PREFIX: &str = "LATTICEDATA_";

pub(super) const OPERATION: &str = "KV-Operation";

/// A handle; cheap to clone. It may be made before the bucket can be reached.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) client: async_nats::Client,
    pub(super) context: Context,
    name: String,
    domain: Option<String>,
    /// Once it has been reached.
    store: Arc<RwLock<Option<Store>>>,
}

/// What must be so for a write to take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    Always,
    /// The last word on the key has this revision; 0 for none yet.
    After(u64),
}

/// Why a write did not take effect, or may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteError {
    /// Nothing was sent, or nobody was there to take it.
    CutOff(String),
    /// Somebody else was faster; see [`Only::After`].
    Overtaken,
    /// No acknowledgement came.
    Late,
    Refused(String),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff(reason) | Self::Refused(reason) => f.write_str(reason),
            Self::Overtaken => f.write_str("somebody else wrote it at the same time"),
            Self::Late => f.write_str(&late()),
        }
    }
}

impl Bucket {
    pub(super) fn new(
        client: async_nats::Client,
        lattice: &LatticeName,
        domain: Option<&str>,
    ) -> Self {
        let mut context = jetstream(client.clone(), domain);
        context.set_timeout(LIMIT);
        Self {
            client,
            context,
            name: format!("{PREFIX}{lattice}"),
            domain: domain.map(str::to_owned),
            store: Arc::default(),
        }
    }

    pub(super) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Finds the bucket or creates it. A domain of which nobody has heard yet gets `patience` to appear.
    pub(super) async fn open(&self, patience: Duration) -> Result<Store, StateError> {
        let give_up = Instant::now() + patience;
        loop {
            match find_or_create(&self.context, &self.name).await {
                Ok(store) => {
                    let mut known = self.store.write().unwrap_or_else(PoisonError::into_inner);
                    *known = Some(store.clone());
                    return Ok(store);
                }
                Err(Failure::NobodyThere) if self.domain.is_some() && Instant::now() < give_up => {
                    tokio::time::sleep(DOMAIN_PAUSE).await;
                }
                Err(failure) => return Err(failure.explained(self.domain())),
            }
        }
    }

    pub(super) fn unreachable(&self, reason: String) -> StateError {
        StateError::Unreachable {
            domain: self.domain.clone(),
            reason,
        }
    }

    fn store(&self) -> Option<Store> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.clone()
    }

    /// What the bucket holds now; none for deleted and unreadable values.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Entry>, String> {
        let store = self.within_reach().await.map_err(|it| it.to_string())?;
        let found = store.entry(key);
        match tokio::time::timeout(LIMIT, found).await {
            Ok(Ok(Some(found))) if found.operation == Operation::Put => {
                Ok(Entry::decode(key, &found.value))
            }
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(late()),
        }
    }

    /// Waits while the client connects again. What it cannot send then it would send later, when nobody expects it
    /// any more.
    async fn within_reach(&self) -> Result<Store, WriteError> {
        let give_up = Instant::now() + LIMIT;
        while self.client.connection_state() != State::Connected {
            if Instant::now() > give_up {
                return Err(WriteError::CutOff("NATS cannot be reached".to_owned()));
            }
            tokio::time::sleep(CONNECTION_PAUSE).await;
        }
        self.store()
            .ok_or_else(|| WriteError::CutOff(NOBODY.to_owned()))
    }

    /// Puts or deletes, and waits for the acknowledgement; its revision.
    pub(super) async fn write(
        &self,
        key: &str,
        value: &Value,
        only: Only,
        origin: Option<&Origin>,
    ) -> Result<u64, WriteError> {
        if !entry::is_key(key) {
            return Err(WriteError::Refused("it cannot be a key".to_owned()));
        }
        let mut headers = HeaderMap::new();
        let body = match value {
            Value::Put(entry) => entry
                .encode()
                .map_err(|error| WriteError::Refused(text(error)))?,
            Value::Deleted => {
                // Hosts of 0.82 do not honour PURGE.
                headers.insert(OPERATION, "DEL");
                Bytes::new()
            }
            Value::Unreadable => return Err(WriteError::Refused("it has no value".to_owned())),
        };
        if let Only::After(revision) = only {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, revision.to_string());
        }
        if let Some(origin) = origin {
            origin.write(&mut headers);
        }
        let store = self.within_reach().await?;
        let acknowledged = async {
            let sent = self
                .context
                .publish_with_headers(self.subject(&store, key), headers, body)
                .await
                .map_err(|error| refused(&error))?;
            let ack = sent.await.map_err(|error| refused(&error))?;
            Ok(ack.sequence)
        };
        tokio::time::timeout(LIMIT, acknowledged)
            .await
            .unwrap_or(Err(WriteError::Late))
    }

    /// Where the library's own store would put the key.
    fn subject(&self, store: &Store, key: &str) -> String {
        let prefix = store.put_prefix.as_ref().unwrap_or(&store.prefix);
        match &self.domain {
            Some(domain) if store.use_jetstream_prefix => {
                format!("$JS.{domain}.API.{prefix}{key}")
            }
            _ => format!("{prefix}{key}"),
        }
    }
}

fn refused(error: &PublishError) -> WriteError {
    match error.kind() {
        PublishErrorKind::TimedOut => WriteError::Late,
        PublishErrorKind::StreamNotFound => WriteError::CutOff(NOBODY.to_owned()),
        PublishErrorKind::WrongLastSequence => WriteError::Overtaken,
        _ => WriteError::Refused(text(error)),
    }
}

/// Of a domain that no server in reach has.
pub(super) const NOBODY: &str = "nobody answers";

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
        match self {
            Self::NobodyThere => match domain {
                Some(domain) => StateError::NoDomain(domain.to_owned()),
                None => StateError::NoJetStream,
            },
            Self::Disabled => StateError::NoJetStream,
            Self::Other(reason) => StateError::Unreachable {
                domain: domain.map(str::to_owned),
                reason,
            },
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
