//! Many rows on their way into one statement.
//!
//! A statement costs a hop to the connection's thread and back, so a batch writes all of its rows of a table in one.
//! Short values travel as one JSON array of arrays; long texts lie end to end in a byte string beside it, and the
//! JSON says only where: the database then copies them instead of parsing, rendering and parsing them again.

use std::fmt::Write as _;

/// One value of a row.
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// A number.
    Int(i64),
    /// A short text.
    Text(&'a str),
    /// A long text: two cells, its offset from 1 and its length, both in bytes.
    Long(&'a str),
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

/// The rows of one statement.
#[derive(Default)]
pub(crate) struct Rows {
    json: String,
    long: Vec<u8>,
}

impl Rows {
    /// Adds a row.
    pub(crate) fn push(&mut self, cells: &[Cell<'_>]) {
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        for (index, cell) in cells.iter().enumerate() {
            self.json.push(if index == 0 { '[' } else { ',' });
            match cell {
                Cell::Null => self.json.push_str("null"),
                // Writing into a String does not fail.
                Cell::Int(value) => {
                    let _ = write!(self.json, "{value}");
                }
                Cell::Text(text) => quote(&mut self.json, text),
                Cell::Long(text) => {
                    let _ = write!(self.json, "{},{}", self.long.len() + 1, text.len());
                    self.long.extend_from_slice(text.as_bytes());
                }
            }
        }
        self.json.push(']');
    }

    /// There are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The JSON array and the long texts.
    pub(crate) fn finish(mut self) -> (String, Vec<u8>) {
        self.json.push_str(if self.json.is_empty() { "[]" } else { "]" });
        (self.json, self.long)
    }
}

/// Appends `text` as a JSON string. Most are ids and words, which need no escapes.
fn quote(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_json_with_long_texts_beside() {
        let mut rows = Rows::default();
        rows.push(&[Cell::Text("a\"b"), Cell::Int(-1), Cell::Null, Cell::Long("äx")]);
        rows.push(&["c".into(), 2.into(), Some(3).into(), Cell::Long("y")]);
        let (json, long) = rows.finish();
        assert_eq!(json, r#"[["a\"b",-1,null,1,3],["c",2,3,4,1]]"#);
        assert_eq!(long, "äxy".as_bytes());
    }

    #[test]
    fn no_rows_are_an_empty_array() {
        assert_eq!(Rows::default().finish(), ("[]".to_owned(), Vec::new()));
    }
}
