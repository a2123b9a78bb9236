//! Ollama's own `/api/chat`.

pub(crate) mod convert;
pub(crate) mod stream;

use serde_json::Value;
use troupe_core::model::ModelRequest;

use crate::body::has_audio;
use crate::decode::Decoder;
use crate::protocol::{Options, Wire, named};

/// The wire format.
pub(crate) struct Ollama;

impl Wire for Ollama {
    fn chat(&self) -> &'static str {
        "api/chat"
    }

    fn list(&self) -> &'static str {
        "api/tags"
    }

    fn body(&self, request: &ModelRequest, _: Options) -> Result<Vec<u8>, String> {
        if has_audio(&request.messages) {
            return Err(
                "the Ollama protocol has no audio; ask a model with the OpenAI protocol, or send text".to_owned()
            );
        }
        serde_json::to_vec(&convert::Body(request)).map_err(|error| error.to_string())
    }

    fn lines(&self) -> bool {
        true
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::Stream)
    }

    fn names(&self, list: &Value) -> Option<Vec<String>> {
        named(list, "models", "name")
    }
}
