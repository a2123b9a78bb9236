//! Messages as requests bring them: S1's fields and OpenAI's content parts, made into turns.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use troupe_catalog::{ResolveError, View};
use troupe_core::message::{Media, Message, Role};
use troupe_core::port::MediaSource;
use troupe_core::session::Turn;
use troupe_core::tool::ToolCall;

use crate::http::error::Problem;
use crate::media::{MediaReader, audio, certain_image, read_within};

/// The largest text file that `<file>` takes in, in bytes.
const MOST_TEXT: usize = 1_024 * 1_024;

/// A message of a request (S1-18), lenient with what its clients add.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct MessageInput {
    /// `system`, `user`, `assistant` or `tool`; S1's `usage` messages are passed over.
    pub role: String,
    /// A text, or OpenAI's content parts.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub content: Option<Value>,
    /// The speaker's or the tool's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Reasoning of an assistant message.
    #[serde(default)]
    pub thinking: Option<String>,
    /// Calls of an assistant message: S1's or OpenAI's form.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
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
    #[schema(value_type = Object)]
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
            let role = role(&message.role, index)?;
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

    async fn turn(&self, role: Role, input: MessageInput, index: usize) -> Result<Turn, Problem> {
        let (mut content, mut images, mut recording) = parts(input.content, index)?;
        images.extend(input.images.unwrap_or_default());
        if recording.is_none() {
            recording = input.audio.map(|data| (data, None));
        }
        if content.is_empty()
            && let Some(template) = &input.prompt_template
        {
            content = self.render(template, input.arguments.as_ref(), index)?;
        }
        let mut read = Vec::with_capacity(images.len());
        for (place, image) in images.iter().enumerate() {
            let image = self.media.image(image, self.workspace).await;
            read.push(image.map_err(|problem| {
                Problem::bad_request(format!("Invalid value for field messages[{index}].images[{place}]: {problem}"))
            })?);
        }
        if role == Role::User {
            content = self.expand_files(&content, &mut read, index)?;
        }
        let recording =
            recording.map(|(data, format)| audio(&data, format.as_deref())).transpose().map_err(|problem| {
                Problem::bad_request(format!("Invalid value for field messages[{index}].audio: {problem}"))
            })?;
        let message = Message {
            thinking: input.thinking,
            tool_calls: calls(input.tool_calls, index)?,
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
            Err(error) => Err(Problem::bad_request(format!(
                "Invalid value for field messages[{index}].prompt_template: {}",
                crate::service::resolve::sentence(&error)
            ))),
        }
    }

    /// S1-183: `<file>path</file>` in a user's words becomes the file's text or an image.
    fn expand_files(&self, content: &str, images: &mut Vec<Media>, index: usize) -> Result<String, Problem> {
        let mut expanded = String::with_capacity(content.len());
        let mut rest = content;
        while let Some((before, after)) = rest.split_once("<file>") {
            let Some((path, behind)) = after.split_once("</file>") else { break };
            expanded.push_str(before);
            let text = self.expand_file(path.trim(), images).map_err(|problem| {
                Problem::bad_request(format!("Invalid file reference in messages[{index}].content: {problem}"))
            })?;
            expanded.push_str(&text);
            rest = behind;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn expand_file(&self, path: &str, images: &mut Vec<Media>) -> Result<String, String> {
        let root = self.workspace.ok_or("there is no workspace; start the service with --workspace")?;
        let bytes = read_within(root, path, 20 * MOST_TEXT)?;
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

fn role(name: &str, index: usize) -> Result<Role, Problem> {
    match name {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "tool" => Ok(Role::Tool),
        other => Err(Problem::bad_request(format!(
            "Invalid value for field messages[{index}].role: {other:?} is none of system, user, assistant, tool"
        ))),
    }
}

type Parts = (String, Vec<String>, Option<(String, Option<String>)>);

/// A text, or content parts: the texts joined, the images, the recording.
fn parts(content: Option<Value>, index: usize) -> Result<Parts, Problem> {
    let wrong = |what: String| Problem::bad_request(format!("Invalid value for field messages[{index}].content{what}"));
    let parts = match content {
        None | Some(Value::Null) => return Ok((String::new(), Vec::new(), None)),
        Some(Value::String(text)) => return Ok((text, Vec::new(), None)),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(wrong(": it must be a text or a list of parts".to_owned())),
    };
    let (mut texts, mut images, mut recording) = (Vec::new(), Vec::new(), None);
    for (place, part) in parts.iter().enumerate() {
        let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let missing = |field: &str| wrong(format!("[{place}]: {field} is missing"));
        match part.get("type").and_then(Value::as_str) {
            Some("text" | "input_text" | "output_text") => texts.push(text("/text").ok_or_else(|| missing("text"))?),
            Some("image_url" | "input_image") => {
                images.push(
                    text("/image_url/url").or_else(|| text("/image_url")).ok_or_else(|| missing("image_url.url"))?,
                );
            }
            Some("input_audio") => {
                let data = text("/input_audio/data").ok_or_else(|| missing("input_audio.data"))?;
                recording = Some((data, text("/input_audio/format")));
            }
            Some("refusal") => {}
            other => {
                return Err(wrong(format!("[{place}].type: {other:?} is none of text, image_url, input_audio")));
            }
        }
    }
    Ok((texts.join("\n"), images, recording))
}

fn calls(calls: Option<Vec<Value>>, index: usize) -> Result<Vec<ToolCall>, Problem> {
    let mut read = Vec::new();
    for (place, call) in calls.into_iter().flatten().enumerate() {
        let function = call.get("function").unwrap_or(&call);
        let name = function.get("name").and_then(Value::as_str).ok_or_else(|| {
            Problem::bad_request(format!("Missing required field: messages[{index}].tool_calls[{place}].name"))
        })?;
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "{}".to_owned(),
            Some(value) => value.to_string(),
        };
        let id = call.get("id").and_then(Value::as_str).map_or_else(|| format!("call_{index}_{place}"), str::to_owned);
        read.push(ToolCall { id, name: name.to_owned(), arguments });
    }
    Ok(read)
}
