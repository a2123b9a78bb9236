//! The result of a tool, in its parts.

use serde::Deserialize;
use serde_json::{Map, Value};
use troupe_bridge::Raw;

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct McpResult {
    /// In the server's order.
    pub parts: Vec<McpPart>,
    /// `structuredContent`, where the tool has an output schema.
    pub structured: Option<Value>,
    /// The tool itself failed; the parts say how.
    pub is_error: bool,
}

/// One part of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum McpPart {
    /// Text.
    Text(String),
    /// A picture.
    Image {
        /// Base64.
        data: String,
        /// For example `image/png`.
        mime_type: String,
    },
    /// Sound.
    Audio {
        /// Base64.
        data: String,
        /// For example `audio/wav`.
        mime_type: String,
    },
    /// Where something can be read.
    ResourceLink {
        /// Its address on the server.
        uri: String,
        /// Its name.
        name: String,
        /// What it is.
        description: Option<String>,
        /// Its media type.
        mime_type: Option<String>,
    },
    /// Something that came along.
    Resource {
        /// Its address on the server.
        uri: String,
        /// Its media type.
        mime_type: Option<String>,
        /// Its text, unless it is binary.
        text: Option<String>,
        /// Base64, if it is binary.
        blob: Option<String>,
    },
    /// A kind that we do not know, as the server wrote it.
    Other(Value),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    structured_content: Option<Value>,
    #[serde(default)]
    is_error: bool,
    /// Protocol 2026-07-28.
    #[serde(default)]
    result_type: Option<String>,
}

impl McpResult {
    /// Reads the result of `tools/call`; the error says what is wrong with it.
    pub(super) fn read(result: &Raw) -> Result<Self, String> {
        let wire: Wire = serde_json::from_str(result.get()).map_err(|error| error.to_string())?;
        if let Some(kind) = wire.result_type.filter(|kind| kind != "complete") {
            return Err(format!("the result is of the type {kind:?}, which asks for more than a tool call"));
        }
        let parts = wire.content.into_iter().map(McpPart::read).collect();
        Ok(Self { parts, structured: wire.structured_content, is_error: wire.is_error })
    }

    /// The text parts, joined by line breaks (S1-94). A result without any text is its structured content as JSON.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|part| match part {
                McpPart::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        match &self.structured {
            Some(structured) if texts.is_empty() => structured.to_string(),
            _ => texts.join("\n"),
        }
    }
}

impl McpPart {
    /// A part that lacks what its kind needs is kept as it came.
    fn read(part: Value) -> Self {
        let Value::Object(members) = &part else { return Self::Other(part) };
        Self::known(members).unwrap_or(Self::Other(part))
    }

    fn known(members: &Map<String, Value>) -> Option<Self> {
        let text = |members: &Map<String, Value>, name: &str| members.get(name)?.as_str().map(ToOwned::to_owned);
        let own = |name| text(members, name);
        match members.get("type")?.as_str()? {
            "text" => Some(Self::Text(own("text")?)),
            "image" => Some(Self::Image { data: own("data")?, mime_type: own("mimeType")? }),
            "audio" => Some(Self::Audio { data: own("data")?, mime_type: own("mimeType")? }),
            "resource_link" => Some(Self::ResourceLink {
                uri: own("uri")?,
                name: own("name").unwrap_or_default(),
                description: own("description"),
                mime_type: own("mimeType"),
            }),
            "resource" => {
                let resource = members.get("resource")?.as_object()?;
                Some(Self::Resource {
                    uri: text(resource, "uri")?,
                    mime_type: text(resource, "mimeType"),
                    text: text(resource, "text"),
                    blob: text(resource, "blob"),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(result: &Value) -> McpResult {
        McpResult::read(&troupe_bridge::raw(result)).unwrap()
    }

    #[test]
    fn parts_keep_their_kinds_and_their_order() {
        let result = read(&json!({ "content": [
            { "type": "text", "text": "one" },
            { "type": "audio", "data": "aGk=", "mimeType": "audio/wav" },
            { "type": "resource", "resource": { "uri": "memo://1", "blob": "aGk=" } },
            { "type": "image", "data": 3 },
            { "type": "text", "text": "two" },
        ], "isError": true }));
        let expected = [
            McpPart::Text("one".into()),
            McpPart::Audio { data: "aGk=".into(), mime_type: "audio/wav".into() },
            McpPart::Resource { uri: "memo://1".into(), mime_type: None, text: None, blob: Some("aGk=".into()) },
            McpPart::Other(json!({ "type": "image", "data": 3 })),
            McpPart::Text("two".into()),
        ];
        assert_eq!(result.parts, expected);
        assert!(result.is_error);
        assert_eq!(result.text(), "one\ntwo");
    }

    #[test]
    fn a_result_without_text_is_its_structure() {
        assert_eq!(read(&json!({ "structuredContent": { "sum": 3 } })).text(), r#"{"sum":3}"#);
    }

    #[test]
    fn a_question_instead_of_a_result_is_an_error() {
        let question = troupe_bridge::raw(&json!({ "resultType": "input_required" }));
        assert!(McpResult::read(&question).unwrap_err().contains("input_required"));
    }
}
