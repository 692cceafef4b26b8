//! JSON to msgpack and back, for payloads of any shape.
//!
//! JSON has no bytes: `{"$bin": "<base64>"}` stands for them in both directions.

use data_encoding::BASE64;
use rmpv::Value as Pack;
use serde_json::{Map, Number, Value, json};

/// Marks bytes.
const BIN: &str = "$bin";

/// The deepest value that is read from a peer.
const MAX_DEPTH: usize = 128;

/// How bytes become JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Bytes {
    /// Arrays of numbers.
    #[value(name = "b", alias = "array")]
    Array,
    /// Text; what is not UTF-8 is replaced.
    #[value(name = "s", alias = "string")]
    Text,
    /// Both: {"str": …, "bin": […]}.
    #[value(name = "2", alias = "both")]
    Both,
    /// {"$bin": base64}, which can be sent again.
    #[value(name = "base64")]
    Base64,
}

/// JSON text as msgpack; nothing is an empty payload. Numbers are exact or refused.
///
/// # Errors
/// What is wrong with the text, with its place.
pub(super) fn encode(text: &str) -> Result<Vec<u8>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    // Read into msgpack at once: object keys keep their order.
    let value: Pack = serde_json::from_str(text).map_err(|it| format!("not valid JSON: {it}"))?;
    exact(text)?;
    let value = with_bytes(value)?;
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &value).map_err(|it| it.to_string())?;
    Ok(bytes)
}

/// Whole numbers beyond 64 bits would silently be rounded.
fn exact(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[start..];
        if rest.starts_with('"') {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            rest = end.map_or("", |it| &rest[it + 2..]);
            continue;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
            .unwrap_or(rest.len());
        let number = &rest[..end];
        let whole = !number.contains(['.', 'e', 'E']);
        if whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
            return Err(format!(
                "{number} does not fit in 64 bits; write it as text, or with a fraction"
            ));
        }
        rest = &rest[end..];
    }
    Ok(())
}

/// Replaces `{"$bin": …}` by bytes.
fn with_bytes(value: Pack) -> Result<Pack, String> {
    Ok(match value {
        Pack::Array(items) => Pack::Array(
            items
                .into_iter()
                .map(with_bytes)
                .collect::<Result<_, _>>()?,
        ),
        Pack::Map(pairs) => {
            if let [(key, value)] = pairs.as_slice()
                && key.as_str() == Some(BIN)
            {
                let text = value.as_str().ok_or("\"$bin\" needs base64 text")?;
                let bytes = BASE64
                    .decode(text.as_bytes())
                    .map_err(|it| format!("\"$bin\" is not base64: {it}"))?;
                return Ok(Pack::Binary(bytes));
            }
            let pairs = pairs
                .into_iter()
                .map(|(key, value)| Ok((key, with_bytes(value)?)));
            Pack::Map(pairs.collect::<Result<_, String>>()?)
        }
        other => other,
    })
}

/// An answer as JSON: nothing is null, as nil is.
///
/// # Errors
/// When it is no single msgpack value.
pub(super) fn decode(bytes: &[u8], how: Bytes) -> Result<Value, String> {
    // A marker of later generations (protocol §4.8).
    let mut rest = bytes.strip_prefix(&[0xc1]).unwrap_or(bytes);
    if rest.is_empty() {
        return Ok(Value::Null);
    }
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, MAX_DEPTH)
        .map_err(|it| format!("not msgpack: {it}"))?;
    if !rest.is_empty() {
        return Err(format!("not msgpack: {} bytes too many", rest.len()));
    }
    Ok(json(value, how))
}

fn json(value: Pack, how: Bytes) -> Value {
    match value {
        Pack::Nil => Value::Null,
        Pack::Boolean(it) => Value::Bool(it),
        Pack::Integer(it) => match (it.as_u64(), it.as_i64()) {
            (Some(it), _) => json!(it),
            (None, Some(it)) => json!(it),
            (None, None) => Value::Null,
        },
        // Through its text, so that 0.1 does not become 0.10000000149011612.
        Pack::F32(it) => it.to_string().parse().map_or(Value::Null, float),
        Pack::F64(it) => float(it),
        Pack::String(text) => match text.into_str() {
            Some(text) => Value::String(text),
            None => Value::Null,
        },
        Pack::Binary(it) => bytes(&it, how),
        Pack::Array(items) => items.into_iter().map(|it| json(it, how)).collect(),
        Pack::Map(pairs) => {
            let pairs = pairs.into_iter();
            Value::Object(
                pairs
                    .map(|(key, value)| (name(key, how), json(value, how)))
                    .collect(),
            )
        }
        Pack::Ext(kind, data) => json!({"$ext": kind, BIN: BASE64.encode(&data)}),
    }
}

/// JSON has no infinities.
fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

fn name(key: Pack, how: Bytes) -> String {
    match json(key, how) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn bytes(bytes: &[u8], how: Bytes) -> Value {
    match how {
        Bytes::Array => json!(bytes),
        Bytes::Text => json!(String::from_utf8_lossy(bytes)),
        Bytes::Both => json!({"str": String::from_utf8_lossy(bytes), "bin": bytes}),
        Bytes::Base64 => Value::Object(Map::from_iter([(
            BIN.to_owned(),
            json!(BASE64.encode(bytes)),
        )])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(text: &str) -> Value {
        decode(&encode(text).unwrap(), Bytes::Base64).unwrap()
    }

    #[test]
    fn values_survive_the_way() {
        let cases = [
            "null",
            "true",
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e300",
            "\"text \\\" 99999999999999999999999 \\u00e4\"",
            "[1,[2,[]],{}]",
            r#"{"b":1,"a":{"$bin":"AAH/"},"c":[{"$bin":""}]}"#,
        ];
        for text in cases {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(there_and_back(text), expected, "{text}");
        }
        assert_eq!(there_and_back("1.0"), json!(1.0));
    }

    #[test]
    fn nothing_is_an_empty_payload_and_null() {
        assert_eq!(encode("").unwrap(), b"");
        assert_eq!(encode(" \n").unwrap(), b"");
        for empty in [&b""[..], b"\xc1", b"\xc0"] {
            assert_eq!(decode(empty, Bytes::Array), Ok(Value::Null));
        }
    }

    #[test]
    fn structs_are_maps_in_the_order_typed() {
        let bytes = encode(r#"{"z":1,"a":"x"}"#).unwrap();
        assert_eq!(bytes, b"\x82\xa1z\x01\xa1a\xa1x");
    }

    #[test]
    fn what_cannot_be_sent_exactly_is_refused() {
        for text in [
            "18446744073709551616",
            "[1, -9223372036854775809]",
            "{\"a\":\"\\\\\", \"b\": 99999999999999999999}",
            "{\"$bin\": 1}",
            "{\"$bin\": \"!\"}",
            "{",
            "1 2",
            "nonsense",
        ] {
            assert!(encode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_as_asked_for() {
        let packed = b"\xc4\x02h\xff";
        let cases = [
            (Bytes::Array, json!([104, 255])),
            (Bytes::Text, json!("h\u{fffd}")),
            (Bytes::Both, json!({"str": "h\u{fffd}", "bin": [104, 255]})),
            (Bytes::Base64, json!({"$bin": "aP8="})),
        ];
        for (how, expected) in cases {
            assert_eq!(decode(packed, how), Ok(expected));
        }
    }

    #[test]
    fn odd_answers_do_no_harm() {
        assert_eq!(
            decode(b"\xca\x3d\xcc\xcc\xcd", Bytes::Array),
            Ok(json!(0.1)),
            "f32"
        );
        assert_eq!(decode(b"\x81\x01\x02", Bytes::Array), Ok(json!({"1": 2})));
        let ext = decode(b"\xd4\x05\x01", Bytes::Array);
        assert_eq!(ext, Ok(json!({"$ext": 5, "$bin": "AQ=="})));
        assert_eq!(
            decode(b"\xa1\xff", Bytes::Array),
            Ok(Value::Null),
            "no UTF-8"
        );
        for bad in [
            &b"\x01\x02"[..],
            b"\xdc\xff\xff",
            b"\x92\x01",
            &[0x91; 5000],
        ] {
            assert!(decode(bad, Bytes::Array).is_err());
        }
    }
}
