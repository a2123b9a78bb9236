//! Values as providers really write them: texts that are lists of parts, counts that are floats, arguments as objects.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A text that may be null, a string, or a list of parts, some of which may be reasoning (Mistral).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// What was said.
    pub(crate) text: String,
    /// What was thought.
    pub(crate) thinking: String,
}

/// A part of a text that is a list.
#[derive(serde::Deserialize)]
struct Part {
    #[serde(default)]
    text: Text,
    #[serde(default)]
    thinking: Text,
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string, null, or a list of parts")
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text { text: text.to_owned(), thinking: String::new() })
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text { text, thinking: String::new() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text, A::Error> {
        let mut all = Text::default();
        while let Some(part) = parts.next_element::<Part>()? {
            all.text.push_str(&part.text.text);
            all.thinking.push_str(&part.thinking.text);
        }
        Ok(all)
    }
}

/// A count that may be null, negative for "unknown", or a float; each is a whole number or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

impl Count {
    /// The number, 0 where none was given.
    pub(crate) fn get(self) -> u64 {
        self.0.unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number or null")
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(Count(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
        Ok(Count(u64::try_from(number).ok()))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, as is wanted")]
    fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
        Ok(Count((number >= 0.0).then_some(number as u64)))
    }

    fn visit_str<E>(self, number: &str) -> Result<Count, E> {
        Ok(Count(number.trim().parse().ok()))
    }
}

/// A call's arguments as JSON text, from a string that holds it or from the object itself. The model's own writing is
/// kept where it is there.
pub(crate) fn arguments(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw.map(RawValue::get) else { return String::new() };
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).unwrap_or_default(),
        Some(b'n') | None => String::new(),
        Some(_) => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_in_four_forms() {
        let read = |json: &str| serde_json::from_str::<Text>(json).map(|text| (text.text, text.thinking));
        let pair = |text: &str, thinking: &str| (text.to_owned(), thinking.to_owned());
        assert_eq!(read("null").unwrap(), pair("", ""));
        assert_eq!(read(r#""a\nb""#).unwrap(), pair("a\nb", ""));
        let parts = r#"[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]"#;
        assert_eq!(read(parts).unwrap(), pair("yes", "hm"));
        assert!(read("7").is_err());
    }

    #[test]
    fn counts_come_in_five_forms() {
        let counts: Vec<Count> = serde_json::from_str(r#"[3, 2.0, null, -1, "4"]"#).unwrap();
        assert_eq!(counts, [Some(3), Some(2), None, None, Some(4)].map(Count));
    }

    #[test]
    fn arguments_come_as_text_or_object() {
        let read = |json: &str| arguments(Some(&serde_json::from_str::<Box<RawValue>>(json).unwrap()));
        assert_eq!(read(r#""{\"a\":1}""#), r#"{"a":1}"#);
        assert_eq!(read(r#"{"a": 1}"#), r#"{"a": 1}"#);
        assert_eq!(read("null"), "");
    }
}
