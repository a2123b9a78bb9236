//! Payloads of events and turns: what is large lies in blobs, and the row says where (engine.md, "Payloads").
//!
//! A text of more than [`LARGEST`] bytes is a blob of its own, so that an event, the turn made of it and another run's
//! equal one share it; so is whatever is still larger without its large texts. A row with such places is two lines:
//! `@` with a list of places, `[["/0/event/result/content", "text", HASH], …]`, and then the JSON with `null` at each
//! of them. Any other row is plain JSON, which begins with no `@`, so that small ones are written and read untouched.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use troupe_core::id::ContentHash;
use troupe_core::port::StoreError;

use crate::blob::Blobs;
use crate::error::failed;

/// Bytes of a payload that stays in its row, at most.
const LARGEST: usize = 64 * 1024;

/// How a row begins that has payloads elsewhere.
const ELSEWHERE: char = '@';

/// A row's body, and what is to be stored before it.
#[derive(Debug)]
pub(crate) struct Packed {
    /// What the row holds.
    pub(crate) body: String,
    /// The payloads that it names, each once.
    pub(crate) payloads: Vec<Payload>,
}

/// The content of a blob to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) hash: ContentHash,
    pub(crate) content: Bytes,
}

/// What a payload is, so that it can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// A JSON string's text.
    Text,
    /// Any other JSON value, as JSON.
    Json,
}

/// A place in a row's JSON, as a JSON pointer, and what belongs there.
type Place = (String, Form, ContentHash);

/// Why a row with payloads elsewhere cannot be read.
#[derive(Debug, thiserror::Error)]
enum PayloadError {
    #[error("the payload {0} is not among the blobs")]
    Missing(ContentHash),
    #[error("the payload {0} is not what was stored")]
    Altered(ContentHash),
    #[error("the row's list of payloads is cut off")]
    NoList,
    #[error("there is no place {0:?} for a payload")]
    NoPlace(String),
}

/// Writes a value as JSON for one row. A list stays in its row, however many small items it has; its items and any
/// other value are looked through where the whole is large.
pub(crate) fn pack<T: Serialize>(value: &T) -> Result<Packed, serde_json::Error> {
    let body = serde_json::to_string(value)?;
    if body.len() <= LARGEST {
        return Ok(Packed { body, payloads: Vec::new() });
    }
    let mut json: Value = serde_json::from_str(&body)?;
    let mut split = Split::default();
    match &mut json {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                split.within(item, &format!("/{index}"))?;
            }
        }
        whole => {
            split.within(whole, "")?;
        }
    }
    if split.places.is_empty() {
        return Ok(Packed { body, payloads: Vec::new() });
    }
    // What holds others was found after them and must be put back before them.
    split.places.reverse();
    let body = format!("{ELSEWHERE}{}\n{json}", serde_json::to_string(&split.places)?);
    Ok(Packed { body, payloads: split.payloads })
}

/// Takes large values out of a JSON tree.
#[derive(Default)]
struct Split {
    places: Vec<Place>,
    payloads: Vec<Payload>,
}

impl Split {
    /// Takes out what is large within a value, and then the value itself if it still is; returns about how long it is
    /// as JSON (escapes are not counted).
    fn within(&mut self, value: &mut Value, path: &str) -> Result<usize, serde_json::Error> {
        let left = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 8,
            Value::String(text) => text.len(),
            Value::Array(items) => {
                let mut length = 2;
                for (index, item) in items.iter_mut().enumerate() {
                    length += 1 + self.within(item, &format!("{path}/{index}"))?;
                }
                length
            }
            Value::Object(fields) => {
                let mut length = 2;
                for (name, field) in fields.iter_mut() {
                    let escaped = name.replace('~', "~0").replace('/', "~1");
                    length += 4 + name.len() + self.within(field, &format!("{path}/{escaped}"))?;
                }
                length
            }
        };
        if left <= LARGEST {
            return Ok(left);
        }
        let (form, content) = match value.take() {
            Value::String(text) => (Form::Text, text.into_bytes()),
            other => (Form::Json, serde_json::to_vec(&other)?),
        };
        let content = Bytes::from(content);
        let hash = ContentHash::of(&content);
        self.places.push((path.to_owned(), form, hash.clone()));
        if self.payloads.iter().all(|known| known.hash != hash) {
            self.payloads.push(Payload { hash, content });
        }
        Ok(4)
    }
}

/// Reads a row's value, its payloads put back.
pub(crate) async fn unpack<T: DeserializeOwned>(
    blobs: &Blobs,
    body: &str,
    action: &'static str,
) -> Result<T, StoreError> {
    let Some(rest) = body.strip_prefix(ELSEWHERE) else { return serde_json::from_str(body).map_err(failed(action)) };
    let (list, json) = rest.split_once('\n').ok_or(PayloadError::NoList).map_err(failed(action))?;
    let places: Vec<Place> = serde_json::from_str(list).map_err(failed(action))?;
    let mut whole: Value = serde_json::from_str(json).map_err(failed(action))?;
    for (path, form, hash) in places {
        let value = read(blobs, form, hash, action).await?;
        let place = whole.pointer_mut(&path).ok_or(PayloadError::NoPlace(path)).map_err(failed(action))?;
        *place = value;
    }
    serde_json::from_value(whole).map_err(failed(action))
}

/// One payload as JSON.
async fn read(blobs: &Blobs, form: Form, hash: ContentHash, action: &'static str) -> Result<Value, StoreError> {
    let content = blobs.read(&hash).await?;
    let content = content.ok_or_else(|| PayloadError::Missing(hash.clone())).map_err(failed(action))?;
    if ContentHash::of(&content) != hash {
        return Err(failed(action)(PayloadError::Altered(hash)));
    }
    match form {
        Form::Text => String::from_utf8(content.into()).map(Value::String).map_err(failed(action)),
        Form::Json => serde_json::from_slice(&content).map_err(failed(action)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Writes what is packed and reads it back.
    async fn round(value: &Value) -> (Packed, Value) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let packed = pack(value).unwrap();
        for payload in &packed.payloads {
            blobs.write(payload.hash.clone(), payload.content.clone()).await.unwrap();
        }
        let read = unpack(&blobs, &packed.body, "read a row").await.unwrap();
        (packed, read)
    }

    fn large(sign: &str) -> String {
        sign.repeat(LARGEST / sign.len() + 1)
    }

    #[tokio::test]
    async fn a_small_value_is_plain_json() {
        let value = json!([{"a": "@", "b": "x".repeat(LARGEST - 100)}]);
        let (packed, read) = round(&value).await;
        assert_eq!((packed.body, packed.payloads), (value.to_string(), Vec::new()));
        assert_eq!(read, value);
    }

    #[tokio::test]
    async fn many_small_items_stay_in_their_row() {
        let value = json!([large("a")[1..40_000], large("b")[1..40_000]]);
        let (packed, read) = round(&value).await;
        assert_eq!((packed.body, packed.payloads), (value.to_string(), Vec::new()));
        assert_eq!(read, value);
    }

    #[tokio::test]
    async fn large_texts_are_payloads_of_their_own_and_equal_ones_are_one() {
        let value = json!([{"a/b": {"c~d": [1, large("x")]}, "text": large("x")}, {"text": large("ü\n\"")}]);
        let (packed, read) = round(&value).await;
        assert_eq!(packed.payloads.len(), 2);
        assert!(packed.body.len() < 1_000, "{}", packed.body);
        assert_eq!(packed.payloads[0].content, large("x").into_bytes());
        assert_eq!(read, value);
    }

    #[tokio::test]
    async fn what_is_large_without_large_texts_is_a_payload_as_json() {
        let items: Vec<Value> = (0..20_000).map(|n| json!({"n": n})).collect();
        let value = json!({"items": items, "inner": {"text": large("y"), "more": vec![json!(["z"]); 20_000]}});
        let (packed, read) = round(&value).await;
        assert_eq!(packed.payloads.len(), 3);
        assert_eq!(read, value);
    }

    #[tokio::test]
    async fn what_looks_like_a_place_is_none() {
        let value = json!({"x": ["/text", "text", "0"], "text": large("@[]\n")});
        assert_eq!(round(&value).await.1, value);
        let value = json!(large("@"));
        assert_eq!(round(&value).await.1, value);
    }

    #[tokio::test]
    async fn a_payload_that_is_gone_or_altered_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let packed = pack(&json!({"text": large("x")})).unwrap();
        let error = unpack::<Value>(&blobs, &packed.body, "read a row").await.unwrap_err();
        let hash = &packed.payloads[0].hash;
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("the payload {hash} is not among the blobs"));
        blobs.write(hash.clone(), Bytes::from_static(b"something else")).await.unwrap();
        let error = unpack::<Value>(&blobs, &packed.body, "read a row").await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("the payload {hash} is not what was stored"));
        for torn in ["@[", "@[]", "@[[\"/a\",\"text\",\"0\"]]\n{}"] {
            unpack::<Value>(&blobs, torn, "read a row").await.unwrap_err();
        }
    }

    /// JSON with some texts around the limit.
    fn json_values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-z~/@\\n]{0,9}".prop_map(Value::from),
            (LARGEST - 2..LARGEST + 2).prop_map(|length| Value::from("l".repeat(length))),
            (0..3_usize).prop_map(|n| Value::from(large(["a", "é", "\u{0}"][n]))),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z~/]{0,3}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_packed_is_read_back(value in json_values()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            prop_assert_eq!(runtime.block_on(round(&value)).1, value);
        }
    }
}
