//! The bucket of a lattice's artifacts and the few requests about it.
//!
//! By hand rather than with the client's own object store, which sends a chunk only when the one before it is
//! acknowledged, and can neither replace nor remove an object only if it is still the one that was looked at.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::context::{
    Context, ContextBuilder, PublishError, PublishErrorKind, RequestErrorKind,
};
use async_nats::jetstream::publish::PublishAck;
use futures_util::{StreamExt, TryStreamExt, stream};
use rand::RngExt as _;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;

use super::meta::Meta;
use super::reference::Digest;
use crate::lattice::object::encoded_name;
use crate::lattice::subject::{self, LatticeName};

/// The largest artifact, in bytes: what hosts read.
pub(super) const MAX_ARTIFACT: u64 = 512 << 20;

/// How large the bucket may become, unless whoever made it chose otherwise.
const MAX_BYTES: u64 = 1 << 30;

/// Where the server cannot set that much aside, it may be as little as this, or nothing.
const MIN_BYTES: i64 = 64 << 20;

/// The longest wait before the bucket is made, in milliseconds.
const MAKING_PAUSE: u64 = 20;

/// For one request about the bucket. Who may not ask gets no answer.
const API_LIMIT: Duration = Duration::from_secs(5);

/// For a chunk's acknowledgement, with those before it that still have to pass a slow line.
const CHUNK_LIMIT: Duration = Duration::from_secs(30);

/// How often, and after which pause, to look whether what another store has acknowledged is in ours.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(100);

/// Descriptions that are asked for at a time.
const ASK_AT_ONCE: usize = 16;

const NO_MESSAGE: u64 = 10037;
const NO_STREAM: u64 = 10059;
/// Its name is in use, or its subjects are.
const MADE: [u64; 2] = [10058, 10065];
/// The server or the account cannot spare the bytes that were asked for.
const NO_ROOM: [u64; 2] = [10023, 10047];

/// What servers say when the bucket, the account or the disk is full.
const FULL: [&str; 3] = ["maximum bytes exceeded", "insufficient", "no space left"];

#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Nobody answers for JetStream, or not to this user.
    #[error("the lattice's artifact store{} is out of reach: {reason}", in_domain(.domain.as_deref()))]
    Unreachable {
        domain: Option<String>,
        reason: String,
    },
    #[error(
        "the lattice has no artifact '{name}' (any more); send the file again with `wash start` or `wash update`"
    )]
    NotFound { name: String },
    /// What is there is not what the hash names.
    #[error("the artifact '{name}' in the lattice is damaged: {reason}; send the file again")]
    Damaged { name: String, reason: &'static str },
    #[error("the artifact '{name}' has {size} bytes; the limit is {limit}")]
    TooLarge { name: String, size: u64, limit: u64 },
    #[error(
        "the lattice's artifact store is full: there is no room for {size} bytes in '{bucket}'"
    )]
    Full { bucket: String, size: u64 },
    #[error("the file changed while it was sent")]
    Changed,
    #[error("cannot read or write the artifact on this machine: {0}")]
    Io(#[from] std::io::Error),
    #[error("the artifact '{name}' does not arrive: nothing came for {after:?}")]
    Stalled { name: String, after: Duration },
    #[error("the lattice's artifact store failed: {0}")]
    Failed(String),
}

fn in_domain(domain: Option<&str>) -> String {
    domain.map_or_else(String::new, |it| format!(" (JetStream domain '{it}')"))
}

/// One lattice's artifacts; cheap to clone.
#[derive(Clone)]
pub struct Artifacts {
    inner: Arc<Inner>,
}

struct Inner {
    client: async_nats::Client,
    lattice: LatticeName,
    domain: Option<String>,
    /// Made when first needed: it comes with a task.
    context: OnceLock<Context>,
    max_bytes: u64,
    making: Mutex<()>,
}

impl fmt::Debug for Artifacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifacts")
            .field("lattice", &self.inner.lattice)
            .field("domain", &self.inner.domain)
            .finish_non_exhaustive()
    }
}

/// An object that was there when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(super) meta: Meta,
    /// Of the message that describes it; another one if it was put or used again.
    pub(super) sequence: u64,
    /// When it was put or used last, by the server's clock.
    pub(super) time: OffsetDateTime,
}

impl Stored {
    /// None of what is no artifact of ours.
    pub fn digest(&self) -> Option<Digest> {
        Digest::parse(&self.meta.name)
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.meta.size
    }

    /// The name of the file that it was.
    pub fn file_name(&self) -> &str {
        &self.meta.description
    }
}

/// What a look for an object brought.
pub(super) enum Found {
    NoBucket,
    /// The sequence of what is in its place: a mark of deletion, or 0.
    Nothing(u64),
    Object(Stored),
}

impl Artifacts {
    /// Asks nothing yet.
    pub fn new(client: async_nats::Client, lattice: LatticeName, domain: Option<String>) -> Self {
        let inner = Inner {
            client,
            lattice,
            domain,
            context: OnceLock::new(),
            max_bytes: MAX_BYTES,
            making: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// With this size for the bucket, in bytes, should it have to be made.
    #[cfg(test)]
    pub(super) fn with_max_bytes(self, max_bytes: u64) -> Self {
        let Inner {
            client,
            lattice,
            domain,
            ..
        } = Arc::into_inner(self.inner).unwrap();
        let inner = Inner {
            client,
            lattice,
            domain,
            context: OnceLock::new(),
            max_bytes,
            making: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Everything that is there.
    ///
    /// # Errors
    /// [`ArtifactError::Unreachable`] or [`ArtifactError::Failed`].
    pub async fn list(&self) -> Result<Vec<Stored>, ArtifactError> {
        let subjects = self.subjects(&self.object("*")).await?;
        let found: Vec<_> = stream::iter(subjects.into_keys())
            .map(|it| self.find_at(it))
            .buffered(ASK_AT_ONCE)
            .try_collect()
            .await?;
        let objects = found.into_iter().filter_map(|it| match it {
            Found::Object(stored) => Some(stored),
            Found::NoBucket | Found::Nothing(_) => None,
        });
        Ok(objects.collect())
    }

    /// Removes an object, if nobody has put or used it since it was looked at. False if somebody has.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn remove(&self, stored: &Stored) -> Result<bool, ArtifactError> {
        let subject = self.object(&encoded_name(&stored.meta.name));
        let request = json!({ "filter": subject, "seq": stored.sequence + 1 });
        let answer = self.api("STREAM.PURGE", &request).await?;
        let answer = answer.map_err(|it| ArtifactError::Failed(it.description))?;
        let purged = answer.get("purged").and_then(Value::as_u64);
        if purged.unwrap_or_default() == 0 {
            return Ok(false);
        }
        self.purge(&self.chunks(&stored.meta.nuid)).await?;
        Ok(true)
    }

    pub(super) async fn find(&self, name: &str) -> Result<Found, ArtifactError> {
        self.find_at(self.object(&encoded_name(name))).await
    }

    async fn find_at(&self, subject: String) -> Result<Found, ArtifactError> {
        let request = json!({ "last_by_subj": subject });
        let answer = match self.api("STREAM.MSG.GET", &request).await? {
            Ok(answer) => answer,
            Err(error) if error.code == NO_STREAM => return Ok(Found::NoBucket),
            Err(error) if error.code == NO_MESSAGE => return Ok(Found::Nothing(0)),
            Err(error) => return Err(ArtifactError::Failed(error.description)),
        };
        let message = |field| answer.get("message").and_then(|it| it.get(field));
        let sequence = message("seq").and_then(Value::as_u64).unwrap_or_default();
        let data = message("data").and_then(Value::as_str);
        let time = message("time").and_then(Value::as_str);
        let time = time.and_then(|it| OffsetDateTime::parse(it, &Rfc3339).ok());
        Ok(match (data.and_then(Meta::from_base64), time) {
            (Some(meta), Some(time)) if !meta.deleted => Found::Object(Stored {
                meta,
                sequence,
                time,
            }),
            _ => Found::Nothing(sequence),
        })
    }

    /// When the newest message on a subject was stored.
    pub(super) async fn newest(
        &self,
        subject: &str,
    ) -> Result<Option<OffsetDateTime>, ArtifactError> {
        let request = json!({ "last_by_subj": subject });
        let answer = self.api("STREAM.MSG.GET", &request).await?;
        let answer = answer.ok();
        let time = answer.as_ref().and_then(|it| it.pointer("/message/time"));
        let time = time.and_then(Value::as_str);
        Ok(time.and_then(|it| OffsetDateTime::parse(it, &Rfc3339).ok()))
    }

    /// The subjects that hold something, with how many messages; none where there is no bucket.
    pub(super) async fn subjects(
        &self,
        filter: &str,
    ) -> Result<BTreeMap<String, u64>, ArtifactError> {
        let request = json!({ "subjects_filter": filter });
        let answer = match self.api("STREAM.INFO", &request).await? {
            Ok(answer) => answer,
            Err(error) if error.code == NO_STREAM => return Ok(BTreeMap::new()),
            Err(error) => return Err(ArtifactError::Failed(error.description)),
        };
        let subjects = answer.pointer("/state/subjects").and_then(Value::as_object);
        let count = |it: &Value| it.as_u64().unwrap_or_default();
        Ok(subjects
            .into_iter()
            .flatten()
            .map(|(subject, it)| (subject.clone(), count(it)))
            .collect())
    }

    /// Whether all chunks of an object are there.
    pub(super) async fn is_whole(&self, stored: &Stored) -> Result<bool, ArtifactError> {
        let subject = self.chunks(&stored.meta.nuid);
        let found = self.subjects(&subject).await?;
        Ok(found.get(&subject).copied().unwrap_or_default() == stored.meta.chunks)
    }

    pub(super) async fn purge(&self, subject: &str) -> Result<(), ArtifactError> {
        let request = json!({ "filter": subject });
        let answer = self.api("STREAM.PURGE", &request).await?;
        answer
            .map(|_| ())
            .map_err(|it| ArtifactError::Failed(it.description))
    }

    /// Puts a description in the place of what has `sequence`; the new sequence, or none if something else is
    /// there by now.
    pub(super) async fn describe(
        &self,
        meta: &Meta,
        digest: &Digest,
        sequence: u64,
    ) -> Result<Option<u64>, ArtifactError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Rollup", "sub");
        let expected = sequence.to_string();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.as_str());
        let bucket = subject::artifact::bucket(&self.inner.lattice);
        let text = meta.to_json(&bucket, digest, OffsetDateTime::now_utc());
        let subject = self.object(&encoded_name(&meta.name));
        let sent = (self.context()).publish_with_headers(subject, headers, text.into());
        let ack = match sent.await {
            Ok(ack) => ack.await,
            Err(error) => Err(error),
        };
        match ack {
            Ok(ack) if self.is_own(&ack) => Ok(Some(ack.sequence)),
            Ok(_) => self.look_for(meta, sequence).await,
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                self.look_for(meta, sequence).await
            }
            Err(error) => Err(self.unsent(&error, meta.size)),
        }
    }

    /// What became of a description that was to replace what has `sequence`.
    async fn look_for(&self, meta: &Meta, sequence: u64) -> Result<Option<u64>, ArtifactError> {
        for _ in 0..LOOKS {
            let now = match self.find(&meta.name).await? {
                Found::NoBucket => return Ok(None),
                Found::Nothing(now) => now,
                Found::Object(it) if it.sequence > sequence && it.meta.nuid == meta.nuid => {
                    return Ok(Some(it.sequence));
                }
                Found::Object(it) => it.sequence,
            };
            if now != sequence {
                return Ok(None);
            }
            // The answer was another bucket's, and ours has not come to it yet.
            tokio::time::sleep(LOOK).await;
        }
        Ok(None)
    }

    /// Whether it is our bucket that acknowledges. Subjects of object stores are the same in all JetStream domains
    /// that leaf nodes connect, so each that has such a bucket stores what comes by, and answers.
    pub(super) fn is_own(&self, ack: &PublishAck) -> bool {
        let own = self.inner.domain.clone();
        let own = own.or_else(|| self.inner.client.server_info().domain);
        own.is_none_or(|it| it == ack.domain)
    }

    /// Waits a while until all chunks of an upload are there.
    pub(super) async fn await_chunks(&self, meta: &Meta) -> Result<(), ArtifactError> {
        let subject = self.chunks(&meta.nuid);
        for _ in 0..LOOKS {
            if self.subjects(&subject).await?.get(&subject) == Some(&meta.chunks) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        let text = "only the store of another JetStream domain takes the artifact";
        Err(ArtifactError::Failed(text.to_owned()))
    }

    /// Makes the bucket, if it is still missing, as large as the server lets it become.
    ///
    /// Servers of 2.9 that are asked twice at the same time may make two streams of one name, which then get in each
    /// other's way. So whoever shares a handle takes turns, and others hardly ever come at the same moment.
    pub(super) async fn create(&self) -> Result<(), ArtifactError> {
        let _turn = self.inner.making.lock().await;
        let pause = rand::rng().random_range(0..=MAKING_PAUSE);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if !matches!(self.find("-").await?, Found::NoBucket) {
            return Ok(());
        }
        let mut max_bytes = i64::try_from(self.inner.max_bytes).unwrap_or(-1);
        loop {
            let request = json!({
                "name": self.stream(),
                "description": "Modules and provider archives by content; hosts remove what nothing runs",
                "subjects": [self.chunks(">"), self.object(">")],
                "retention": "limits",
                "storage": "file",
                "discard": "new",
                "allow_rollup_hdrs": true,
                "allow_direct": true,
                "num_replicas": 1,
                "max_age": 0,
                "max_msgs": -1,
                "max_bytes": max_bytes,
                "max_consumers": -1,
            });
            match self.api("STREAM.CREATE", &request).await? {
                Ok(_) => return Ok(()),
                // By another, with settings of its own.
                Err(error) if MADE.contains(&error.code) => return Ok(()),
                Err(error) if NO_ROOM.contains(&error.code) && max_bytes >= 0 => {
                    max_bytes /= 2;
                    if max_bytes < MIN_BYTES {
                        // Nothing is set aside then, and the server's own limit holds.
                        max_bytes = -1;
                    }
                }
                Err(error) => return Err(ArtifactError::Failed(error.description)),
            }
        }
    }

    /// A request of the JetStream API about the bucket; the inner error is JetStream's own.
    async fn api(
        &self,
        verb: &str,
        request: &Value,
    ) -> Result<Result<Value, ApiError>, ArtifactError> {
        let subject = format!("{verb}.{}", self.stream());
        let answer = self.context().request(subject, request);
        let answer = tokio::time::timeout(API_LIMIT, answer).await;
        let answer: Result<Value, _> = answer.map_err(|_| {
            let reason = format!("no answer from JetStream within {API_LIMIT:?}");
            self.unreachable(reason)
        })?;
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => self.unreachable("JetStream is not there".to_owned()),
            _ => self.unreachable(error.to_string()),
        })?;
        let Some(error) = answer.get("error") else {
            return Ok(Ok(answer));
        };
        let number = |field| error.get(field).and_then(Value::as_u64).unwrap_or_default();
        let text = error.get("description").and_then(Value::as_str);
        let description = text.unwrap_or("unknown error").to_owned();
        // JetStream is off for this account, or has no leader.
        if number("code") == 503 {
            return Err(self.unreachable(description));
        }
        Ok(Err(ApiError {
            code: number("err_code"),
            description,
        }))
    }

    fn unreachable(&self, reason: String) -> ArtifactError {
        ArtifactError::Unreachable {
            domain: self.inner.domain.clone(),
            reason,
        }
    }

    /// Why something was not stored.
    pub(super) fn unsent(&self, error: &PublishError, size: u64) -> ArtifactError {
        let text = error.to_string();
        match error.kind() {
            PublishErrorKind::StreamNotFound | PublishErrorKind::TimedOut => self.unreachable(text),
            _ if FULL.iter().any(|it| text.contains(it)) => ArtifactError::Full {
                bucket: subject::artifact::bucket(&self.inner.lattice),
                size,
            },
            _ => ArtifactError::Failed(text),
        }
    }

    pub(super) fn client(&self) -> &async_nats::Client {
        &self.inner.client
    }

    pub(super) fn context(&self) -> &Context {
        self.inner.context.get_or_init(|| {
            let builder = ContextBuilder::new().timeout(CHUNK_LIMIT);
            let client = self.inner.client.clone();
            match &self.inner.domain {
                Some(domain) => builder.domain(domain).build(client),
                None => builder.build(client),
            }
        })
    }

    pub(super) fn stream(&self) -> String {
        subject::artifact::stream(&self.inner.lattice)
    }

    pub(super) fn chunks(&self, upload: &str) -> String {
        subject::artifact::chunks(&self.inner.lattice, upload)
    }

    pub(super) fn object(&self, name: &str) -> String {
        subject::artifact::object(&self.inner.lattice, name)
    }
}

/// An error answer of the JetStream API.
struct ApiError {
    code: u64,
    description: String,
}
