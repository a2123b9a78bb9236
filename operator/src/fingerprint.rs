//! A short number for a piece of JSON, by which two pieces are compared without keeping either.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher},
};

use serde_json::Value;

/// The fingerprint of fields in any order. Lists that are empty and nulls count as absent, since the API server drops
/// neither and a status that was never written has none of them.
pub fn fingerprint<'a>(fields: impl IntoIterator<Item = (&'a String, &'a Value)>) -> u64 {
    let sorted: BTreeMap<&str, &Value> =
        fields.into_iter().filter(|(_, value)| !is_absent(value)).map(|(name, value)| (name.as_str(), value)).collect();
    let mut hasher = DefaultHasher::new();
    for (name, value) in sorted {
        write_text(name, &mut hasher);
        write(value, &mut hasher);
    }
    hasher.finish()
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn write(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(fields) => {
            hasher.write_u8(1);
            hasher.write_u64(fingerprint(fields));
        }
        Value::Array(items) => {
            hasher.write_u8(2);
            hasher.write_usize(items.len());
            for item in items {
                write(item, hasher);
            }
        }
        Value::String(text) => {
            hasher.write_u8(3);
            write_text(text, hasher);
        }
        other => {
            hasher.write_u8(4);
            write_text(&other.to_string(), hasher);
        }
    }
}

fn write_text(text: &str, hasher: &mut DefaultHasher) {
    hasher.write_usize(text.len());
    hasher.write(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> u64 {
        fingerprint(value.as_object().unwrap())
    }

    #[test]
    fn order_and_absence_do_not_matter_and_values_do() {
        assert_eq!(of(&json!({"a": 1, "b": "x"})), of(&json!({"b": "x", "a": 1, "c": null, "d": []})));
        assert_ne!(of(&json!({"a": 1})), of(&json!({"a": "1"})));
        assert_ne!(of(&json!({"a": ["x", "y"]})), of(&json!({"a": ["xy"]})));
    }
}
