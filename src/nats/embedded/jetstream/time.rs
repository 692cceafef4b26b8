//! Points in time: nanoseconds since 1970 inside, RFC 3339 outside. Pure, but for [`now`].

use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Nanoseconds since 1970, shown as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(pub(super) i64);

/// What Go writes for no time at all.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

/// The clock, in nanoseconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX))
}

pub(super) fn text(nanos: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(nanos.into())
        .ok()
        .and_then(|it| it.format(&Rfc3339).ok())
        .unwrap_or_else(|| NEVER.to_owned())
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        OffsetDateTime::from_unix_timestamp_nanos(self.0.into())
            .map_err(S::Error::custom)?
            .format(&Rfc3339)
            .map_err(S::Error::custom)?
            .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)?;
        Ok(Self(
            i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MIN),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Stamp, text};

    #[test]
    fn stamps_read_as_they_are_written() {
        let stamp = Stamp(1_795_375_673_832_538_672);
        let json = serde_json::to_string(&stamp).unwrap();
        assert_eq!(json, "\"2026-11-22T19:27:53.832538672Z\"");
        assert_eq!(serde_json::from_str::<Stamp>(&json).unwrap(), stamp);
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert!(serde_json::from_str::<Stamp>("\"soon\"").is_err());
    }
}
