//! The built-in contract `wasmcloud:builtin:numbergen`.

use serde::Serialize;

#[derive(Serialize)]
struct Range {
    min: u32,
    max: u32,
}

/// A random number, both ends included.
pub fn in_range(min: u32, max: u32) -> Result<u32, String> {
    let payload = crate::encode(&Range { min, max })?;
    let answer = crate::call(
        "default",
        "wasmcloud:builtin:numbergen",
        "NumberGen.RandomInRange",
        &payload,
    )?;
    crate::decode(&answer)
}
