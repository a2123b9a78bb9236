//! Writes OpenAI chat completion requests (S1-41 to S1-43).

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};
use troupe_core::message::{Media, Message, Role};
use troupe_core::model::ModelRequest;
use troupe_core::tool::ToolSpec;

use crate::body::{DataUri, Tools, arguments, parameters, schema};

/// A request's body.
pub(crate) struct Body<'a> {
    /// What is asked.
    pub(crate) request: &'a ModelRequest,
    /// Whether to ask for token counts, which few servers refuse.
    pub(crate) include_usage: bool,
}

/// The fields that are written here, so that no parameter writes them a second time.
const OURS: [&str; 4] = ["model", "messages", "stream", "tools"];

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let given = |name: &str| request.parameters.contains_key(name);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &request.model.model)?;
        map.serialize_entry("messages", &messages(&request.messages))?;
        map.serialize_entry("stream", &true)?;
        let mut ours = OURS.to_vec();
        if self.include_usage && !given("stream_options") {
            map.serialize_entry("stream_options", &json!({"include_usage": true}))?;
        } else if !self.include_usage {
            ours.push("stream_options");
        }
        let tools = Tools::of(request, ToolWire::of);
        if tools.is_empty() {
            // These two are refused where no tools are offered.
            ours.extend(["tool_choice", "parallel_tool_calls"]);
        } else {
            map.serialize_entry("tools", &tools)?;
            if let Some(choice) = &request.tool_choice {
                map.serialize_entry("tool_choice", choice)?;
                ours.push("tool_choice");
            }
        }
        if let Some(schema) = request.output_schema.as_ref().filter(|_| !given("response_format")) {
            map.serialize_entry("response_format", &response_format(schema))?;
        }
        parameters(&mut map, &request.parameters, &ours)?;
        map.end()
    }
}

/// Not `strict`, which refuses most schemas that people write; what does not fit is repaired by the engine.
fn response_format(schema: &Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}})
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
    parameters: std::borrow::Cow<'a, Value>,
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
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
    /// Of an assistant that only calls.
    None,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
    InputAudio { input_audio: Audio<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: DataUri<'a>,
}

#[derive(Serialize)]
struct Audio<'a> {
    data: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
struct CallWire<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledWire<'a>,
}

#[derive(Serialize)]
struct CalledWire<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// The messages in their order. Only users may show images, so those of tools follow their group in a user's message.
fn messages(messages: &[Message]) -> Vec<MessageWire<'_>> {
    let mut wire = Vec::with_capacity(messages.len() + 1);
    let mut shown_by_tools = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            shown_by_tools.extend(media(message));
        } else if !shown_by_tools.is_empty() {
            wire.push(shown(std::mem::take(&mut shown_by_tools)));
        }
        wire.push(converted(message));
    }
    if !shown_by_tools.is_empty() {
        wire.push(shown(shown_by_tools));
    }
    wire
}

fn shown(mut parts: Vec<Part<'_>>) -> MessageWire<'_> {
    parts.insert(0, Part::Text { text: "What the tools returned besides text:" });
    MessageWire {
        role: Role::User,
        content: Content::Parts(parts),
        name: None,
        tool_calls: Vec::new(),
        tool_call_id: None,
    }
}

fn converted(message: &Message) -> MessageWire<'_> {
    let calls = message.tool_calls.iter().map(|call| CallWire {
        id: &call.id,
        r#type: "function",
        function: CalledWire { name: &call.name, arguments: arguments(&call.arguments).get() },
    });
    let (name, tool_call_id) = match message.role {
        Role::Tool => (None, message.tool_call_id.as_deref()),
        _ => (message.name.as_deref().filter(|name| is_name(name)), None),
    };
    MessageWire { role: message.role, content: content(message), name, tool_calls: calls.collect(), tool_call_id }
}

fn content(message: &Message) -> Content<'_> {
    let text = message.content.as_str();
    if message.role == Role::User && (!message.images.is_empty() || message.audio.is_some()) {
        let words = (!text.is_empty()).then_some(Part::Text { text });
        return Content::Parts(words.into_iter().chain(media(message)).collect());
    }
    if text.is_empty() && !message.tool_calls.is_empty() { Content::None } else { Content::Text(text) }
}

fn media(message: &Message) -> impl Iterator<Item = Part<'_>> {
    let images = message.images.iter().map(|image| Part::ImageUrl { image_url: ImageUrl { url: DataUri(image) } });
    let audio = message
        .audio
        .iter()
        .map(|audio| Part::InputAudio { input_audio: Audio { data: &audio.data, format: format(audio) } });
    images.chain(audio)
}

/// The format by its MIME type. OpenAI takes `wav` and `mp3`; other vendors more, under the type's own name.
fn format(audio: &Media) -> &str {
    let kind = audio.mime.split(';').next().unwrap_or_default();
    match kind.trim().trim_start_matches("audio/").trim_start_matches("x-") {
        "wave" | "vnd.wave" | "pn-wav" => "wav",
        "mpeg" | "mpeg3" | "mpga" => "mp3",
        other => other,
    }
}

/// Names in other alphabets are refused, so they are left out.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
