//! How requests and configurations are read, and durations and what is unknown in them. Pure.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ApiError;

/// Reads a request; an empty one asks for nothing in particular, and so does `null` anywhere in it.
pub(crate) fn parse<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    let read = serde_json::from_slice(body).and_then(|mut it: Value| {
        without_nulls(&mut it);
        match it {
            Value::Null => Ok(T::default()),
            it => serde_json::from_value(it),
        }
    });
    read.map_err(|it| ApiError::new(400, 10025, format!("invalid JSON: {it}")))
}

fn without_nulls(it: &mut Value) {
    if let Value::Object(fields) = it {
        fields.retain(|_, it| !it.is_null());
        fields.values_mut().for_each(without_nulls);
    }
}

/// Refuses what a configuration asks beyond what is known here; `shown` changes nothing, and is shown again.
pub(crate) fn check_rest(rest: &mut Map<String, Value>, shown: &[&str]) -> Result<(), ApiError> {
    rest.retain(|_, it| !asks_nothing(it));
    match rest.keys().find(|it| !shown.contains(&it.as_str())) {
        Some(it) => Err(ApiError::unsupported(&format!("'{it}'"))),
        None => Ok(()),
    }
}

fn asks_nothing(it: &Value) -> bool {
    match it {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(it) => it.as_f64().is_some_and(|it| it <= 0.0),
        Value::String(it) => matches!(&**it, "" | "none" | "default" | "instant"),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.values().all(asks_nothing),
    }
}

/// As it is when nobody set it.
pub(crate) fn blank<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}

/// Durations as whole nanoseconds; what is negative is none.
pub(crate) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::super::super::time::nanos;

    pub(crate) fn serialize<S: Serializer>(it: &Duration, to: S) -> Result<S::Ok, S::Error> {
        nanos(*it).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let nanos = i64::deserialize(from)?;
        Ok(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    }
}
