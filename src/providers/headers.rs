//! HTTP headers to the contracts' maps and back: repeated ones survive, hop-by-hop ones do not pass.

use std::collections::BTreeMap;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// Headers as the contracts carry them.
pub(super) type WireHeaders = BTreeMap<String, Vec<String>>;

/// Headers that belong to one connection and never pass (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes what belongs to the connection.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Serializes a header map as the contracts' map of lists without building it first.
pub(super) struct AsWire<'a>(pub(super) &'a HeaderMap);

impl Serialize for AsWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            map.serialize_entry(name.as_str(), &Values(self.0, name))?;
        }
        map.end()
    }
}

struct Values<'a>(&'a HeaderMap, &'a HeaderName);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.get_all(self.1);
        let mut list = serializer.serialize_seq(Some(values.iter().count()))?;
        for value in values {
            list.serialize_element(&*text(value))?;
        }
        list.end()
    }
}

/// A value as text: UTF-8 where it is, else each byte a character (ISO 8859-1, the older rule), so that none is
/// lost.
fn text(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => value
            .as_bytes()
            .iter()
            .copied()
            .map(char::from)
            .collect::<String>()
            .into(),
    }
}

/// Headers from a contract's map; names and values that HTTP cannot carry are left out. What belongs to the
/// connection, and the length, which the connection computes, do not pass.
pub(super) fn from_wire(wire: &WireHeaders) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(wire.len());
    for (name, values) in wire {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            tracing::debug!(name, "left out a header with an invalid name");
            continue;
        };
        for value in values {
            match HeaderValue::from_bytes(value.as_bytes()) {
                Ok(value) => {
                    headers.append(name.clone(), value);
                }
                Err(_) => tracing::debug!(%name, "left out a header with an invalid value"),
            }
        }
    }
    strip_hop_by_hop(&mut headers);
    headers.remove(header::CONTENT_LENGTH);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_non_ascii_headers_survive_both_ways() {
        let wire: WireHeaders = [
            (
                "set-cookie".to_owned(),
                vec!["a=1".to_owned(), "b=2".to_owned()],
            ),
            ("x-name".to_owned(), vec!["Žižek".to_owned()]),
        ]
        .into();
        let headers = from_wire(&wire);
        let bytes = rmp_serde::to_vec(&AsWire(&headers)).unwrap();
        assert_eq!(rmp_serde::from_slice::<WireHeaders>(&bytes).unwrap(), wire);
    }

    #[test]
    fn bytes_that_are_not_utf_8_become_characters() {
        let mut headers = HeaderMap::new();
        headers.insert("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        let bytes = rmp_serde::to_vec(&AsWire(&headers)).unwrap();
        let wire: WireHeaders = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(wire["x-latin"], ["café"]);
    }

    #[test]
    fn the_connections_own_headers_do_not_pass() {
        let wire: WireHeaders = [
            ("Connection", "X-Secret, keep-alive"),
            ("X-Secret", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "999"),
            ("bad name", "x"),
            ("x-bad-value", "a\r\nb: c"),
            ("x-kept", "yes"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
        .collect();
        let headers = from_wire(&wire);
        assert_eq!(
            headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-kept"]
        );
    }
}
