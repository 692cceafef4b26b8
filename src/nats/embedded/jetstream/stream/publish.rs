//! A message comes in: what it must fulfil, what it displaces, and the answer.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::super::super::Delivered;
use super::super::api::error::ApiError;
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
        let outcome = self.admit(subject, message.headers.as_ref(), &message.payload);
        let Some(reply) = &message.reply else {
            return;
        };
        let answer = match outcome {
            Ok(seq) => format!("{}\"seq\":{seq}}}", self.ack_start).into(),
            Err(Refusal::Duplicate(seq)) => {
                format!("{}\"seq\":{seq},\"duplicate\": true}}", self.ack_start).into()
            }
            Err(Refusal::Error(error)) => self.refusal(&error),
        };
        self.answers.push((reply.clone(), answer));
    }

    pub(super) fn refusal(&self, error: &ApiError) -> Bytes {
        let body = json!({ "error": error, "stream": self.config.name, "seq": 0 });
        body.to_string().into()
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
        if let Some(error) = self.broken() {
            return Err(ApiError::store(error).into());
        }
        let wishes = Wishes::read(headers);
        if wishes.ttl {
            return Err(ApiError::NO_TTL.into());
        }
        self.check(&wishes, subject)?;
        let bytes = headers.map_or(0, Bytes::len) + payload.len();
        if usize::try_from(self.config.max_msg_size).is_ok_and(|most| bytes > most) {
            return Err(ApiError::MESSAGE_TOO_LARGE.into());
        }
        if headers.is_some_and(|it| it.len() > HEADERS) {
            return Err(ApiError::HEADERS_TOO_LARGE.into());
        }
        let size = self.store.size(subject, headers, payload).into();
        let (used, most) = self.shared.usage.of(self.config.storage);
        if most.is_some_and(|most| used.get() - self.share.0 + self.store.bytes() + size > most) {
            return Err(ApiError::NO_ROOM.into());
        }
        let mut kills = self.surplus(Some((subject, size)))?;
        match wishes.rollup {
            Some("all") => kills.extend(self.store.sequences()),
            Some(_) => kills.extend(self.store.of_subject(subject).into_iter().flatten()),
            None => {}
        }
        let gone = self.named(kills.iter().copied());
        let seq = self
            .store
            .append(
                subject,
                headers,
                payload,
                self.wall,
                kills.into_iter().collect(),
            )
            .map_err(ApiError::store)?;
        self.tell_gone(gone);
        for consumer in self.consumers.values_mut() {
            consumer.stored(seq, subject);
        }
        self.dedupe.add(wishes.id, seq, self.wall);
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
        let wrong = |last: u64| ApiError::new(400, 10071, format!("wrong last sequence: {last}"));
        if let Some(expected) = wishes.last_of_subject {
            let last = match wishes.last_subject {
                Some(filter) => self.store.last_of(&Filter::new([filter])),
                None => self
                    .store
                    .of_subject(subject)
                    .and_then(|it| it.back().copied()),
            };
            if last.unwrap_or(0) != expected {
                return Err(wrong(last.unwrap_or(0)).into());
            }
        }
        if wishes.last.is_some_and(|it| it != self.store.last()) {
            return Err(wrong(self.store.last()).into());
        }
        let last = self.dedupe.last();
        if wishes.last_id.is_some_and(|it| it != last) {
            return Err(ApiError::new(400, 10070, format!("wrong last msg ID: {last}")).into());
        }
        let rollup = |text: &str| Err(ApiError::new(500, 10111, text).into());
        match wishes.rollup {
            Some(_) if !self.config.allow_rollup_hdrs => rollup("rollup not permitted"),
            Some(it) if it != "all" && it != "sub" => {
                rollup(&format!("rollup value invalid: {it:?}"))
            }
            _ => Ok(()),
        }
    }
}
