//! A stream's configuration: its JSON, its defaults, what holds together. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::subject::{is_name, is_valid, overlaps};
use super::error::ApiError;
use super::{blank, nanos};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Discard {
    #[default]
    Old,
    New,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Retention {
    #[default]
    Limits,
    Interest,
    WorkQueue,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Storage {
    #[default]
    File,
    Memory,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct ConsumerLimits {
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) inactive_threshold: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) max_ack_pending: i64,
}

/// As clients send it and get it back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct StreamConfig {
    pub(in super::super) name: String,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) description: Option<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) subjects: Vec<String>,
    pub(in super::super) retention: Retention,
    pub(in super::super) max_consumers: i64,
    pub(in super::super) max_msgs: i64,
    pub(in super::super) max_bytes: i64,
    #[serde(with = "nanos")]
    pub(in super::super) max_age: Duration,
    pub(in super::super) max_msgs_per_subject: i64,
    pub(in super::super) max_msg_size: i64,
    pub(in super::super) discard: Discard,
    pub(in super::super) storage: Storage,
    pub(in super::super) num_replicas: i64,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) no_ack: bool,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(in super::super) duplicate_window: Duration,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) placement: Option<Value>,
    /// Kept for clients to see; everything is stored as it is.
    pub(in super::super) compression: Option<String>,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) first_seq: u64,
    pub(in super::super) allow_direct: bool,
    pub(in super::super) mirror_direct: bool,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) discard_new_per_subject: bool,
    pub(in super::super) sealed: bool,
    pub(in super::super) deny_delete: bool,
    pub(in super::super) deny_purge: bool,
    pub(in super::super) allow_rollup_hdrs: bool,
    pub(in super::super) consumer_limits: ConsumerLimits,
    #[serde(skip_serializing_if = "blank")]
    pub(in super::super) metadata: BTreeMap<String, String>,

    // What only the real server does: read to be refused.
    #[serde(skip_serializing)]
    mirror: Option<Value>,
    #[serde(skip_serializing)]
    sources: Option<Vec<Value>>,
    #[serde(skip_serializing)]
    republish: Option<Value>,
    #[serde(skip_serializing)]
    subject_transform: Option<Value>,
    #[serde(skip_serializing)]
    template_owner: String,
    #[serde(skip_serializing)]
    allow_msg_ttl: bool,
    #[serde(skip_serializing)]
    subject_delete_marker_ttl: Option<i64>,
    #[serde(skip_serializing)]
    allow_atomic: bool,
    #[serde(skip_serializing)]
    allow_msg_counter: bool,
    #[serde(skip_serializing)]
    allow_msg_schedules: bool,
    #[serde(skip_serializing)]
    allow_batched: bool,
}

impl StreamConfig {
    /// Fills in defaults and refuses what does not hold together.
    pub(in super::super) fn checked(mut self) -> Result<Self, ApiError> {
        if !is_name(&self.name) {
            return Err(ApiError::config(
                "stream name is required and can not contain '.', '*', '>'",
            ));
        }
        if self.num_replicas > 1 {
            return Err(ApiError::REPLICAS);
        }
        self.supported()?;
        self.num_replicas = 1;
        if self.subjects.is_empty() {
            self.subjects.push(self.name.clone());
        }
        for limit in [
            &mut self.max_consumers,
            &mut self.max_msgs,
            &mut self.max_bytes,
            &mut self.max_msgs_per_subject,
            &mut self.max_msg_size,
        ] {
            if *limit <= 0 {
                *limit = -1;
            }
        }
        if self.duplicate_window.is_zero() {
            self.duplicate_window = Duration::from_secs(120);
            if !self.max_age.is_zero() {
                self.duplicate_window = self.duplicate_window.min(self.max_age);
            }
        }
        if !self.max_age.is_zero() && self.max_age < Duration::from_millis(100) {
            return Err(ApiError::config("max age needs to be >= 100ms"));
        }
        if !self.max_age.is_zero() && self.duplicate_window > self.max_age {
            return Err(ApiError::config(
                "duplicates window can not be larger then max age",
            ));
        }
        if self.duplicate_window < Duration::from_millis(100) {
            return Err(ApiError::config("duplicates window needs to be >= 100ms"));
        }
        if self.discard_new_per_subject {
            if self.discard != Discard::New {
                return Err(ApiError::config(
                    "discard new per subject requires discard new policy to be set",
                ));
            }
            if self.max_msgs_per_subject <= 0 {
                return Err(ApiError::config(
                    "discard new per subject requires max msgs per subject > 0",
                ));
            }
        }
        if self.deny_purge && self.allow_rollup_hdrs {
            return Err(ApiError::config("roll-ups require the purge permission"));
        }
        if self.compression.as_deref().is_none_or(str::is_empty) {
            self.compression = Some("none".to_owned());
        }
        self.check_subjects()?;
        Ok(self)
    }

    fn supported(&self) -> Result<(), ApiError> {
        for (asked, what) in [
            (
                self.retention != Retention::Limits,
                "retention other than 'limits' is",
            ),
            (self.mirror.is_some(), "mirrors are"),
            (
                self.sources.as_ref().is_some_and(|it| !it.is_empty()),
                "sources are",
            ),
            (self.republish.is_some(), "republishing is"),
            (self.subject_transform.is_some(), "subject transforms are"),
            (!self.template_owner.is_empty(), "templates are"),
            (
                self.allow_msg_ttl || self.subject_delete_marker_ttl.is_some_and(|it| it > 0),
                "per-message TTL is",
            ),
            (
                self.allow_atomic || self.allow_batched,
                "batch publishing is",
            ),
            (self.allow_msg_counter, "counters are"),
            (self.allow_msg_schedules, "message schedules are"),
        ] {
            if asked {
                return Err(ApiError::unsupported(what));
            }
        }
        Ok(())
    }

    fn check_subjects(&self) -> Result<(), ApiError> {
        for (at, subject) in self.subjects.iter().enumerate() {
            if !is_valid(subject) {
                return Err(ApiError::config("invalid subject"));
            }
            if let Some(other) = self.subjects[..at].iter().find(|it| overlaps(it, subject)) {
                return Err(ApiError::config(format!(
                    "subject {subject:?} overlaps with {other:?}"
                )));
            }
            if self.no_ack {
                continue;
            }
            if subject == ">" {
                return Err(ApiError::config(
                    "capturing all subjects requires no-ack to be true",
                ));
            }
            if ["$JS.>", "$JSC.>", "$NRG.>"]
                .iter()
                .any(|it| overlaps(it, subject))
                && !subject.starts_with("$JS.EVENT.")
            {
                return Err(ApiError::config(
                    "subjects that overlap with jetstream api require no-ack to be true",
                ));
            }
            if overlaps("$SYS.>", subject) && !subject.starts_with("$SYS.ACCOUNT.") {
                return Err(ApiError::config(
                    "subjects that overlap with system api require no-ack to be true",
                ));
            }
        }
        Ok(())
    }

    /// This, as it may become `next`.
    pub(in super::super) fn may_become(&self, next: &Self) -> Result<(), ApiError> {
        let refuse = |text: &str| {
            Err(ApiError::config(format!(
                "stream configuration update can not {text}"
            )))
        };
        if next.storage != self.storage {
            return refuse("change storage type");
        }
        if next.max_consumers != self.max_consumers {
            return refuse("change MaxConsumers");
        }
        if self.sealed && !next.sealed {
            return refuse("unseal a sealed stream");
        }
        if self.deny_delete && !next.deny_delete {
            return refuse("cancel deny message deletes");
        }
        if self.deny_purge && !next.deny_purge {
            return refuse("cancel deny purge");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::StreamConfig;

    fn config(text: &str) -> Result<StreamConfig, u32> {
        serde_json::from_str::<StreamConfig>(text)
            .unwrap()
            .checked()
            .map_err(|it| it.err_code)
    }

    #[test]
    fn defaults_are_those_of_nats_server() {
        let it = config(r#"{"name":"S"}"#).unwrap();
        assert_eq!(it.subjects, ["S"]);
        assert_eq!((it.max_msgs, it.max_bytes, it.num_replicas), (-1, -1, 1));
        assert_eq!(it.duplicate_window.as_secs(), 120);
        let again: StreamConfig =
            serde_json::from_str(&serde_json::to_string(&it).unwrap()).unwrap();
        assert_eq!(again.checked().unwrap(), it);
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        for (text, code) in [
            (r#"{"name":"a.b"}"#, 10052),
            (r#"{"name":"S","num_replicas":3}"#, 10074),
            (r#"{"name":"S","retention":"workqueue"}"#, 10003),
            (r#"{"name":"S","mirror":{"name":"T"}}"#, 10003),
            (r#"{"name":"S","subjects":["a..b"]}"#, 10052),
            (r#"{"name":"S","subjects":["a","a"]}"#, 10052),
            (r#"{"name":"S","subjects":[">"]}"#, 10052),
            (r#"{"name":"S","subjects":["$JS.API.>"]}"#, 10052),
            (
                r#"{"name":"S","discard":"new","discard_new_per_subject":true}"#,
                10052,
            ),
        ] {
            assert_eq!(config(text), Err(code), "{text}");
        }
    }
}
