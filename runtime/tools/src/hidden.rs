//! The arguments of a call as its tool gets them: the model's, with the hidden ones over them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use troupe_core::port::{SecretError, SecretSource};
use troupe_core::tool::{HiddenArgument, HiddenValue, ToolResult};

/// What takes the place of a secret that would be told.
const MASK: &str = "***";
/// Shorter values are not masked: they would be found in ordinary words.
const SHORTEST_MASKED: usize = 4;

/// Arguments, and what of them is secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    /// All of them.
    pub(crate) arguments: Map<String, Value>,
    /// The names of those that are secret.
    names: BTreeSet<String>,
    /// The names of those that were secret and may not be used here.
    forgotten: BTreeSet<String>,
    /// Every secret value that the call uses, so that no answer tells it.
    pub(crate) secrets: Vec<String>,
}

impl Filled {
    /// Arguments none of which is secret.
    #[cfg(test)]
    pub(crate) fn plain(arguments: Map<String, Value>) -> Self {
        Self { arguments, ..Self::default() }
    }

    /// The model's arguments with the hidden ones over them; secrets are read now.
    pub(crate) async fn merge(
        arguments: Map<String, Value>,
        hidden: &[HiddenArgument],
        secrets: &dyn SecretSource,
    ) -> Result<Self, SecretError> {
        let mut filled = Self { arguments, ..Self::default() };
        for HiddenArgument { name, value } in hidden {
            let value = match value {
                HiddenValue::Fixed(value) => value.clone(),
                HiddenValue::Secret(reference) => {
                    let value = secrets.secret(reference).await?;
                    filled.names.insert(name.clone());
                    filled.secrets.push(value.to_string());
                    Value::String(value.to_string())
                }
            };
            filled.arguments.insert(name.clone(), value);
        }
        Ok(filled)
    }

    /// An argument; null is absent.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.arguments.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The same without the secret ones.
    pub(crate) fn without_secrets(&self) -> Self {
        let mut plain = self.clone();
        plain.forget_secrets();
        plain
    }

    /// Removes the secret ones; their values stay known, to be masked.
    pub(crate) fn forget_secrets(&mut self) {
        for name in std::mem::take(&mut self.names) {
            self.arguments.remove(&name);
            self.forgotten.insert(name);
        }
    }

    /// Whether an argument was secret and may not be used here: what is made with it is then not sent at all.
    pub(crate) fn is_forgotten(&self, name: &str) -> bool {
        self.forgotten.contains(name)
    }

    /// The arguments that a text names, with nothing for those that are absent.
    pub(crate) fn with_blanks(&self, names: &[String]) -> Map<String, Value> {
        let value = |name: &String| self.value(name).cloned().unwrap_or_else(|| Value::String(String::new()));
        names.iter().map(|name| (name.clone(), value(name))).collect()
    }

    /// The result with every secret of the call masked, wherever a server echoed it.
    pub(crate) fn masked(&self, mut result: ToolResult) -> ToolResult {
        for secret in self.secrets.iter().filter(|secret| secret.len() >= SHORTEST_MASKED) {
            if result.content.contains(secret.as_str()) {
                result.content = result.content.replace(secret.as_str(), MASK);
            }
            if let Some(value) = &mut result.structured {
                mask(value, secret);
            }
        }
        result
    }
}

fn mask(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) if text.contains(secret) => *text = text.replace(secret, MASK),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secret)),
        Value::Object(fields) => fields.values_mut().for_each(|field| mask(field, secret)),
        _ => {}
    }
}

/// How an argument reads within a text: a string as it is, anything else as compact JSON.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
