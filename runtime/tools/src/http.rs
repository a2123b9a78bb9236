//! `http`: a request with `{{argument}}` placeholders, answered as JSON or text.

mod body;
mod target;

use std::time::Duration;

use futures::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, Method, StatusCode};
use serde_json::Value;
use troupe_core::model::{ConfigValue, NamedValue};
use troupe_core::port::{SecretError, SecretSource};
use troupe_core::tool::{HttpResponseForm, HttpTool, ToolResult};
use troupe_language::placeholder;
use troupe_net::{Client, NetError, Request, Response};

use crate::arguments::ArgumentError;
use crate::budget::{Budget, FREE, MOST, Share};
use crate::charset::{self, Content};
use crate::hidden::{Filled, shown};
use crate::image;

/// How much of an error's body the model sees: enough for a message, not for a page.
const EXCERPT: usize = 2000;

/// Why a request was not made, or has no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// An argument cannot be put where the tool wants it.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// A secret is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The tool itself is wrong.
    #[error("the tool is configured wrongly: {0}")]
    Tool(String),
    /// The network said no.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The server did.
    #[error("HTTP {status}{}", excerpt(.body))]
    Status {
        /// Its status.
        status: StatusCode,
        /// The beginning of its body.
        body: String,
    },
    /// Too much.
    #[error("the answer is larger than {} MiB", MOST >> 20)]
    TooLarge,
    /// The tool promises JSON.
    #[error("the answer is not JSON: {0}")]
    NotJson(String),
}

fn excerpt(body: &str) -> String {
    let body = body.trim();
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

/// What a request goes through.
pub(crate) struct Http<'a> {
    pub(crate) client: &'a Client,
    pub(crate) secrets: &'a dyn SecretSource,
    pub(crate) budget: &'a Budget,
}

impl Http<'_> {
    /// Makes the request and tells its answer. `filled` learns the secrets that the tool's own headers and query hold.
    pub(crate) async fn call(
        &self,
        tool: &HttpTool,
        filled: &mut Filled,
        request_id: Option<&str>,
        timeout: Duration,
    ) -> Result<ToolResult, HttpError> {
        let request = self.request(tool, filled, request_id).await?.total_timeout(timeout);
        let response = self.client.send(request).await?;
        let status = response.status();
        let kind = header(&response, &CONTENT_TYPE);
        if !status.is_success() {
            let (body, more) = response.read_limited(EXCERPT).await?;
            let body = match charset::read(&body, &kind, !more) {
                Content::Text(text) => text,
                Content::Binary { .. } => String::new(),
            };
            return Err(HttpError::Status { status, body });
        }
        let (body, _share) = read(response, self.budget).await?;
        answer(tool.response, &body, &kind)
    }

    async fn request(
        &self,
        tool: &HttpTool,
        filled: &mut Filled,
        request_id: Option<&str>,
    ) -> Result<Request, HttpError> {
        let method = Method::from_bytes(tool.method.as_bytes())
            .map_err(|_| HttpError::Tool(format!("{:?} is no HTTP method", tool.method)))?;
        let target = target::build(tool, filled)?;
        if !target.secrets_allowed {
            filled.forget_secrets();
        }
        let mut url = target.url;
        for pair in &tool.query {
            if let Some((value, _)) = self.value(pair, target.secrets_allowed, filled).await? {
                url.query_pairs_mut().append_pair(&pair.name, &value);
            }
        }
        let mut request = Request::new(method, url, target.trust);
        let mut kind = None;
        for pair in &tool.headers {
            let Some((value, secret)) = self.value(pair, target.secrets_allowed, filled).await? else { continue };
            if pair.name.eq_ignore_ascii_case("content-type") {
                kind = Some(value.clone());
            }
            request = request.text_header(&pair.name, &value, secret)?;
        }
        if let Some(id) =
            request_id.filter(|_| !tool.headers.iter().any(|one| one.name.eq_ignore_ascii_case("x-request-id")))
        {
            request = request.text_header("x-request-id", id, false)?;
        }
        match &tool.body {
            Some(template) => Ok(body::attach(request, template, kind.as_deref(), filled)),
            None => Ok(request),
        }
    }

    /// A configured value with its placeholders filled, and whether it holds a secret. `None` where there is nothing to
    /// send: an argument that the model left out, or a secret that may not go to this host.
    async fn value(
        &self,
        pair: &NamedValue,
        secrets_allowed: bool,
        filled: &mut Filled,
    ) -> Result<Option<(String, bool)>, HttpError> {
        match &pair.value {
            ConfigValue::Secret(_) if !secrets_allowed => Ok(None),
            ConfigValue::Secret(reference) => {
                let value = self.secrets.secret(reference).await?.to_string();
                filled.secrets.push(value.clone());
                Ok(Some((value, true)))
            }
            ConfigValue::Plain(text) => Ok(fill(text, filled)),
        }
    }
}

/// A text with its placeholders filled. `None` if it is nothing but one placeholder that has no value, or if it would hold
/// a secret that may not be sent here.
fn fill(text: &str, filled: &Filled) -> Option<(String, bool)> {
    if let Some(name) = sole_placeholder(text) {
        return filled.value(&name).map(|value| (shown(value), filled.is_secret(&name)));
    }
    let names = placeholder::names(text);
    if names.iter().any(|name| filled.is_forgotten(name)) {
        return None;
    }
    let secret = names.iter().any(|name| filled.is_secret(name));
    Some((placeholder::render(text, &filled.with_blanks(&names)), secret))
}

/// The name in a text that is exactly one placeholder.
fn sole_placeholder(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let mut names = placeholder::names(text);
    (names.len() == 1 && inner.trim() == names[0]).then(|| names.remove(0))
}

fn header(response: &Response, name: &HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The whole body. Beyond what is free it first waits for its share of memory, which it holds as long as the share lives.
async fn read(response: Response, budget: &Budget) -> Result<(Vec<u8>, Option<Share>), HttpError> {
    let announced = header(&response, &CONTENT_LENGTH).parse::<usize>().ok();
    if announced.is_some_and(|length| length > MOST) {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    let mut share = None;
    let mut chunks = response.into_body();
    while let Some(chunk) = chunks.next().await.transpose()? {
        if body.len() + chunk.len() > MOST {
            return Err(HttpError::TooLarge);
        }
        if share.is_none() && body.len() + chunk.len() > FREE {
            share = Some(budget.share(announced.unwrap_or(MOST)).await);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, share))
}

fn answer(form: HttpResponseForm, body: &[u8], kind: &str) -> Result<ToolResult, HttpError> {
    let text = match charset::read(body, kind, true) {
        Content::Text(text) => text,
        Content::Binary { mime } if form != HttpResponseForm::Json => {
            return Ok(image::result(&mime, body)
                .unwrap_or_else(|| ToolResult::text(format!("Binary content ({mime}, {} bytes)", body.len()))));
        }
        Content::Binary { mime } => return Err(HttpError::NotJson(format!("it is {mime}"))),
    };
    let structured = match (form, serde_json::from_str::<Value>(&text)) {
        (HttpResponseForm::Text, _) => None,
        (HttpResponseForm::Json, Err(error)) => return Err(HttpError::NotJson(error.to_string())),
        (HttpResponseForm::Json, Ok(value)) => Some(value),
        // A plain word or number that happens to be JSON is a text.
        (HttpResponseForm::Auto, value) => value.ok().filter(|value| value.is_object() || value.is_array()),
    };
    Ok(ToolResult { structured, ..ToolResult::text(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_text_is_a_sole_placeholder() {
        assert_eq!(sole_placeholder(" {{ city }} ").as_deref(), Some("city"));
        for text in ["{{a}}{{b}}", "x{{a}}", "{{a}}{{a}}", "{{a b}}", "a"] {
            assert_eq!(sole_placeholder(text), None, "{text}");
        }
    }

    #[test]
    fn json_is_recognised_demanded_or_ignored() {
        let structured = |form, body: &str| answer(form, body.as_bytes(), "").map(|result| result.structured);
        assert_eq!(structured(HttpResponseForm::Auto, "[1]").unwrap(), Some(serde_json::json!([1])));
        assert_eq!(structured(HttpResponseForm::Auto, "1").unwrap(), None);
        assert_eq!(structured(HttpResponseForm::Text, "[1]").unwrap(), None);
        assert!(structured(HttpResponseForm::Json, "words").is_err());
    }
}
