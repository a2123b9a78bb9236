//! What request bodies of all protocols share: merged parameters, schemas that are objects, arguments that are JSON.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use troupe_core::message::{Media, Message, Role};
use troupe_core::model::ModelRequest;
use troupe_core::tool::ToolSpec;

/// Writes the parameters that nothing of ours has written. A null one is a wish to leave the field out.
pub(crate) fn parameters<M: SerializeMap>(
    map: &mut M,
    parameters: &Map<String, Value>,
    ours: &[&str],
) -> Result<(), M::Error> {
    for (name, value) in parameters {
        if !ours.contains(&name.as_str()) && !value.is_null() {
            map.serialize_entry(name, value)?;
        }
    }
    Ok(())
}

/// A list of tools: those of the request as the protocol writes them, then those that a parameter adds (a provider's
/// own, such as web search).
pub(crate) struct Tools<'a, T> {
    /// The request's.
    pub(crate) ours: Vec<T>,
    /// The parameter's.
    pub(crate) theirs: &'a [Value],
}

impl<'a, T> Tools<'a, T> {
    /// The tools of a request, each written by `write`.
    pub(crate) fn of(request: &'a ModelRequest, write: impl Fn(&'a ToolSpec) -> T) -> Self {
        let theirs = request.parameters.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Self { ours: request.tools.iter().map(write).collect(), theirs }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.ours.is_empty() && self.theirs.is_empty()
    }
}

impl<T: Serialize> Serialize for Tools<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.ours.len() + self.theirs.len()))?;
        self.ours.iter().try_for_each(|tool| list.serialize_element(tool))?;
        self.theirs.iter().try_for_each(|tool| list.serialize_element(tool))?;
        list.end()
    }
}

/// A tool's schema as providers demand it: of an object, and said so.
pub(crate) fn schema(tool: &ToolSpec) -> Cow<'_, Value> {
    match &tool.parameters {
        Value::Object(fields) if fields.get("type").is_some_and(|kind| kind == "object") => {
            Cow::Borrowed(&tool.parameters)
        }
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert("type".to_owned(), "object".into());
            fields.entry("properties").or_insert_with(|| json!({}));
            Cow::Owned(Value::Object(fields))
        }
        _ => Cow::Owned(json!({"type": "object", "properties": {}})),
    }
}

/// A call's arguments as the object that they were taken for when the call was made: malformed ones are empty (S1-68).
/// Many servers fail on malformed arguments in the history.
pub(crate) fn arguments(text: &str) -> &RawValue {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if raw.get().starts_with('{') => raw,
        _ => serde_json::from_str("{}").unwrap_or(RawValue::NULL),
    }
}

/// The name of the tool that a `tool_choice` in `OpenAI`'s form demands.
pub(crate) fn demanded_tool(choice: &Value) -> Option<&str> {
    choice["function"]["name"].as_str().or_else(|| choice["name"].as_str())
}

/// An image or recording as a `data:` URI.
pub(crate) struct DataUri<'a>(pub(crate) &'a Media);

impl Serialize for DataUri<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("data:{};base64,{}", self.0.mime, self.0.data))
    }
}

/// Whether any message has a recording.
pub(crate) fn has_audio(messages: &[Message]) -> bool {
    messages.iter().any(|message| message.audio.is_some())
}

/// The characters that a request asks to be read, for estimates. Media are left out: their tokens have nothing to do
/// with their characters.
pub(crate) fn characters(request: &ModelRequest) -> u64 {
    let count = |text: &str| text.chars().count() as u64;
    let messages = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter().map(|call| count(&call.name) + count(&call.arguments));
        let thinking = if message.role == Role::Assistant { message.thinking.as_deref().map_or(0, count) } else { 0 };
        count(&message.content) + thinking + calls.sum::<u64>()
    });
    let tools = request.tools.iter().map(|tool| count(&tool.name) + count(&tool.description));
    messages.sum::<u64>() + tools.sum::<u64>()
}
