//! A message comes in: what it must fulfil, what it displaces, and the answer.

use std::sync::Arc;

use bytes::Bytes;

use super::super::super::Delivered;
use super::super::api::error::ApiError;
use super::super::api::stream::Discard;
use super::super::header::lines;
use super::super::subject::Filter;
use super::Owner;

/// Bytes of headers a message may have.
const HEADERS: usize = 64 * 1024;

/// The headers that concern the stream.
#[derive(Default)]
struct Wishes<'a> {
    id: Option<&'a str>,
    stream: Option<&'a str>,
    last: Option<u64>,
    last_of_subject: Option<u64>,
    last_subject: Option<&'a str>,
    last_id: Option<&'a str>,
    rollup: Option<&'a str>,
    ttl: bool,
}

impl<'a> Wishes<'a> {
    fn read(block: Option<&'a Bytes>) -> Self {
        let mut it = Self::default();
        for (name, value) in block.into_iter().flat_map(|it| lines(it)) {
            match name {
                "Nats-Msg-Id" => it.id = Some(value),
                "Nats-Expected-Stream" => it.stream = Some(value),
                "Nats-Expected-Last-Sequence" => it.last = value.parse().ok(),
                "Nats-Expected-Last-Subject-Sequence" => it.last_of_subject = value.parse().ok(),
                "Nats-Expected-Last-Subject-Sequence-Subject" => it.last_subject = Some(value),
                "Nats-Expected-Last-Msg-Id" => it.last_id = Some(value),
                "Nats-Rollup" => it.rollup = Some(value),
                "Nats-TTL" => it.ttl = true,
                _ => {}
            }
        }
        it
    }
}

/// A message was not stored.
enum Refusal {
    Duplicate(u64),
    Error(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl Owner {
    /// Stores a message; the answer waits until it is written.
    pub(super) fn publish(&mut self, message: &Delivered, subject: &Arc<str>) {
        let headers = message.headers.as_ref();
        let outcome = self.admit(subject, headers, &message.payload);
        let Some(reply) = message.reply.as_ref().filter(|_| !self.config.no_ack) else {
            return;
        };
        let answer = match outcome {
            Ok(seq) => format!("{}\"seq\":{seq}}}", self.ack_start),
            Err(Refusal::Duplicate(seq)) => {
                format!("{}\"seq\":{seq},\"duplicate\": true}}", self.ack_start)
            }
            Err(Refusal::Error(error)) => refusal(&error, &self.config.name),
        };
        self.answers.push((reply.clone(), answer.into()));
    }

    fn admit(
        &mut self,
        subject: &Arc<str>,
        headers: Option<&Bytes>,
        payload: &Bytes,
    ) -> Result<u64, Refusal> {
        if self.config.sealed {
            return Err(ApiError::SEALED.into());
        }
        if let Some(error) = self.broken(self.now) {
            return Err(ApiError::store(error).into());
        }
        let wishes = Wishes::read(headers);
        if wishes.ttl {
            return Err(ApiError::NO_TTL.into());
        }
        self.check(&wishes, subject)?;
        let size = headers.map_or(0, Bytes::len) + payload.len();
        if self.config.max_msg_size > 0 && size as i64 > self.config.max_msg_size {
            return Err(ApiError::MESSAGE_TOO_LARGE.into());
        }
        if headers.is_some_and(|it| it.len() > HEADERS) {
            return Err(ApiError::HEADERS_TOO_LARGE.into());
        }
        let size = self.store.size(
            subject,
            headers.map(|it| &it[..]),
            payload,
            self.store.on_disk(),
        );
        if !self.usage.room(size.into(), self.store.on_disk()) {
            return Err(ApiError::new(500, 10023, "insufficient resources").into());
        }
        let mut kills = self.displaced(subject, size.into())?;
        match wishes.rollup {
            Some("all") => kills = self.store.sequences().collect(),
            Some(_) => {
                if let Some(seqs) = self.store.of_subject(subject) {
                    kills.extend(seqs);
                    kills.sort_unstable();
                    kills.dedup();
                }
            }
            None => {}
        }
        for seq in &kills {
            self.gone(*seq);
        }
        let seq = self
            .store
            .append(subject, headers, payload, self.wall, &kills)
            .map_err(|error| {
                self.failed = Some((self.now, error.to_string()));
                ApiError::store(error.to_string())
            })?;
        for consumer in self.consumers.values_mut() {
            consumer.stored(seq, subject);
        }
        self.last_id = wishes.id.map(Arc::from);
        if let Some(id) = &self.last_id {
            self.dedupe.add(id, seq, self.wall);
        }
        Ok(seq)
    }

    /// What the sender expects of the stream.
    fn check(&mut self, wishes: &Wishes<'_>, subject: &str) -> Result<(), Refusal> {
        if wishes.stream.is_some_and(|it| it != self.config.name) {
            return Err(ApiError::OTHER_STREAM.into());
        }
        if let Some(id) = wishes.id {
            self.dedupe.expire(self.config.duplicate_window, self.wall);
            if let Some(seq) = self.dedupe.get(id) {
                return Err(Refusal::Duplicate(seq));
            }
        }
        if let Some(expected) = wishes.last_of_subject {
            let last = match wishes.last_subject {
                Some(filter) => self.store.last_of(&Filter::new([filter])),
                None => self
                    .store
                    .of_subject(subject)
                    .and_then(|it| it.back().copied()),
            };
            let last = last.unwrap_or(0);
            if last != expected {
                return Err(ApiError::wrong_last(last).into());
            }
        }
        if wishes.last.is_some_and(|it| it != self.store.last()) {
            return Err(ApiError::wrong_last(self.store.last()).into());
        }
        if let Some(expected) = wishes.last_id {
            let last = self.last_id.as_deref().unwrap_or("");
            if expected != last {
                return Err(ApiError::new(400, 10070, format!("wrong last msg ID: {last}")).into());
            }
        }
        match wishes.rollup {
            Some(_) if !self.config.allow_rollup_hdrs || self.config.deny_purge => {
                Err(ApiError::rollup("rollup not permitted").into())
            }
            Some(it) if it != "all" && it != "sub" => {
                Err(ApiError::rollup(format!("rollup value invalid: {it:?}")).into())
            }
            _ => Ok(()),
        }
    }

    /// The messages that go when one of this size comes.
    fn displaced(&self, subject: &str, size: u64) -> Result<Vec<u64>, ApiError> {
        let config = &self.config;
        let limit = |it: i64| u64::try_from(it).ok().filter(|it| *it > 0);
        let mut kills = Vec::new();
        let mut freed = 0;
        if let Some(most) = limit(config.max_msgs_per_subject)
            && let Some(seqs) = self.store.of_subject(subject)
            && seqs.len() as u64 >= most
        {
            if config.discard_new_per_subject {
                return Err(ApiError::store("maximum messages per subject exceeded"));
            }
            let surplus = seqs.len() - most as usize + 1;
            kills.extend(seqs.iter().take(surplus));
            freed = kills.iter().map(|it| self.store.size_of(*it)).sum();
        }
        let (messages, bytes) = (self.store.totals().messages, self.store.bytes());
        let (max_msgs, max_bytes) = (limit(config.max_msgs), limit(config.max_bytes));
        if config.discard == Discard::New {
            if kills.is_empty() && max_msgs.is_some_and(|it| messages >= it) {
                return Err(ApiError::store("maximum messages exceeded"));
            }
            if max_bytes.is_some_and(|it| bytes - freed + size > it) {
                return Err(ApiError::store("maximum bytes exceeded"));
            }
            return Ok(kills);
        }
        let over = |left: u64, bytes: u64| {
            max_msgs.is_some_and(|it| left + 1 > it)
                || max_bytes.is_some_and(|it| bytes + size > it)
        };
        let (mut left, mut bytes) = (messages - kills.len() as u64, bytes - freed);
        if over(left, bytes) {
            for seq in self.store.sequences() {
                if !over(left, bytes) || left == 0 {
                    break;
                }
                if !kills.contains(&seq) {
                    kills.push(seq);
                    left -= 1;
                    bytes -= self.store.size_of(seq);
                }
            }
        }
        Ok(kills)
    }
}

fn refusal(error: &ApiError, stream: &str) -> String {
    #[derive(serde::Serialize)]
    struct Refused<'a> {
        error: &'a ApiError,
        stream: &'a str,
        seq: u64,
    }
    serde_json::to_string(&Refused {
        error,
        stream,
        seq: 0,
    })
    .unwrap_or_default()
}
