//! Anthropic Messages.

pub(crate) mod convert;
pub(crate) mod signature;
pub(crate) mod stream;

use troupe_core::model::ModelRequest;

use crate::body::has_audio;
use crate::decode::Decoder;
use crate::protocol::{Options, Wire};

/// The wire format.
pub(crate) struct Anthropic;

impl Wire for Anthropic {
    fn chat(&self) -> &'static str {
        "messages"
    }

    fn list(&self) -> &'static str {
        "models?limit=1000"
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn key(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn body(&self, request: &ModelRequest, _: Options) -> Result<Vec<u8>, String> {
        if has_audio(&request.messages) {
            return Err(
                "the Anthropic protocol has no audio; ask a model with the OpenAI protocol, or send text".to_owned()
            );
        }
        serde_json::to_vec(&convert::Body(request)).map_err(|error| error.to_string())
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::<stream::Stream>::default()
    }
}
