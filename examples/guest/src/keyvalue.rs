//! The contract `wasmcloud:keyvalue`, as far as the examples use it.

use serde::Serialize;

#[derive(Serialize)]
struct Increment<'a> {
    key: &'a str,
    value: i32,
}

/// Adds to the number under a key, which starts at 0, and tells the sum.
pub fn increment(key: &str, value: i32) -> Result<i32, String> {
    let payload = crate::encode(&Increment { key, value })?;
    let answer = crate::call(
        "default",
        "wasmcloud:keyvalue",
        "KeyValue.Increment",
        &payload,
    )?;
    crate::decode(&answer)
}
