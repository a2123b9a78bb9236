//! Messages as requests bring them: S1's fields and OpenAI's content parts, made into turns.

pub mod shape;

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use troupe_catalog::{ResolveError, View};
use troupe_core::message::{Media, Message, Role};
use troupe_core::port::MediaSource;
use troupe_core::session::Turn;
use troupe_core::tool::ToolCall;

use self::shape::{ContentInput, MessageCall};
use crate::http::error::Problem;
use crate::media::{MediaReader, audio, certain_image, read_in_workspace};

/// The largest text file that `<file>` takes in, in bytes.
const MOST_TEXT: usize = 1_024 * 1_024;

/// A message of a request (S1-18), lenient with what its clients add.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct MessageInput {
    /// `system`, `user`, `assistant` or `tool`; S1's `usage` messages are passed over.
    pub role: String,
    /// A text, or OpenAI's content parts.
    #[serde(default)]
    #[schema(value_type = Option<ContentInput>)]
    pub content: Option<Value>,
    /// The speaker's or the tool's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Reasoning of an assistant message.
    #[serde(default)]
    pub thinking: Option<String>,
    /// Calls of an assistant message: S1's or OpenAI's form.
    #[serde(default)]
    #[schema(value_type = Option<Vec<MessageCall>>)]
    pub tool_calls: Option<Vec<Value>>,
    /// Images: data URIs, base64, URLs, or paths in the workspace.
    #[serde(default)]
    pub images: Option<Vec<String>>,
    /// A recording in base64.
    #[serde(default)]
    pub audio: Option<String>,
    /// The template that an empty content is rendered from.
    #[serde(default)]
    pub prompt_template: Option<String>,
    /// The template's arguments.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Map<String, Value>>,
    /// S1's id of the tool of a tool message.
    #[serde(default)]
    pub tool_id: Option<String>,
    /// The id of the call that a tool message answers.
    #[serde(default, alias = "tool_call_id")]
    pub tool_use_id: Option<String>,
}

/// What messages are read with.
pub struct Reading<'a> {
    /// The field of the request that has the messages: errors name it.
    pub field: &'static str,
    /// Where templates are found.
    pub view: &'a View,
    /// Reads images.
    pub media: &'a MediaReader,
    /// Where `<file>` and paths of images lie.
    pub workspace: Option<&'a Path>,
    /// The table of tools, for `{{TOOLS}}` of the first system message (S1-120).
    pub tools_table: Option<String>,
}

impl Reading<'_> {
    /// Makes turns of messages. Errors name the message by its index.
    pub async fn turns(&self, messages: Vec<MessageInput>) -> Result<Vec<Turn>, Problem> {
        let mut turns = Vec::with_capacity(messages.len());
        let mut table = self.tools_table.clone();
        for (index, mut message) in messages.into_iter().enumerate() {
            if message.role == "usage" {
                continue;
            }
            let role = role(&message.role, &self.place(index))?;
            if role == Role::System
                && let Some(table) = table.take()
            {
                let arguments = message.arguments.get_or_insert_default();
                arguments.entry("TOOLS").or_insert(Value::String(table));
            }
            turns.push(self.turn(role, message, index).await?);
        }
        Ok(turns)
    }

    /// A message as errors name it.
    fn place(&self, index: usize) -> String {
        format!("{}[{index}]", self.field)
    }

    async fn turn(&self, role: Role, input: MessageInput, index: usize) -> Result<Turn, Problem> {
        let (mut content, mut images, mut recording) = parts(input.content, &self.place(index))?;
        let own = input.images.unwrap_or_default().into_iter().enumerate();
        images.extend(own.map(|(number, image)| (format!("{}.images[{number}]", self.place(index)), image)));
        if recording.is_none() {
            recording = input.audio.map(|data| (data, None));
        }
        if content.is_empty()
            && let Some(template) = &input.prompt_template
        {
            content = self.render(template, input.arguments.as_ref(), index)?;
        }
        let mut read = Vec::with_capacity(images.len());
        for (place, image) in &images {
            let image = self.media.image(image, self.workspace).await;
            read.push(image.map_err(|problem| wrong(place, &problem))?);
        }
        if role == Role::User {
            content = self.expand_files(&content, &mut read, index).await?;
        }
        let recording = recording
            .map(|(data, format)| audio(&data, format.as_deref()))
            .transpose()
            .map_err(|problem| wrong(&format!("{}.audio", self.place(index)), &problem))?;
        let message = Message {
            thinking: input.thinking,
            tool_calls: calls(input.tool_calls, &self.place(index), index)?,
            tool_call_id: input.tool_use_id,
            name: input.name,
            images: read,
            audio: recording,
            ..Message::text(role, content)
        };
        Ok(Turn {
            prompt_template: input.prompt_template,
            arguments: input.arguments,
            tool_id: input.tool_id,
            ..Turn::from(message)
        })
    }

    /// S1-113: an unknown template leaves the message as it is.
    fn render(&self, template: &str, arguments: Option<&Map<String, Value>>, index: usize) -> Result<String, Problem> {
        let nothing = Map::new();
        match self.view.render_prompt(template, arguments.unwrap_or(&nothing)) {
            Ok(text) => Ok(text),
            Err(ResolveError::NotFound { .. }) => Ok(String::new()),
            Err(error) => Err(wrong(
                &format!("{}.prompt_template", self.place(index)),
                &crate::service::resolve::sentence(&error),
            )),
        }
    }

    /// S1-183: `<file>path</file>` in a user's words becomes the file's text or an image.
    async fn expand_files(&self, content: &str, images: &mut Vec<Media>, index: usize) -> Result<String, Problem> {
        let mut expanded = String::with_capacity(content.len());
        let mut rest = content;
        while let Some((before, after)) = rest.split_once("<file>") {
            let Some((path, behind)) = after.split_once("</file>") else { break };
            expanded.push_str(before);
            let text = self.expand_file(path.trim(), images).await.map_err(|problem| {
                Problem::bad_request(format!("Invalid file reference in {}.content: {problem}", self.place(index)))
            })?;
            expanded.push_str(&text);
            rest = behind;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    async fn expand_file(&self, path: &str, images: &mut Vec<Media>) -> Result<String, String> {
        let root = self.workspace.ok_or("there is no workspace; start the service with --workspace")?;
        let bytes = read_in_workspace(root, path, 20 * MOST_TEXT).await?;
        if let Some(image) = certain_image(&bytes) {
            images.push(image);
            return Ok(format!("[Image file attached: {path}]"));
        }
        if bytes.len() > MOST_TEXT {
            return Err(format!("{path:?} is larger than {MOST_TEXT} bytes"));
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("{path:?} is neither text nor an image"))?;
        let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
        // A fence longer than any in the file keeps its text inside.
        let longest =
            text.lines().map(|line| line.chars().take_while(|letter| *letter == '`').count()).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        Ok(format!("{path}\n{fence}{kind}\n{text}\n{fence}"))
    }
}

fn wrong(field: &str, problem: &str) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
}

fn role(name: &str, message: &str) -> Result<Role, Problem> {
    match name {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "tool" => Ok(Role::Tool),
        other => Err(wrong(&format!("{message}.role"), &format!("{other:?} is none of system, user, assistant, tool"))),
    }
}

/// A text of an object, `None` where there is none or null; `place` is the object's own path.
fn text(object: &Value, name: &str, place: &str) -> Result<Option<String>, Problem> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(wrong(&format!("{place}.{name}"), "it must be a text")),
    }
}

fn needed(object: &Value, name: &str, place: &str) -> Result<String, Problem> {
    text(object, name, place)?.ok_or_else(|| missing(&format!("{place}.{name}")))
}

fn missing(field: &str) -> Problem {
    Problem::missing_field(field).with("field", field)
}

type Parts = (String, Vec<(String, String)>, Option<(String, Option<String>)>);

/// A text, or content parts: the texts joined, the images with their places, the recording.
fn parts(content: Option<Value>, message: &str) -> Result<Parts, Problem> {
    let place = format!("{message}.content");
    let parts = match content {
        None | Some(Value::Null) => return Ok((String::new(), Vec::new(), None)),
        Some(Value::String(text)) => return Ok((text, Vec::new(), None)),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(wrong(&place, "it must be a text or a list of parts")),
    };
    let (mut texts, mut images, mut recording) = (Vec::new(), Vec::new(), None);
    for (index, part) in parts.iter().enumerate() {
        let place = format!("{place}[{index}]");
        if !part.is_object() {
            return Err(wrong(&place, "it must be a part: an object with a type"));
        }
        match needed(part, "type", &place)?.as_str() {
            "text" | "input_text" | "output_text" => texts.push(needed(part, "text", &place)?),
            "image_url" | "input_image" => images.push(image(part, &place)?),
            "input_audio" => recording = Some(sound(part, &place)?),
            "refusal" => {}
            other => {
                let problem = format!("{other:?} is none of text, image_url, input_audio");
                return Err(wrong(&format!("{place}.type"), &problem));
            }
        }
    }
    Ok((texts.join("\n"), images, recording))
}

/// An image, `image_url.url` or `image_url` itself, and its place.
fn image(part: &Value, place: &str) -> Result<(String, String), Problem> {
    let place_of_image = format!("{place}.image_url");
    match part.get("image_url") {
        Some(object @ Value::Object(_)) => {
            let url = needed(object, "url", &place_of_image)?;
            Ok((format!("{place_of_image}.url"), url))
        }
        Some(Value::String(url)) => Ok((place_of_image, url.clone())),
        None | Some(Value::Null) => Err(missing(&place_of_image)),
        Some(_) => Err(wrong(&place_of_image, "it must be an object with a url")),
    }
}

fn sound(part: &Value, place: &str) -> Result<(String, Option<String>), Problem> {
    let place_of_audio = format!("{place}.input_audio");
    match part.get("input_audio") {
        Some(object @ Value::Object(_)) => {
            Ok((needed(object, "data", &place_of_audio)?, text(object, "format", &place_of_audio)?))
        }
        None | Some(Value::Null) => Err(missing(&place_of_audio)),
        Some(_) => Err(wrong(&place_of_audio, "it must be an object with data and format")),
    }
}

fn calls(calls: Option<Vec<Value>>, message: &str, index: usize) -> Result<Vec<ToolCall>, Problem> {
    let mut read = Vec::new();
    for (number, call) in calls.into_iter().flatten().enumerate() {
        let place = format!("{message}.tool_calls[{number}]");
        if !call.is_object() {
            return Err(wrong(&place, "it must be a call: an object with a name and arguments"));
        }
        let id = text(&call, "id", &place)?.unwrap_or_else(|| format!("call_{index}_{number}"));
        // What stands beside a `function` is not used, and still what its description says.
        let own = called(&call, &place)?;
        let ((name, arguments), place) = match call.get("function") {
            Some(function @ Value::Object(_)) => {
                let place = format!("{place}.function");
                (called(function, &place)?, place)
            }
            None | Some(Value::Null) => (own, place),
            Some(_) => return Err(wrong(&format!("{place}.function"), "it must be an object")),
        };
        let name = name.ok_or_else(|| missing(&format!("{place}.name")))?;
        if !troupe_rules::tool::is_tool_name(&name) {
            return Err(wrong(&format!("{place}.name"), "a tool's name is 1 to 64 letters, digits, _ and -"));
        }
        let arguments = arguments.unwrap_or_else(|| "{}".to_owned());
        read.push(ToolCall { id, name, arguments });
    }
    Ok(read)
}

/// The name and the arguments that an object has.
fn called(object: &Value, place: &str) -> Result<(Option<String>, Option<String>), Problem> {
    let arguments = match object.get("arguments") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Null) | None => None,
        Some(arguments @ Value::Object(_)) => Some(arguments.to_string()),
        Some(_) => return Err(wrong(&format!("{place}.arguments"), "it must be JSON text or an object")),
    };
    Ok((text(object, "name", place)?, arguments))
}
