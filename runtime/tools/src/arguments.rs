//! Reading a model's arguments: lenient where the meaning is clear, else an error that names the argument.

use serde_json::{Map, Value};

/// An argument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// It is required.
    #[error("the argument {name:?} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// It means nothing here.
    #[error("the argument {name:?} {problem}")]
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong with it and what to give instead.
        problem: String,
    },
}

impl ArgumentError {
    /// An argument with a wrong value.
    pub(crate) fn wrong(name: &str, problem: impl Into<String>) -> Self {
        Self::Wrong { name: name.to_owned(), problem: problem.into() }
    }
}

/// A text that must be there.
pub(crate) fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str, ArgumentError> {
    optional_text(arguments, name)?.ok_or_else(|| ArgumentError::Missing { name: name.to_owned() })
}

/// A text that may be there; null is absent.
pub(crate) fn optional_text<'a>(
    arguments: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, ArgumentError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ArgumentError::wrong(name, "must be a string")),
    }
}

/// A count from 1 on; models also write numbers as strings.
pub(crate) fn count(arguments: &Map<String, Value>, name: &str) -> Result<Option<usize>, ArgumentError> {
    let number = match arguments.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let count = number.and_then(|number| usize::try_from(number).ok()).filter(|count| *count > 0);
    count.map(Some).ok_or_else(|| ArgumentError::wrong(name, "must be an integer from 1 on"))
}

/// A yes or no, false by default; models also write it as a string.
pub(crate) fn flag(arguments: &Map<String, Value>, name: &str) -> Result<bool, ArgumentError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(ArgumentError::wrong(name, "must be true or false")),
    }
}

/// The first argument that `schema` requires and that is not there. Types are left to the tool, which knows better what it
/// can use.
pub(crate) fn require(schema: &Value, arguments: &Map<String, Value>) -> Result<(), ArgumentError> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match required.into_iter().find(|name| !arguments.contains_key(*name)) {
        Some(name) => Err(ArgumentError::Missing { name: name.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_model_means_is_understood_and_what_not_is_named() {
        let value = json!({"text": "t", "count": "3", "flag": "True", "none": null, "list": [], "zero": 0});
        let arguments = value.as_object().unwrap();
        assert_eq!(text(arguments, "text"), Ok("t"));
        assert_eq!(count(arguments, "count"), Ok(Some(3)));
        assert_eq!(flag(arguments, "flag"), Ok(true));
        assert_eq!(optional_text(arguments, "none"), Ok(None));
        assert_eq!(text(arguments, "none").unwrap_err().to_string(), "the argument \"none\" is missing");
        assert_eq!(text(arguments, "list").unwrap_err().to_string(), "the argument \"list\" must be a string");
        assert_eq!(
            count(arguments, "zero").unwrap_err().to_string(),
            "the argument \"zero\" must be an integer from 1 on"
        );
        assert_eq!(
            require(&json!({"required": ["text", "more"]}), arguments),
            Err(ArgumentError::Missing { name: "more".into() })
        );
    }
}
