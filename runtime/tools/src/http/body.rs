//! The body of a request: placeholders filled so that JSON stays JSON and a form stays a form.

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use troupe_language::placeholder;
use troupe_net::Request;

use super::{fill, sole_placeholder};
use crate::hidden::{Filled, shown};

/// Fills the template and attaches it. `kind` is the content type that the tool's headers give.
pub(super) fn attach(request: Request, template: &Value, kind: Option<&str>, filled: &Filled) -> Request {
    let parsed = structured(template);
    let template = parsed.as_ref().unwrap_or(template);
    let request = if mentions_secret(template, filled) { request.secret_body() } else { request };
    let form = kind.is_some_and(|kind| crate::charset::media_type(kind) == "application/x-www-form-urlencoded");
    let Some(value) = filled_value(template, filled) else { return request };
    let (body, default_kind) = match value {
        Value::Object(fields) if form => (as_form(&fields), "application/x-www-form-urlencoded"),
        // A text stays a text unless the argument was a value of another kind.
        Value::String(text) => (text, "text/plain; charset=utf-8"),
        value => (value.to_string(), "application/json"),
    };
    let request = match kind {
        Some(_) => request,
        None => request.header(CONTENT_TYPE, HeaderValue::from_static(default_kind)),
    };
    request.body(body)
}

/// A text that is a JSON object or list with placeholders inside of strings: filled as JSON, so that no quote in an
/// argument breaks it.
fn structured(template: &Value) -> Option<Value> {
    let text = template.as_str()?;
    serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || value.is_array())
}

/// The template with its strings filled. A string that is exactly one placeholder becomes the argument with its type; if
/// the argument is absent, an object loses the key and a list holds null. `None` if the whole template is such a string.
fn filled_value(template: &Value, filled: &Filled) -> Option<Value> {
    Some(match template {
        Value::String(text) => match sole_placeholder(text) {
            Some(name) => return filled.value(&name).cloned(),
            None => Value::String(fill(text, filled)?.0),
        },
        Value::Array(items) => items.iter().map(|item| filled_value(item, filled).unwrap_or(Value::Null)).collect(),
        Value::Object(fields) => {
            let pairs = fields.iter().filter_map(|(name, value)| Some((name.clone(), filled_value(value, filled)?)));
            Value::Object(pairs.collect())
        }
        other => other.clone(),
    })
}

fn as_form(fields: &Map<String, Value>) -> String {
    let pairs = fields.iter().map(|(name, value)| (name, shown(value)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn mentions_secret(template: &Value, filled: &Filled) -> bool {
    match template {
        Value::String(text) => placeholder::names(text).iter().any(|name| filled.is_secret(name)),
        Value::Array(items) => items.iter().any(|item| mentions_secret(item, filled)),
        Value::Object(fields) => fields.values().any(|value| mentions_secret(value, filled)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(template: &Value) -> Option<Value> {
        let arguments = json!({"n": 5, "list": [1, 2], "text": "a \"quote\"", "none": null});
        let template = structured(template).unwrap_or_else(|| template.clone());
        filled_value(&template, &Filled::plain(arguments.as_object().unwrap().clone()))
    }

    #[test]
    fn a_string_that_is_one_placeholder_keeps_the_arguments_type() {
        let template = json!({"n": "{{n}}", "l": ["{{ list }}", "{{gone}}"], "t": "n is {{n}}, {{gone}}", "x": "{{gone}}", "y": "{{none}}", "k": 1});
        assert_eq!(filled(&template), Some(json!({"n": 5, "l": [[1, 2], null], "t": "n is 5, ", "k": 1})));
        assert_eq!(filled(&json!("{{list}}")), Some(json!([1, 2])));
        assert_eq!(filled(&json!("{{gone}}")), None);
    }

    #[test]
    fn an_argument_cannot_break_out_of_json_that_is_written_as_text() {
        assert_eq!(filled(&json!("{\"q\": \"say {{text}}\"}")), Some(json!({"q": "say a \"quote\""})));
        assert_eq!(filled(&json!("plain {{text}}")), Some(json!("plain a \"quote\"")));
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(as_form(json!({"a": "x&y", "n": 1}).as_object().unwrap()), "a=x%26y&n=1");
    }
}
