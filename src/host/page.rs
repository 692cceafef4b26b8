//! Lists that may be too long for one message: in parts, for those who ask for parts.
//!
//! Pure. Knows neither links nor claims, only that entries come in the order of their keys.

use bytes::Bytes;
use serde::Serialize;

/// `{"NAME":[…]}`, if that takes at most `room` bytes. Else, for `parted` requests, as many entries as fit and
/// `next`, the key to ask for more after; for others a refusal with a `next` from which to begin. An entry that
/// fits into no message is left out.
pub(super) fn page<'a, const N: usize>(
    name: &str,
    entries: impl Iterator<Item = ([&'a str; N], impl Serialize)>,
    parted: bool,
    room: usize,
) -> Bytes {
    let begin = format!("{{\"{name}\":[");
    let mut body = begin.clone();
    let mut last = "[]".to_owned();
    for (key, entry) in entries {
        let (Ok(key), Ok(text)) = (
            serde_json::to_string(&key[..]),
            serde_json::to_string(&entry),
        ) else {
            continue;
        };
        let added = text.len() + END + key.len().max(last.len());
        if begin.len() + added > room {
            tracing::warn!(name, key, "an entry is too large to be told");
            continue;
        }
        if body.len() + added > room {
            if parted {
                body.push_str(&format!("],\"next\":{last}}}"));
                return body.into();
            }
            let refusal = format!(
                "{{\"accepted\":false,\"error\":\"the {name} of this lattice do not fit into one message\",\"next\":[]}}"
            );
            return refusal.into();
        }
        if body.len() > begin.len() {
            body.push(',');
        }
        body.push_str(&text);
        last = key;
    }
    body.push_str("]}");
    body.into()
}

/// What may stand around an entry and a key.
const END: usize = r#",],"next":}"#.len();

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KEYS: [&str; 4] = ["a", "b", "c", "d"];

    fn ask(after: Option<&str>, room: usize) -> Value {
        let entries = KEYS
            .iter()
            .filter(|key| after.is_none_or(|it| **key > it))
            .map(|key| ([*key], key.repeat(10)));
        let body = page("links", entries, after.is_some(), room);
        assert!(body.len() <= room.max(100), "{} of {room}", body.len());
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn a_short_list_is_whole() {
        let all = KEYS.map(|it| it.repeat(10));
        assert_eq!(ask(None, 1000), json!({ "links": all }));
        assert_eq!(ask(Some(""), 1000), json!({ "links": all }));
        assert_eq!(ask(Some("d"), 1000), json!({ "links": [] }));
    }

    #[test]
    fn a_long_list_is_told_to_who_asks_for_parts() {
        let refused = ask(None, 60);
        assert_eq!(refused["accepted"], false);
        assert_eq!(refused["next"], json!([]));
        for room in 42..120 {
            let mut found = Vec::new();
            let mut after = String::new();
            loop {
                let part = ask(Some(&after), room);
                found.extend(part["links"].as_array().unwrap().clone());
                match part.get("next") {
                    Some(next) => after = next[0].as_str().unwrap().to_owned(),
                    None => break,
                }
            }
            assert_eq!(json!(found), json!(KEYS.map(|it| it.repeat(10))), "{room}");
        }
    }

    #[test]
    fn what_fits_nowhere_is_left_out() {
        let entries = [(["a"], "x".repeat(500)), (["b"], "y".to_owned())].into_iter();
        let body = page("links", entries, true, 100);
        assert_eq!(&body[..], br#"{"links":["y"]}"#);
    }
}
