//! Identifiers: of runs, of calls and of content.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A run's identifier: a `UUIDv7`, so that runs sort by the time of their creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl RunId {
    /// A fresh identifier for a run that is created at `now` (microseconds since the epoch). The microseconds within the
    /// millisecond stand in `rand_a` (RFC 9562, section 6.2, method 3), so that runs of one millisecond sort, too.
    pub fn new(now: Timestamp) -> Self {
        let millis = u64::try_from(now.div_euclid(1_000)).unwrap_or(0);
        let micros = u16::try_from(now.rem_euclid(1_000)).unwrap_or(0);
        let drawn = Uuid::new_v4().into_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&drawn[6..]);
        // 1,000 microseconds in the 4,096 values of the field.
        let [high, low] = (micros * 4).to_be_bytes();
        random[0] = high;
        random[1] = low;
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The identifier of the child run that answers `call` of this run: the same one each time it is asked for.
    #[must_use]
    pub fn child(self, call: CallId) -> Self {
        Self(Uuid::new_v5(&self.0, format!("child/{call}").as_bytes()))
    }

    /// Reads an identifier as [`fmt::Display`] writes it; `None` if it is not a UUID.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies one tool call of one run; derived (`UUIDv5`) from the run, the model step and the call's place in it, so
/// that going on and resuming name it alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub Uuid);

impl CallId {
    /// The identifier of call number `index` of model step `step` of `run`.
    pub fn derive(run: RunId, step: u32, index: usize) -> Self {
        Self(Uuid::new_v5(&run.0, format!("call/{step}/{index}").as_bytes()))
    }

    /// Reads an identifier as [`fmt::Display`] writes it; `None` if it is not a UUID.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Microseconds since the Unix epoch.
pub type Timestamp = i64;

/// The SHA-256 of a content, in lower-case hexadecimal: the address of snapshots and blobs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub String);

impl ContentHash {
    /// The address of `content`.
    pub fn of(content: &[u8]) -> Self {
        let digest = Sha256::digest(content);
        let mut text = String::with_capacity(64);
        for byte in digest {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        Self(text)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_sort_by_the_microsecond_of_their_creation() {
        let ids: Vec<_> = (0..3_000).map(|at| RunId::new(1_700_000_000_000_000 + at)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
    }

    #[test]
    fn derived_identifiers_are_the_same_each_time() {
        let run = RunId::new(1);
        let call = CallId::derive(run, 1, 0);
        assert_eq!(call, CallId::derive(run, 1, 0));
        assert_ne!(call, CallId::derive(run, 1, 1));
        assert_eq!(run.child(call), run.child(call));
        assert_eq!(RunId::parse(&run.to_string()), Some(run));
    }
}
