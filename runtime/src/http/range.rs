//! Conditional requests and byte ranges of a file (RFC 9110): what of it is to be sent.

use axum::http::{HeaderMap, header};

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// From one byte to another, both included.
    Range(u64, u64),
    /// Nothing: the client has it.
    NotModified,
    /// Nothing: there are no such bytes.
    Unsatisfiable,
}

/// Decides by a request's headers, for a file of so many bytes with this tag and time (seconds since 1970).
pub fn part(headers: &HeaderMap, length: u64, tag: &str, modified: i64) -> Part {
    if has_it(headers, tag, modified) {
        return Part::NotModified;
    }
    match text(headers, &header::RANGE) {
        Some(range) if is_the_same(headers, tag, modified) => ranged(range, length),
        _ => Part::Whole,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `If-None-Match` wins over `If-Modified-Since`.
fn has_it(headers: &HeaderMap, tag: &str, modified: i64) -> bool {
    match text(headers, &header::IF_NONE_MATCH) {
        Some(tags) => tags.split(',').any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
        }),
        None => text(headers, &header::IF_MODIFIED_SINCE).and_then(seconds).is_some_and(|since| modified <= since),
    }
}

/// Whether a range still means the file that the client has a part of.
fn is_the_same(headers: &HeaderMap, tag: &str, modified: i64) -> bool {
    match text(headers, &header::IF_RANGE).map(str::trim) {
        None => true,
        Some(known) if known.starts_with('"') => known == tag,
        Some(known) => seconds(known) == Some(modified),
    }
}

/// A date of HTTP as seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(date).ok().map(|at| at.timestamp().as_second())
}

/// Seconds since 1970 as a date of HTTP.
pub fn date(seconds: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(seconds).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

/// One range is answered; of several, as of what is no range of bytes, the whole is sent, which a server may do.
fn ranged(range: &str, length: u64) -> Part {
    let Some(range) = range.trim().strip_prefix("bytes=").filter(|range| !range.contains(',')) else {
        return Part::Whole;
    };
    let Some((first, last)) = range.split_once('-') else { return Part::Whole };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (start, end) = match (first.is_empty(), number(first), last.is_empty(), number(last)) {
        // The last so many bytes.
        (true, _, false, Some(0)) => return Part::Unsatisfiable,
        (true, _, false, Some(count)) => (length.saturating_sub(count), length.saturating_sub(1)),
        (false, Some(start), true, _) => (start, length.saturating_sub(1)),
        (false, Some(start), false, Some(end)) if start <= end => (start, end.min(length.saturating_sub(1))),
        _ => return Part::Whole,
    };
    if start >= length { Part::Unsatisfiable } else { Part::Range(start, end) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const AT: i64 = 1_700_000_000;

    fn asked(fields: &[(header::HeaderName, &str)]) -> Part {
        let fields = fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        part(&fields.collect(), 100, "\"t\"", AT)
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (range, expected) in [
            ("bytes=0-0", Part::Range(0, 0)),
            ("bytes=10-19", Part::Range(10, 19)),
            ("bytes=90-", Part::Range(90, 99)),
            ("bytes=90-1000", Part::Range(90, 99)),
            ("bytes=-10", Part::Range(90, 99)),
            ("bytes=-1000", Part::Range(0, 99)),
            ("bytes=100-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
        ] {
            assert_eq!(asked(&[(header::RANGE, range)]), expected, "{range}");
        }
        assert_eq!(
            part(&HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-"))]), 0, "\"t\"", AT),
            Part::Unsatisfiable
        );
    }

    #[test]
    fn a_range_of_another_version_is_the_whole_file() {
        let ranged = |known: &str| asked(&[(header::RANGE, "bytes=0-9"), (header::IF_RANGE, known)]);
        let now = date(AT).unwrap();
        assert_eq!((ranged("\"t\""), ranged(&now)), (Part::Range(0, 9), Part::Range(0, 9)));
        assert_eq!((ranged("\"u\""), ranged("W/\"t\"")), (Part::Whole, Part::Whole));
        assert_eq!((ranged(&date(AT - 1).unwrap()), ranged("never")), (Part::Whole, Part::Whole));
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        assert_eq!(date(784_111_777).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        for tags in ["\"t\"", "\"x\", W/\"t\"", "*"] {
            assert_eq!(asked(&[(header::IF_NONE_MATCH, tags), (header::RANGE, "bytes=0-1")]), Part::NotModified);
        }
        let since = |at: i64| asked(&[(header::IF_MODIFIED_SINCE, &date(at).unwrap())]);
        assert_eq!((since(AT), since(AT - 1)), (Part::NotModified, Part::Whole));
        let both = [(header::IF_MODIFIED_SINCE, &*date(AT).unwrap()), (header::IF_NONE_MATCH, "\"x\"")];
        assert_eq!(asked(&both), Part::Whole);
    }
}
