//! The `msg` of invocations: written as msgpack bin, read from bin, str of any bytes, an array of ints, or nil
//! (protocol §13.1).

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    deserializer.deserialize_any(PayloadVisitor)
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    /// Also what the decoder makes of a str that is not UTF-8.
    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        self.visit_bytes(text.as_bytes())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ints: A) -> Result<Bytes, A::Error> {
        // The announced length is a peer's word: it reserves nothing.
        let mut bytes = Vec::new();
        while let Some(byte) = ints.next_element::<u8>()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Bytes, E> {
        Ok(Bytes::new())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InvocationResponse, decode, encode};

    /// A response with the `msg` value given as raw msgpack and nothing else.
    fn read(msg: &[u8]) -> Result<Vec<u8>, String> {
        let mut map = vec![0x81, 0xa3, b'm', b's', b'g'];
        map.extend_from_slice(msg);
        decode::<InvocationResponse>(&map)
            .map(|response| response.msg.to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_shape_of_bytes_is_read() {
        let bytes = [0xff, 0x00, 0xc3];
        assert_eq!(read(&[0xc4, 3, 0xff, 0x00, 0xc3]), Ok(bytes.to_vec()));
        // str8 and fixstr whose bytes are no UTF-8, as Elixir hosts send
        assert_eq!(read(&[0xd9, 3, 0xff, 0x00, 0xc3]), Ok(bytes.to_vec()));
        assert_eq!(read(&[0xa3, 0xff, 0x00, 0xc3]), Ok(bytes.to_vec()));
        assert_eq!(read(&[0xa2, b'h', b'i']), Ok(b"hi".to_vec()));
        assert_eq!(
            read(&[0x93, 0xcc, 0xff, 0x00, 0xcc, 0xc3]),
            Ok(bytes.to_vec())
        );
        for empty in [&[0xc0][..], &[0x90], &[0xa0], &[0xc4, 0]] {
            assert_eq!(read(empty), Ok(Vec::new()), "{empty:?}");
        }
    }

    #[test]
    fn what_is_no_bytes_is_refused() {
        // a map, a bool, an int, an int array beyond a byte, and lengths that the message does not hold
        for bad in [
            &[0x80][..],
            &[0xc3],
            &[0x07],
            &[0x91, 0xcd, 1, 0],
            &[0xc6, 0xff, 0xff, 0xff, 0xff, 1],
            &[0xdb, 0xff, 0xff, 0xff, 0xff, 1],
            &[0xdd, 0xff, 0xff, 0xff, 0xff, 1],
            &[],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn written_as_bin() {
        let response = InvocationResponse {
            msg: vec![0xff, 0x00].into(),
            ..InvocationResponse::default()
        };
        let text = encode(&response).unwrap();
        assert!(text.windows(4).any(|it| it == [0xc4, 2, 0xff, 0x00]));
    }
}
