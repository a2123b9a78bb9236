//! The API's description as the sweep reads it: operations, schemas, and which values a schema refuses.

use serde_json::{Map, Value, json};

/// The description.
pub(crate) struct Document(pub(crate) Value);

/// An operation.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) body: Option<Value>,
    pub(crate) body_is_optional: bool,
    pub(crate) parameters: Vec<Value>,
}

/// A change of a body that must be refused, or must not break anything.
pub(crate) struct Change {
    /// The field, as problems name it.
    pub(crate) field: String,
    /// What was changed, for whoever reads a failure.
    pub(crate) what: String,
    pub(crate) body: Value,
    pub(crate) expected: Expected,
}

/// What must come of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A 4xx that names the field.
    Refused,
    /// The status that the body without it has.
    Ignored,
    /// Anything but a failure; if it is refused, the field is named.
    Survived,
}

impl Document {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_str(&troupe_runtime::http::openapi::json()).unwrap())
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let item = item.as_object().unwrap().clone();
            let path = path.clone();
            item.into_iter().map(move |(method, operation)| Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: operation["operationId"].as_str().unwrap().to_owned(),
                body: operation.pointer("/requestBody/content/application~1json/schema").cloned(),
                body_is_optional: operation.pointer("/requestBody/required") != Some(&json!(true)),
                parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
            })
        };
        paths.iter().flat_map(of_path).collect()
    }

    /// A schema without references and compositions at its top; of alternatives the one that fits `value`.
    pub(crate) fn resolve(&self, schema: &Value, value: Option<&Value>) -> Value {
        if let Some(place) = schema["$ref"].as_str() {
            return self.resolve(self.0.pointer(place.trim_start_matches('#')).unwrap(), value);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut merged = Map::new();
            for part in parts {
                let part = self.resolve(part, value);
                for (name, content) in part.as_object().unwrap() {
                    match (merged.get_mut(name), content) {
                        (Some(Value::Object(known)), Value::Object(more)) => known.extend(more.clone()),
                        (Some(Value::Array(known)), Value::Array(more)) => known.extend(more.clone()),
                        _ => drop(merged.insert(name.clone(), content.clone())),
                    }
                }
            }
            return Value::Object(merged);
        }
        if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            let resolved: Vec<Value> = choices.iter().map(|choice| self.resolve(choice, value)).collect();
            let fitting = resolved.iter().find(|choice| value.is_some_and(|value| fits(choice, value)));
            return fitting.or_else(|| resolved.first()).cloned().unwrap_or_default();
        }
        schema.clone()
    }

    /// The JSON types that a schema takes; none where it takes any.
    fn types(&self, schema: &Value) -> Vec<String> {
        if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            let of_choices: Vec<Vec<String>> = choices.iter().map(|choice| self.types(choice)).collect();
            return if of_choices.iter().any(Vec::is_empty) { Vec::new() } else { of_choices.concat() };
        }
        if schema.get("$ref").is_some() || schema.get("allOf").is_some() {
            let schema = if schema.get("$ref").is_some() {
                let place = schema["$ref"].as_str().unwrap();
                self.0.pointer(place.trim_start_matches('#')).unwrap().clone()
            } else {
                self.resolve(schema, None)
            };
            return self.types(&schema);
        }
        match &schema["type"] {
            Value::String(name) => vec![name.clone()],
            Value::Array(names) => names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    /// A value that a schema takes.
    pub(crate) fn example(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema, None);
        if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        match self.types(&schema).first().map_or("string", String::as_str) {
            "object" => {
                let known = schema["properties"].as_object().cloned().unwrap_or_default();
                known.iter().map(|(name, schema)| (name.clone(), self.example(schema))).collect()
            }
            "array" => json!([self.example(&schema["items"])]),
            "integer" | "number" => json!(1),
            "boolean" => json!(false),
            _ => json!("text"),
        }
    }

    /// Every change of `body` that the description says something about.
    pub(crate) fn changes(&self, schema: &Value, body: &Value) -> Vec<Change> {
        let mut changes = Vec::new();
        self.change(
            schema,
            body,
            "",
            &mut |field, what, expected, edit| {
                let mut body = body.clone();
                edit(&mut body);
                changes.push(Change { field, what, body, expected });
            },
            "",
        );
        changes
    }

    fn change(&self, schema: &Value, value: &Value, pointer: &str, tell: &mut Tell<'_>, field: &str) {
        let resolved = self.resolve(schema, Some(value));
        if let (Some(properties), Value::Object(members)) = (resolved["properties"].as_object(), value) {
            let tag = tag_of(&resolved);
            for (name, schema) in properties {
                let inner = join(field, name);
                let place = format!("{pointer}/{name}");
                self.change_field(schema, pointer, name, &inner, tell);
                if required(&resolved, name) {
                    let (pointer, name) = (pointer.to_owned(), name.clone());
                    tell(inner.clone(), "removed".to_owned(), Expected::Refused, &mut |body| {
                        object(body, &pointer).shift_remove(&name);
                    });
                }
                if let Some(value) = members.get(name) {
                    self.change(schema, value, &place, tell, &inner);
                }
            }
            let strict = resolved["additionalProperties"] == json!(false);
            let expected = if strict { Expected::Refused } else { Expected::Ignored };
            if !tag || !strict {
                tell(join(field, "nobody_knows_it"), "unknown".to_owned(), expected, &mut |body| {
                    object(body, pointer).insert("nobody_knows_it".to_owned(), json!({"a": [1]}));
                });
            }
        }
        if let (Value::Object(members), schema @ Value::Object(_)) = (value, &resolved["additionalProperties"]) {
            for (name, value) in members {
                let inner = join(field, name);
                self.change_field(schema, pointer, name, &inner, tell);
                self.change(schema, value, &format!("{pointer}/{name}"), tell, &inner);
            }
        }
        if let (Value::Array(items), schema @ Value::Object(_)) = (value, &resolved["items"]) {
            for (index, value) in items.iter().enumerate() {
                let inner = format!("{field}[{index}]");
                self.change_field(schema, pointer, &index.to_string(), &inner, tell);
                self.change(schema, value, &format!("{pointer}/{index}"), tell, &inner);
            }
        }
    }

    /// Every wrong value of one field.
    fn change_field(&self, schema: &Value, pointer: &str, name: &str, field: &str, tell: &mut Tell<'_>) {
        let types = self.types(schema);
        let resolved = self.resolve(schema, None);
        let takes = |name: &str| types.is_empty() || types.iter().any(|known| known == name);
        let mut wrong: Vec<(Value, Expected)> = Vec::new();
        let mut not = |name: &str, value: Value| {
            if !takes(name) {
                wrong.push((value, Expected::Refused));
            }
        };
        not("null", Value::Null);
        not("string", json!("text"));
        not("boolean", json!(true));
        not("array", json!(["a"]));
        not("object", json!({"a": 1}));
        if takes("integer") && !takes("number") {
            wrong.extend([json!(1.5), json!(1e30)].map(|value| (value, Expected::Refused)));
            let negative = if resolved["minimum"] == json!(0) { Expected::Refused } else { Expected::Survived };
            wrong.push((json!(-1), negative));
            wrong.push((json!(u64::MAX), Expected::Survived));
        } else if !takes("number") {
            wrong.push((json!(1), Expected::Refused));
        }
        if takes("string") {
            let words = resolved["enum"].is_array();
            let longest = resolved["maxLength"].as_u64().map(|most| usize::try_from(most).unwrap());
            let expected = if words || longest.is_some() { Expected::Refused } else { Expected::Survived };
            wrong.push(("x".repeat(longest.unwrap_or(100_000) + 1).into(), expected));
            wrong.push((json!("\u{0}\u{1b}\r\n\u{feff}\u{202e}"), Expected::Survived));
            wrong.push((json!(""), Expected::Survived));
        }
        for (value, expected) in wrong {
            let shown: String = value.to_string().chars().take(40).collect();
            tell(field.to_owned(), shown, expected, &mut |body| {
                let place = body.pointer_mut(pointer).unwrap();
                match place {
                    Value::Object(members) => drop(members.insert(name.to_owned(), value.clone())),
                    Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
                    _ => unreachable!("only objects and lists have fields"),
                }
            });
        }
    }
}

type Tell<'a> = dyn FnMut(String, String, Expected, &mut dyn FnMut(&mut Value)) + 'a;

fn object<'body>(body: &'body mut Value, pointer: &str) -> &'body mut Map<String, Value> {
    body.pointer_mut(pointer).unwrap().as_object_mut().unwrap()
}

fn join(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}

fn required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
}

/// Whether a schema is one of several that a word tells apart.
fn tag_of(schema: &Value) -> bool {
    schema.pointer("/properties/type/enum").is_some()
}

/// Whether a value is of a schema's type, and has its word, where there is one.
fn fits(schema: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = match &schema["type"] {
        Value::String(known) => known == name,
        Value::Array(known) => known.iter().any(|known| known == name),
        _ => true,
    };
    let words = schema.pointer("/properties/type/enum").and_then(Value::as_array);
    is && words.is_none_or(|words| words.contains(&value["type"]))
}
