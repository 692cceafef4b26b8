//! A consumer's configuration: its JSON, its defaults, what holds together. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::subject::{Filter, is_literal, is_name, is_valid, overlaps};
use super::super::time::Stamp;
use super::error::ApiError;
use super::stream::StreamConfig;
use super::{blank, nanos, nanos_list};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Deliver {
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
pub(in super::super) enum AckPolicy {
    #[default]
    None,
    All,
    Explicit,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Replay {
    #[default]
    Instant,
    Original,
}

/// As clients send it and get it back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct ConsumerConfig {
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) durable_name: Option<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) name: Option<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) description: Option<String>,
    pub(in super::super) deliver_policy: Deliver,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) opt_start_seq: u64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) opt_start_time: Option<Stamp>,
    pub(in super::super) ack_policy: AckPolicy,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) ack_wait: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_deliver: i64,
    #[serde(with = "nanos_list", skip_serializing_if = "blank")]
    pub(in super::super) backoff: Vec<Duration>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) filter_subject: String,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) filter_subjects: Vec<String>,
    pub(in super::super) replay_policy: Replay,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) sample_freq: String,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_waiting: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_ack_pending: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) flow_control: bool,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) headers_only: bool,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_batch: u64,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) max_expires: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_bytes: u64,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) inactive_threshold: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) deliver_subject: Option<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) deliver_group: Option<String>,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) idle_heartbeat: Duration,
    pub(in super::super) num_replicas: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) mem_storage: bool,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) metadata: BTreeMap<String, String>,

    // What only the real server does: read to be refused.
    #[serde(skip_serializing)]
    rate_limit_bps: u64,
    #[serde(skip_serializing)]
    pause_until: Option<String>,
    #[serde(skip_serializing)]
    priority_groups: Option<Vec<String>>,
}

impl ConsumerConfig {
    /// Fills in defaults and refuses what does not hold together, on this stream.
    pub(in super::super) fn checked(mut self, stream: &StreamConfig) -> Result<Self, ApiError> {
        for (asked, what) in [
            (self.rate_limit_bps > 0, "a rate limit is"),
            (
                self.replay_policy == Replay::Original,
                "replay at the original speed is",
            ),
            (self.pause_until.is_some(), "pausing is"),
            (
                self.priority_groups
                    .as_ref()
                    .is_some_and(|it| !it.is_empty()),
                "priority groups are",
            ),
        ] {
            if asked {
                return Err(ApiError::unsupported(what));
            }
        }
        if self.num_replicas > 1 {
            return Err(ApiError::REPLICAS);
        }
        for unset in [
            &mut self.durable_name,
            &mut self.name,
            &mut self.deliver_subject,
            &mut self.deliver_group,
        ] {
            if unset.as_deref() == Some("") {
                *unset = None;
            }
        }
        match (&self.durable_name, &self.name) {
            (Some(durable), Some(name)) if durable != name => {
                return Err(ApiError::DURABLE_AND_NAME);
            }
            (Some(name), _) | (None, Some(name)) if !is_name(name) => {
                return Err(ApiError::BAD_NAME);
            }
            (Some(durable), None) => self.name = Some(durable.clone()),
            _ => {}
        }
        self.check_delivery(stream)?;
        self.check_filters()?;
        self.check_policy()?;
        if self.max_deliver == 0 {
            self.max_deliver = -1;
        }
        if !self.backoff.is_empty() {
            if self.max_deliver > 0 && self.max_deliver as usize <= self.backoff.len() {
                return Err(ApiError::BACKOFF);
            }
            self.ack_wait = self.backoff[0];
        }
        if self.ack_policy != AckPolicy::None {
            if self.ack_wait.is_zero() {
                self.ack_wait = Duration::from_secs(30);
            }
            if self.max_ack_pending == 0 {
                self.max_ack_pending = 1000;
            }
        }
        if self.durable_name.is_none() && self.inactive_threshold.is_zero() {
            self.inactive_threshold = Duration::from_secs(5);
        }
        Ok(self)
    }

    fn check_delivery(&mut self, stream: &StreamConfig) -> Result<(), ApiError> {
        let heartbeat = self.idle_heartbeat;
        if let Some(to) = &self.deliver_subject {
            if !is_literal(to) || !is_valid(to) {
                return Err(ApiError::DELIVER_WILDCARD);
            }
            if stream.subjects.iter().any(|it| overlaps(it, to)) {
                return Err(ApiError::DELIVER_CYCLE);
            }
            if self.max_waiting != 0 {
                return Err(ApiError::PUSH_MAX_WAITING);
            }
            if !heartbeat.is_zero() && heartbeat < Duration::from_millis(100) {
                return Err(ApiError::SMALL_HEARTBEAT);
            }
            if self.flow_control && heartbeat.is_zero() {
                return Err(ApiError::FLOW_NEEDS_HEARTBEAT);
            }
            return Ok(());
        }
        if self.max_waiting < 0 {
            return Err(ApiError::MAX_WAITING_NEGATIVE);
        }
        if !heartbeat.is_zero() {
            return Err(ApiError::HEARTBEAT_NEEDS_PUSH);
        }
        if self.flow_control {
            return Err(ApiError::FLOW_NEEDS_PUSH);
        }
        if self.max_waiting == 0 {
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
                return Err(ApiError::FILTER_NOT_SUBSET);
            }
            if self.filters().take(at).any(|it| overlaps(it, filter)) {
                return Err(ApiError::FILTERS_OVERLAP);
            }
        }
        Ok(())
    }

    fn check_policy(&self) -> Result<(), ApiError> {
        let name = match self.deliver_policy {
            Deliver::All => "all",
            Deliver::Last => "last",
            Deliver::New => "new",
            Deliver::ByStartSequence => "by start sequence",
            Deliver::ByStartTime => "by start time",
            Deliver::LastPerSubject => "last per subject",
        };
        let refuse = |text: &str| {
            Err(ApiError::policy(format!(
                "consumer delivery policy is deliver {name}, but {text}"
            )))
        };
        let (seq, time) = (self.opt_start_seq > 0, self.opt_start_time.is_some());
        match self.deliver_policy {
            Deliver::LastPerSubject if self.filters().next().is_none() => {
                refuse("optional filter subject is not set")
            }
            Deliver::ByStartSequence if !seq => refuse("optional start sequence is not set"),
            Deliver::ByStartTime if !time => refuse("optional start time is not set"),
            Deliver::ByStartSequence if time => refuse("optional start time is also set"),
            Deliver::ByStartTime if seq => refuse("optional start sequence is also set"),
            Deliver::ByStartSequence | Deliver::ByStartTime => Ok(()),
            _ if seq => refuse("optional start sequence is also set"),
            _ if time => refuse("optional start time is also set"),
            _ => Ok(()),
        }
    }

    /// This, as it may become `next`.
    pub(in super::super) fn may_become(&self, next: &Self) -> Result<(), ApiError> {
        for (changed, what) in [
            (self.deliver_policy != next.deliver_policy, "deliver policy"),
            (self.opt_start_seq != next.opt_start_seq, "start sequence"),
            (self.opt_start_time != next.opt_start_time, "start time"),
            (self.ack_policy != next.ack_policy, "ack policy"),
            (self.replay_policy != next.replay_policy, "replay policy"),
            (self.idle_heartbeat != next.idle_heartbeat, "heart beats"),
            (self.flow_control != next.flow_control, "flow control"),
        ] {
            if changed {
                return Err(ApiError::consumer(format!("{what} can not be updated")));
            }
        }
        if self.deliver_subject.is_some() != next.deliver_subject.is_some() {
            return Err(ApiError::consumer(if next.deliver_subject.is_some() {
                "can not update pull consumer to push based"
            } else {
                "can not update push consumer to pull based"
            }));
        }
        Ok(())
    }

    fn filters(&self) -> impl Iterator<Item = &str> {
        Some(self.filter_subject.as_str())
            .filter(|it| !it.is_empty())
            .into_iter()
            .chain(self.filter_subjects.iter().map(String::as_str))
    }

    pub(in super::super) fn filter(&self) -> Filter {
        Filter::new(self.filters())
    }
}
