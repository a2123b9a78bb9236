//! The ids of calls that are handed to the caller: each says of which run, step and place it is, so that the run is
//! found again from the tool message that answers it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use troupe_core::id::{CallId, RunId};
use uuid::Uuid;

/// What our ids begin with.
const PREFIX: &str = "call_";

/// A UUID in base64 without padding.
const RUN_LENGTH: usize = 22;

/// A call that was handed to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HandedOver {
    /// The run.
    pub run: RunId,
    /// The model step, from 1.
    pub step: u32,
    /// The call's place in the model's message.
    pub index: usize,
}

impl HandedOver {
    /// The id that the caller sees. At most 40 characters of `[A-Za-z0-9_-]`, which is what every provider takes.
    pub fn id(&self) -> String {
        let run = URL_SAFE_NO_PAD.encode(self.run.0.as_bytes());
        format!("{PREFIX}{run}_{}_{}", self.step, self.index)
    }

    /// Reads an id back; `None` if it is none of ours.
    pub fn parse(id: &str) -> Option<Self> {
        let rest = id.strip_prefix(PREFIX)?;
        let (run, place) = (rest.get(..RUN_LENGTH)?, rest.get(RUN_LENGTH..)?.strip_prefix('_')?);
        let run = Uuid::from_slice(&URL_SAFE_NO_PAD.decode(run).ok()?).ok()?;
        let (step, index) = place.split_once('_')?;
        Some(Self { run: RunId(run), step: step.parse().ok()?, index: index.parse().ok()? })
    }

    /// The engine's id of the call.
    pub fn call(&self) -> CallId {
        CallId::derive(self.run, self.step, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_fits_every_provider() {
        for (step, index) in [(1, 0), (20, 127), (99_999, 99_999)] {
            let call = HandedOver { run: RunId::new(1_776_785_412_000_123), step, index };
            let id = call.id();
            assert!(id.len() <= 40, "{id}");
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')), "{id}");
            assert_eq!(HandedOver::parse(&id), Some(call));
        }
    }

    #[test]
    fn ids_of_providers_are_none_of_ours() {
        for id in ["", "call_", "call_abc123", "toolu_01", "call_AAAAAAAAAAAAAAAAAAAAAA", "call_é_1_0", "call_1_0"] {
            assert_eq!(HandedOver::parse(id), None, "{id}");
        }
    }
}
