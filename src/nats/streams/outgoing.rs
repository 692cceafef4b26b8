//! Messages of a file as they are published again, and the ids that were seen lately.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use data_encoding::BASE64;

use super::plan::is_momentary;
use super::record::Message;

/// Far above the window of duplicates while a stream is filled, and above what is on its way.
const MEMORY: Duration = Duration::from_secs(10);

/// A message, ready to be published.
pub(super) struct Outgoing {
    pub(super) subject: String,
    pub(super) payload: Bytes,
    pub(super) headers: HeaderMap,
    /// By which servers tell duplicates.
    pub(super) id: Option<String>,
}

impl Outgoing {
    pub(super) fn new(message: Message) -> Result<Self, String> {
        let payload = BASE64.decode(message.data.as_bytes());
        let payload = payload.map_err(|error| error.to_string())?;
        let valid = |it: &str| {
            let fits = |c: char| !c.is_whitespace() && !c.is_control();
            !it.is_empty() && it != "*" && it != ">" && it.chars().all(fits)
        };
        if !message.subject.split('.').all(valid) {
            return Err("its subject is none".to_owned());
        }
        let mut headers = HeaderMap::new();
        let mut id = None;
        for (name, value) in &message.headers {
            let parsed = name.parse::<HeaderName>().ok();
            let parsed = parsed.filter(|_| !name.is_empty());
            let parsed = parsed.ok_or("a header has a name that is none")?;
            let text: HeaderValue = value
                .parse()
                .map_err(|_| "a header has a value that is none".to_owned())?;
            if is_momentary(name) {
                continue;
            }
            if name.eq_ignore_ascii_case("Nats-Msg-Id") {
                id = Some(value.clone());
            }
            headers.append(parsed, text);
        }
        Ok(Self {
            subject: message.subject,
            payload: payload.into(),
            headers,
            id,
        })
    }
}

/// The ids of the last while, in bounded memory: what is older, the server has forgotten too.
pub(super) struct Recent {
    since: Instant,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            young: HashSet::new(),
            old: HashSet::new(),
        }
    }

    /// Whether it was there already; two ids may be taken for one, which only costs time.
    pub(super) fn add(&mut self, id: &str, now: Instant) -> bool {
        if now.duration_since(self.since) > MEMORY {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        !self.young.insert(hash) || self.old.contains(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, headers: &[(&str, &str)], data: &str) -> Message {
        let headers = headers.iter().map(|(a, b)| ((*a).into(), (*b).into()));
        Message {
            seq: 1,
            subject: subject.to_owned(),
            time: String::new(),
            headers: headers.collect(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn expectations_of_the_first_sender_are_left_out() {
        let headers = [
            ("Nats-Expected-Last-Subject-Sequence", "7"),
            ("Nats-Msg-Id", "x"),
            ("KV-Operation", "DEL"),
        ];
        let ready = Outgoing::new(message("$KV.b.k", &headers, "eA=="))
            .ok()
            .unwrap();
        assert_eq!(ready.headers.len(), 2);
        assert_eq!(ready.id.as_deref(), Some("x"));
        assert_eq!(ready.payload, "x");
    }

    #[test]
    fn what_cannot_be_published_is_refused() {
        for subject in ["", "a..b", "a.*", ">", "a b", "a\r\nPUB x 0"] {
            assert!(
                Outgoing::new(message(subject, &[], "")).is_err(),
                "{subject:?}"
            );
        }
        for header in [("a b", "c"), ("", "c"), ("a", "b\r\nc"), ("a:", "b")] {
            assert!(
                Outgoing::new(message("a", &[header], "")).is_err(),
                "{header:?}"
            );
        }
        assert!(Outgoing::new(message("a", &[], "%")).is_err());
    }

    #[test]
    fn ids_are_remembered_for_a_while() {
        let (mut recent, start) = (Recent::new(), Instant::now());
        assert!(!recent.add("a", start) && recent.add("a", start));
        let later = start + MEMORY + Duration::from_secs(1);
        assert!(recent.add("a", later) && !recent.add("b", later));
        let much_later = later + MEMORY * 2;
        assert!(!recent.add("c", much_later));
        assert!(!recent.add("d", much_later + MEMORY * 2));
        assert!(!recent.add("b", much_later + MEMORY * 2));
    }
}
