//! Writes requests of Ollama's `/api/chat` (S1-45).

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use troupe_core::message::{Message, Role};
use troupe_core::model::ModelRequest;
use troupe_core::tool::ToolSpec;

use crate::body::{Tools, arguments, demanded_tool, schema};

/// Parameters that stand at the top; all others are `options` of the model.
const TOP: [&str; 3] = ["think", "format", "keep_alive"];

/// Parameters that are no options: written elsewhere, or of no meaning here.
const OURS: [&str; 7] = ["model", "messages", "stream", "tools", "tool_choice", "parallel_tool_calls", "options"];

/// A request's body.
pub(crate) struct Body<'a>(pub(crate) &'a ModelRequest);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &request.model.model)?;
        map.serialize_entry("messages", &request.messages.iter().map(converted).collect::<Vec<_>>())?;
        map.serialize_entry("stream", &true)?;
        let tools = offered(request);
        if !tools.is_empty() {
            map.serialize_entry("tools", &tools)?;
        }
        let top = |name: &str| request.parameters.get(name).filter(|value| !value.is_null());
        for name in TOP {
            if let Some(value) = top(name) {
                map.serialize_entry(name, value)?;
            }
        }
        // The format binds every word that the model writes, calls too: with tools it would never call one.
        if let Some(schema) = request.output_schema.as_ref().filter(|_| tools.is_empty() && top("format").is_none()) {
            map.serialize_entry("format", schema)?;
        }
        let options = Options(&request.parameters);
        if options.entries().next().is_some() {
            map.serialize_entry("options", &options)?;
        }
        map.end()
    }
}

/// The options: those written as such, and all other parameters.
struct Options<'a>(&'a Map<String, Value>);

impl<'a> Options<'a> {
    fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let parameters = self.0;
        let nested = parameters.get("options").and_then(Value::as_object);
        let flat =
            parameters.iter().filter(|(name, _)| !OURS.contains(&name.as_str()) && !TOP.contains(&name.as_str()));
        let nested_only = nested.into_iter().flatten().filter(|(name, _)| !parameters.contains_key(*name));
        flat.chain(nested_only).filter(|(_, value)| !value.is_null())
    }
}

impl Serialize for Options<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

/// Ollama knows no `tool_choice`. `none` and a named tool are kept by what is offered; `required` cannot be forced.
fn offered(request: &ModelRequest) -> Tools<'_, ToolWire<'_>> {
    let mut tools = Tools::of(request, ToolWire::of);
    match &request.tool_choice {
        Some(Value::String(word)) if word == "none" => Tools { ours: Vec::new(), theirs: &[] },
        Some(choice) => {
            if let Some(name) = demanded_tool(choice) {
                tools.ours.retain(|tool| tool.function.name == name);
            }
            tools
        }
        None => tools,
    }
}

#[derive(Serialize)]
struct ToolWire<'a> {
    r#type: &'static str,
    function: FunctionWire<'a>,
}

#[derive(Serialize)]
struct FunctionWire<'a> {
    name: &'a str,
    description: &'a str,
    parameters: Cow<'a, Value>,
}

impl<'a> ToolWire<'a> {
    fn of(tool: &'a ToolSpec) -> Self {
        let function = FunctionWire { name: &tool.name, description: &tool.description, parameters: schema(tool) };
        Self { r#type: "function", function }
    }
}

#[derive(Serialize)]
struct MessageWire<'a> {
    role: Role,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct CallWire<'a> {
    id: &'a str,
    function: CalledWire<'a>,
}

#[derive(Serialize)]
struct CalledWire<'a> {
    name: &'a str,
    arguments: &'a RawValue,
}

fn converted(message: &Message) -> MessageWire<'_> {
    let calls = message.tool_calls.iter().map(|call| CallWire {
        id: &call.id,
        function: CalledWire { name: &call.name, arguments: arguments(&call.arguments) },
    });
    let tool = message.role == Role::Tool;
    MessageWire {
        role: message.role,
        content: &message.content,
        thinking: message.thinking.as_deref().filter(|_| message.role == Role::Assistant),
        images: message.images.iter().map(|image| image.data.as_str()).collect(),
        tool_calls: calls.collect(),
        tool_name: message.name.as_deref().filter(|_| tool),
        tool_call_id: message.tool_call_id.as_deref().filter(|_| tool),
    }
}
