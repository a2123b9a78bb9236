//! How messages are described: what the API's description says of `content` and `tool_calls`. They are read more
//! leniently than this, and part by part, so that each wrong field is named.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A text, or OpenAI's content parts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ContentInput {
    /// A text.
    Text(String),
    /// Parts.
    Parts(Vec<ContentPart>),
}

/// What a run is given: a text, messages, or an object, told to the agent as JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RunInputForm {
    /// One user message.
    Text(String),
    /// Messages.
    Messages(Vec<super::MessageInput>),
    /// Told as JSON.
    Object(BTreeMap<String, Value>),
}

/// A part of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentPart {
    /// A text; `input_text` and `output_text` are the same.
    Text {
        /// The text.
        text: String,
    },
    /// An image; `input_image` is the same.
    ImageUrl {
        /// Where it is.
        image_url: ImageForm,
    },
    /// A recording.
    InputAudio {
        /// The recording.
        input_audio: AudioInput,
    },
}

/// An image: where it is, or an object that says so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ImageForm {
    /// A data URI, base64, or a URL.
    Url(String),
    /// OpenAI's form.
    Object(ImageInput),
}

/// An image.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ImageInput {
    /// A data URI, base64, or a URL.
    pub url: String,
}

/// A recording.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AudioInput {
    /// The recording in base64.
    pub data: String,
    /// `wav` or `mp3`.
    pub format: Option<String>,
}

/// A call of an assistant message: name and arguments in it, as S1 has them, or in `function`, as OpenAI does.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MessageCall {
    /// The call's id, which a tool message names.
    pub id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
    /// The arguments: JSON text, or the JSON itself.
    pub arguments: Option<CallArguments>,
    /// The same in OpenAI's form.
    pub function: Option<MessageFunction>,
}

/// The function of a call.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MessageFunction {
    /// The tool's name.
    pub name: String,
    /// The arguments: JSON text, or the JSON itself.
    pub arguments: Option<CallArguments>,
}

/// The arguments of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum CallArguments {
    /// JSON text.
    Text(String),
    /// The JSON itself.
    Object(BTreeMap<String, Value>),
}
