//! Names and ids: the one place that decides by which id an object answers, and what an id becomes as a name.
//!
//! Ids are free strings (`qwen3.5:9b`, `org/model`, Chinese titles); names of objects are DNS labels of at most 40
//! characters, because children add suffixes to them.

use std::cmp::Ordering;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};

/// The annotation that holds an id which is no name.
pub const ID_ANNOTATION: &str = "troupe.dev/id";

/// Longest name of an object, in characters.
pub const MAX_NAME_LENGTH: usize = 40;

/// Hex digits of the hash that tells apart ids with one slug: four bytes.
const HASH_DIGITS: usize = 8;

/// What stands for an id of which nothing readable is left, such as a Chinese title.
const NOTHING_LEFT: &str = "id";

/// The id under which an object answers in the HTTP API: its annotation [`ID_ANNOTATION`], else its name.
pub fn id(metadata: &ObjectMeta) -> &str {
    metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(ID_ANNOTATION))
        .filter(|id| !id.is_empty())
        .map_or_else(|| name(metadata), String::as_str)
}

/// The name of an object; empty for one that has none yet.
pub fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// Finds what an API input means: an object of that name first, else the one that serves that id.
pub fn find<'a, T>(objects: &'a [T], asked: &str, metadata: impl Fn(&T) -> &ObjectMeta) -> Option<&'a T> {
    objects.iter().find(|object| name(metadata(object)) == asked).or_else(|| {
        objects
            .iter()
            .filter(|object| id(metadata(object)) == asked)
            .min_by(|left, right| precedence(metadata(left), metadata(right)))
    })
}

/// Which of two objects with one id serves: the older first, ties by name.
///
/// Objects of a folder have no creation time, so there the name alone decides; one without a time counts as younger.
pub fn precedence(left: &ObjectMeta, right: &ObjectMeta) -> Ordering {
    let age = match (&left.creation_timestamp, &right.creation_timestamp) {
        (Some(left), Some(right)) => left.0.cmp(&right.0),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    age.then_with(|| name(left).cmp(name(right)))
}

/// Whether an id can be a name as it is: a DNS label (RFC 1123) of at most 40 characters.
pub fn is_name(id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_LENGTH).contains(&id.len()) && id.bytes().all(inner) && !id.starts_with('-') && !id.ends_with('-')
}

/// The name that an object gets which is created under a free id.
///
/// An id that can be a name is its own slug. Any other loses something (case, a dot, its end), and two ids may lose
/// down to the same slug; eight hex digits of the id's SHA-256 tell them apart.
pub fn slug(id: &str) -> String {
    if is_name(id) {
        return id.to_owned();
    }
    let readable = readable(id, MAX_NAME_LENGTH - HASH_DIGITS - 1);
    format!("{readable}-{}", hash(id))
}

/// What is left of an id in lower-case letters, digits and single hyphens, at most `most` characters.
fn readable(id: &str, most: usize) -> String {
    let mut text = String::with_capacity(most);
    for character in id.chars() {
        if character.is_ascii_alphanumeric() {
            text.push(character.to_ascii_lowercase());
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
        if text.len() == most {
            break;
        }
    }
    let text = text.trim_end_matches('-');
    if text.is_empty() { NOTHING_LEFT.to_owned() } else { text.to_owned() }
}

fn hash(id: &str) -> String {
    let [first, second, third, fourth, ..]: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    format!("{:08x}", u32::from_be_bytes([first, second, third, fourth]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

    use super::*;

    fn object(name: &str, id: Option<&str>, created: Option<i64>) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            annotations: id.map(|id| BTreeMap::from([(ID_ANNOTATION.to_owned(), id.to_owned())])),
            creation_timestamp: created.map(|second| Time(Timestamp::from_second(second).unwrap())),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn a_name_is_its_own_slug() {
        for id in ["assistant", "260421-153012", "a", "function-get-weather"] {
            assert_eq!(slug(id), id);
        }
    }

    #[test]
    fn ids_of_the_seed_get_readable_slugs() {
        assert_eq!(slug("qwen3.5:9b"), "qwen3-5-9b-888f03bd");
        assert_eq!(slug("function-get_weather"), "function-get-weather-fb97b9f6");
        assert_eq!(slug("org/model"), "org-model-c87c0c64");
        assert_eq!(slug("天气助手"), "id-4b299f57");
    }

    #[test]
    fn the_annotation_wins_over_the_name() {
        assert_eq!(id(&object("qwen", Some("qwen3.5:9b"), None)), "qwen3.5:9b");
        assert_eq!(id(&object("qwen", None, None)), "qwen");
        assert_eq!(id(&object("qwen", Some(""), None)), "qwen");
    }

    #[test]
    fn a_name_is_found_before_an_id_and_of_two_ids_the_older_serves() {
        let objects = [
            object("young", Some("shared"), Some(20)),
            object("old", Some("shared"), Some(10)),
            object("shadow", Some("old"), Some(1)),
        ];
        let found = |asked: &str| find(&objects, asked, |object| object).map(name);
        assert_eq!(found("shared"), Some("old"));
        assert_eq!(found("old"), Some("old"));
        assert_eq!(found("nobody"), None);
    }

    #[test]
    fn of_two_of_one_age_the_first_name_serves() {
        assert_eq!(precedence(&object("a", None, None), &object("b", None, None)), Ordering::Less);
        assert_eq!(precedence(&object("b", None, Some(1)), &object("a", None, Some(1))), Ordering::Greater);
        assert_eq!(precedence(&object("b", None, Some(1)), &object("a", None, None)), Ordering::Less);
    }
}
