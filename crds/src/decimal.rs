//! Decimal numbers as text: money and thresholds must not pass through binary floating point.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The pattern that a [`Decimal`] matches.
pub const DECIMAL_PATTERN: &str = r"^[0-9]{1,9}(\.[0-9]{1,6})?$";

const MICROS: u64 = 1_000_000;

/// A decimal number of at most nine digits before and six after the point, kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    text: String,
    micros: u64,
}

/// Text that is no [`Decimal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no decimal number: write at most nine digits, a point and at most six, in quotes, such as \"0.25\"")]
pub struct InvalidDecimal(pub String);

impl Decimal {
    /// The number in millionths, which is exact.
    pub const fn micros(&self) -> u64 {
        self.micros
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    fn from_str(text: &str) -> Result<Self, InvalidDecimal> {
        let micros = micros(text).ok_or_else(|| InvalidDecimal(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), micros })
    }
}

/// Reads the two halves separately, so that no rounding happens anywhere.
fn micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 9) || !fraction.is_none_or(|fraction| digits(fraction, 6)) {
        return None;
    }
    let fraction = format!("{:0<6}", fraction.unwrap_or("0"));
    Some(whole.parse::<u64>().ok()? * MICROS + fraction.parse::<u64>().ok()?)
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": DECIMAL_PATTERN, "maxLength": 16 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_exact_in_millionths() {
        let micros = |text: &str| text.parse::<Decimal>().map(|decimal| decimal.micros());
        assert_eq!(micros("0.7"), Ok(700_000));
        assert_eq!(micros("15"), Ok(15_000_000));
        assert_eq!(micros("999999999.999999"), Ok(999_999_999_999_999));
        assert_eq!(micros("0.000001"), Ok(1));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".5", "1.", "-1", "1e3", "1,5", "0.1234567", "1234567890", "+1", "٣"] {
            assert_eq!(text.parse::<Decimal>(), Err(InvalidDecimal(text.to_owned())));
        }
    }
}
