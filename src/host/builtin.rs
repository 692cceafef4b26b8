//! The two capabilities that every host answers itself: logging and random numbers (protocol §1.7).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::claims::ActorId;

const LOGGING: &str = "wasmcloud:builtin:logging";
const NUMBERGEN: &str = "wasmcloud:builtin:numbergen";

/// Longest text of one log call that reaches the log, in characters.
const MAX_TEXT: usize = 16 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    Logging,
    Numbergen,
}

#[derive(Debug, Deserialize)]
struct WriteLog {
    #[serde(default)]
    level: String,
    #[serde(default)]
    text: String,
}

/// Wider than the numbers it stands for: guests of other languages send signed and 64-bit ones.
#[derive(Debug, Deserialize)]
struct Range {
    #[serde(default)]
    min: i64,
    #[serde(default = "max_u32")]
    max: i64,
}

fn max_u32() -> i64 {
    i64::from(u32::MAX)
}

impl Builtin {
    pub(super) fn from_contract(contract: &str) -> Option<Self> {
        match contract {
            LOGGING => Some(Self::Logging),
            NUMBERGEN => Some(Self::Numbergen),
            _ => None,
        }
    }

    /// The answer in msgpack, or the text of an error.
    pub(super) fn call(
        self,
        actor: &ActorId,
        operation: &str,
        payload: &[u8],
    ) -> Result<Bytes, String> {
        match (self, operation) {
            (Self::Logging, "Logging.WriteLog") => {
                let WriteLog { level, text } = decode(operation, payload)?;
                log(actor, &level, &text);
                Ok(Bytes::new())
            }
            (Self::Numbergen, "NumberGen.GenerateGuid") => {
                encode(&uuid::Uuid::new_v4().to_string())
            }
            (Self::Numbergen, "NumberGen.Random32") => encode(&rand::random::<u32>()),
            (Self::Numbergen, "NumberGen.RandomInRange") => {
                let Range { min, max } = decode(operation, payload)?;
                encode(&in_range(min, max)?)
            }
            (Self::Logging, _) => Err(format!("unknown operation {operation} of {LOGGING}")),
            (Self::Numbergen, _) => Err(format!("unknown operation {operation} of {NUMBERGEN}")),
        }
    }
}

/// Both ends inclusive.
fn in_range(min: i64, max: i64) -> Result<u32, String> {
    if min > max {
        return Err(format!(
            "NumberGen.RandomInRange: min {min} is above max {max}"
        ));
    }
    let clamped = |it: i64| u32::try_from(it.max(0)).unwrap_or(u32::MAX);
    Ok(rand::random_range(clamped(min)..=clamped(max)))
}

fn log(actor: &ActorId, level: &str, text: &str) {
    let text = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    };
    match level.to_ascii_lowercase().as_str() {
        "error" | "critical" => tracing::error!("[{actor}] {text}"),
        "warn" | "warning" => tracing::warn!("[{actor}] {text}"),
        "info" => tracing::info!("[{actor}] {text}"),
        "trace" => tracing::trace!("[{actor}] {text}"),
        _ => tracing::debug!("[{actor}] {text}"),
    }
}

fn decode<'a, T: Deserialize<'a>>(operation: &str, payload: &'a [u8]) -> Result<T, String> {
    rmp_serde::from_slice(payload)
        .map_err(|error| format!("{operation}: cannot read the request: {error}"))
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, String> {
    rmp_serde::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| format!("cannot write the answer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{KeyKind, Seed};
    use serde_json::json;

    fn call(contract: &str, operation: &str, request: serde_json::Value) -> Result<Bytes, String> {
        let actor = ActorId::parse(&Seed::generate(KeyKind::Module).public()).unwrap();
        let payload = rmp_serde::to_vec_named(&request).unwrap();
        Builtin::from_contract(contract)
            .unwrap()
            .call(&actor, operation, &payload)
    }

    fn in_range(request: serde_json::Value) -> Result<u32, String> {
        call(NUMBERGEN, "NumberGen.RandomInRange", request)
            .map(|it| rmp_serde::from_slice(&it).unwrap())
    }

    #[test]
    fn a_range_includes_both_ends() {
        let seen: std::collections::BTreeSet<u32> = (0..200)
            .map(|_| in_range(json!({"min": 3, "max": 4})).unwrap())
            .collect();
        assert_eq!(seen, [3, 4].into());
        assert_eq!(in_range(json!({"min": 7, "max": 7})), Ok(7));
    }

    #[test]
    fn ranges_out_of_bounds_are_clamped_and_reversed_ones_refused() {
        assert_eq!(in_range(json!({"min": -5, "max": 0})), Ok(0));
        let top = u64::from(u32::MAX);
        assert_eq!(in_range(json!({"min": top, "max": top + 9})), Ok(u32::MAX));
        let error = in_range(json!({"min": 2, "max": 1})).unwrap_err();
        assert!(error.contains("min 2 is above max 1"), "{error}");
    }

    #[test]
    fn a_guid_is_a_hyphenated_uuid() {
        let bytes = call(NUMBERGEN, "NumberGen.GenerateGuid", json!(null)).unwrap();
        let text: String = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(uuid::Uuid::parse_str(&text).unwrap().to_string(), text);
    }

    #[test]
    fn a_random_number_is_one_scalar() {
        let bytes = call(NUMBERGEN, "NumberGen.Random32", json!(null)).unwrap();
        assert!(rmp_serde::from_slice::<u32>(&bytes).is_ok());
    }

    #[test]
    fn a_log_line_of_any_level_has_an_empty_answer() {
        for level in ["error", "info", "nonsense"] {
            let request = json!({"level": level, "text": "hello", "extra": 1});
            let answer = call(LOGGING, "Logging.WriteLog", request);
            assert_eq!(answer, Ok(Bytes::new()));
        }
    }

    #[test]
    fn what_cannot_be_read_or_is_unknown_is_an_error() {
        for (contract, operation) in [
            (LOGGING, "Logging.Erase"),
            (NUMBERGEN, "NumberGen.Dice"),
            (LOGGING, "Logging.WriteLog"),
            (NUMBERGEN, "NumberGen.RandomInRange"),
        ] {
            let error = call(contract, operation, json!("garbage")).unwrap_err();
            assert!(error.contains(operation), "{error}");
        }
    }
}
