//! A consumer's configuration: its JSON, its defaults, what holds together. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::super::subject::{Filter, is_literal, is_name, is_valid, overlaps};
use super::error::ApiError;
use super::json::{blank, check_rest, nanos};
use super::stream::StreamConfig;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deliver {
    #[default]
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
    LastPerSubject,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AckPolicy {
    #[default]
    None,
    All,
    Explicit,
}

/// As clients send it and get it back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ConsumerConfig {
    #[serde(skip_serializing_if = "blank")]
    pub(crate) durable_name: String,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) name: String,
    pub(crate) deliver_policy: Deliver,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) opt_start_seq: u64,
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "blank")]
    pub(crate) opt_start_time: Option<OffsetDateTime>,
    pub(crate) ack_policy: AckPolicy,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(crate) ack_wait: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) max_deliver: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) filter_subject: String,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) filter_subjects: Vec<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) max_waiting: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) max_ack_pending: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) flow_control: bool,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) headers_only: bool,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(crate) inactive_threshold: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) deliver_subject: String,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(crate) idle_heartbeat: Duration,
    num_replicas: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) mem_storage: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Fields that change nothing here; a group is one by how its members subscribe.
const SHOWN: [&str; 4] = ["deliver_group", "description", "metadata", "sample_freq"];

impl ConsumerConfig {
    /// Fills in defaults and refuses what does not hold together, on this stream.
    pub(crate) fn checked(mut self, stream: &StreamConfig) -> Result<Self, ApiError> {
        check_rest(&mut self.rest, &SHOWN)?;
        if self.num_replicas > 1 {
            return Err(ApiError::REPLICAS);
        }
        if self.name.is_empty() {
            self.name.clone_from(&self.durable_name);
        }
        if !self.durable_name.is_empty() && self.durable_name != self.name {
            return Err(ApiError::DURABLE_AND_NAME);
        }
        if !self.name.is_empty() && !is_name(&self.name) {
            return Err(ApiError::BAD_NAME);
        }
        self.check_delivery(stream)?;
        self.check_filters()?;
        let (seq, time) = (self.opt_start_seq > 0, self.opt_start_time.is_some());
        let policy = self.deliver_policy;
        if seq != (policy == Deliver::ByStartSequence)
            || time != (policy == Deliver::ByStartTime)
            || policy == Deliver::LastPerSubject && self.filters().next().is_none()
        {
            return Err(ApiError::POLICY);
        }
        if self.max_deliver == 0 {
            self.max_deliver = -1;
        }
        if self.ack_policy != AckPolicy::None {
            if self.ack_wait.is_zero() {
                self.ack_wait = Duration::from_secs(30);
            }
            if self.max_ack_pending == 0 {
                self.max_ack_pending = 1000;
            }
        }
        if self.durable_name.is_empty() && self.inactive_threshold.is_zero() {
            self.inactive_threshold = Duration::from_secs(5);
        }
        Ok(self)
    }

    fn check_delivery(&mut self, stream: &StreamConfig) -> Result<(), ApiError> {
        let (to, beat) = (&self.deliver_subject, self.idle_heartbeat);
        let (push, beats) = (self.is_push(), !beat.is_zero());
        let cycle = || stream.subjects.iter().any(|it| overlaps(it, to));
        ApiError::first([
            (
                push && !(is_literal(to) && is_valid(to)),
                ApiError::DELIVER_WILDCARD,
            ),
            (push && cycle(), ApiError::DELIVER_CYCLE),
            (push && self.max_waiting != 0, ApiError::PUSH_MAX_WAITING),
            (
                push && beats && beat < Duration::from_millis(100),
                ApiError::SMALL_HEARTBEAT,
            ),
            (
                push && self.flow_control && !beats,
                ApiError::FLOW_NEEDS_HEARTBEAT,
            ),
            (!push && beats, ApiError::HEARTBEAT_NEEDS_PUSH),
            (!push && self.flow_control, ApiError::FLOW_NEEDS_PUSH),
        ])?;
        if !push && self.max_waiting <= 0 {
            self.max_waiting = 512;
        }
        Ok(())
    }

    fn check_filters(&self) -> Result<(), ApiError> {
        if !self.filter_subject.is_empty() && !self.filter_subjects.is_empty() {
            return Err(ApiError::TWO_FILTERS);
        }
        if self.filter_subjects.iter().any(String::is_empty) {
            return Err(ApiError::EMPTY_FILTER);
        }
        for (at, filter) in self.filters().enumerate() {
            if !is_valid(filter) {
                return Err(ApiError::config("filter subject is not valid"));
            }
            if self.filters().take(at).any(|it| overlaps(it, filter)) {
                return Err(ApiError::FILTERS_OVERLAP);
            }
        }
        Ok(())
    }

    /// This, as it may become `next`.
    pub(crate) fn may_become(&self, next: &Self) -> Result<(), ApiError> {
        let fixed = |what| ApiError::new(500, 10012, format!("{what} can not be updated"));
        ApiError::first([
            (
                self.deliver_policy != next.deliver_policy,
                fixed("deliver policy"),
            ),
            (
                self.opt_start_seq != next.opt_start_seq,
                fixed("start sequence"),
            ),
            (
                self.opt_start_time != next.opt_start_time,
                fixed("start time"),
            ),
            (self.ack_policy != next.ack_policy, fixed("ack policy")),
            (
                self.idle_heartbeat != next.idle_heartbeat,
                fixed("heart beats"),
            ),
            (
                self.flow_control != next.flow_control,
                fixed("flow control"),
            ),
            (self.is_push() != next.is_push(), fixed("push or pull")),
        ])
    }

    pub(crate) fn is_push(&self) -> bool {
        !self.deliver_subject.is_empty()
    }

    fn filters(&self) -> impl Iterator<Item = &str> {
        let one = Some(&self.filter_subject).filter(|it| !it.is_empty());
        one.into_iter()
            .chain(&self.filter_subjects)
            .map(String::as_str)
    }

    pub(crate) fn filter(&self) -> Filter {
        Filter::new(self.filters())
    }
}
