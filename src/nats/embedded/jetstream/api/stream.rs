//! A stream's configuration: its JSON, its defaults, what holds together. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::subject::{is_name, is_valid, overlaps};
use super::error::ApiError;
use super::json::{blank, check_rest, nanos};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Discard {
    #[default]
    Old,
    New,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    #[default]
    File,
    Memory,
}

/// As clients send it and get it back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StreamConfig {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "blank")]
    pub(crate) subjects: Vec<String>,
    retention: String,
    /// Negative is no limit, here and below.
    pub(crate) max_msgs: i64,
    pub(crate) max_bytes: i64,
    #[serde(with = "nanos")]
    pub(crate) max_age: Duration,
    pub(crate) max_msgs_per_subject: i64,
    pub(crate) max_msg_size: i64,
    pub(crate) discard: Discard,
    pub(crate) storage: Storage,
    num_replicas: i64,
    #[serde(with = "nanos", skip_serializing_if = "blank")]
    pub(crate) duplicate_window: Duration,
    pub(crate) allow_direct: bool,
    pub(crate) sealed: bool,
    pub(crate) deny_delete: bool,
    pub(crate) deny_purge: bool,
    pub(crate) allow_rollup_hdrs: bool,
    /// Where sequences begin, if not at 1: streams from other servers keep theirs.
    #[serde(skip_serializing_if = "blank")]
    pub(crate) first_seq: u64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Fields that change nothing here. What is stored compressed elsewhere is stored as it is.
const SHOWN: [&str; 5] = [
    "compression",
    "description",
    "metadata",
    "mirror_direct",
    "placement",
];

const SHORTEST: Duration = Duration::from_millis(100);

impl StreamConfig {
    /// Fills in defaults and refuses what does not hold together.
    pub(crate) fn checked(mut self) -> Result<Self, ApiError> {
        if !is_name(&self.name) {
            let text = "stream name is required and can not contain '.', '*', '>'";
            return Err(ApiError::config(text));
        }
        if self.num_replicas > 1 {
            return Err(ApiError::REPLICAS);
        }
        if !matches!(&*self.retention, "" | "limits") {
            return Err(ApiError::unsupported("retention other than 'limits'"));
        }
        // Servers of this version do not know it, and clients ask for it anyway; a message with a TTL is refused.
        self.rest.remove("allow_msg_ttl");
        check_rest(&mut self.rest, &SHOWN)?;
        self.retention = "limits".to_owned();
        self.num_replicas = 1;
        if self.subjects.is_empty() {
            self.subjects.push(self.name.clone());
        }
        for limit in [
            &mut self.max_msgs,
            &mut self.max_bytes,
            &mut self.max_msgs_per_subject,
            &mut self.max_msg_size,
        ] {
            if *limit <= 0 {
                *limit = -1;
            }
        }
        let ages = !self.max_age.is_zero();
        if self.duplicate_window.is_zero() {
            let most = if ages { self.max_age } else { Duration::MAX };
            self.duplicate_window = Duration::from_secs(120).min(most);
        }
        let wide = ages && self.duplicate_window > self.max_age;
        let short = self.duplicate_window < SHORTEST;
        let config = ApiError::config;
        ApiError::first([
            (
                ages && self.max_age < SHORTEST,
                config("max age needs to be >= 100ms"),
            ),
            (
                wide,
                config("duplicates window can not be larger then max age"),
            ),
            (short, config("duplicates window needs to be >= 100ms")),
            (
                self.deny_purge && self.allow_rollup_hdrs,
                config("roll-ups require the purge permission"),
            ),
        ])?;
        self.check_subjects()?;
        Ok(self)
    }

    fn check_subjects(&self) -> Result<(), ApiError> {
        for (at, subject) in self.subjects.iter().enumerate() {
            if !is_valid(subject) {
                return Err(ApiError::config("invalid subject"));
            }
            if let Some(other) = self
                .subjects
                .iter()
                .take(at)
                .find(|it| overlaps(it, subject))
            {
                let text = format!("subject {subject:?} overlaps with {other:?}");
                return Err(ApiError::config(text));
            }
            if subject == ">" {
                let text = "capturing all subjects requires no-ack to be true";
                return Err(ApiError::config(text));
            }
            if ["$JS.>", "$JSC.>", "$NRG.>", "$SYS.>"]
                .iter()
                .any(|it| overlaps(it, subject))
            {
                let text = "subjects that overlap with jetstream api require no-ack to be true";
                return Err(ApiError::config(text));
            }
        }
        Ok(())
    }

    /// This, as it may become `next`.
    pub(crate) fn may_become(&self, next: &Self) -> Result<(), ApiError> {
        let cannot = |text| ApiError::config(format!("stream configuration update can not {text}"));
        ApiError::first([
            (next.storage != self.storage, cannot("change storage type")),
            (
                self.sealed && !next.sealed,
                cannot("unseal a sealed stream"),
            ),
            (
                self.deny_delete && !next.deny_delete,
                cannot("cancel deny message deletes"),
            ),
            (
                self.deny_purge && !next.deny_purge,
                cannot("cancel deny purge"),
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::StreamConfig;

    fn config(text: &str) -> Result<StreamConfig, u32> {
        let it: StreamConfig = serde_json::from_str(text).unwrap();
        it.checked().map_err(|it| it.err_code)
    }

    #[test]
    fn defaults_are_those_of_nats_server() {
        let it = config(r#"{"name":"S","compression":"s2","mirror":null,"consumer_limits":{}}"#)
            .unwrap();
        assert_eq!(it.subjects, ["S"]);
        assert_eq!((it.max_msgs, it.max_bytes, it.num_replicas), (-1, -1, 1));
        assert_eq!(it.duplicate_window.as_secs(), 120);
        let text = serde_json::to_string(&it).unwrap();
        assert!(text.contains("s2") && !text.contains("mirror"), "{text}");
        assert_eq!(config(&text).unwrap(), it);
        let asked = text.replacen('{', r#"{"allow_msg_ttl":true,"#, 1);
        assert_eq!(config(&asked).unwrap(), it);
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        for (text, code) in [
            (r#"{"name":"a.b"}"#, 10052),
            (r#"{"name":"S","num_replicas":3}"#, 10074),
            (r#"{"name":"S","retention":"workqueue"}"#, 10003),
            (r#"{"name":"S","mirror":{"name":"T"}}"#, 10003),
            (r#"{"name":"S","no_ack":true}"#, 10003),
            (r#"{"name":"S","of_the_future":1}"#, 10003),
            (r#"{"name":"S","subjects":["a..b"]}"#, 10052),
            (r#"{"name":"S","subjects":["a","a"]}"#, 10052),
            (r#"{"name":"S","subjects":[">"]}"#, 10052),
            (r#"{"name":"S","subjects":["$JS.API.>"]}"#, 10052),
            (r#"{"name":"S","max_age":1}"#, 10052),
        ] {
            assert_eq!(config(text), Err(code), "{text}");
        }
    }
}
