//! One call as a provider gets it, and contracts' values as bytes (protocol §4.8, §11).

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use crate::lattice::wire;

/// A call of a linked actor, checked and whole.
#[derive(Clone, Debug)]
pub struct Call {
    /// The caller's public key, `M…`.
    pub actor: String,
    /// `Service.Operation`.
    pub operation: String,
    /// As the actor wrote it.
    pub payload: Bytes,
}

impl Call {
    /// Reads the payload as msgpack; an empty one is `()`.
    ///
    /// # Errors
    /// It is something else.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.operation, &self.payload)
    }

    /// The error for an operation that the contract does not have.
    pub fn unknown(&self) -> Error {
        format!("this provider has no operation '{}'", self.operation).into()
    }
}

/// Writes an answer as msgpack with named fields; `()` is empty.
///
/// # Errors
/// The type has no msgpack form.
pub fn answer<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let bytes = wire::encode(&value)?;
    if bytes[..] == [NIL] {
        return Ok(Vec::new());
    }
    Ok(bytes.into())
}

const NIL: u8 = 0xc0;
/// A first byte, which no msgpack value starts with, that says the rest is msgpack.
const MSGPACK: u8 = 0xc1;
/// The same for CBOR, which some contracts once used. Read as msgpack it would be the number 127.
const CBOR: u8 = 0x7f;

pub(super) fn read<T: DeserializeOwned>(operation: &str, payload: &[u8]) -> Result<T, Error> {
    let bytes = match payload {
        [] => &[NIL],
        [MSGPACK, rest @ ..] => rest,
        [CBOR, _, ..] => return Err(format!("{operation}: the payload is CBOR").into()),
        whole => whole,
    };
    wire::decode(bytes).map_err(|error| format!("{operation}: the payload is {error}").into())
}

/// An error with its causes, on one line.
pub(super) fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many errors quote their cause.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(payload: &'static [u8]) -> Call {
        Call {
            actor: "MACTOR".into(),
            operation: "Some.Thing".into(),
            payload: Bytes::from_static(payload),
        }
    }

    #[test]
    fn unit_is_nothing() {
        assert!(answer(&()).unwrap().is_empty());
        call(b"").input::<()>().unwrap();
        assert_eq!(answer("x").unwrap(), b"\xa1x");
    }

    #[test]
    fn payloads_say_how_they_are_written() {
        assert_eq!(call(b"\xa1x").input::<String>().unwrap(), "x");
        assert_eq!(call(b"\xc1\xa1x").input::<String>().unwrap(), "x");
        assert_eq!(call(b"\x7f").input::<u32>().unwrap(), 127);
        let error = call(b"\x7f\x61x").input::<String>().unwrap_err();
        assert_eq!(error.to_string(), "Some.Thing: the payload is CBOR");
        let error = call(b"\x01").input::<String>().unwrap_err().to_string();
        assert!(error.starts_with("Some.Thing: the payload is not the expected msgpack"));
    }

    #[test]
    fn causes_are_told_once() {
        let inner = std::io::Error::other("refused");
        let outer: Error = Box::new(Outer(inner));
        assert_eq!(text(&outer), "cannot connect: refused");
        let plain: Error = "plain".into();
        assert_eq!(text(&plain), "plain");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot connect")]
    struct Outer(#[source] std::io::Error);
}
