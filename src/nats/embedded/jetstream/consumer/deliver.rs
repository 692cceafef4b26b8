//! What a consumer delivers next, and handing it out.

use bytes::Bytes;

use super::super::api::consumer::AckPolicy;
use super::super::header::extended;
use super::super::store::{Record, Store};
use super::{Around, Consumer, Unacked};

/// Messages handed out in one go, until others get their turn.
const TURN: usize = 256;

/// Bytes handed out in one go.
const TURN_BYTES: usize = 1 << 20;

/// Messages looked at in one go, for a filter that selects few.
const SCAN: usize = 20_000;

/// What to deliver next.
enum Next {
    Again(u64),
    New(u64),
    Nothing,
    /// Nothing yet: there is more to look through.
    More,
}

impl Consumer {
    /// Delivers what is due; true when there is more to do at once.
    pub(in super::super) fn pump(&mut self, around: &mut Around<'_>) -> bool {
        self.expire(around.now);
        self.look(around);
        let (mut turns, mut bytes) = (TURN, TURN_BYTES);
        let more = loop {
            if !self.pull.waits() && !self.push.flows(&self.config) {
                break false;
            }
            if turns == 0 || bytes == 0 {
                break true;
            }
            let (seq, new) = match self.next(around.store) {
                Next::Again(seq) => (seq, false),
                Next::New(seq) => (seq, true),
                Next::Nothing => break false,
                Next::More => break true,
            };
            let message = match around.store.get(seq) {
                Ok(Some(it)) => it,
                Ok(None) => break false,
                Err(error) => {
                    tracing::error!(stream = around.stream, seq, %error, "can not read a message");
                    self.skip(seq, new);
                    continue;
                }
            };
            let headers = message.headers.as_ref().map_or(0, Bytes::len);
            let size = message.subject.len() + headers + message.payload.len();
            (turns, bytes) = (turns - 1, bytes.saturating_sub(size));
            if self.config.is_push() {
                self.push_out(around, &message, size, new);
            } else {
                self.hand_to_first(around, &message, size as u64, new);
            }
        };
        self.beat(around);
        self.tidy(around, !more);
        more
    }

    fn next(&mut self, store: &Store) -> Next {
        while let Some(seq) = self.again.first().copied() {
            let most = u64::try_from(self.config.max_deliver).unwrap_or(u64::MAX);
            match self.unacked.get(&seq) {
                Some(it) if it.deliveries < most && store.subject_of(seq).is_some() => {
                    return Next::Again(seq);
                }
                _ => self.settle(seq),
            }
        }
        let most = usize::try_from(self.config.max_ack_pending).unwrap_or(usize::MAX);
        if self.config.ack_policy != AckPolicy::None && self.unacked.len() >= most {
            return Next::Nothing;
        }
        if let Some((seqs, until)) = &self.lasts {
            if let Some(seq) = seqs.first() {
                return Next::New(*seq);
            }
            self.next = self.next.max(until + 1);
            self.lasts = None;
        }
        if self.pending == 0 {
            return Next::Nothing;
        }
        match store.next(self.next, &self.filter, SCAN) {
            Ok(Some(seq)) => Next::New(seq),
            Ok(None) => Next::Nothing,
            Err(at) => {
                self.next = at;
                Next::More
            }
        }
    }

    /// Where the next delivery of a message is acknowledged.
    pub(super) fn ack_subject(&self, around: &Around<'_>, message: &Record, new: bool) -> String {
        let deliveries = self.unacked.get(&message.seq).map_or(0, |it| it.deliveries) + 1;
        format!(
            "$JS.ACK.{}.{}.{deliveries}.{}.{}.{}.{}",
            around.stream,
            self.name,
            message.seq,
            self.delivered.consumer_seq + 1,
            message.time,
            self.pending.saturating_sub(new.into()),
        )
    }

    /// Hands a message to whoever listens on `to`; false when nobody does, and then nothing has changed.
    pub(super) fn hand_out(
        &mut self,
        around: &Around<'_>,
        to: &str,
        message: &Record,
        new: bool,
    ) -> bool {
        let seq = message.seq;
        let deliveries = self.unacked.get(&seq).map_or(0, |it| it.deliveries) + 1;
        let consumer_seq = self.delivered.consumer_seq + 1;
        let reply = self.ack_subject(around, message, new);
        let (mut headers, mut payload) = (message.headers.clone(), &message.payload);
        let nothing = Bytes::new();
        if self.config.headers_only {
            let size = payload.len().to_string();
            headers = Some(extended(headers.as_ref(), &[("Nats-Msg-Size", &size)]));
            payload = &nothing;
        }
        let (subject, headers) = (&message.subject, headers.as_ref());
        if around
            .bus
            .deliver(to, subject, Some(&reply), headers, payload)
            == 0
        {
            return false;
        }
        self.delivered.consumer_seq = consumer_seq;
        self.again.remove(&seq);
        if new {
            self.delivered.stream_seq = seq;
            self.pass(seq);
        }
        self.changed = true;
        if self.config.ack_policy == AckPolicy::None {
            self.floor = self.delivered;
            return true;
        }
        let it = self.unacked.entry(seq).or_insert(Unacked {
            consumer_seq,
            deliveries: 0,
            due: None,
        });
        it.deliveries = deliveries;
        self.wait_for(seq, around.now + self.config.ack_wait);
        true
    }

    /// A new message is behind.
    fn pass(&mut self, seq: u64) {
        self.pending = self.pending.saturating_sub(1);
        self.next = seq + 1;
        if let Some((seqs, _)) = &mut self.lasts {
            seqs.remove(&seq);
        }
    }

    /// Leaves out a message that cannot be read.
    fn skip(&mut self, seq: u64, new: bool) {
        if new {
            self.pass(seq);
        } else {
            self.settle(seq);
        }
    }
}
