//! What a wire format is to the transport: its paths, headers, bodies and answers. To add a protocol, write one of these.

use serde_json::Value;
use troupe_core::model::{ModelRequest, Protocol};

use crate::decode::Decoder;
use crate::{anthropic, ollama, openai};

/// One wire format.
pub(crate) trait Wire: Send + Sync {
    /// Where a model is asked, below the base URL.
    fn chat(&self) -> &'static str;

    /// Where the models are listed, below the base URL.
    fn list(&self) -> &'static str;

    /// Headers of every request.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The header that carries the key, and its value.
    fn key(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    /// The body of a request, or what of it the protocol cannot say.
    fn body(&self, request: &ModelRequest, options: Options) -> Result<Vec<u8>, String>;

    /// Whether a stream is JSON lines rather than server-sent events.
    fn lines(&self) -> bool {
        false
    }

    /// A decoder of one answer.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// The names in a list of models; `None` if it is no such list.
    fn names(&self, list: &Value) -> Option<Vec<String>> {
        named(list, "data", "id")
    }
}

/// What is left out for servers that refuse it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Ask for token counts in the stream.
    pub(crate) include_usage: bool,
}

/// The wire format of a protocol; `None` for one that is not spoken.
pub(crate) fn wire(protocol: Protocol) -> Option<&'static dyn Wire> {
    match protocol {
        Protocol::OpenAI => Some(&openai::OpenAi),
        Protocol::Anthropic => Some(&anthropic::Anthropic),
        Protocol::Ollama => Some(&ollama::Ollama),
        Protocol::OpenAIResponses => None,
    }
}

/// The `field` of each entry of `list`.
pub(crate) fn named(value: &Value, list: &str, field: &str) -> Option<Vec<String>> {
    let entries = value.get(list)?.as_array()?;
    Some(entries.iter().filter_map(|entry| entry[field].as_str()).map(str::to_owned).collect())
}
