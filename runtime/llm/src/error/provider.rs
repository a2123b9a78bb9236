//! Finds a provider's own words in an error, in the many envelopes that there are.

use serde_json::Value;

use crate::error::excerpt;

/// What a provider says went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderError {
    /// Its words; empty where it has none.
    pub(crate) message: String,
    /// The HTTP status that it means, where it names one or a known kind of error.
    pub(crate) status: Option<u16>,
    /// The account has no balance left.
    pub(crate) exhausted: bool,
}

impl ProviderError {
    /// The error of a whole body: an envelope, or whatever short text it is.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let error = Self::of(&value);
                if error.message.is_empty() { Self { message: excerpt(body), ..error } } else { error }
            }
            Err(_) if body.trim_ascii_start().starts_with(b"<") => Self { message: title(body), ..Self::default() },
            Err(_) => Self { message: excerpt(body), ..Self::default() },
        }
    }

    /// The error of an envelope, or of what is in its field `error`.
    pub(crate) fn of(value: &Value) -> Self {
        let inner = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let kinds = [&inner["type"], &inner["code"], &inner["status"], &value["type"]];
        let words: Vec<&str> = kinds.iter().filter_map(|kind| kind.as_str()).collect();
        let message = [
            &inner["message"],
            inner,
            &inner["detail"],
            &inner["error"],
            &value["message"],
            &value["detail"],
            &inner["errors"],
        ];
        Self {
            message: message.into_iter().find_map(words_of).unwrap_or_default(),
            status: kinds
                .iter()
                .find_map(|kind| number(kind))
                .or_else(|| words.iter().find_map(|word| status_of(word))),
            exhausted: words
                .iter()
                .any(|word| matches!(*word, "insufficient_quota" | "billing_error" | "exceeded_current_quota_error")),
        }
    }
}

/// A sentence: a string, or the first of a list (`FastAPI`'s `detail`).
fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Array(list) => list
            .iter()
            .find_map(|item| words_of(&item["message"]).or_else(|| words_of(&item["msg"])).or_else(|| words_of(item))),
        _ => None,
    }
}

/// A status given as a number or as its text.
fn number(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

/// The status that OpenAI, Anthropic and Google mean by a word.
fn status_of(word: &str) -> Option<u16> {
    Some(match word {
        "invalid_request_error" | "INVALID_ARGUMENT" | "BadRequestError" => 400,
        "authentication_error" | "invalid_api_key" | "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "model_not_found" | "NOT_FOUND" => 404,
        "request_too_large" => 413,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "insufficient_quota"
        | "requests"
        | "tokens"
        | "RESOURCE_EXHAUSTED" => 429,
        "api_error" | "server_error" | "internal_error" | "INTERNAL" => 500,
        "UNAVAILABLE" => 503,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

/// The title of a web page: what a proxy wants to say.
fn title(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(&page[..page.len().min(16 * 1024)]);
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        lower[start..].find("</title>").map(|length| excerpt(page[start..start + length].as_bytes()))
    });
    title.unwrap_or_else(|| "a web page".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_envelope_has_its_words_found() {
        let bodies = [
            (
                r#"{"error":{"message":"Rate limit","type":"requests","code":"rate_limit_exceeded"}}"#,
                "Rate limit",
                Some(429),
            ),
            (r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "Overloaded", Some(529)),
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found", None),
            (r#"{"detail":[{"loc":["body"],"msg":"Field required"}]}"#, "Field required", None),
            (r#"{"detail":"Not Found"}"#, "Not Found", None),
            (r#"{"object":"error","message":"too long","code":400}"#, "too long", Some(400)),
            (r#"{"error":{"code":"429","message":"litellm: slow down"}}"#, "litellm: slow down", Some(429)),
            ("upstream connect error", "upstream connect error", None),
            ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway", None),
            (r#"{"unexpected":1}"#, r#"{"unexpected":1}"#, None),
            ("", "", None),
        ];
        for (body, message, status) in bodies {
            let error = ProviderError::of_body(body.as_bytes());
            assert_eq!((error.message.as_str(), error.status), (message, status), "{body}");
        }
    }

    #[test]
    fn a_used_up_balance_is_told_apart() {
        let body = br#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#;
        assert!(ProviderError::of_body(body).exhausted);
    }
}
