//! `fetch`: an HTTP request to a public address, answered as text (S1-91).

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};
use troupe_core::tool::ToolResult;
use troupe_net::{Client, NetError, Request, Trust};
use url::Url;

use crate::arguments::{self, ArgumentError};
use crate::charset::{self, Content};

/// What is said where an answer was cut; counts within the limit.
const CUT: &str = "\n… (the rest was cut)";

/// Why a request was not made, or had no answer.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error(transparent)]
    Net(#[from] NetError),
}

/// Fetches the argument `url`. An answer with an error status is an answer; it is told with its status.
pub(crate) async fn call(
    client: &Client,
    arguments: &Map<String, Value>,
    most: usize,
    timeout: Duration,
) -> ToolResult {
    match fetch(client, arguments, most, timeout).await {
        Ok(text) => ToolResult::text(text),
        Err(error) => ToolResult::error(error),
    }
}

async fn fetch(
    client: &Client,
    arguments: &Map<String, Value>,
    most: usize,
    timeout: Duration,
) -> Result<String, FetchError> {
    let response = client.send(request(arguments)?.total_timeout(timeout)).await?;
    let status = response.status();
    let header = |name: http::header::HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (kind, length) = (header(http::header::CONTENT_TYPE), header(http::header::CONTENT_LENGTH));
    // A character has at most four bytes in any encoding of the web.
    let (body, more) = response.read_limited(most.saturating_mul(4)).await?;
    let text = match charset::read(&body, &kind, !more) {
        Content::Text(text) => cut(text, most, more),
        Content::Binary { mime } => {
            let size = if more && !length.is_empty() { length } else { body.len().to_string() };
            format!("Binary content ({mime}, {size} bytes)")
        }
    };
    if status.is_success() {
        return Ok(text);
    }
    Ok(cut(format!("HTTP {status}\n{text}"), most, false))
}

fn request(arguments: &Map<String, Value>) -> Result<Request, ArgumentError> {
    let url = Url::parse(arguments::text(arguments, "url")?.trim())
        .map_err(|error| ArgumentError::wrong("url", format!("is no URL: {error}")))?;
    let method = arguments::optional_text(arguments, "method")?.unwrap_or("GET").trim().to_ascii_uppercase();
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| ArgumentError::wrong("method", "is no HTTP method"))?;
    let mut request = Request::new(method, url, Trust::Guarded);
    match arguments.get("body") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => request = request.body(text.clone()),
        Some(value) => {
            let wrong = |error: NetError| ArgumentError::wrong("body", error.to_string());
            request = request.json(value).map_err(wrong)?;
        }
    }
    for (name, value) in headers(arguments)? {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        request = request
            .text_header(&name, &text, false)
            .map_err(|error| ArgumentError::wrong("headers", format!("cannot be used: {error}")))?;
    }
    Ok(request)
}

/// A JSON object, or a string that holds one (S1-91).
fn headers(arguments: &Map<String, Value>) -> Result<Map<String, Value>, ArgumentError> {
    let wrong = || ArgumentError::wrong("headers", "must be a JSON object of strings");
    match arguments.get("headers") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| wrong()),
        Some(Value::Object(headers)) => Ok(headers.clone()),
        Some(_) => Err(wrong()),
    }
}

/// At most `most` characters of a text, and a word where there were more.
fn cut(mut text: String, most: usize, more: bool) -> String {
    let too_long = text.char_indices().nth(most).is_some();
    if too_long || more {
        let room = most.saturating_sub(CUT.chars().count());
        if let Some((end, _)) = text.char_indices().nth(room) {
            text.truncate(end);
        }
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_exactly_the_limit() {
        assert_eq!(cut("é".repeat(100), 100, false), "é".repeat(100));
        let text = cut("é".repeat(101), 100, false);
        assert_eq!(text.chars().count(), 100);
        assert!(text.ends_with(CUT));
    }
}
