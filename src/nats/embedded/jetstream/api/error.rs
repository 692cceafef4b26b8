//! Refusals in JetStream's own shape: status, code and text, as nats-server words them. Pure.

use std::borrow::Cow;

use serde::Serialize;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) err_code: u32,
    pub(crate) description: Cow<'static, str>,
}

macro_rules! refusals {
    ($($name:ident = $code:literal $err_code:literal $text:literal)*) => {
        impl ApiError {
            $(pub(crate) const $name: Self = Self {
                code: $code,
                err_code: $err_code,
                description: Cow::Borrowed($text),
            };)*
        }
    };
}

refusals! {
    BAD_REQUEST = 400 10003 "bad request"
    BUSY = 503 10008 "JetStream system temporarily unavailable"
    CONSUMER_NOT_FOUND = 404 10014 "consumer not found"
    NAME_NOT_DURABLE = 400 10017 "consumer name in subject does not match durable name in request"
    DURABLE_NOT_SET = 400 10018 "consumer expected to be durable but a durable name was not set"
    NO_ROOM = 500 10023 "insufficient resources"
    NO_MEMORY = 500 10028 "insufficient memory resources available"
    NO_MESSAGE = 404 10037 "no message found"
    NO_STORAGE = 500 10047 "insufficient storage resources available"
    BAD_NAME = 500 10052 "consumer name can not contain '.', '*', '>', '\\', '/'"
    MESSAGE_TOO_LARGE = 400 10054 "message size exceeds maximum allowed"
    NAME_MISMATCH = 400 10056 "stream name in subject does not match request"
    STREAM_EXISTS = 400 10058 "stream name already in use with a different configuration"
    STREAM_NOT_FOUND = 404 10059 "stream not found"
    OTHER_STREAM = 400 10060 "expected stream does not match"
    OVERLAP = 400 10065 "subjects overlap with an existing stream"
    REPLICAS = 500 10074 "replicas > 1 not supported in non-clustered mode"
    DELIVER_WILDCARD = 400 10079 "consumer deliver subject has wildcards"
    PUSH_MAX_WAITING = 400 10080 "consumer in push mode can not set max waiting"
    DELIVER_CYCLE = 400 10081 "consumer deliver subject forms a cycle"
    SMALL_HEARTBEAT = 400 10083 "consumer idle heartbeat needs to be >= 100ms"
    HEARTBEAT_NEEDS_PUSH = 400 10088 "consumer idle heartbeat requires a push based consumer"
    FLOW_NEEDS_PUSH = 400 10089 "consumer flow control requires a push based consumer"
    POLICY = 400 10094 "consumer deliver policy and its options do not go together"
    HEADERS_TOO_LARGE = 400 10097 "header size exceeds maximum allowed of 64k"
    CONSUMER_ACTIVE = 400 10105 "consumer already exists and is still active"
    FLOW_NEEDS_HEARTBEAT = 400 10108 "consumer with flow control also needs heartbeats"
    SEALED = 400 10109 "invalid operation on sealed stream"
    NO_PURGE = 500 10110 "stream purge not permitted"
    FILTER_MISMATCH = 400 10131 "Consumer create request did not match filtered subject from create subject"
    DURABLE_AND_NAME = 400 10132 "Consumer Durable and Name have to be equal if both are provided"
    TWO_FILTERS = 400 10136 "consumer cannot have both FilterSubject and FilterSubjects specified"
    FILTERS_OVERLAP = 400 10138 "consumer subject filters cannot overlap"
    EMPTY_FILTER = 400 10139 "consumer filter in FilterSubjects cannot be empty"
    CONSUMER_EXISTS = 400 10148 "consumer already exists"
    CONSUMER_MISSING = 400 10149 "consumer does not exist"
    NO_TTL = 400 10166 "per-message TTL is disabled"
}

impl ApiError {
    pub(crate) fn new(code: u16, err_code: u32, text: impl ToString) -> Self {
        Self {
            code,
            err_code,
            description: Cow::Owned(text.to_string()),
        }
    }

    /// The first refusal whose condition holds.
    pub(crate) fn first<const N: usize>(of: [(bool, Self); N]) -> Result<(), Self> {
        of.into_iter()
            .find(|it| it.0)
            .map_or(Ok(()), |it| Err(it.1))
    }

    /// A stream's configuration does not hold together.
    pub(crate) fn config(text: impl ToString) -> Self {
        Self::new(500, 10052, text)
    }

    /// The message could not be kept, or what was kept not be read.
    pub(crate) fn store(text: impl ToString) -> Self {
        Self::new(503, 10077, text)
    }

    /// What the embedded server leaves to the real one.
    pub(crate) fn unsupported(what: &str) -> Self {
        let text = "not supported by the embedded server: run nats-server for that";
        Self::new(501, 10003, format!("{what} is {text}"))
    }
}
