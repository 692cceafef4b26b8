//! Refusals in JetStream's own shape: status, code and text, as nats-server words them. Pure.

use std::borrow::Cow;

use serde::Serialize;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct ApiError {
    pub(in super::super) code: u16,
    pub(in super::super) err_code: u32,
    pub(in super::super) description: Cow<'static, str>,
}

const fn error(code: u16, err_code: u32, description: &'static str) -> ApiError {
    ApiError {
        code,
        err_code,
        description: Cow::Borrowed(description),
    }
}

impl ApiError {
    pub(in super::super) const BAD_REQUEST: Self = error(400, 10003, "bad request");
    pub(in super::super) const BUSY: Self =
        error(503, 10008, "JetStream system temporarily unavailable");
    pub(in super::super) const CONSUMER_NOT_FOUND: Self = error(404, 10014, "consumer not found");
    pub(in super::super) const NAME_NOT_DURABLE: Self = error(
        400,
        10017,
        "consumer name in subject does not match durable name in request",
    );
    pub(in super::super) const DURABLE_NOT_SET: Self = error(
        400,
        10018,
        "consumer expected to be durable but a durable name was not set",
    );
    pub(in super::super) const MAX_CONSUMERS: Self =
        error(400, 10026, "maximum consumers limit reached");
    pub(in super::super) const NO_MESSAGE: Self = error(404, 10037, "no message found");
    pub(in super::super) const MESSAGE_TOO_LARGE: Self =
        error(400, 10054, "message size exceeds maximum allowed");
    pub(in super::super) const NAME_MISMATCH: Self =
        error(400, 10056, "stream name in subject does not match request");
    pub(in super::super) const STREAM_EXISTS: Self = error(
        400,
        10058,
        "stream name already in use with a different configuration",
    );
    pub(in super::super) const STREAM_NOT_FOUND: Self = error(404, 10059, "stream not found");
    pub(in super::super) const OTHER_STREAM: Self =
        error(400, 10060, "expected stream does not match");
    pub(in super::super) const OVERLAP: Self =
        error(400, 10065, "subjects overlap with an existing stream");
    pub(in super::super) const REPLICAS: Self = error(
        500,
        10074,
        "replicas > 1 not supported in non-clustered mode",
    );
    pub(in super::super) const DELIVER_WILDCARD: Self =
        error(400, 10079, "consumer deliver subject has wildcards");
    pub(in super::super) const PUSH_MAX_WAITING: Self =
        error(400, 10080, "consumer in push mode can not set max waiting");
    pub(in super::super) const DELIVER_CYCLE: Self =
        error(400, 10081, "consumer deliver subject forms a cycle");
    pub(in super::super) const SMALL_HEARTBEAT: Self =
        error(400, 10083, "consumer idle heartbeat needs to be >= 100ms");
    pub(in super::super) const MAX_WAITING_NEGATIVE: Self =
        error(400, 10087, "consumer max waiting needs to be positive");
    pub(in super::super) const HEARTBEAT_NEEDS_PUSH: Self = error(
        400,
        10088,
        "consumer idle heartbeat requires a push based consumer",
    );
    pub(in super::super) const FLOW_NEEDS_PUSH: Self = error(
        400,
        10089,
        "consumer flow control requires a push based consumer",
    );
    pub(in super::super) const FILTER_NOT_SUBSET: Self = error(
        400,
        10093,
        "consumer filter subject is not a valid subset of the interest subjects",
    );
    pub(in super::super) const HEADERS_TOO_LARGE: Self =
        error(400, 10097, "header size exceeds maximum allowed of 64k");
    pub(in super::super) const BAD_NAME: Self = error(
        500,
        10052,
        "consumer name can not contain '.', '*', '>', '\\', '/'",
    );
    pub(in super::super) const CONSUMER_ACTIVE: Self =
        error(400, 10105, "consumer already exists and is still active");
    pub(in super::super) const FLOW_NEEDS_HEARTBEAT: Self = error(
        400,
        10108,
        "consumer with flow control also needs heartbeats",
    );
    pub(in super::super) const SEALED: Self =
        error(400, 10109, "invalid operation on sealed stream");
    pub(in super::super) const BACKOFF: Self = error(
        400,
        10116,
        "max deliver is required to be > length of backoff values",
    );
    pub(in super::super) const FILTER_MISMATCH: Self = error(
        400,
        10131,
        "Consumer create request did not match filtered subject from create subject",
    );
    pub(in super::super) const DURABLE_AND_NAME: Self = error(
        400,
        10132,
        "Consumer Durable and Name have to be equal if both are provided",
    );
    pub(in super::super) const TWO_FILTERS: Self = error(
        400,
        10136,
        "consumer cannot have both FilterSubject and FilterSubjects specified",
    );
    pub(in super::super) const FILTERS_OVERLAP: Self =
        error(400, 10138, "consumer subject filters cannot overlap");
    pub(in super::super) const EMPTY_FILTER: Self = error(
        400,
        10139,
        "consumer filter in FilterSubjects cannot be empty",
    );
    pub(in super::super) const CONSUMER_EXISTS: Self = error(400, 10148, "consumer already exists");
    pub(in super::super) const CONSUMER_MISSING: Self =
        error(400, 10149, "consumer does not exist");
    pub(in super::super) const NO_TTL: Self = error(400, 10166, "per-message TTL is disabled");

    pub(in super::super) fn new(code: u16, err_code: u32, text: impl Into<String>) -> Self {
        Self {
            code,
            err_code,
            description: Cow::Owned(text.into()),
        }
    }

    pub(in super::super) fn bad_json(error: &serde_json::Error) -> Self {
        Self::new(400, 10025, format!("invalid JSON: {error}"))
    }

    /// A stream's configuration does not hold together.
    pub(in super::super) fn config(text: impl Into<String>) -> Self {
        Self::new(500, 10052, text)
    }

    /// A consumer's configuration does not hold together.
    pub(in super::super) fn consumer(text: impl Into<String>) -> Self {
        Self::new(500, 10012, text)
    }

    /// A consumer's deliver policy and its options do not go together.
    pub(in super::super) fn policy(text: impl Into<String>) -> Self {
        Self::new(400, 10094, text)
    }

    pub(in super::super) fn wrong_last(seq: u64) -> Self {
        Self::new(400, 10071, format!("wrong last sequence: {seq}"))
    }

    /// The message could not be kept.
    pub(in super::super) fn store(text: impl Into<String>) -> Self {
        Self::new(503, 10077, text)
    }

    pub(in super::super) fn rollup(text: impl Into<String>) -> Self {
        Self::new(500, 10111, text)
    }

    /// What the embedded server leaves to the real one.
    pub(in super::super) fn unsupported(what: &str) -> Self {
        Self::new(
            501,
            10003,
            format!("{what} not supported by the embedded server: run nats-server for that"),
        )
    }
}
