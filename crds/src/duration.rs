//! Durations as Go writes them (`30s`, `5m`, `1h30m`), which is how every Kubernetes API writes them.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The pattern that a [`GoDuration`] matches.
pub const DURATION_PATTERN: &str = r"^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+$";

/// Long enough for every duration that a person writes; it bounds what the pattern walks.
const MAX_LENGTH: usize = 32;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A non-negative duration, kept as written so that a round trip does not rewrite a person's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoDuration {
    text: String,
    value: Duration,
}

/// Text that is no [`GoDuration`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration: write numbers with the units h, m, s or ms, such as \"30s\" or \"1h30m\"")]
pub struct InvalidDuration(pub String);

impl GoDuration {
    /// The duration itself.
    pub const fn value(&self) -> Duration {
        self.value
    }

    /// The duration as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for GoDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let value = parse(text).ok_or_else(|| InvalidDuration(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), value })
    }
}

fn parse(text: &str) -> Option<Duration> {
    if text.is_empty() || text.len() > MAX_LENGTH {
        return None;
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail.find(|character: char| character.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        nanos += amount(number, unit_nanos(unit)?)?;
        rest = tail;
    }
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).ok()?;
    let subsecond = u32::try_from(nanos % NANOS_PER_SECOND).ok()?;
    Some(Duration::new(seconds, subsecond))
}

fn unit_nanos(unit: &str) -> Option<u128> {
    match unit {
        "ms" => Some(NANOS_PER_SECOND / 1000),
        "s" => Some(NANOS_PER_SECOND),
        "m" => Some(60 * NANOS_PER_SECOND),
        "h" => Some(3600 * NANOS_PER_SECOND),
        _ => None,
    }
}

/// `number` units in nanoseconds; what is finer than a nanosecond is cut off, as Go does.
fn amount(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let digits = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let fraction = format!("{:0<9}", fraction.unwrap_or("0"));
    Some(whole.parse::<u128>().ok()? * unit + fraction.parse::<u128>().ok()? * unit / NANOS_PER_SECOND)
}

impl From<Duration> for GoDuration {
    /// Writes whole milliseconds; nothing here is configured in finer steps.
    fn from(duration: Duration) -> Self {
        let millis = duration.as_millis();
        let text = match (millis % 1000, millis / 1000) {
            (0, seconds) if seconds % 3600 == 0 && seconds > 0 => format!("{}h", seconds / 3600),
            (0, seconds) if seconds % 60 == 0 && seconds > 0 => format!("{}m", seconds / 60),
            (0, seconds) => format!("{seconds}s"),
            (_, _) => format!("{millis}ms"),
        };
        Self { text, value: duration }
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for GoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": DURATION_PATTERN, "maxLength": MAX_LENGTH })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        let millis = |text: &str| text.parse::<GoDuration>().map(|duration| duration.value().as_millis());
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("1.5s"), Ok(1_500));
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("0s"), Ok(0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "30", "s", "-1s", "1d", "1 s", "1s ", "1.s", "1..5s", "9999999999s", "1h-1m", "1µs"] {
            assert_eq!(text.parse::<GoDuration>(), Err(InvalidDuration(text.to_owned())));
        }
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit() {
        for (millis, text) in [(0, "0s"), (250, "250ms"), (30_000, "30s"), (90_000, "90s"), (7_200_000, "2h")] {
            let duration = Duration::from_millis(millis);
            let written = GoDuration::from(duration);
            assert_eq!(written.as_str(), text);
            assert_eq!(written.as_str().parse::<GoDuration>().map(|read| read.value()), Ok(duration));
        }
    }
}
