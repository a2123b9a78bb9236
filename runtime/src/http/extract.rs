//! Bodies: JSON into types, with errors that name the field.

mod objects;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use self::objects::Objects;
use super::error::Problem;

/// The most that a JSON body may have, in bytes.
pub const JSON_LIMIT: usize = 10 * 1_024 * 1_024;

/// A JSON body. S1's and OpenAI's types ignore unknown fields, because their clients grow; our own deny them.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = buffered(request, state).await?;
        read(&bytes).map(Self)
    }
}

/// The same for a body that may be missing.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = buffered(request, state).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        read(&bytes).map(Some).map(Self)
    }
}

/// A body as it came, for who also needs its bytes.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        buffered(request, state).await.map(Self)
    }
}

async fn buffered<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("the body is larger than {JSON_LIMIT} bytes; send less");
            return Problem::new(rejection.status(), detail);
        }
        Problem::bad_request(format!("the body cannot be read: {}", rejection.body_text()))
    })
}

/// A body that is text.
#[derive(Debug)]
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let read = String::from_request(request, state).await;
        let wrong = |error: axum::extract::rejection::StringRejection| {
            Problem::new(error.status(), format!("the body cannot be read: {}", error.body_text()))
        };
        read.map(Self).map_err(wrong)
    }
}

/// What a path names: ids are percent-encoded and may hold any character, slashes too.
#[derive(Debug)]
pub struct Id<T = String>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let wrong = |error: axum::extract::rejection::PathRejection| {
            Problem::bad_request(format!("the path cannot be read: {}; percent-encode its ids", error.body_text()))
        };
        path.map(|Path(id)| Self(id)).map_err(wrong)
    }
}

/// The query of a request.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let wrong = |error: axum::extract::rejection::QueryRejection| {
            Problem::bad_request(format!("the query cannot be read: {}", error.body_text()))
        };
        query.map(|Query(query)| Self(query)).map_err(wrong)
    }
}

/// Reads a field that may be absent (`None`, with `#[serde(default)]`), null (`Some(None)`), or there.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads JSON into a type. The error names the field by its path.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::bad_request("Empty request body: send a JSON object"));
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Problem::bad_request("Invalid request body: it is a list; send a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut deserializer)).map_err(|error| {
        let path = error.path().to_string();
        describe(&path, error.inner(), bytes)
    })?;
    deserializer.end().map_err(|error| Problem::bad_request(format!("Invalid JSON: {error}")))?;
    Ok(value)
}

fn describe(path: &str, error: &serde_json::Error, bytes: &[u8]) -> Problem {
    // Of a number where a word is expected serde_json says that the syntax is wrong, though it is not.
    let no_json = || path == "." || serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err();
    if (error.is_syntax() || error.is_eof()) && no_json() {
        return Problem::bad_request(format!("Invalid JSON: {error}"));
    }
    let text = error.to_string();
    // serde_json says where in the text; the path says it better.
    let said = text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said);
    if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let field = if path == "." { field.to_owned() } else { format!("{path}.{field}") };
        return Problem::missing_field(&field);
    }
    if path == "." {
        return Problem::bad_request(format!("Invalid request body: {said}"));
    }
    Problem::bad_request(format!("Invalid value for field {path}: {said}")).with("field", path)
}

/// The request's id: the caller's, if it is a short plain one.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    (!id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only the errors of reading it are looked at")]
    struct Sample {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only the errors of reading it are looked at")]
    struct Inner {
        count: u32,
    }

    fn problem(body: &str) -> String {
        read::<Sample>(body.as_bytes()).unwrap_err().detail().to_owned()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        assert_eq!(problem(r"{}"), "Missing required field: name");
        assert_eq!(problem(r#"{"name":"a","inner":{}}"#), "Missing required field: inner.count");
        assert_eq!(
            problem(r#"{"name":"a","inner":{"count":"x"}}"#),
            "Invalid value for field inner.count: invalid type: string \"x\", expected u32"
        );
        assert_eq!(
            problem(r#"{"name":"a","inner":[1]}"#),
            "Invalid value for field inner: invalid type: list, expected an object"
        );
        assert!(problem("{").starts_with("Invalid JSON"));
        assert!(problem("").starts_with("Empty request body"));
        assert!(problem("[]").starts_with("Invalid request body"));
    }
}
