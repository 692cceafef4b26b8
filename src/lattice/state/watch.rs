//! Keeping the snapshot fresh: one consumer on the bucket for as long as it lasts, then another.
//!
//! Whatever interrupts it (a reconnect, a restarted server, a lost stream, a message that is missing), the
//! cure is the same: read the whole bucket again and tell the differences. Buckets are small.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use futures_util::StreamExt;
use tokio::sync::broadcast;

use super::bucket::{Bucket, OPERATION, late};
use super::entry::{Entry, Value};
use super::table::Table;
use super::{Change, Snapshot};

/// Changes that a receiver may be behind before it has to look at the snapshot.
const BACKLOG: usize = 1024;

/// How long the server may send nothing while it scans.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server says this often that it is there; the second omission ends a session.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How soon a reconnect is noticed. Sooner than by missing heartbeats.
const RECONNECT_CHECK: Duration = Duration::from_millis(500);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the handles and the watch share.
pub(super) struct Shared {
    table: RwLock<Table>,
    changes: broadcast::Sender<Change>,
}

impl Shared {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table: RwLock::new(table),
            changes: broadcast::channel(BACKLOG).0,
        }
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.snapshot()
    }

    pub(super) fn look<T>(&self, at: impl FnOnce(&Snapshot) -> T) -> T {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        at(table.view())
    }

    pub(super) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub(super) fn holds(&self, key: &str, entry: &Entry) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.holds(key, entry)
    }

    pub(super) fn apply(&self, key: &str, revision: u64, value: Value) {
        self.update(|table| table.apply(key, revision, value));
    }

    /// Changes are told under the lock, so that they come in the order in which they were made.
    fn update<T: IntoIterator<Item = Change>>(&self, edit: impl FnOnce(&mut Table) -> T) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for change in edit(&mut table) {
            // An error means that nobody listens.
            let _ = self.changes.send(change);
        }
    }
}

/// Follows the bucket until it is dropped, from `session` on.
pub(super) async fn run(bucket: Bucket, shared: Arc<Shared>, mut session: Session) {
    loop {
        let reason = session.follow(&shared).await;
        tracing::debug!(%reason, "reading the shared state again");
        // Ends its subscription, and with it the consumer.
        drop(session);
        session = reopen(&bucket, &shared).await;
    }
}

async fn reopen(bucket: &Bucket, shared: &Shared) -> Session {
    let mut pause = FIRST_PAUSE;
    loop {
        match Session::start(bucket, shared).await {
            Ok(session) => return session,
            Err(reason) => tracing::warn!(%reason, "cannot follow the shared state, trying again"),
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
    revision: u64,
    value: Value,
    /// How many are to come before all is read.
    pending: u64,
}

impl Session {
    /// Creates the bucket if need be, and reads all of it.
    pub(super) async fn start(bucket: &Bucket, shared: &Shared) -> Result<Self, String> {
        shared.update(|table| {
            table.begin_scan();
            None
        });
        let connects = connects(&bucket.client);
        let store = bucket.reopen().await?;
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
            found.insert(update.key, (update.revision, update.value));
        }
        shared.update(|table| table.finish_scan(found));
        Ok(session)
    }

    /// Applies what comes, until something is wrong; says what.
    async fn follow(&mut self, shared: &Shared) -> String {
        let mut check = tokio::time::interval(RECONNECT_CHECK);
        loop {
            let message = tokio::select! {
                message = self.messages.next() => message,
                _ = check.tick() => {
                    if connects(&self.client) == self.connects {
                        continue;
                    }
                    return "the connection was lost".to_owned();
                }
            };
            match self.take_in(message) {
                Ok(update) => shared.apply(&update.key, update.revision, update.value),
                Err(reason) => return reason,
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
        Ok(Update {
            value: value(&key, &message),
            key,
            revision: info.stream_sequence,
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
