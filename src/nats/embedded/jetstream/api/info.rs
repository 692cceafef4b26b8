//! What requests ask and answers tell, as JSON. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::store::Totals;
use super::super::time::{NEVER, Stamp, text};
use super::blank;
use super::consumer::ConsumerConfig;
use super::stream::StreamConfig;

/// Items a page of names holds, and a page of descriptions.
pub(in super::super) const NAMES: usize = 1024;
pub(in super::super) const DETAILS: usize = 256;
/// Subjects a page of a stream's description holds.
pub(in super::super) const SUBJECTS: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct InfoRequest {
    pub(in super::super) deleted_details: bool,
    pub(in super::super) subjects_filter: String,
    pub(in super::super) offset: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct PageRequest {
    pub(in super::super) offset: usize,
    pub(in super::super) subject: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct PurgeRequest {
    pub(in super::super) seq: u64,
    pub(in super::super) keep: u64,
    pub(in super::super) filter: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct GetRequest {
    pub(in super::super) seq: u64,
    pub(in super::super) last_by_subj: String,
    pub(in super::super) next_by_subj: String,
    pub(in super::super) batch: u64,
    pub(in super::super) multi_last: Vec<String>,
    pub(in super::super) start_time: Option<String>,
}

impl GetRequest {
    /// It asks for something, and for one thing only.
    pub(in super::super) fn is_sound(&self) -> bool {
        let (seq, last) = (self.seq > 0, !self.last_by_subj.is_empty());
        let next = !self.next_by_subj.is_empty();
        (seq || last || next) && !(last && (seq || next))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct CreateRequest {
    pub(in super::super) stream_name: String,
    pub(in super::super) config: ConsumerConfig,
    pub(in super::super) action: Action,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Action {
    #[default]
    #[serde(rename = "")]
    Either,
    Create,
    Update,
}

#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct StreamInfo {
    pub(in super::super) config: StreamConfig,
    pub(in super::super) created: Stamp,
    pub(in super::super) state: State,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) domain: Option<Arc<str>>,
    pub(in super::super) ts: Stamp,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) did_create: bool,
}

#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct State {
    messages: u64,
    bytes: u64,
    first_seq: u64,
    first_ts: String,
    last_seq: u64,
    last_ts: String,
    #[serde(skip_serializing_if = "blank")]
    num_subjects: u64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) subjects: Option<BTreeMap<Arc<str>, u64>>,
    #[serde(skip_serializing_if = "blank")]
    num_deleted: u64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) deleted: Vec<u64>,
    consumer_count: usize,
}

impl State {
    pub(in super::super) fn new(totals: &Totals, consumer_count: usize) -> Self {
        let time = |it: Option<i64>| it.map_or_else(|| NEVER.to_owned(), text);
        let span = (totals.last + 1).saturating_sub(totals.first);
        Self {
            messages: totals.messages,
            bytes: totals.bytes,
            first_seq: totals.first,
            first_ts: time(totals.first_time),
            last_seq: totals.last,
            last_ts: time(totals.last_time),
            num_subjects: totals.subjects,
            subjects: None,
            num_deleted: if totals.first == 0 {
                0
            } else {
                span.saturating_sub(totals.messages)
            },
            deleted: Vec::new(),
            consumer_count,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Position {
    pub(in super::super) consumer_seq: u64,
    pub(in super::super) stream_seq: u64,
    #[serde(default, skip_serializing_if = "blank")]
    pub(in super::super) last_active: Option<Stamp>,
}

#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct ConsumerInfo {
    pub(in super::super) stream_name: String,
    pub(in super::super) name: String,
    pub(in super::super) created: Stamp,
    pub(in super::super) config: ConsumerConfig,
    pub(in super::super) delivered: Position,
    pub(in super::super) ack_floor: Position,
    pub(in super::super) num_ack_pending: usize,
    pub(in super::super) num_redelivered: usize,
    pub(in super::super) num_waiting: usize,
    pub(in super::super) num_pending: u64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) push_bound: bool,
    pub(in super::super) ts: Stamp,
}
