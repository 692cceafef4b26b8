//! The guest side of a classic actor: how it is called, how it calls out, and the contracts of the examples.
//!
//! An actor implements one function from operation and payload to an answer and names it with [`actor!`].

mod abi;
pub mod http;
pub mod keyvalue;
pub mod numbers;

pub use abi::{call, respond};

use serde::de::DeserializeOwned;
use serde::Serialize;

/// Reads a msgpack payload.
pub fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(payload).map_err(|error| format!("cannot read the payload: {error}"))
}

/// Writes a value as msgpack with named fields, as every contract wants it.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(value).map_err(|error| format!("cannot write the answer: {error}"))
}

/// Exports the entry points of an actor whose calls `$handle` answers: `fn(&str, &[u8]) -> Result<Vec<u8>, String>`.
#[macro_export]
macro_rules! actor {
    ($handle:path) => {
        #[no_mangle]
        pub extern "C" fn __guest_call(operation_len: usize, payload_len: usize) -> i32 {
            $crate::respond(operation_len, payload_len, $handle)
        }

        /// Tells the host which generation of the calls this actor speaks.
        #[no_mangle]
        pub extern "C" fn __wasmbus_rpc_version() -> u32 {
            1
        }
    };
}
