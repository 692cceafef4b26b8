//! Points in time: nanoseconds since 1970 inside, RFC 3339 outside. Pure, but for [`now`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The clock, in nanoseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, nanos)
}

/// A duration in nanoseconds, as far as they go.
pub(super) fn nanos(it: Duration) -> i64 {
    i64::try_from(it.as_nanos()).unwrap_or(i64::MAX)
}

/// As clients read it; 0 is what Go writes for no time at all.
pub(super) fn text(nanos: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).ok();
    time.filter(|_| nanos != 0)
        .and_then(|it| it.format(&Rfc3339).ok())
        .unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn times_are_shown_as_clients_read_them() {
        assert_eq!(text(0), "0001-01-01T00:00:00Z");
        assert_eq!(text(1_500_000_000), "1970-01-01T00:00:01.5Z");
    }
}
