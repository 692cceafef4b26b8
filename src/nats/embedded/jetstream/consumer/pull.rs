//! Clients that ask for messages: their requests, in turn, until they are filled or expire.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;

use super::super::super::Bus;
use super::super::header::status;
use super::{Around, Consumer, Mode, Next, TURN, TURN_BYTES};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    expires: u64,
    batch: u64,
    max_bytes: u64,
    no_wait: bool,
    idle_heartbeat: u64,
}

#[derive(Debug)]
struct Waiting {
    reply: Box<str>,
    left: u64,
    /// 0 is no limit.
    bytes_left: u64,
    limited: bool,
    given: u64,
    no_wait: bool,
    expires: Option<Instant>,
    heartbeat: Duration,
    next_heartbeat: Option<Instant>,
}

impl Waiting {
    fn say(&self, bus: &Bus, text: &str, lines: &[(&str, &dyn Display)]) {
        bus.publish(&self.reply, None, Some(&status(text, lines)), &Bytes::new());
    }

    fn end(&self, bus: &Bus, text: &str) {
        self.say(
            bus,
            text,
            &[
                ("Nats-Pending-Messages", &self.left),
                ("Nats-Pending-Bytes", &self.bytes_left),
            ],
        );
    }
}

/// The requests of one consumer.
#[derive(Debug, Default)]
pub(in super::super) struct Pull {
    queue: VecDeque<Waiting>,
}

impl Pull {
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queue
            .iter()
            .flat_map(|it| [it.expires, it.next_heartbeat])
            .flatten()
            .min()
    }

    pub(super) fn end(&mut self, bus: &Bus, text: &str) {
        for it in self.queue.drain(..) {
            it.end(bus, text);
        }
    }
}

impl Consumer {
    /// Takes a request for messages.
    pub(in super::super) fn request(&mut self, reply: &str, body: &[u8], around: &mut Around<'_>) {
        let refuse = |text: &str| {
            around
                .bus
                .publish(reply, None, Some(&status(text, &[])), &Bytes::new());
        };
        let pending = self.pending + self.again.len() as u64;
        let Mode::Pull(pull) = &mut self.mode else {
            return refuse("409 Consumer is push based");
        };
        let request = match parse(body) {
            Ok(it) => it,
            Err(text) => return refuse(&format!("400 Bad Request - {text}")),
        };
        let config = &self.config;
        if config.max_batch > 0 && request.batch > config.max_batch {
            return refuse(&format!(
                "409 Exceeded MaxRequestBatch of {}",
                config.max_batch
            ));
        }
        let expires = Duration::from_nanos(request.expires);
        if !config.max_expires.is_zero() && expires > config.max_expires {
            let limit = config.max_expires.as_secs_f64();
            return refuse(&format!("409 Exceeded MaxRequestExpires of {limit}s"));
        }
        if config.max_bytes > 0 && request.max_bytes > config.max_bytes {
            return refuse(&format!(
                "409 Exceeded MaxRequestMaxBytes of {}",
                config.max_bytes
            ));
        }
        if pull.queue.len() as i64 >= config.max_waiting {
            pull.queue.retain(|it| around.bus.interest(&it.reply));
            if pull.queue.len() as i64 >= config.max_waiting {
                return refuse("409 Exceeded MaxWaiting");
            }
        }
        self.idle = None;
        if request.no_wait {
            if pending == 0 && request.expires == 0 {
                self.idle = pull.queue.is_empty().then_some(around.now);
                return refuse("404 No Messages");
            }
            let asked: u64 = pull.queue.iter().map(|it| it.left).sum();
            if pending > 0 && pending < asked {
                return refuse("408 Requests Pending");
            }
        }
        let heartbeat = Duration::from_nanos(request.idle_heartbeat);
        pull.queue.push_back(Waiting {
            reply: reply.into(),
            left: request.batch.max(1),
            bytes_left: request.max_bytes,
            limited: request.max_bytes > 0,
            given: 0,
            no_wait: request.no_wait,
            expires: (request.expires > 0).then(|| around.now + expires),
            heartbeat,
            next_heartbeat: (!heartbeat.is_zero()).then(|| around.now + heartbeat),
        });
    }

    pub(super) fn pump_pull(&mut self, around: &mut Around<'_>) -> bool {
        let (mut turns, mut bytes) = (TURN, TURN_BYTES);
        let more = loop {
            let Mode::Pull(pull) = &mut self.mode else {
                return false;
            };
            if pull.queue.is_empty() {
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
            turns -= 1;
            let headers = message.headers.as_ref().map_or(0, Bytes::len);
            let size = message.subject.len() + headers + message.payload.len();
            bytes = bytes.saturating_sub(size);
            self.hand_to_first(around, &message, size as u64, new);
        };
        let emptied = !more;
        self.tidy(around, emptied);
        more
    }

    /// Gives a message to the first request that takes it.
    fn hand_to_first(
        &mut self,
        around: &Around<'_>,
        message: &super::Message,
        size: u64,
        new: bool,
    ) {
        loop {
            let Mode::Pull(pull) = &mut self.mode else {
                return;
            };
            let Some(mut first) = pull.queue.pop_front() else {
                return;
            };
            if first.expires.is_some_and(|it| it <= around.now) {
                first.end(around.bus, "408 Request Timeout");
                continue;
            }
            if first.limited && first.bytes_left < size {
                let text = if first.given == 0 {
                    "409 Message Size Exceeds MaxBytes"
                } else {
                    "409 Batch Completed"
                };
                first.end(around.bus, text);
                continue;
            }
            if !self.hand_out(around, &first.reply, message, new) {
                continue;
            }
            first.left -= 1;
            first.given += 1;
            first.bytes_left = first.bytes_left.saturating_sub(size);
            if !first.heartbeat.is_zero() {
                first.next_heartbeat = Some(around.now + first.heartbeat);
            }
            if let Mode::Pull(pull) = &mut self.mode
                && first.left > 0
            {
                pull.queue.push_back(first);
            }
            return;
        }
    }

    /// Ends requests that expired or do not wait, and shows the others a sign of life.
    fn tidy(&mut self, around: &Around<'_>, emptied: bool) {
        let last = (self.delivered.consumer_seq, self.delivered.stream_seq);
        let Mode::Pull(pull) = &mut self.mode else {
            return;
        };
        let before = pull.queue.len();
        pull.queue.retain_mut(|it| {
            if it.expires.is_some_and(|it| it <= around.now)
                || emptied && it.no_wait && it.given > 0
            {
                it.end(around.bus, "408 Request Timeout");
                return false;
            }
            if emptied && it.no_wait && it.expires.is_none() {
                it.say(around.bus, "404 No Messages", &[]);
                return false;
            }
            if it.next_heartbeat.is_some_and(|it| it <= around.now) {
                if !around.bus.interest(&it.reply) {
                    return false;
                }
                it.say(
                    around.bus,
                    "100 Idle Heartbeat",
                    &[
                        ("Nats-Last-Consumer", &last.0),
                        ("Nats-Last-Stream", &last.1),
                    ],
                );
                it.next_heartbeat = Some(around.now + it.heartbeat);
            }
            true
        });
        if pull.queue.is_empty() {
            if before > 0 || self.idle.is_none() {
                self.idle = Some(around.now);
            }
        } else {
            self.idle = None;
        }
    }

    /// Leaves out a message that cannot be read.
    pub(super) fn skip(&mut self, seq: u64, new: bool) {
        if new {
            self.pending = self.pending.saturating_sub(1);
            self.next = seq + 1;
            if let Some(it) = &mut self.lasts {
                it.seqs.remove(&seq);
            }
        } else {
            self.settle(seq);
        }
    }
}

fn parse(body: &[u8]) -> Result<Request, String> {
    let body = body.trim_ascii();
    let mut request = if body.is_empty() {
        Request::default()
    } else if body.starts_with(b"{") {
        serde_json::from_slice(body).map_err(|it| it.to_string())?
    } else {
        let batch = std::str::from_utf8(body)
            .ok()
            .and_then(|it| it.parse().ok());
        Request {
            batch: batch.ok_or("not a number")?,
            ..Request::default()
        }
    };
    request.batch = request.batch.max(1);
    if request.idle_heartbeat > 0 && request.idle_heartbeat.saturating_mul(2) > request.expires {
        return Err("heartbeat value too large".to_owned());
    }
    Ok(request)
}
