//! Shapes that several routes share on the wire: timestamps, statistics, turns.

use jiff::Timestamp as Instant;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use troupe_core::id::Timestamp;
use troupe_core::message::Media;
use troupe_core::session::{TokenStat, Turn};

/// Writes a time as S1 does, in UTC and to the microsecond: `2026-04-21T15:30:12.000123`.
pub fn timestamp(at: Timestamp) -> String {
    match Instant::from_microsecond(at) {
        Ok(instant) => format!("{:.6}", TimeZone::UTC.to_datetime(instant)),
        Err(_) => at.to_string(),
    }
}

/// Writes a time as our own routes do: RFC 3339, in UTC and to the microsecond.
pub fn instant(at: Timestamp) -> String {
    format!("{}Z", timestamp(at))
}

/// Reads a time as [`timestamp`] writes it, or with a zone (RFC 3339); `None` if it is neither.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(civil) = text.parse::<DateTime>()
        && !text.ends_with('Z')
        && !text.contains('+')
    {
        return civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond());
    }
    text.parse::<Instant>().ok().map(jiff::Timestamp::as_microsecond)
}

/// The statistics of a round (S1-22); milliseconds rounded to a tenth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stat {
    /// Tokens read by this call.
    pub prompt_tokens: u64,
    /// Tokens written by this call.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Tokens read by this run so far.
    pub total_prompt_tokens: u64,
    /// Tokens written by this run so far.
    pub total_completion_tokens: u64,
    /// Both.
    pub total_all_tokens: u64,
    /// Milliseconds to the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Milliseconds from the first token to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_ms: Option<f64>,
    /// Milliseconds of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<f64>,
    /// Milliseconds of the whole run; in the last round only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_ms: Option<f64>,
    /// When the call ended.
    #[serde(default)]
    pub completed_at: String,
}

impl From<&TokenStat> for Stat {
    fn from(stat: &TokenStat) -> Self {
        Self {
            prompt_tokens: stat.prompt_tokens,
            completion_tokens: stat.completion_tokens,
            total_tokens: stat.total_tokens,
            total_prompt_tokens: stat.total_prompt_tokens,
            total_completion_tokens: stat.total_completion_tokens,
            total_all_tokens: stat.total_all_tokens,
            ttft_ms: stat.ttft_us.map(milliseconds),
            net_ms: stat.net_us.map(milliseconds),
            total_ms: stat.total_us.map(milliseconds),
            overall_ms: stat.overall_us.map(milliseconds),
            completed_at: timestamp(stat.completed_at),
        }
    }
}

/// Microseconds as milliseconds, rounded to a tenth.
pub fn milliseconds(microseconds: i64) -> f64 {
    // Tenths of a millisecond of a run fit a double's 53 bits for 28,000 years.
    #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 tenths of a millisecond")]
    let tenths = ((microseconds + 50).div_euclid(100)) as f64;
    tenths / 10.0
}

/// A turn as S1 shows it (S1-25): role, content and timestamp always, the rest where there is some.
pub fn turn(turn: &Turn) -> Value {
    let mut shown = Map::new();
    shown.insert("role".to_owned(), serde_json::to_value(turn.role).unwrap_or_default());
    shown.insert("content".to_owned(), turn.content.clone().into());
    shown.insert("timestamp".to_owned(), timestamp(turn.at).into());
    let mut text = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value.clone().into());
        }
    };
    text("name", &turn.name);
    text("thinking", &turn.thinking);
    text("prompt_template", &turn.prompt_template);
    text("tool_id", &turn.tool_id);
    text("tool_use_id", &turn.tool_use_id);
    text("assistant_id", &turn.assistant_id);
    text("audio", &turn.audio.as_ref().map(|audio| audio.data.clone()));
    if !turn.tool_calls.is_empty() {
        shown.insert("tool_calls".to_owned(), serde_json::to_value(&turn.tool_calls).unwrap_or_default());
    }
    if let Some(stat) = &turn.stat {
        shown.insert("stat".to_owned(), serde_json::to_value(Stat::from(stat)).unwrap_or_default());
    }
    if !turn.images.is_empty() {
        shown.insert("images".to_owned(), turn.images.iter().map(data_uri).collect());
    }
    if let Some(arguments) = &turn.arguments {
        shown.insert("arguments".to_owned(), Value::Object(arguments.clone()));
    }
    Value::Object(shown)
}

/// An image or a recording as a data URI.
pub fn data_uri(media: &Media) -> String {
    format!("data:{};base64,{}", media.mime, media.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_read_back_as_it_was_written() {
        for at in [0, 1, 1_776_785_412_000_123, 1_776_785_412_999_999] {
            assert_eq!(parse_timestamp(&timestamp(at)), Some(at));
        }
        assert_eq!(timestamp(1_776_785_412_000_123), "2026-04-21T15:30:12.000123");
    }

    #[test]
    fn a_timestamp_with_a_zone_is_understood_and_nonsense_is_not() {
        assert_eq!(parse_timestamp("2026-04-21T17:30:12.000123+02:00"), Some(1_776_785_412_000_123));
        assert_eq!(parse_timestamp("2026-04-21T15:30:12"), Some(1_776_785_412_000_000));
        assert_eq!(parse_timestamp("yesterday"), None);
    }

    #[test]
    fn milliseconds_are_rounded_to_a_tenth() {
        assert!((milliseconds(1_249) - 1.2).abs() < 1e-9);
        assert!((milliseconds(1_250) - 1.3).abs() < 1e-9);
    }
}
