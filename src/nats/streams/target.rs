//! A stream that is being filled from a file: message by message, each at its sequence.

use std::collections::VecDeque;
use std::io::BufRead;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MoveError;
use super::api::{Api, NO_REPLICAS};
use super::outgoing::{Outgoing, Recent};
use super::plan::{consumer, gap, loading, retention, settled};
use super::record::{Decoder, Record, name_of};

/// Messages on their way that are not acknowledged yet, and bytes of them.
const MOST: usize = 256;
const MOST_BYTES: usize = 8 << 20;

/// Gaps filled until the server has to say that they are.
const GAPS: u64 = 512;

/// Gaps emptied one by one at once.
const AT_ONCE: usize = 64;

/// How often a message is sent again that is taken for a duplicate, and after what time.
const RETRIES: u32 = 300;
const RETRY: Duration = Duration::from_millis(100);

/// A stream that is being filled.
pub(super) struct Target<'a> {
    api: &'a Api,
    name: &'a str,
    config: Value,
    first_seq: u64,
    /// The subject of what stands where messages are missing.
    gap: String,
    /// The sequence that the next message gets.
    next: u64,
    /// Sequences of what stands in gaps, from and until.
    gaps: Vec<(u64, u64)>,
    waiting: VecDeque<(u64, usize, PublishAckFuture)>,
    waiting_bytes: usize,
    ids: Recent,
    held: Vec<(String, Value)>,
    pub(super) messages: u64,
    pub(super) expired: u64,
    pub(super) consumers: u64,
}

impl<'a> Target<'a> {
    pub(super) async fn create(
        api: &'a Api,
        name: &'a str,
        mut config: Value,
        first_seq: u64,
    ) -> Result<Self, MoveError> {
        let gap = gap();
        let created = api.create(name, &loading(&config, first_seq, &gap)).await;
        let info = match created {
            Err(MoveError::Refused { code, .. }) if code == NO_REPLICAS => {
                tracing::warn!("stream {name} is kept once, since this server is no cluster");
                if let Some(config) = config.as_object_mut() {
                    config.insert("num_replicas".to_owned(), 1.into());
                }
                api.create(name, &loading(&config, first_seq, &gap)).await?
            }
            other => other?,
        };
        let mut next = last_seq(&info) + 1;
        if next < first_seq {
            // Servers before 2.10 know no first sequence, but can be purged to one.
            api.purge(name, &json!({ "seq": first_seq })).await?;
            let info = api.info(name).await?.unwrap_or_default();
            next = last_seq(&info) + 1;
        }
        let target = Self {
            api,
            name,
            config,
            first_seq,
            gap,
            next,
            gaps: Vec::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            ids: Recent::new(),
            held: Vec::new(),
            messages: 0,
            expired: 0,
            consumers: 0,
        };
        if next > first_seq {
            let reason = format!("it begins at {next}");
            return Err(target.diverged(first_seq, reason));
        }
        Ok(target)
    }

    fn diverged(&self, seq: u64, reason: impl Into<String>) -> MoveError {
        MoveError::Diverged {
            stream: self.name.to_owned(),
            seq,
            reason: reason.into(),
        }
    }

    pub(super) async fn fill(
        &mut self,
        decoder: &mut Decoder<impl BufRead>,
        last_seq: u64,
    ) -> Result<(), MoveError> {
        let age = self.config.get("max_age").and_then(Value::as_u64);
        let age = age.filter(|it| *it > 0).map(Duration::from_nanos);
        let now = OffsetDateTime::now_utc();
        let expired = |time: &str| {
            let stored = OffsetDateTime::parse(time, &Rfc3339).ok();
            stored.is_some_and(|it| age.is_some_and(|age| it + age < now))
        };
        loop {
            match decoder.next()? {
                Some(Record::Consumer { config, ack_floor }) => {
                    self.consumer(config, ack_floor).await?;
                }
                Some(Record::Message(it)) if expired(&it.time) => self.expired += 1,
                Some(Record::Message(it)) => {
                    let seq = it.seq;
                    self.fill_gap(seq).await?;
                    let message = Outgoing::new(it).map_err(|it| decoder.malformed(it))?;
                    self.publish(seq, message).await?;
                }
                Some(Record::End { .. }) => break,
                _ => return Err(decoder.malformed("it is out of place")),
            }
        }
        self.fill_gap(last_seq + 1).await?;
        self.acknowledged(0).await
    }

    /// Makes a consumer, or remembers to: where messages are kept for consumers only, these come first.
    async fn consumer(&mut self, config: Value, ack_floor: u64) -> Result<(), MoveError> {
        let Some(name) = name_of(&config).map(str::to_owned) else {
            return Ok(());
        };
        let retention = retention(&self.config);
        let config = consumer(&config, ack_floor, retention);
        self.consumers += 1;
        if retention == "interest" {
            return self.api.create_consumer(self.name, &name, &config).await;
        }
        self.held.push((name, config));
        Ok(())
    }

    async fn publish(&mut self, seq: u64, message: Outgoing) -> Result<(), MoveError> {
        let twice = message
            .id
            .as_ref()
            .is_some_and(|it| self.ids.add(it, Instant::now()));
        if twice {
            self.acknowledged(0).await?;
            self.publish_again(seq, &message).await?;
        } else {
            let size = message.payload.len();
            let ack = self.send(seq, &message).await?;
            self.waiting.push_back((seq, size, ack));
            self.waiting_bytes += size;
            self.acknowledged(MOST).await?;
        }
        self.next = seq + 1;
        self.messages += 1;
        Ok(())
    }

    /// Sends a message until the server has forgotten another one with its id.
    async fn publish_again(&mut self, seq: u64, message: &Outgoing) -> Result<(), MoveError> {
        for _ in 0..RETRIES {
            let ack = self.send(seq, message).await?;
            let ack = ack.await.map_err(|it| self.diverged(seq, it.to_string()))?;
            if !ack.duplicate {
                return self.verify(seq, &ack.stream, ack.sequence);
            }
            tokio::time::sleep(RETRY).await;
        }
        Err(self.diverged(seq, "it is taken for a duplicate"))
    }

    async fn send(&self, seq: u64, message: &Outgoing) -> Result<PublishAckFuture, MoveError> {
        let mut publish = PublishMessage::build().payload(message.payload.clone());
        if !message.headers.is_empty() {
            publish = publish.headers(message.headers.clone());
        }
        let sent = self.api.0.send_publish(message.subject.clone(), publish);
        sent.await
            .map_err(|error| self.diverged(seq, error.to_string()))
    }

    /// Waits until at most so many messages, and bytes, are not acknowledged.
    async fn acknowledged(&mut self, most: usize) -> Result<(), MoveError> {
        while self.waiting.len() > most || (most > 0 && self.waiting_bytes > MOST_BYTES) {
            let Some((seq, size, ack)) = self.waiting.pop_front() else {
                break;
            };
            self.waiting_bytes -= size;
            let ack = ack.await.map_err(|it| self.diverged(seq, it.to_string()))?;
            if ack.duplicate {
                return Err(self.diverged(seq, "it is taken for a duplicate"));
            }
            self.verify(seq, &ack.stream, ack.sequence)?;
        }
        Ok(())
    }

    fn verify(&self, seq: u64, stream: &str, found: u64) -> Result<(), MoveError> {
        if stream != self.name {
            let reason = format!("stream {stream} took it; two listen on its subject");
            return Err(self.diverged(seq, reason));
        }
        if found != seq {
            let reason = format!("it became {found}; somebody else publishes there");
            return Err(self.diverged(seq, reason));
        }
        Ok(())
    }

    /// Publishes what is purged later, so that the next message gets this sequence.
    async fn fill_gap(&mut self, until: u64) -> Result<(), MoveError> {
        // Elsewhere it only counts that there are any.
        let counts = self.gaps.is_empty() || retention(&self.config) == "interest";
        if self.next < until && counts {
            self.gaps.push((self.next, until));
        }
        while self.next < until {
            let last = until.min(self.next + GAPS) - 1;
            let client = self.api.0.client();
            for seq in self.next..last {
                let sent = client.publish(self.gap.clone(), Bytes::new()).await;
                sent.map_err(|error| self.diverged(seq, error.to_string()))?;
            }
            let publish = PublishMessage::build();
            let sent = self.api.0.send_publish(self.gap.clone(), publish).await;
            let ack = match sent {
                Ok(it) => it.await,
                Err(error) => Err(error),
            };
            let ack = ack.map_err(|error| self.diverged(last, error.to_string()))?;
            self.verify(last, &ack.stream, ack.sequence)?;
            self.next = last + 1;
        }
        Ok(())
    }

    /// Removes what stands where messages are missing.
    async fn empty_gaps(&mut self) -> Result<(), MoveError> {
        let gaps = std::mem::take(&mut self.gaps);
        if gaps.is_empty() {
            return Ok(());
        }
        if retention(&self.config) != "interest" {
            let body = json!({ "filter": self.gap });
            return self.api.purge(self.name, &body).await;
        }
        // Under consumers that are there already, which old servers move too far when they purge.
        let sequences = gaps.into_iter().flat_map(|(from, until)| from..until);
        let mut removals = iter(sequences)
            .map(|seq| self.api.remove(self.name, seq))
            .buffered(AT_ONCE);
        while let Some(removed) = removals.next().await {
            removed?;
        }
        Ok(())
    }

    /// Gives the stream its gaps, its configuration and its consumers.
    pub(super) async fn settle(&mut self) -> Result<(), MoveError> {
        self.empty_gaps().await?;
        // Before its limits are back: they may count bytes in another way than where it comes from.
        let info = self.api.info(self.name).await?.unwrap_or_default();
        let found = info.get("state").and_then(|it| it.get("messages"));
        let found = found.and_then(Value::as_u64).unwrap_or_default();
        if found != self.messages && retention(&self.config) == "limits" {
            let reason = format!("{found} of {} messages are there", self.messages);
            return Err(self.diverged(self.next - 1, reason));
        }
        let config = settled(&self.config, self.first_seq);
        self.api.update(self.name, &config).await?;
        for (name, config) in std::mem::take(&mut self.held) {
            self.api.create_consumer(self.name, &name, &config).await?;
        }
        Ok(())
    }
}

fn last_seq(info: &Value) -> u64 {
    let last = info.get("state").and_then(|it| it.get("last_seq"));
    last.and_then(Value::as_u64).unwrap_or_default()
}
