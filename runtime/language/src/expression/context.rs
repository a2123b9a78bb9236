//! JSON into CEL, and CEL's results into JSON.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::Key;
use serde_json::{Map, Number, Value};

use crate::LanguageError;

/// Whole numbers become `int` where they fit, since CEL does not add a `uint` to the literal `1`.
pub(super) fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => number_to_cel(number),
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let fields: HashMap<Key, cel::Value> =
                fields.iter().map(|(name, value)| (Key::from(name.as_str()), to_cel(value))).collect();
            cel::Value::Map(fields.into())
        }
    }
}

fn number_to_cel(number: &Number) -> cel::Value {
    if let Some(whole) = number.as_i64() {
        cel::Value::Int(whole)
    } else if let Some(whole) = number.as_u64() {
        cel::Value::UInt(whole)
    } else {
        cel::Value::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// A map's fields come out sorted by name: CEL's maps have no order, and the same run must journal the same bytes.
pub(super) fn from_cel(value: &cel::Value) -> Result<Value, LanguageError> {
    Ok(match value {
        cel::Value::List(items) => Value::Array(items.iter().map(from_cel).collect::<Result<_, _>>()?),
        cel::Value::Map(fields) => {
            let mut sorted = fields
                .map
                .iter()
                .map(|(key, value)| Ok((key.to_string(), from_cel(value)?)))
                .collect::<Result<Vec<_>, LanguageError>>()?;
            sorted.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(Map::from_iter(sorted))
        }
        scalar => scalar.json().map_err(|_| {
            LanguageError::new(
                format!("the expression gives a {}, which JSON has not", scalar.type_of()),
                "give a boolean, number, text, list or map",
            )
        })?,
    })
}
