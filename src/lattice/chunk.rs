//! Payloads too big for NATS, through the JetStream object store (protocol §4.6).
//!
//! Written by hand rather than with the client's own object store: objects must be readable by peers whose
//! readers disagree on names, times and digests, and their objects by us. Knows no invocations: whoever calls
//! names the objects.

mod meta;
mod stored;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::HeaderMap;
use async_nats::jetstream::context::{
    Context, ContextBuilder, PublishAckFuture, PublishError, PublishErrorKind, RequestErrorKind,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_util::task::TaskTracker;

use self::meta::Meta;
pub(super) use self::stored::Stored;
use super::object;
use super::subject::LatticeName;

/// Payloads above this travel through the object store: the newest peers expect it from here on, and all
/// of them accept it (protocol §13.5).
pub(super) const CHUNK_ABOVE: usize = 900 * 1024;

/// The largest object that we write or read; both sides hold it in memory.
pub(super) const MAX_OBJECT: u64 = 512 * 1024 * 1024;

/// The size of a chunk, as every writer makes them.
const CHUNK: usize = 128 * 1024;

/// Chunks on their way to the store at a time: 4 MiB.
const WINDOW: usize = 32;

/// "stream name already in use": by a peer, with settings of its own.
const STREAM_EXISTS: u64 = 10058;

/// "no message found".
const NO_MESSAGE: u64 = 10037;

/// The object store of one lattice.
pub(super) struct ChunkStore {
    client: async_nats::Client,
    bucket: String,
    domain: Option<String>,
    /// Made when first needed: it comes with a task.
    context: OnceLock<Context>,
    /// Whether the stream is known to be there.
    ready: AtomicBool,
    cleanups: TaskTracker,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkError {
    #[error(
        "JetStream does not answer, and a payload of {size} bytes can only travel through it; \
         enable JetStream on the NATS server or send less than {CHUNK_ABOVE} bytes"
    )]
    NoJetStream { size: u64 },
    #[error("a payload of {size} bytes is too large; the limit is {MAX_OBJECT}")]
    TooLarge { size: u64 },
    #[error("JetStream holds no payload '{name}'")]
    NotFound { name: String },
    #[error("the payload '{name}' in JetStream is damaged: {reason}")]
    Damaged { name: String, reason: &'static str },
    #[error("JetStream failed with a payload of {size} bytes: {reason}")]
    Failed { size: u64, reason: String },
}

impl ChunkStore {
    pub(super) fn new(
        client: async_nats::Client,
        lattice: &LatticeName,
        domain: Option<String>,
    ) -> Arc<Self> {
        Arc::new(Self {
            client,
            bucket: lattice.to_string(),
            domain,
            context: OnceLock::new(),
            ready: AtomicBool::new(false),
            cleanups: TaskTracker::new(),
        })
    }

    /// Writes a whole object. It is removed again when the [`Stored`] is dropped without being left to its
    /// reader.
    pub(super) async fn put(
        self: &Arc<Self>,
        name: &str,
        data: &Bytes,
    ) -> Result<Stored, ChunkError> {
        let size = data.len() as u64;
        if size > MAX_OBJECT {
            return Err(ChunkError::TooLarge { size });
        }
        if !self.ready.load(Ordering::Relaxed) {
            self.create_stream(size).await?;
        }
        match self.write(name, data).await {
            // Someone removed the stream since.
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                self.ready.store(false, Ordering::Relaxed);
                self.create_stream(size).await?;
                self.write(name, data).await
            }
            other => other,
        }
        .map_err(|error| match error.kind() {
            PublishErrorKind::StreamNotFound => ChunkError::NoJetStream { size },
            _ => ChunkError::Failed {
                size,
                reason: error.to_string(),
            },
        })
    }

    /// Reads an object of `size` bytes and deletes it.
    pub(super) async fn take(self: &Arc<Self>, name: &str, size: u64) -> Result<Bytes, ChunkError> {
        if size > MAX_OBJECT {
            return Err(ChunkError::TooLarge { size });
        }
        let meta = self.find(name, size).await?;
        if meta.size != size {
            return Err(ChunkError::Damaged {
                name: name.to_owned(),
                reason: "its size is not the announced one",
            });
        }
        let data = self.read(name, &meta).await?;
        // The payload is here; what cannot be deleted costs the store some room, not the call.
        if let Err(error) = self.delete(name, &meta).await {
            tracing::debug!(%error, name, "cannot delete a payload that was read");
        }
        Ok(data)
    }

    async fn write(self: &Arc<Self>, name: &str, data: &Bytes) -> Result<Stored, PublishError> {
        let mut stored = Stored::new(self, Meta::new(name, &self.bucket));
        let chunks = self.chunk_subject(&stored.meta);
        let mut digest = Sha256::new();
        let mut acks = VecDeque::<PublishAckFuture>::new();
        let mut rest = data.clone();
        while !rest.is_empty() {
            let chunk = rest.split_to(CHUNK.min(rest.len()));
            digest.update(&chunk);
            acks.push_back(self.context().publish(chunks.clone(), chunk).await?);
            stored.meta.chunks += 1;
            if acks.len() >= WINDOW
                && let Some(ack) = acks.pop_front()
            {
                ack.await?;
            }
        }
        for ack in acks {
            ack.await?;
        }
        stored.meta.size = data.len() as u64;
        stored.meta.digest = meta::digest_text(&digest.finalize());
        // Its reader looks under one of them.
        let subjects = self.meta_subjects(name);
        try_join_all(subjects.map(|it| self.publish_meta(it, &stored.meta))).await?;
        Ok(stored)
    }

    /// The newest meta of an object.
    async fn find(&self, name: &str, size: u64) -> Result<Meta, ChunkError> {
        for subject in self.meta_subjects(name) {
            let Some(data) = self.last(&subject, size).await? else {
                continue;
            };
            let meta = Meta::from_base64(&data).ok_or_else(|| ChunkError::Damaged {
                name: name.to_owned(),
                reason: "its description cannot be read",
            })?;
            if !meta.deleted {
                return Ok(meta);
            }
        }
        Err(ChunkError::NotFound {
            name: name.to_owned(),
        })
    }

    /// The last message of a subject, in base64.
    async fn last(&self, subject: &str, size: u64) -> Result<Option<String>, ChunkError> {
        let request = json!({ "last_by_subj": subject });
        let answer = match self.api("STREAM.MSG.GET", &request, size).await? {
            Ok(answer) => answer,
            Err(error) if error.code == NO_MESSAGE || error.status == 404 => return Ok(None),
            Err(error) => return Err(error.into_failure(size)),
        };
        let data = answer.pointer("/message/data").and_then(Value::as_str);
        Ok(Some(data.unwrap_or_default().to_owned()))
    }

    async fn read(&self, name: &str, meta: &Meta) -> Result<Bytes, ChunkError> {
        let damaged = |reason| ChunkError::Damaged {
            name: name.to_owned(),
            reason,
        };
        let failed = |error: &dyn std::fmt::Display| ChunkError::Failed {
            size: meta.size,
            reason: error.to_string(),
        };
        if meta.size == 0 {
            return Ok(Bytes::new());
        }
        let subject = self.chunk_subject(meta);
        let inbox = self.client.new_inbox();
        let messages = object::chunks(self.context(), self.stream(), subject, inbox).await;
        let messages = messages.map_err(|error| failed(&error))?;
        let mut messages = messages.ok_or_else(|| damaged("its chunks are missing"))?;
        let mut data = BytesMut::new();
        let mut digest = Sha256::new();
        while (data.len() as u64) < meta.size {
            let message = messages.next().await;
            let message = message
                .ok_or_else(|| damaged("it ends early"))?
                .map_err(|error| failed(&error))?;
            digest.update(&message.payload);
            data.extend_from_slice(&message.payload);
            let pending = message.info().map_err(|error| failed(&error))?.pending;
            if pending == 0 {
                break;
            }
        }
        if data.len() as u64 != meta.size {
            return Err(damaged("its chunks do not add up to its size"));
        }
        // Old writers leave the digest empty.
        if !meta.digest.is_empty() && meta.digest != meta::digest_text(&digest.finalize()) {
            return Err(damaged("its digest does not match"));
        }
        Ok(data.freeze())
    }

    /// Removes an object, also its descriptions: a mark that it is deleted would stay for ever.
    async fn delete(&self, name: &str, meta: &Meta) -> Result<(), ChunkError> {
        let subjects = self.meta_subjects(name).chain([self.chunk_subject(meta)]);
        try_join_all(subjects.map(|it| self.purge(it, meta.size))).await?;
        Ok(())
    }

    /// Removes an object that we wrote, and nothing that has come under its name since.
    async fn delete_own(&self, meta: &Meta) -> Result<(), ChunkError> {
        self.purge(self.chunk_subject(meta), meta.size).await?;
        for subject in self.meta_subjects(&meta.name) {
            let data = self.last(&subject, meta.size).await?;
            let last = data.and_then(|it| Meta::from_base64(&it));
            if last.is_some_and(|it| it.nuid == meta.nuid) {
                self.purge(subject, meta.size).await?;
            }
        }
        Ok(())
    }

    async fn purge(&self, subject: String, size: u64) -> Result<(), ChunkError> {
        let request = json!({ "filter": subject });
        self.api("STREAM.PURGE", &request, size)
            .await?
            .map(|_| ())
            .map_err(|error| error.into_failure(size))
    }

    async fn publish_meta(&self, subject: String, meta: &Meta) -> Result<(), PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Rollup", "sub");
        let text = meta.to_json(OffsetDateTime::now_utc());
        let context = self.context();
        let ack = context.publish_with_headers(subject, headers, text.into());
        ack.await?.await?;
        Ok(())
    }

    async fn create_stream(&self, size: u64) -> Result<(), ChunkError> {
        let request = json!({
            "name": self.stream(),
            "subjects": [
                format!("$O.{}.C.>", self.bucket),
                format!("$O.{}.M.>", self.bucket),
            ],
            "retention": "limits",
            "storage": "file",
            "discard": "new",
            "allow_rollup_hdrs": true,
            "num_replicas": 1,
            "max_age": 0,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_consumers": -1,
        });
        match self.api("STREAM.CREATE", &request, size).await? {
            Ok(_) => {}
            Err(error) if error.code == STREAM_EXISTS => {}
            Err(error) => return Err(error.into_failure(size)),
        }
        self.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A request of the JetStream API about our stream; the inner error is JetStream's own.
    async fn api(
        &self,
        verb: &str,
        request: &Value,
        size: u64,
    ) -> Result<Result<Value, ApiError>, ChunkError> {
        let subject = format!("{verb}.{}", self.stream());
        let answer: Result<Value, _> = self.context().request(subject, request).await;
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => ChunkError::NoJetStream { size },
            _ => ChunkError::Failed {
                size,
                reason: error.to_string(),
            },
        })?;
        let Some(error) = answer.get("error") else {
            return Ok(Ok(answer));
        };
        let number = |field| error.get(field).and_then(Value::as_u64).unwrap_or_default();
        let text = error.get("description").and_then(Value::as_str);
        Ok(Err(ApiError {
            code: number("err_code"),
            status: number("code"),
            description: text.unwrap_or("unknown error").to_owned(),
        }))
    }

    fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let builder = ContextBuilder::new();
            match &self.domain {
                Some(domain) => builder.domain(domain).build(self.client.clone()),
                None => builder.build(self.client.clone()),
            }
        })
    }

    fn stream(&self) -> String {
        format!("OBJ_{}", self.bucket)
    }

    fn chunk_subject(&self, meta: &Meta) -> String {
        format!("$O.{}.C.{}", self.bucket, meta.nuid)
    }

    /// Where readers since late 2022 look, and where older ones do.
    fn meta_subjects(&self, name: &str) -> impl Iterator<Item = String> + use<'_> {
        [Some(meta::encoded_name(name)), meta::raw_name(name)]
            .into_iter()
            .flatten()
            .map(|suffix| format!("$O.{}.M.{suffix}", self.bucket))
    }
}

/// An error answer of the JetStream API.
struct ApiError {
    code: u64,
    status: u64,
    description: String,
}

impl ApiError {
    fn into_failure(self, size: u64) -> ChunkError {
        // JetStream is off for this account, or has no leader.
        if self.status == 503 {
            return ChunkError::NoJetStream { size };
        }
        ChunkError::Failed {
            size,
            reason: self.description,
        }
    }
}

#[cfg(test)]
mod tests;
