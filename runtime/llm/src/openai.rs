//! OpenAI chat completions, which most other providers speak as well.

pub(crate) mod convert;
pub(crate) mod stream;

use troupe_core::model::ModelRequest;

use crate::decode::Decoder;
use crate::protocol::{Options, Wire};

/// The wire format.
pub(crate) struct OpenAi;

impl Wire for OpenAi {
    fn chat(&self) -> &'static str {
        "chat/completions"
    }

    fn list(&self) -> &'static str {
        "models"
    }

    fn body(&self, request: &ModelRequest, options: Options) -> Result<Vec<u8>, String> {
        let body = convert::Body { request, include_usage: options.include_usage };
        serde_json::to_vec(&body).map_err(|error| error.to_string())
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::Stream)
    }
}
