//! JSON-RPC 2.0 messages whose payloads stay raw JSON, so that a bridge changes nothing it does not understand.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// A JSON value as its sender wrote it: unknown fields, their order and the precision of numbers survive.
pub type Raw = Box<RawValue>;

/// The id of a request: MCP allows whole numbers and text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A whole number.
    Number(i64),
    /// Any text.
    Text(String),
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// The error object of a JSON-RPC answer.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// One of the codes below, or the server's own.
    pub code: i64,
    /// What the server says, in a sentence.
    #[serde(default)]
    pub message: String,
    /// Anything more that the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Raw>,
}

impl RpcError {
    /// The text was no JSON (JSON-RPC 2.0, section 5.1).
    pub const PARSE: i64 = -32700;
    /// The JSON was no request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The receiver does not know the method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The first code free for servers: here, the stdio server behind the bridge failed.
    pub const SERVER: i64 = -32000;
    /// The code that the official SDKs use for a time-out.
    pub const TIMED_OUT: i64 = -32001;
    /// The code that the Language Server Protocol gives to a cancelled request; MCP names none.
    pub const CANCELLED: i64 = -32800;

    /// An error without further data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

/// One JSON-RPC message in either direction.
#[derive(Debug, Clone)]
pub enum Message {
    /// Wants an answer with the same id.
    Request {
        /// Chosen by the sender.
        id: RequestId,
        /// For example `tools/call`.
        method: String,
        /// An object, where there is one.
        params: Option<Raw>,
    },
    /// Wants no answer.
    Notification {
        /// For example `notifications/progress`.
        method: String,
        /// An object, where there is one.
        params: Option<Raw>,
    },
    /// Answers a request.
    Response {
        /// The id of the request.
        id: RequestId,
        /// What came of it.
        outcome: Result<Raw, RpcError>,
    },
}

/// Text that is not a JSON-RPC message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not JSON at all, or members of the wrong type.
    #[error("not a JSON-RPC message: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but neither a request nor a notification nor an answer.
    #[error("not a JSON-RPC message: it has neither a method nor an id with a result or an error")]
    Shape,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<RpcError>,
}

/// A `result` of `null` is a result, where serde alone would read it as absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
struct Outgoing<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RpcError>,
}

impl Message {
    /// Reads one message.
    pub fn parse(text: &[u8]) -> Result<Self, MessageError> {
        let incoming: Incoming<'_> = serde_json::from_slice(text)?;
        let params = incoming.params.map(ToOwned::to_owned);
        match (incoming.method, incoming.id, incoming.error, incoming.result) {
            (Some(method), Some(id), _, _) => Ok(Self::Request { id, method, params }),
            (Some(method), None, _, _) => Ok(Self::Notification { method, params }),
            (None, Some(id), Some(error), _) => Ok(Self::Response { id, outcome: Err(error) }),
            (None, Some(id), None, Some(result)) => Ok(Self::Response { id, outcome: Ok(result.to_owned()) }),
            _ => Err(MessageError::Shape),
        }
    }

    /// Reads one message or a batch; protocol version 2025-03-26 allowed batches, so a server of that time may send one.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, MessageError> {
        if text.trim_ascii_start().first() != Some(&b'[') {
            return Ok(vec![Self::parse(text)?]);
        }
        let parts: Vec<&RawValue> = serde_json::from_slice(text)?;
        parts.into_iter().map(|part| Self::parse(part.get().as_bytes())).collect()
    }

    /// Writes the message on one line: a payload may come from a client that indents its JSON, and a line break would
    /// end the message on stdio and in an event stream. Inside JSON text a bare line break is only ever white space.
    pub fn to_line(&self) -> String {
        let empty = Outgoing { jsonrpc: "2.0", id: None, method: None, params: None, result: None, error: None };
        let outgoing = match self {
            Self::Request { id, method, params } => {
                Outgoing { id: Some(id), method: Some(method), params: params.as_deref(), ..empty }
            }
            Self::Notification { method, params } => {
                Outgoing { method: Some(method), params: params.as_deref(), ..empty }
            }
            Self::Response { id, outcome: Ok(result) } => Outgoing { id: Some(id), result: Some(result), ..empty },
            Self::Response { id, outcome: Err(error) } => Outgoing { id: Some(id), error: Some(error), ..empty },
        };
        let line = serde_json::to_string(&outgoing).unwrap_or_default();
        if line.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) { line.replace(['\n', '\r'], " ") } else { line }
    }
}

/// Turns anything serialisable into raw JSON; `null` where that is impossible (a map with keys that are no text).
pub fn raw(value: &impl Serialize) -> Raw {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Adds members to `params._meta` and leaves every other member as it was written. Parameters that are no object are
/// returned unchanged, since they have no place for it.
pub fn with_meta(params: Option<Raw>, additions: Map<String, Value>) -> Option<Raw> {
    let mut members: BTreeMap<String, Raw> = match &params {
        None => BTreeMap::new(),
        Some(text) => match serde_json::from_str(text.get()) {
            Ok(members) => members,
            Err(_) => return params,
        },
    };
    let mut meta: Map<String, Value> =
        members.get("_meta").and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default();
    meta.extend(additions);
    members.insert("_meta".to_owned(), raw(&meta));
    Some(raw(&members))
}

/// The progress token that a caller put into `params._meta`, if any.
pub fn progress_token(params: Option<&RawValue>) -> Option<Value> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(default, rename = "_meta")]
        meta: Option<Meta>,
    }
    #[derive(Deserialize)]
    struct Meta {
        #[serde(default, rename = "progressToken")]
        progress_token: Option<Value>,
    }
    serde_json::from_str::<Params>(params?.get()).ok()?.meta?.progress_token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_result_is_a_result() {
        let message = Message::parse(br#"{"jsonrpc":"2.0","id":7,"result":null}"#).unwrap();
        let Message::Response { id: RequestId::Number(7), outcome: Ok(result) } = message else {
            panic!("{message:?}")
        };
        assert_eq!(result.get(), "null");
    }

    #[test]
    fn text_without_method_and_id_is_refused() {
        for text in ["17", "{}", r#"{"id":null,"result":1}"#, "INFO starting", r#"{"id":3}"#] {
            assert!(Message::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_indented_payload_leaves_on_one_line_and_unchanged_in_meaning() {
        let text = "{\"id\":\"a\",\"method\":\"x\",\"params\":{\n  \"n\": 1.10,\r\n  \"text\": \"two\\nlines\"}}";
        let line = Message::parse(text.as_bytes()).unwrap().to_line();
        assert_eq!(line, r#"{"jsonrpc":"2.0","id":"a","method":"x","params":{   "n": 1.10,    "text": "two\nlines"}}"#);
    }

    #[test]
    fn a_batch_is_read_message_by_message() {
        let messages = Message::parse_all(br#" [{"id":1,"result":{}},{"method":"m"}]"#).unwrap();
        assert_eq!(messages.len(), 2);
    }

    #[test]
    fn meta_is_added_beside_what_is_there() {
        let params = raw(&serde_json::json!({"name": "t", "_meta": {"progressToken": "x", "k": 1}}));
        assert_eq!(progress_token(Some(&params)), Some("x".into()));
        let mut additions = Map::new();
        additions.insert("progressToken".to_owned(), 5.into());
        let changed = with_meta(Some(params), additions).unwrap();
        let value: Value = serde_json::from_str(changed.get()).unwrap();
        assert_eq!(value, serde_json::json!({"name": "t", "_meta": {"progressToken": 5, "k": 1}}));
    }
}
