//! One consumer: where it stands in its stream, what it waits to hear about.
//!
//! Owned by its stream (`stream.rs`), which tells it what is stored and removed, and calls [`Consumer::pump`] whenever
//! something may be due. `deliver.rs` hands messages out, `ack.rs` takes what clients answer, `pull.rs` their requests,
//! `push.rs` is the flow to a deliver subject.

mod ack;
mod deliver;
mod pull;
mod push;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::Bus;
use super::api::consumer::{ConsumerConfig, Deliver};
use super::header::status;
use super::store::Store;
use super::subject::Filter;
use super::time::{now, text};

/// What a consumer needs of its stream to do its work.
pub(super) struct Around<'a> {
    pub(super) store: &'a mut Store,
    pub(super) bus: &'a Bus,
    pub(super) stream: &'a str,
    pub(super) now: Instant,
}

/// What is not skipped here survives a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Consumer {
    pub(super) name: String,
    pub(super) config: ConsumerConfig,
    created: i64,
    /// The sequence from which to look for what comes next.
    next: u64,
    delivered: Position,
    floor: Position,
    /// The last message of each subject, up to a sequence, for the policy of that name.
    lasts: Option<(BTreeSet<u64>, u64)>,
    unacked: BTreeMap<u64, Unacked>,
    #[serde(skip)]
    filter: Filter,
    /// Selected messages that were never delivered.
    #[serde(skip)]
    pending: u64,
    /// To be delivered again.
    #[serde(skip)]
    again: BTreeSet<u64>,
    /// No message in `unacked` is due before this.
    #[serde(skip)]
    due: Option<Instant>,
    #[serde(skip)]
    pull: pull::Pull,
    #[serde(skip)]
    push: push::Push,
    /// Since when nobody seems to be there.
    #[serde(skip)]
    idle: Option<Instant>,
    /// Not as it was saved.
    #[serde(skip)]
    pub(super) changed: bool,
    /// Names the file it is saved in.
    #[serde(skip)]
    pub(super) file: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    consumer_seq: u64,
    stream_seq: u64,
}

impl Position {
    /// As signs of life tell it.
    fn lines(&self) -> [(&str, &dyn Display); 2] {
        let (consumer, stream) = (&self.consumer_seq, &self.stream_seq);
        [
            ("Nats-Last-Consumer", consumer),
            ("Nats-Last-Stream", stream),
        ]
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Unacked {
    /// The consumer's count when it was first delivered.
    consumer_seq: u64,
    deliveries: u64,
    /// When it is delivered again; `None` while it waits for that.
    #[serde(skip)]
    due: Option<Instant>,
}

impl Consumer {
    pub(super) fn new(name: String, config: ConsumerConfig, store: &Store, now: Instant) -> Self {
        let filter = config.filter();
        let (first, end) = (store.first().max(1), store.last() + 1);
        let mut lasts = None;
        let next = match config.deliver_policy {
            Deliver::All => first,
            Deliver::New => end,
            Deliver::Last => store.last_of(&filter).unwrap_or(end),
            Deliver::ByStartSequence => config.opt_start_seq.max(first),
            Deliver::ByStartTime => config
                .opt_start_time
                .and_then(|it| i64::try_from(it.unix_timestamp_nanos()).ok())
                .and_then(|it| store.at_time(it))
                .unwrap_or(end),
            Deliver::LastPerSubject => {
                let selected = store.selected(&filter);
                let seqs: BTreeSet<u64> = selected.filter_map(|it| it.1.back().copied()).collect();
                let next = seqs.first().copied().unwrap_or(end);
                lasts = Some((seqs, store.last()));
                next
            }
        };
        let start = Position {
            consumer_seq: 0,
            stream_seq: next - 1,
        };
        let mut it = Self {
            name,
            config,
            created: self::now(),
            next,
            delivered: start,
            floor: start,
            lasts,
            unacked: BTreeMap::new(),
            filter,
            pending: 0,
            again: BTreeSet::new(),
            due: None,
            pull: pull::Pull::default(),
            push: push::Push::default(),
            idle: None,
            changed: true,
            file: nuid::next().to_string(),
        };
        it.resume(store, now);
        it
    }

    /// Takes up where it was, on what is there; what was not acknowledged is waited for once more.
    pub(super) fn resume(&mut self, store: &Store, now: Instant) {
        self.filter = self.config.filter();
        self.unacked
            .retain(|seq, _| store.subject_of(*seq).is_some());
        self.again.clear();
        self.due = (!self.unacked.is_empty()).then(|| now + self.config.ack_wait);
        for it in self.unacked.values_mut() {
            it.due = self.due;
        }
        self.pending = match &mut self.lasts {
            Some((seqs, until)) => {
                seqs.retain(|it| store.subject_of(*it).is_some());
                seqs.len() as u64 + store.count(*until + 1, &self.filter)
            }
            None => store.count(self.next, &self.filter),
        };
        self.idle = Some(now);
    }

    /// Takes on what may change of a configuration.
    pub(super) fn update(&mut self, config: ConsumerConfig, store: &Store) {
        self.config = config;
        let filter = self.config.filter();
        if filter != self.filter {
            self.pending = store.count(self.next, &filter);
            (self.filter, self.lasts) = (filter, None);
        }
        self.changed = true;
    }

    pub(super) fn info(&self, stream: &str) -> Value {
        json!({
            "stream_name": stream,
            "name": self.name,
            "created": text(self.created),
            "config": self.config,
            "delivered": self.delivered,
            "ack_floor": self.floor,
            "num_ack_pending": self.unacked.len(),
            "num_redelivered": self.unacked.values().filter(|it| it.deliveries > 1).count(),
            "num_waiting": self.pull.waiting(),
            "num_pending": self.pending,
            // A single nats-server no longer tells it; Rust clients of 2022 cannot read an answer without, so that
            // providers of that year could fetch no large payload.
            "cluster": {"leader": "wash"},
            "push_bound": self.push.bound,
            "ts": text(now()),
        })
    }

    /// A message was stored.
    pub(super) fn stored(&mut self, seq: u64, subject: &str) {
        if seq >= self.next && self.filter.matches(subject) {
            self.pending += 1;
        }
    }

    /// A message was removed.
    pub(super) fn removed(&mut self, seq: u64, subject: &str) {
        self.settle(seq);
        let waited = match &mut self.lasts {
            Some((seqs, until)) if seq <= *until => seqs.remove(&seq),
            _ => seq >= self.next && self.filter.matches(subject),
        };
        self.pending = self.pending.saturating_sub(waited.into());
    }

    /// When [`Consumer::pump`] must be called even if nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let gone = self.idle.map(|it| it + self.config.inactive_threshold);
        let gone = gone.filter(|_| !self.config.inactive_threshold.is_zero());
        [self.due, self.pull.deadline(), self.push.deadline(), gone]
            .into_iter()
            .flatten()
            .min()
    }

    /// Nobody was there for so long that it goes.
    pub(super) fn abandoned(&self, now: Instant) -> bool {
        let threshold = self.config.inactive_threshold;
        !threshold.is_zero() && self.idle.is_some_and(|it| now >= it + threshold)
    }

    /// Tells whoever waits that it is gone.
    pub(super) fn farewell(&mut self, bus: &Bus) {
        let text = "409 Consumer Deleted";
        self.pull.end(bus, text);
        if self.config.is_push() {
            let status = status(text, &[]);
            bus.publish(
                &self.config.deliver_subject,
                None,
                Some(&status),
                &Bytes::new(),
            );
        }
    }

    /// Somebody listens to it.
    pub(super) fn active(&self) -> bool {
        self.push.bound
    }

    /// A delivered message is delivered again at that time.
    fn wait_for(&mut self, seq: u64, due: Instant) {
        if let Some(it) = self.unacked.get_mut(&seq) {
            self.again.remove(&seq);
            it.due = Some(due);
            self.due = Some(self.due.map_or(due, |it| it.min(due)));
        }
    }

    /// Marks what was not acknowledged in time.
    fn expire(&mut self, now: Instant) {
        if self.due.is_none_or(|it| it > now) {
            return;
        }
        for (seq, it) in &mut self.unacked {
            if it.due.take_if(|it| *it <= now).is_some() {
                self.again.insert(*seq);
            }
        }
        self.due = self.unacked.values().filter_map(|it| it.due).min();
    }

    /// Nothing more is expected for this message.
    fn settle(&mut self, seq: u64) {
        self.again.remove(&seq);
        if self.unacked.remove(&seq).is_none() {
            return;
        }
        self.changed = true;
        let floor = match self.unacked.first_key_value() {
            Some((first, it)) => Position {
                consumer_seq: it.consumer_seq - 1,
                stream_seq: first - 1,
            },
            None => self.delivered,
        };
        if floor.stream_seq >= self.floor.stream_seq {
            self.floor.stream_seq = floor.stream_seq;
            self.floor.consumer_seq = self.floor.consumer_seq.max(floor.consumer_seq);
        }
    }
}
