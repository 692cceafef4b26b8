//! When a request is worth sending again, and how long to wait before. Reads the clock for dates only.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

pub(in crate::archive) fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Seconds, or a date.
pub(in crate::archive) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    let left = at - OffsetDateTime::now_utc();
    Some(left.try_into().unwrap_or(Duration::ZERO))
}

/// Doubles with each try, and differs, so that those who failed together do not come back together.
pub(in crate::archive) fn backoff(pause: Duration, tries: u32) -> Duration {
    let whole = pause.saturating_mul(1 << tries.min(6));
    whole.mul_f64(rand::random_range(0.5..1.0))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn waiting_times_are_seconds_or_dates() {
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
        assert!(after("Fri, 31 Dec 2199 23:59:59 GMT").unwrap() > Duration::from_secs(1 << 30));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pause = Duration::from_millis(100);
        assert!(backoff(pause, 0) < pause);
        assert!(backoff(pause, 3) >= pause * 4);
        assert!(backoff(pause, u32::MAX) <= pause * 64);
    }
}
