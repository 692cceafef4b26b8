//! Keeping the snapshot fresh: one consumer on the bucket for as long as it lasts, then another.
//!
//! Whatever interrupts it (a reconnect, a restarted server, a lost stream, a message that is missing), the
//! cure is the same: read the whole bucket again and tell the differences. Buckets are small. For as long as
//! that is not possible, what is known counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::StateError;
use super::bucket::{Bucket, OPERATION, late};
use super::entry::{Entry, Value};
use super::heal::{self, Found};
use super::migrate::migrate;
use super::origin::{Birth, Origin};
use super::shared::Shared;
use crate::lattice::subject::LatticeName;

/// How long the server may send nothing while it scans.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server says this often that it is there; the second omission ends a session.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How soon a reconnect is noticed. Sooner than by missing heartbeats.
const RECONNECT_CHECK: Duration = Duration::from_millis(500);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A write of ours that nobody took is tried again this often while the bucket can be read.
const UNSENT_PAUSE: Duration = Duration::from_secs(5);

/// The first session: finds the bucket, takes over older state, reads all of it.
pub(super) async fn begin(
    bucket: &Bucket,
    lattice: &LatticeName,
    shared: &Shared,
    patience: Duration,
) -> Result<Session, StateError> {
    bucket.open(patience).await?;
    if let Err(reason) = migrate(bucket, lattice).await {
        // It stays where it is, for the next host that starts.
        tracing::warn!(%lattice, %reason, "cannot take over the state of the oldest hosts");
    }
    Session::start(bucket, shared)
        .await
        .map_err(|reason| bucket.unreachable(reason))
}

/// Follows the bucket until it is dropped, from `session` on; without one, from when it can be reached.
pub(super) async fn run(
    bucket: Bucket,
    lattice: LatticeName,
    shared: Arc<Shared>,
    session: Option<Session>,
) {
    let mut session = match session {
        Some(it) => it,
        None => reached(&bucket, Some(&lattice), &shared).await,
    };
    loop {
        let reason = session.follow(&bucket, &shared).await;
        tracing::debug!(%reason, "reading the shared state again");
        // Ends its subscription, and with it the consumer.
        drop(session);
        session = reached(&bucket, None, &shared).await;
    }
}

/// Tries again for as long as it takes; meanwhile what is known counts. With a lattice, for the first time.
async fn reached(bucket: &Bucket, lattice: Option<&LatticeName>, shared: &Shared) -> Session {
    let mut pause = FIRST_PAUSE;
    loop {
        let started = match lattice {
            Some(lattice) => begin(bucket, lattice, shared, Duration::ZERO)
                .await
                .map_err(StateError::reason),
            None => Session::start(bucket, shared).await,
        };
        match started {
            Ok(session) => return session,
            Err(reason) => shared.cut_off(reason),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The life of one consumer.
pub(super) struct Session {
    client: async_nats::Client,
    messages: Messages,
    /// How often the client had connected when this began.
    connects: u64,
    /// The consumer numbers its messages; a gap means that we missed one.
    received: u64,
}

/// One message of the bucket's stream.
struct Update {
    key: String,
    found: Found,
    /// How many are to come before all is read.
    pending: u64,
}

impl Session {
    /// Creates the bucket if need be, and reads all of it.
    pub(super) async fn start(bucket: &Bucket, shared: &Shared) -> Result<Self, String> {
        shared.begin_scan();
        let connects = connects(&bucket.client);
        let store = bucket
            .open(Duration::ZERO)
            .await
            .map_err(StateError::reason)?;
        let birth = Birth::new(store.stream.cached_info().created);
        let config = Config {
            deliver_subject: bucket.client.new_inbox(),
            deliver_policy: DeliverPolicy::LastPerSubject,
            ack_policy: AckPolicy::None,
            filter_subject: format!("{}>", store.prefix),
            idle_heartbeat: HEARTBEAT,
            num_replicas: 1,
            memory_storage: true,
            ..Config::default()
        };
        let consumer = store
            .stream
            .create_consumer(config)
            .await
            .map_err(|error| error.to_string())?;
        let mut pending = consumer.cached_info().num_pending;
        let messages = consumer
            .messages()
            .await
            .map_err(|error| error.to_string())?;
        let mut session = Self {
            client: bucket.client.clone(),
            messages,
            connects,
            received: 0,
        };
        let mut found = HashMap::new();
        while pending > 0 {
            let message = tokio::time::timeout(PATIENCE, session.messages.next())
                .await
                .map_err(|_| late())?;
            let update = session.take_in(message)?;
            pending = update.pending;
            found.insert(update.key, update.found);
        }
        heal::restore(bucket, shared, birth, &mut found).await?;
        shared.reached(birth, found);
        heal::announce(bucket, shared).await;
        Ok(session)
    }

    /// Applies what comes, until something is wrong; says what.
    async fn follow(&mut self, bucket: &Bucket, shared: &Shared) -> String {
        let mut check = tokio::time::interval(RECONNECT_CHECK);
        let mut announced = Instant::now();
        loop {
            let message = tokio::select! {
                message = self.messages.next() => Some(message),
                _ = check.tick() => {
                    if connects(&self.client) != self.connects {
                        return "the connection was lost".to_owned();
                    }
                    None
                }
            };
            match message.map(|it| self.take_in(it)) {
                Some(Ok(Update { key, found, .. })) => {
                    shared.apply(&key, found.revision, found.value);
                }
                Some(Err(reason)) => return reason,
                None if shared.has_unsent() && announced.elapsed() > UNSENT_PAUSE => {
                    heal::announce(bucket, shared).await;
                    announced = Instant::now();
                }
                None => {}
            }
        }
    }

    fn take_in<E: std::fmt::Display>(
        &mut self,
        message: Option<Result<Message, E>>,
    ) -> Result<Update, String> {
        let message = message
            .ok_or("the subscription ended")?
            .map_err(|error| error.to_string())?;
        let info = message.info().map_err(|error| error.to_string())?;
        if info.consumer_sequence != self.received + 1 {
            return Err("a message is missing".to_owned());
        }
        self.received = info.consumer_sequence;
        // Keys hold no dots; what is before them depends on domains and imports.
        let key = message
            .subject
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let found = Found {
            revision: info.stream_sequence,
            value: value(&key, &message),
            origin: message.headers.as_ref().and_then(Origin::read),
        };
        Ok(Update {
            key,
            found,
            pending: info.pending,
        })
    }
}

fn value(key: &str, message: &Message) -> Value {
    if message.headers.as_ref().is_some_and(is_deletion) {
        return Value::Deleted;
    }
    Entry::decode(key, &message.payload).map_or(Value::Unreadable, Value::Put)
}

/// Whichever way it was deleted: hosts up to 0.63 purge.
fn is_deletion(headers: &HeaderMap) -> bool {
    let operation = headers.get(OPERATION).map(|it| it.as_str());
    matches!(operation, Some("DEL" | "PURGE")) || headers.get("Nats-Marker-Reason").is_some()
}

fn connects(client: &async_nats::Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}
