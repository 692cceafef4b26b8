//! One consumer: where it stands in its stream, what it waits to hear about.
//!
//! Owned by its stream (`stream.rs`), which tells it what is stored and removed, and calls [`Consumer::pump`] whenever
//! something may be due. `ack.rs` takes what clients answer, `pull.rs` their requests, `push.rs` the flow to a deliver
//! subject, `saved.rs` what survives a restart.

mod ack;
mod pull;
mod push;
mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::Bus;
use super::api::consumer::{AckPolicy, ConsumerConfig, Deliver};
use super::api::info::{ConsumerInfo, Position};
use super::header::extended;
use super::store::{Message, Store};
use super::subject::Filter;
use super::time::Stamp;

pub(super) use self::pull::Pull;
pub(super) use self::saved::Saved;

/// Messages handed out in one go, until others get their turn.
const TURN: usize = 256;

/// Bytes handed out in one go.
const TURN_BYTES: usize = 1 << 20;

/// Messages looked at in one go, for a filter that selects few.
const SCAN: usize = 20_000;

/// What a consumer needs of its stream to do its work.
pub(super) struct Around<'a> {
    pub(super) store: &'a mut Store,
    pub(super) bus: &'a Bus,
    pub(super) stream: &'a str,
    pub(super) now: Instant,
    /// Nanoseconds since 1970.
    pub(super) wall: i64,
}

#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) name: String,
    pub(super) config: ConsumerConfig,
    created: i64,
    filter: Filter,
    /// The sequence from which to look for what comes next.
    next: u64,
    delivered: Position,
    floor: Position,
    /// Selected messages that were never delivered.
    pending: u64,
    /// The last message of each subject, up to a sequence, for the policy of that name.
    lasts: Option<Lasts>,
    unacked: BTreeMap<u64, Unacked>,
    /// To be delivered again.
    again: BTreeSet<u64>,
    /// No message in `unacked` is due before this.
    due: Option<Instant>,
    mode: Mode,
    /// Since when nobody seems to be there.
    idle: Option<Instant>,
    /// Not as it was saved.
    pub(super) changed: bool,
    /// Names the file it is saved in.
    pub(super) file: Option<String>,
}

#[derive(Debug)]
struct Lasts {
    seqs: BTreeSet<u64>,
    until: u64,
}

#[derive(Debug)]
struct Unacked {
    /// The consumer's count when it was first delivered.
    consumer_seq: u64,
    deliveries: u64,
    /// When it is delivered again; `None` while it waits for that.
    due: Option<Instant>,
}

#[derive(Debug)]
enum Mode {
    Pull(Pull),
    Push(push::Push),
}

/// What to deliver next.
enum Next {
    Again(u64),
    New(u64),
    Nothing,
    /// Nothing yet: there is more to look through.
    More,
}

impl Consumer {
    pub(super) fn new(
        name: String,
        config: ConsumerConfig,
        store: &Store,
        wall: i64,
        now: Instant,
    ) -> Self {
        let filter = config.filter();
        let totals = store.totals();
        let (first, end) = (totals.first.max(1), totals.last + 1);
        let mut lasts = None;
        let next = match config.deliver_policy {
            Deliver::All => first,
            Deliver::New => end,
            Deliver::Last => store.last_of(&filter).unwrap_or(end),
            Deliver::ByStartSequence => config.opt_start_seq.max(first),
            Deliver::ByStartTime => config
                .opt_start_time
                .and_then(|it| store.at_time(it.0))
                .unwrap_or(end),
            Deliver::LastPerSubject => {
                let seqs: BTreeSet<u64> = store
                    .selected(&filter)
                    .filter_map(|(_, seqs)| seqs.back().copied())
                    .collect();
                let next = seqs.first().copied().unwrap_or(end);
                lasts = Some(Lasts {
                    seqs,
                    until: totals.last,
                });
                next
            }
        };
        let pending = match &lasts {
            Some(it) => it.seqs.len() as u64,
            None => store.count(next, &filter),
        };
        let start = Position {
            consumer_seq: 0,
            stream_seq: next - 1,
            last_active: None,
        };
        Self {
            name,
            created: wall,
            filter,
            next,
            delivered: start,
            floor: start,
            pending,
            lasts,
            unacked: BTreeMap::new(),
            again: BTreeSet::new(),
            due: None,
            mode: Self::mode(&config),
            idle: Some(now),
            changed: true,
            file: None,
            config,
        }
    }

    fn mode(config: &ConsumerConfig) -> Mode {
        match &config.deliver_subject {
            Some(_) => Mode::Push(push::Push::default()),
            None => Mode::Pull(Pull::default()),
        }
    }

    /// Takes on what may change of a configuration.
    pub(super) fn update(&mut self, config: ConsumerConfig, store: &Store) {
        let filter = config.filter();
        if filter != self.filter {
            self.pending = store.count(self.next, &filter);
            self.filter = filter;
            self.lasts = None;
        }
        self.config = config;
        self.changed = true;
    }

    pub(super) fn info(&self, stream: &str, wall: i64) -> ConsumerInfo {
        let again = self.unacked.values().filter(|it| it.deliveries > 1).count();
        ConsumerInfo {
            stream_name: stream.to_owned(),
            name: self.name.clone(),
            created: Stamp(self.created),
            config: self.config.clone(),
            delivered: self.delivered,
            ack_floor: self.floor,
            num_ack_pending: self.unacked.len(),
            num_redelivered: again,
            num_waiting: match &self.mode {
                Mode::Pull(it) => it.waiting(),
                Mode::Push(_) => 0,
            },
            num_pending: self.pending,
            push_bound: matches!(&self.mode, Mode::Push(it) if it.bound()),
            ts: Stamp(wall),
        }
    }

    /// A message was stored.
    pub(super) fn stored(&mut self, seq: u64, subject: &str) {
        if seq >= self.next && self.filter.matches(subject) {
            self.pending += 1;
        }
    }

    /// A message was removed.
    pub(super) fn removed(&mut self, seq: u64, subject: &str) {
        if self.unacked.contains_key(&seq) {
            self.settle(seq);
        }
        match &mut self.lasts {
            Some(it) if seq <= it.until => {
                if it.seqs.remove(&seq) {
                    self.pending = self.pending.saturating_sub(1);
                }
            }
            _ => {
                if seq >= self.next && self.filter.matches(subject) {
                    self.pending = self.pending.saturating_sub(1);
                }
            }
        }
    }

    /// Delivers what is due; true when there is more to do at once.
    pub(super) fn pump(&mut self, around: &mut Around<'_>) -> bool {
        self.expire(around.now);
        match self.mode {
            Mode::Pull(_) => self.pump_pull(around),
            Mode::Push(_) => self.pump_push(around),
        }
    }

    /// When [`Consumer::pump`] must be called even if nothing happens.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let mode = match &self.mode {
            Mode::Pull(it) => it.deadline(),
            Mode::Push(it) => it.deadline(&self.config, now),
        };
        let gone = self
            .idle
            .filter(|_| !self.config.inactive_threshold.is_zero())
            .map(|it| it + self.config.inactive_threshold);
        [self.due, mode, gone].into_iter().flatten().min()
    }

    /// Nobody was there for so long that it goes.
    pub(super) fn abandoned(&self, now: Instant) -> bool {
        let threshold = self.config.inactive_threshold;
        !threshold.is_zero() && self.idle.is_some_and(|it| now >= it + threshold)
    }

    /// Tells whoever waits that it is gone.
    pub(super) fn farewell(&mut self, bus: &Bus) {
        match &mut self.mode {
            Mode::Pull(it) => it.end(bus, "409 Consumer Deleted"),
            Mode::Push(_) => {
                if let Some(to) = &self.config.deliver_subject {
                    let status = super::header::status("409 Consumer Deleted", &[]);
                    bus.publish(to, None, Some(&status), &Bytes::new());
                }
            }
        }
    }

    /// Somebody listens to it.
    pub(super) fn active(&self) -> bool {
        matches!(&self.mode, Mode::Push(it) if it.bound())
    }

    fn next(&mut self, store: &Store) -> Next {
        while let Some(seq) = self.again.first().copied() {
            let limit = self.config.max_deliver;
            let Some(it) = self.unacked.get(&seq) else {
                self.again.remove(&seq);
                continue;
            };
            if store.subject_of(seq).is_none() || limit > 0 && it.deliveries >= limit as u64 {
                self.settle(seq);
                continue;
            }
            return Next::Again(seq);
        }
        let limit = self.config.max_ack_pending;
        if self.config.ack_policy != AckPolicy::None
            && limit > 0
            && self.unacked.len() >= limit as usize
        {
            return Next::Nothing;
        }
        if let Some(lasts) = &self.lasts {
            if let Some(seq) = lasts.seqs.first() {
                return Next::New(*seq);
            }
            self.next = self.next.max(lasts.until + 1);
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

    /// Hands a message to whoever listens on `to`; false when nobody does, and then nothing has changed.
    fn hand_out(&mut self, around: &Around<'_>, to: &str, message: &Message, new: bool) -> bool {
        let seq = message.seq;
        let deliveries = self.unacked.get(&seq).map_or(0, |it| it.deliveries) + 1;
        let consumer_seq = self.delivered.consumer_seq + 1;
        let pending = self.pending.saturating_sub(u64::from(new));
        let reply = format!(
            "$JS.ACK.{}.{}.{deliveries}.{seq}.{consumer_seq}.{}.{pending}",
            around.stream, self.name, message.time,
        );
        let receivers = if self.config.headers_only {
            let size = message.payload.len().to_string();
            let headers = extended(message.headers.as_ref(), &[("Nats-Msg-Size", &size)]);
            around.bus.deliver(
                to,
                &message.subject,
                Some(&reply),
                Some(&headers),
                &Bytes::new(),
            )
        } else {
            let headers = message.headers.as_ref();
            around.bus.deliver(
                to,
                &message.subject,
                Some(&reply),
                headers,
                &message.payload,
            )
        };
        if receivers == 0 {
            return false;
        }
        self.changed = true;
        self.pending = pending;
        self.delivered.consumer_seq = consumer_seq;
        self.delivered.last_active = Some(Stamp(around.wall));
        self.again.remove(&seq);
        if new {
            self.next = seq + 1;
            self.delivered.stream_seq = seq;
            if let Some(it) = &mut self.lasts {
                it.seqs.remove(&seq);
            }
        }
        if self.config.ack_policy == AckPolicy::None {
            self.floor = self.delivered;
            return true;
        }
        let due = around.now + self.patience(deliveries);
        let it = self.unacked.entry(seq).or_insert(Unacked {
            consumer_seq,
            deliveries: 0,
            due: None,
        });
        it.deliveries = deliveries;
        it.due = Some(due);
        self.due = Some(self.due.map_or(due, |it| it.min(due)));
        true
    }

    /// How long a delivery is waited for.
    fn patience(&self, deliveries: u64) -> Duration {
        let at = usize::try_from(deliveries.saturating_sub(1)).unwrap_or(usize::MAX);
        let backoff = &self.config.backoff;
        backoff
            .get(at)
            .or(backoff.last())
            .copied()
            .unwrap_or(self.config.ack_wait)
    }

    /// Marks what was not acknowledged in time.
    fn expire(&mut self, now: Instant) {
        if self.due.is_none_or(|it| it > now) {
            return;
        }
        let mut soonest: Option<Instant> = None;
        for (seq, it) in &mut self.unacked {
            match it.due {
                Some(due) if due <= now => {
                    it.due = None;
                    self.again.insert(*seq);
                }
                Some(due) => soonest = Some(soonest.map_or(due, |it| it.min(due))),
                None => {}
            }
        }
        self.due = soonest;
    }

    /// Nothing more is expected for this message.
    fn settle(&mut self, seq: u64) {
        self.again.remove(&seq);
        if self.unacked.remove(&seq).is_none() {
            return;
        }
        self.changed = true;
        let (stream_seq, consumer_seq) = match self.unacked.first_key_value() {
            Some((first, it)) => (first - 1, it.consumer_seq - 1),
            None => (self.delivered.stream_seq, self.delivered.consumer_seq),
        };
        if stream_seq >= self.floor.stream_seq {
            self.floor.stream_seq = stream_seq;
            self.floor.consumer_seq = self.floor.consumer_seq.max(consumer_seq);
        }
    }
}
