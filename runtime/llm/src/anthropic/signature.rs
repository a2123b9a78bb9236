//! Keeps the proofs of several thinking blocks in the one signature that a message has, and takes them apart again.
//!
//! A message has one text of thinking and one signature. Anthropic may think in several blocks, each with a signature
//! of its own, or hide a block (`redacted_thinking`), and wants every block back unchanged. One signed block is kept as
//! its bare signature; anything else as a JSON list, which no signature looks like, since those are base64.

use serde::{Deserialize, Serialize};

/// The proof of one block of thinking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proof {
    /// A block whose text is the next `length` bytes of the message's thinking.
    Signed {
        /// Bytes of the text.
        length: usize,
        /// The provider's signature of it.
        signature: String,
    },
    /// A block that only the provider can read.
    Redacted(String),
}

/// The proofs of an answer so far.
#[derive(Debug, Default)]
pub(crate) struct Signatures(Vec<Proof>);

impl Signatures {
    /// Adds a block's proof. Unsigned blocks prove nothing and are kept only so that a later block's text is found.
    pub(crate) fn add(&mut self, proof: Proof) {
        self.0.push(proof);
    }

    /// The signature of the whole message, once.
    pub(crate) fn take(&mut self) -> Option<String> {
        let proofs = std::mem::take(&mut self.0);
        let proves = |proof: &Proof| !matches!(proof, Proof::Signed { signature, .. } if signature.is_empty());
        if !proofs.iter().any(proves) {
            return None;
        }
        match proofs.as_slice() {
            [Proof::Signed { signature, .. }] => Some(signature.clone()),
            proofs => serde_json::to_string(proofs).ok(),
        }
    }
}

/// A block of thinking to send back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Thought<'a> {
    /// A text and its signature.
    Signed(&'a str, std::borrow::Cow<'a, str>),
    /// What only the provider can read.
    Redacted(String),
}

/// The blocks of a message's thinking. Unsigned ones are left out, since the provider refuses them.
pub(crate) fn blocks<'a>(thinking: &'a str, signature: &'a str) -> Vec<Thought<'a>> {
    if !signature.starts_with('[') {
        return vec![Thought::Signed(thinking, signature.into())];
    }
    let mut rest = thinking;
    let mut blocks = Vec::new();
    for proof in serde_json::from_str::<Vec<Proof>>(signature).unwrap_or_default() {
        match proof {
            Proof::Redacted(data) => blocks.push(Thought::Redacted(data)),
            Proof::Signed { length, signature } => {
                let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                rest = after;
                if !signature.is_empty() {
                    blocks.push(Thought::Signed(text, signature.into()));
                }
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(length: usize, signature: &str) -> Proof {
        Proof::Signed { length, signature: signature.to_owned() }
    }

    #[test]
    fn one_block_is_its_bare_signature() {
        let mut proofs = Signatures::default();
        proofs.add(signed(3, "abc"));
        assert_eq!(proofs.take().as_deref(), Some("abc"));
        assert_eq!(proofs.take(), None);
        assert_eq!(blocks("hmm", "abc"), [Thought::Signed("hmm", "abc".into())]);
    }

    #[test]
    fn several_blocks_come_back_as_they_were() {
        let mut proofs = Signatures::default();
        proofs.add(signed(3, "abc"));
        proofs.add(Proof::Redacted("xyz".to_owned()));
        proofs.add(signed(4, "def"));
        let signature = proofs.take().unwrap();
        let expected = [
            Thought::Signed("hmm", "abc".into()),
            Thought::Redacted("xyz".to_owned()),
            Thought::Signed("so: ", "def".into()),
        ];
        assert_eq!(blocks("hmmso: ", &signature), expected);
    }

    #[test]
    fn an_unsigned_block_proves_nothing() {
        let mut proofs = Signatures::default();
        proofs.add(signed(3, ""));
        assert_eq!(proofs.take(), None);
    }
}
