//! Msgpack as the lattice writes and reads it.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes a value as msgpack with named fields.
///
/// # Errors
/// [`WireError::Encode`], when the type has no msgpack form; none of this module's does.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, WireError> {
    rmp_serde::to_vec_named(value)
        .map(Bytes::from)
        .map_err(|error| WireError::Encode(error.to_string()))
}

/// Reads msgpack with named or positional fields.
///
/// # Errors
/// [`WireError::Decode`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    rmp_serde::from_slice(bytes).map_err(|error| WireError::Decode(error.to_string()))
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WireError {
    #[error("cannot be written as msgpack: {0}")]
    Encode(String),
    #[error("not the expected msgpack: {0}")]
    Decode(String),
}

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::super::{Entity, Invocation, InvocationResponse};
    use super::*;

    const CALL: &[u8] = include_bytes!("fixtures/invocation-wash-0.11.msgpack");
    const ERROR: &[u8] = include_bytes!("fixtures/error-host-0.78.msgpack");

    fn fields(bytes: &[u8]) -> Vec<String> {
        let value: Value = rmp_serde::from_slice(bytes).unwrap();
        let map = value.as_map().unwrap();
        map.iter()
            .map(|(key, _)| key.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn real_messages_keep_their_fields() {
        let call: Invocation = decode(CALL).unwrap();
        assert_eq!(call.operation, "HttpServer.HandleRequest");
        assert_eq!(call.origin, Entity::actor("__WASH__"));
        assert_eq!(call.content_length, Some(call.msg.len() as u64));
        let mut written = fields(&encode(&call).unwrap());
        // Old peers leave it out; we always write it.
        assert_eq!(written.pop().as_deref(), Some("traceContext"));
        assert_eq!(written, fields(CALL));

        let response: InvocationResponse = decode(ERROR).unwrap();
        assert!(
            response
                .error
                .as_ref()
                .unwrap()
                .starts_with("invalid host ID")
        );
        assert_eq!(encode(&response).unwrap(), ERROR);
    }

    fn map(pairs: &[(&str, Value)]) -> Bytes {
        let pairs = pairs
            .iter()
            .map(|(key, value)| (Value::from(*key), value.clone()))
            .collect();
        encode(&Value::Map(pairs)).unwrap()
    }

    #[test]
    fn what_old_peers_leave_out_or_add_is_tolerated() {
        let entity = |key: &str| {
            Value::Map(vec![
                ("public_key".into(), key.into()),
                ("link_name".into(), Value::Nil),
            ])
        };
        let call: Invocation = decode(&map(&[
            ("origin", entity("VA")),
            ("target", entity("MB")),
            ("operation", "Op".into()),
            ("msg", Value::Nil),
            ("id", "1".into()),
            ("traceContext", Value::Nil),
            ("host_id", Value::Nil),
            ("later", Value::Map(vec![(1.into(), Value::Nil)])),
        ]))
        .unwrap();
        assert_eq!(call.target, Entity::actor("MB"));
        assert_eq!(call.content_length, None);
        assert!(call.msg.is_empty());

        // an error of the oldest hosts
        let response: InvocationResponse = decode(&map(&[
            ("error", "boom".into()),
            ("invocation_id", "".into()),
            ("instance_id", "x".into()),
            ("msg", Value::Nil),
        ]))
        .unwrap();
        assert_eq!(response.error.as_deref(), Some("boom"));
        // and a success that says so
        let response: InvocationResponse = decode(&map(&[
            ("error", Value::Nil),
            ("msg", Value::Binary(vec![1])),
        ]))
        .unwrap();
        assert_eq!((response.error, &response.msg[..]), (None, &[1][..]));
    }

    #[test]
    fn positional_fields_are_read() {
        let entity = |key: &str| Value::Array(vec![key.into(), "".into(), "".into()]);
        let call = Value::Array(vec![
            entity("MA"),
            entity("MB"),
            "Op".into(),
            Value::Binary(vec![7]),
            "1".into(),
            "claims".into(),
            "NHOST".into(),
            1.into(),
            Value::Map(vec![]),
        ]);
        let call: Invocation = decode(&encode(&call).unwrap()).unwrap();
        assert_eq!(
            (call.origin, &call.msg[..]),
            (Entity::actor("MA"), &[7][..])
        );
        assert_eq!(call.content_length, Some(1));
    }

    #[test]
    fn broken_messages_are_errors() {
        for length in 0..CALL.len() {
            assert!(decode::<Invocation>(&CALL[..length]).is_err(), "{length}");
        }
        for bad in [&b"hello"[..], b"{}", &[0xc1], &[0x91; 5000]] {
            assert!(decode::<Invocation>(bad).is_err());
        }
    }
}
