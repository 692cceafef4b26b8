//! Clients that ask for messages: their requests, in turn, until they are filled or expire.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;

use super::super::super::Bus;
use super::super::header::status;
use super::super::store::Record;
use super::{Around, Consumer};

/// As clients send it; times in nanoseconds.
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
    /// `None` is no limit.
    bytes_left: Option<u64>,
    given: bool,
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
        let bytes = self.bytes_left.unwrap_or(0);
        let (left, bytes) = (
            ("Nats-Pending-Messages", &self.left as _),
            ("Nats-Pending-Bytes", &bytes as _),
        );
        self.say(bus, text, &[left, bytes]);
    }
}

/// The requests of one consumer.
#[derive(Debug, Default)]
pub(super) struct Pull {
    queue: VecDeque<Waiting>,
}

impl Pull {
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn waits(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let times = self
            .queue
            .iter()
            .flat_map(|it| [it.expires, it.next_heartbeat]);
        times.flatten().min()
    }

    pub(super) fn end(&mut self, bus: &Bus, text: &str) {
        for it in self.queue.drain(..) {
            it.say(bus, text, &[]);
        }
    }
}

impl Consumer {
    /// Takes a request for messages.
    pub(in super::super) fn request(&mut self, reply: &str, body: &[u8], around: &Around<'_>) {
        if let Err(text) = self.try_request(reply, body, around) {
            let status = status(&text, &[]);
            around
                .bus
                .publish(reply, None, Some(&status), &Bytes::new());
        }
    }

    fn try_request(&mut self, reply: &str, body: &[u8], around: &Around<'_>) -> Result<(), String> {
        if self.config.is_push() {
            return Err("409 Consumer is push based".to_owned());
        }
        let request = parse(body).map_err(|it| format!("400 Bad Request - {it}"))?;
        let queue = &mut self.pull.queue;
        if queue.len() as i64 >= self.config.max_waiting {
            queue.retain(|it| around.bus.interest(&it.reply));
            if queue.len() as i64 >= self.config.max_waiting {
                return Err("409 Exceeded MaxWaiting".to_owned());
            }
        }
        self.idle = None;
        if request.no_wait {
            let pending = self.pending + self.again.len() as u64;
            if pending == 0 && request.expires == 0 {
                self.idle = queue.is_empty().then_some(around.now);
                return Err("404 No Messages".to_owned());
            }
            if pending > 0 && pending < queue.iter().map(|it| it.left).sum() {
                return Err("408 Requests Pending".to_owned());
            }
        }
        let after = |nanos| (nanos > 0).then(|| around.now + Duration::from_nanos(nanos));
        queue.push_back(Waiting {
            reply: reply.into(),
            left: request.batch,
            bytes_left: (request.max_bytes > 0).then_some(request.max_bytes),
            given: false,
            no_wait: request.no_wait,
            expires: after(request.expires),
            heartbeat: Duration::from_nanos(request.idle_heartbeat),
            next_heartbeat: after(request.idle_heartbeat),
        });
        Ok(())
    }

    /// Gives a message to the first request that takes it.
    pub(super) fn hand_to_first(
        &mut self,
        around: &Around<'_>,
        message: &Record,
        size: u64,
        new: bool,
    ) {
        while let Some(mut first) = self.pull.queue.pop_front() {
            if first.expires.is_some_and(|it| it <= around.now) {
                first.end(around.bus, "408 Request Timeout");
                continue;
            }
            let size = match first.bytes_left {
                // As nats-server counts, with where it is acknowledged.
                Some(_) => size + self.ack_subject(around, message, new).len() as u64,
                None => size,
            };
            if first.bytes_left.is_some_and(|it| it < size) {
                first.end(around.bus, "409 Message Size Exceeds MaxBytes");
                continue;
            }
            if !self.hand_out(around, &first.reply, message, new) {
                continue;
            }
            first.left -= 1;
            first.given = true;
            first.bytes_left = first.bytes_left.map(|it| it - size);
            first.next_heartbeat = first.next_heartbeat.map(|_| around.now + first.heartbeat);
            if first.left > 0 {
                self.pull.queue.push_back(first);
            }
            return;
        }
    }

    /// Ends requests that expired or do not wait, and shows the others a sign of life.
    pub(super) fn tidy(&mut self, around: &Around<'_>, emptied: bool) {
        if self.config.is_push() {
            return;
        }
        let (at, bus, now) = (self.delivered, around.bus, around.now);
        let before = self.pull.queue.len();
        self.pull.queue.retain_mut(|it| {
            let expired = it.expires.is_some_and(|it| it <= now);
            if expired || emptied && it.no_wait && it.given {
                it.end(bus, "408 Request Timeout");
                return false;
            }
            if emptied && it.no_wait && it.expires.is_none() {
                it.say(bus, "404 No Messages", &[]);
                return false;
            }
            if it.next_heartbeat.is_some_and(|it| it <= now) {
                it.next_heartbeat = Some(now + it.heartbeat);
                it.say(bus, "100 Idle Heartbeat", &at.lines());
                return bus.interest(&it.reply);
            }
            true
        });
        if !self.pull.queue.is_empty() {
            self.idle = None;
        } else if before > 0 || self.idle.is_none() {
            self.idle = Some(now);
        }
    }
}

fn parse(body: &[u8]) -> Result<Request, String> {
    let body = body.trim_ascii();
    let mut request = Request::default();
    if body.starts_with(b"{") {
        request = serde_json::from_slice(body).map_err(|it| it.to_string())?;
    } else if !body.is_empty() {
        let batch = std::str::from_utf8(body)
            .ok()
            .and_then(|it| it.parse().ok());
        request.batch = batch.ok_or("not a number")?;
    }
    request.batch = request.batch.max(1);
    // No clock goes further than some hundred years.
    request.expires = request.expires.min(u64::MAX / 4);
    if request.idle_heartbeat > 0 && request.idle_heartbeat > request.expires / 2 {
        return Err("heartbeat value too large".to_owned());
    }
    Ok(request)
}
