//! Where a value was first written: which stream, as which revision.
//!
//! Whoever puts back what a lost stream held says so with it. So another one, who knows more of that stream (a
//! link that was deleted in its last minute), can tell which of the two is older. Pure.

use async_nats::HeaderMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// When a stream was created: what tells it from another of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Birth(OffsetDateTime);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) stream: Birth,
    pub(super) revision: u64,
}

const STREAM: &str = "Wash-Origin-Stream";
const REVISION: &str = "Wash-Origin-Revision";

impl Birth {
    pub(super) fn new(created: OffsetDateTime) -> Self {
        Self(created)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self)
    }

    pub(super) fn text(self) -> String {
        self.0.format(&Rfc3339).unwrap_or_default()
    }
}

impl Origin {
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(STREAM, self.stream.text());
        headers.insert(REVISION, self.revision.to_string());
    }

    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            stream: Birth::parse(headers.get(STREAM)?.as_str())?,
            revision: headers.get(REVISION)?.as_str().parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_survives_the_bucket() {
        let text = "2022-09-01T12:00:00.123456789Z";
        let origin = Origin {
            stream: Birth::parse(text).unwrap(),
            revision: 7,
        };
        assert_eq!(origin.stream.text(), text);
        let mut headers = HeaderMap::new();
        assert_eq!(Origin::read(&headers), None);
        origin.write(&mut headers);
        assert_eq!(Origin::read(&headers), Some(origin));
        headers.insert(REVISION, "many");
        assert_eq!(Origin::read(&headers), None);
    }
}
