//! How long a provider asks us to wait, from whichever header says so.

use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822::DateTimeParser;
use troupe_core::id::Timestamp;

/// The wait in milliseconds: `retry-after-ms`, `Retry-After` (seconds or a date), or on a 429 the reset of the limit
/// that is used up.
pub(crate) fn after(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let exact = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()).and_then(milliseconds);
    let asked = || {
        let value = text("retry-after")?;
        value.parse::<f64>().ok().and_then(|seconds| milliseconds(seconds * 1000.0)).or_else(|| until_date(value, now))
    };
    let reset = || if status == StatusCode::TOO_MANY_REQUESTS { reset(headers, now) } else { None };
    exact.or_else(asked).or_else(reset)
}

/// The latest reset among the limits that are used up; the earliest of all where none says that it is.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    const LIMITS: [(&str, &str); 6] = [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ];
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let waits = LIMITS.iter().filter_map(|(remaining, reset)| {
        let wait = moment(text(reset)?, now)?;
        Some((text(remaining) == Some("0"), wait))
    });
    let (used_up, others): (Vec<_>, Vec<_>) = waits.partition(|(used_up, _)| *used_up);
    used_up.iter().map(|(_, wait)| *wait).max().or_else(|| others.iter().map(|(_, wait)| *wait).min())
}

/// A reset as OpenAI writes it (`6m0s`), as Anthropic does (RFC 3339), or as a number: seconds, or the time since the
/// epoch in seconds or milliseconds, told apart by size.
fn moment(value: &str, now: Timestamp) -> Option<u64> {
    if let Ok(number) = value.parse::<f64>() {
        let now_ms = milliseconds(micros(now) / 1000.0)?;
        return match number {
            number if number > 1e11 => milliseconds(number).map(|at| at.saturating_sub(now_ms)),
            number if number > 1e9 => milliseconds(number * 1000.0).map(|at| at.saturating_sub(now_ms)),
            seconds => milliseconds(seconds * 1000.0),
        };
    }
    let at = value.parse::<jiff::Timestamp>().ok().map(|at| wait_until(at, now));
    at.or_else(|| duration(value))
}

/// Go's notation of a duration: `1h2m3.5s`, `20ms`.
fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        sum += number
            * match &rest[..end] {
                "d" => 86_400_000.0,
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1000.0,
                "ms" => 1.0,
                "us" | "µs" => 0.001,
                _ => return None,
            };
        rest = &rest[end..];
    }
    milliseconds(sum)
}

/// An HTTP date, which is a date of RFC 2822 that ends with `GMT`.
fn until_date(value: &str, now: Timestamp) -> Option<u64> {
    let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok()?;
    Some(wait_until(at, now))
}

fn wait_until(at: jiff::Timestamp, now: Timestamp) -> u64 {
    let micros = at.as_microsecond().saturating_sub(now);
    u64::try_from(micros).unwrap_or(0).div_ceil(1000)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since the epoch fit into 53 bits until the year 2255")]
fn micros(now: Timestamp) -> f64 {
    now as f64
}

/// A whole number of milliseconds, rounded up; nothing for what is no time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, as is wanted")]
fn milliseconds(value: f64) -> Option<u64> {
    (value.is_finite() && value >= 0.0).then(|| value.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    /// 2026-01-01T00:00:00Z.
    const NOW: Timestamp = 1_767_225_600_000_000;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        after(StatusCode::TOO_MANY_REQUESTS, &headers, NOW)
    }

    #[test]
    fn retry_after_is_seconds_a_date_or_milliseconds() {
        assert_eq!(wait(&[("retry-after", "2")]), Some(2000));
        assert_eq!(wait(&[("retry-after", "0.5")]), Some(500));
        assert_eq!(wait(&[("retry-after", "Thu, 01 Jan 2026 00:00:03 GMT")]), Some(3000));
        assert_eq!(wait(&[("retry-after", "Wed, 31 Dec 2025 23:59:00 GMT")]), Some(0));
        assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "150")]), Some(150));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn the_limit_that_is_used_up_says_when() {
        let openai = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1m30.5s"),
            ("x-ratelimit-remaining-tokens", "500"),
            ("x-ratelimit-reset-tokens", "6h0m0s"),
        ];
        assert_eq!(wait(&openai), Some(90_500));
        assert_eq!(wait(&[("x-ratelimit-reset-tokens", "20ms"), ("x-ratelimit-reset-requests", "1s")]), Some(20));
        assert_eq!(wait(&[("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:07Z")]), Some(7000));
        assert_eq!(wait(&[("x-ratelimit-reset", "1767225602000")]), Some(2000));
        assert_eq!(wait(&[("x-ratelimit-reset", "1767225603")]), Some(3000));
    }

    #[test]
    fn other_failures_do_not_wait_for_rate_limits() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-reset", HeaderValue::from_static("60"));
        assert_eq!(after(StatusCode::INTERNAL_SERVER_ERROR, &headers, NOW), None);
    }
}
