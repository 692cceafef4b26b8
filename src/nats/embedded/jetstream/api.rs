//! The JetStream API: requests on `$JS.API.>` and `$JS.{domain}.API.>`, sorted out and handed on.
//!
//! One task owns the list of streams. What concerns a stream goes to the stream's task, which answers itself. Subjects
//! that clients may ask when nobody is there (direct gets, pulls) are the streams' own, so that nobody answers.

pub(super) mod consumer;
mod dispatch;
pub(super) mod error;
pub(super) mod info;
pub(super) mod stream;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use self::dispatch::Api;
use self::error::ApiError;

/// An answer's text.
pub(super) fn body(kind: &str, outcome: Result<impl Serialize, ApiError>) -> String {
    #[derive(Serialize)]
    struct Answer<T> {
        r#type: String,
        #[serde(flatten)]
        body: T,
    }
    #[derive(Serialize)]
    struct Refused {
        r#type: String,
        error: ApiError,
    }
    let r#type = format!("io.nats.jetstream.api.v1.{kind}_response");
    let text = match outcome {
        Ok(body) => serde_json::to_string(&Answer { r#type, body }),
        Err(error) => serde_json::to_string(&Refused { r#type, error }),
    };
    text.unwrap_or_else(|error| {
        tracing::error!(kind, %error, "can not write an answer");
        String::new()
    })
}

/// Reads a request; an empty one asks for nothing in particular, and so does `null` anywhere in it.
pub(super) fn parse<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    let read = serde_json::from_slice(body).and_then(|mut it: Value| {
        without_nulls(&mut it);
        if it.is_null() {
            Ok(T::default())
        } else {
            T::deserialize(it)
        }
    });
    read.map_err(|it| ApiError::bad_json(&it))
}

fn without_nulls(it: &mut Value) {
    match it {
        Value::Object(fields) => {
            fields.retain(|_, it| !it.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// As it is when nobody set it.
pub(super) fn blank<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}

/// Durations as whole nanoseconds; what is negative is none.
pub(super) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        it: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        u64::try_from(it.as_nanos())
            .unwrap_or(u64::MAX)
            .serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Duration, D::Error> {
        let nanos = Option::<i64>::deserialize(from)?.unwrap_or(0);
        Ok(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    }
}

/// Lists of such durations.
pub(super) mod nanos_list {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        it: &[Duration],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        it.iter()
            .map(|it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX))
            .collect::<Vec<_>>()
            .serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Duration>, D::Error> {
        let nanos = Option::<Vec<i64>>::deserialize(from)?.unwrap_or_default();
        Ok(nanos
            .into_iter()
            .map(|it| Duration::from_nanos(u64::try_from(it).unwrap_or(0)))
            .collect())
    }
}
