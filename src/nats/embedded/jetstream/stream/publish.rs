//! A message comes in: what it must fulfil, what it displaces, and the answer.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::super::super::Delivered;
use super::super::api::error::ApiError;
use super::super::header::get;
use super::super::subject::Filter;
use super::Owner;

/// Bytes of headers a message may have.
const HEADERS: usize = 64 * 1024;

impl Owner {
    /// Stores a message; the answer waits until it is written.
    pub(super) fn publish(&mut self, message: &Delivered, subject: &Arc<str>) {
        let outcome = self.admit(subject, message.headers.as_ref(), &message.payload);
        let Some(reply) = &message.reply else {
            return;
        };
        let answer = match outcome {
            Ok((seq, false)) => format!("{}\"seq\":{seq}}}", self.ack_start).into(),
            Ok((seq, true)) => {
                format!("{}\"seq\":{seq},\"duplicate\":true}}", self.ack_start).into()
            }
            Err(error) => self.refusal(&error),
        };
        self.answers.push((reply.clone(), answer));
    }

    pub(super) fn refusal(&self, error: &ApiError) -> Bytes {
        let body = json!({ "error": error, "stream": self.config.name, "seq": 0 });
        body.to_string().into()
    }

    /// The message's sequence, and whether it was there already.
    fn admit(
        &mut self,
        subject: &Arc<str>,
        headers: Option<&Bytes>,
        payload: &Bytes,
    ) -> Result<(u64, bool), ApiError> {
        if self.config.sealed {
            return Err(ApiError::SEALED);
        }
        if let Some(error) = self.broken() {
            return Err(ApiError::store(error));
        }
        let id = headers.and_then(|it| get(it, "Nats-Msg-Id"));
        let rollup = headers.and_then(|it| get(it, "Nats-Rollup"));
        if let Some(headers) = headers
            && let Some(seq) = self.check(headers, subject, id, rollup)?
        {
            return Ok((seq, true));
        }
        let bytes = headers.map_or(0, Bytes::len) + payload.len();
        if usize::try_from(self.config.max_msg_size).is_ok_and(|most| bytes > most) {
            return Err(ApiError::MESSAGE_TOO_LARGE);
        }
        if headers.is_some_and(|it| it.len() > HEADERS) {
            return Err(ApiError::HEADERS_TOO_LARGE);
        }
        let size = self.store.size(subject, headers, payload).into();
        let (used, most) = self.shared.usage.of(self.config.storage);
        if most.is_some_and(|most| used.get() - self.share.0 + self.store.bytes() + size > most) {
            return Err(ApiError::NO_ROOM);
        }
        let mut kills = self.surplus(Some((subject, size)))?;
        match rollup {
            Some("all") => kills.extend(self.store.sequences()),
            Some(_) => kills.extend(self.store.of_subject(subject).into_iter().flatten()),
            None => {}
        }
        let gone = self.named(kills.iter().copied());
        let kills = kills.into_iter().collect();
        let seq = self
            .store
            .append(subject, headers, payload, self.wall, kills);
        let seq = seq.map_err(ApiError::store)?;
        self.tell_gone(gone);
        for consumer in self.consumers.values_mut() {
            consumer.stored(seq, subject);
        }
        self.dedupe.add(id, seq, self.wall);
        Ok((seq, false))
    }

    /// What the sender expects of the stream; the message's sequence when it is there already.
    fn check(
        &mut self,
        headers: &[u8],
        subject: &str,
        id: Option<&str>,
        rollup: Option<&str>,
    ) -> Result<Option<u64>, ApiError> {
        let wish = |name: &str| get(headers, name);
        let number = |name: &str| wish(name).and_then(|it| it.parse::<u64>().ok());
        if wish("Nats-TTL").is_some() {
            return Err(ApiError::NO_TTL);
        }
        if wish("Nats-Expected-Stream").is_some_and(|it| it != self.config.name) {
            return Err(ApiError::OTHER_STREAM);
        }
        if let Some(id) = id {
            self.dedupe.expire(self.config.duplicate_window, self.wall);
            if let Some(seq) = self.dedupe.get(id) {
                return Ok(Some(seq));
            }
        }
        let wrong = |last: u64| ApiError::new(400, 10071, format!("wrong last sequence: {last}"));
        if let Some(expected) = number("Nats-Expected-Last-Subject-Sequence") {
            let last = match wish("Nats-Expected-Last-Subject-Sequence-Subject") {
                Some(filter) => self.store.last_of(&Filter::new([filter])),
                None => self
                    .store
                    .of_subject(subject)
                    .and_then(|it| it.back().copied()),
            };
            if last.unwrap_or(0) != expected {
                return Err(wrong(last.unwrap_or(0)));
            }
        }
        if number("Nats-Expected-Last-Sequence").is_some_and(|it| it != self.store.last()) {
            return Err(wrong(self.store.last()));
        }
        let last = self.dedupe.last();
        if wish("Nats-Expected-Last-Msg-Id").is_some_and(|it| it != last) {
            return Err(ApiError::new(
                400,
                10070,
                format!("wrong last msg ID: {last}"),
            ));
        }
        match rollup {
            Some(_) if !self.config.allow_rollup_hdrs => {
                Err(ApiError::new(500, 10111, "rollup not permitted"))
            }
            Some(it) if it != "all" && it != "sub" => Err(ApiError::new(
                500,
                10111,
                format!("rollup value invalid: {it:?}"),
            )),
            _ => Ok(None),
        }
    }
}
