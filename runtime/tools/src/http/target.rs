//! The URL of a request: placeholders filled so that an argument stays where the manifest put it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use troupe_core::model::Trust;
use troupe_core::tool::HttpTool;
use troupe_language::placeholder;
use url::Url;

use super::HttpError;
use crate::arguments::ArgumentError;
use crate::hidden::{Filled, shown};

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a request goes.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) trust: troupe_net::Trust,
    /// The host is the one for which the manifest names its secrets.
    pub(super) secrets_allowed: bool,
}

pub(super) fn build(tool: &HttpTool, filled: &Filled) -> Result<Target, HttpError> {
    let (origin, rest) = tool.url.split_at(end_of_origin(&tool.url));
    let chosen = placeholder::names(origin);
    let trust = if chosen.is_empty() { tool.trust } else { Trust::Guarded };
    // The host is known before any argument is in the URL, so no argument can move it.
    let host = chosen.is_empty().then(|| Url::parse(origin).ok()).flatten().and_then(|url| host_of(&url));
    let secrets_allowed =
        host.is_some_and(|host| tool.secret_host.as_deref().is_some_and(|wanted| is_host(wanted, &host)));
    let usable = if secrets_allowed { filled.clone() } else { filled.without_secrets() };
    let text = fill_origin(origin, &chosen, &usable)? + &fill_rest(rest, &usable)?;
    let url = Url::parse(&text).map_err(|error| match chosen.first() {
        Some(name) => HttpError::Argument(ArgumentError::wrong(name, format!("makes no URL: {error}"))),
        None => HttpError::Tool(format!("its URL is none: {error}")),
    })?;
    let trust = match trust {
        Trust::Literal => troupe_net::Trust::Literal,
        Trust::Guarded => troupe_net::Trust::Guarded,
    };
    Ok(Target { url, trust, secrets_allowed })
}

/// Where scheme and authority end, in a template. A URL that begins with a placeholder has no literal authority.
fn end_of_origin(template: &str) -> usize {
    let authority = match (template.find("://"), template.find("{{")) {
        (Some(scheme), Some(first)) if first < scheme => return placeholder_end(template),
        (Some(scheme), _) => scheme + 3,
        (None, _) => return placeholder_end(template),
    };
    let length = template[authority..].find(['/', '?', '#', '\\']);
    length.map_or(template.len(), |length| authority + length)
}

fn placeholder_end(template: &str) -> usize {
    template.find("}}").map_or(template.len(), |end| end + 2)
}

/// Host, and port where it is not the scheme's own.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// A wanted host without a port means every port.
fn is_host(wanted: &str, host: &str) -> bool {
    let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    wanted.eq_ignore_ascii_case(host) || bare.is_some_and(|(bare, _)| wanted.eq_ignore_ascii_case(bare))
}

/// Arguments in scheme, host or port stand as they are: the request is guarded anyhow, and a whole base URL is normal.
fn fill_origin(origin: &str, names: &[String], filled: &Filled) -> Result<String, HttpError> {
    let mut values = Map::new();
    for name in names {
        values.insert(name.clone(), Value::String(required(name, filled)?));
    }
    Ok(placeholder::render(origin, &values))
}

/// Arguments in path, query and fragment are percent-encoded, `/` included.
fn fill_rest(rest: &str, filled: &Filled) -> Result<String, HttpError> {
    let path_ends = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, query) = rest.split_at(path_ends);
    let mut segments = Vec::new();
    for segment in path.split('/') {
        let names = placeholder::names(segment);
        let filled = encode(segment, &names, filled)?;
        // Encoded or not, URLs resolve these: an argument could climb out of its place.
        if let (Some(name), "." | "..") = (names.first(), filled.as_str()) {
            return Err(ArgumentError::wrong(name, "must not be `.` or `..`").into());
        }
        segments.push(filled);
    }
    Ok(segments.join("/") + &encode(query, &placeholder::names(query), filled)?)
}

fn encode(text: &str, names: &[String], filled: &Filled) -> Result<String, HttpError> {
    let mut values = Map::new();
    for name in names {
        let encoded = utf8_percent_encode(&required(name, filled)?, ENCODED).to_string();
        values.insert(name.clone(), Value::String(encoded));
    }
    Ok(placeholder::render(text, &values))
}

/// A URL with a hole is another URL, so every placeholder in it needs a value.
fn required(name: &str, filled: &Filled) -> Result<String, ArgumentError> {
    filled.value(name).map(shown).ok_or_else(|| ArgumentError::Missing { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use troupe_core::tool::HttpResponseForm;

    use super::*;

    fn tool(url: &str, secret_host: Option<&str>) -> HttpTool {
        HttpTool {
            method: "GET".to_owned(),
            url: url.to_owned(),
            trust: Trust::Literal,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            response: HttpResponseForm::Auto,
            secret_host: secret_host.map(str::to_owned),
        }
    }

    fn built(url: &str, arguments: &Value) -> Result<Target, HttpError> {
        build(&tool(url, Some("api.test")), &Filled::plain(arguments.as_object().unwrap().clone()))
    }

    #[test]
    fn arguments_stay_in_their_segment_and_their_query_value() {
        let arguments = json!({"id": "a/b?c#d", "q": "x&y=z é", "n": 5});
        let target = built("https://api.test/v1/{{id}}/n{{ n }}?q={{q}}", &arguments).unwrap();
        assert_eq!(target.url.as_str(), "https://api.test/v1/a%2Fb%3Fc%23d/n5?q=x%26y%3Dz%20%C3%A9");
        assert!(target.secrets_allowed && target.trust == troupe_net::Trust::Literal);
    }

    #[test]
    fn an_argument_cannot_climb_out_of_its_segment() {
        for value in [".", ".."] {
            let error = built("https://api.test/v1/{{id}}/x", &json!({"id": value})).err().unwrap();
            assert!(error.to_string().contains("\"id\""), "{error}");
        }
        let target = built("https://api.test/v1/a{{id}}/x", &json!({"id": "../.."})).unwrap();
        assert_eq!(target.url.path(), "/v1/a..%2F../x");
    }

    #[test]
    fn a_missing_argument_is_named() {
        let error = built("https://api.test/{{id}}", &json!({"id": null})).err().unwrap();
        assert_eq!(error.to_string(), "the argument \"id\" is missing");
    }

    #[test]
    fn a_placeholder_in_the_host_guards_the_request_and_drops_secrets() {
        let arguments = json!({"host": "api.test", "url": "https://api.test", "port": "1"});
        for url in ["https://{{host}}/x", "{{url}}/x", "https://api.test:{{port}}/x", "https://{{host}}.api.test/x"] {
            let target = built(url, &arguments).unwrap();
            assert!(!target.secrets_allowed && target.trust == troupe_net::Trust::Guarded, "{url}");
        }
    }

    #[test]
    fn secrets_go_to_their_literal_host_only() {
        let allowed =
            |url: &str, host: Option<&str>| build(&tool(url, host), &Filled::default()).unwrap().secrets_allowed;
        assert!(allowed("https://API.test/x", Some("api.test")));
        assert!(allowed("https://api.test:8443/x", Some("api.test")));
        assert!(allowed("https://api.test:8443/x", Some("api.test:8443")));
        assert!(!allowed("https://api.test:8444/x", Some("api.test:8443")));
        assert!(!allowed("https://api.test.evil/x", Some("api.test")));
        assert!(!allowed("https://api.test@evil/x", Some("api.test")));
        assert!(!allowed("https://api.test/x", None));
    }

    proptest! {
        #[test]
        fn no_argument_moves_the_request_to_another_host_or_place(value in "\\PC{0,40}") {
            if let Ok(target) = built("https://api.test/a/{{v}}/b?x={{v}}", &json!({"v": value})) {
                prop_assert_eq!(target.url.host_str(), Some("api.test"));
                let segments: Vec<_> = target.url.path_segments().unwrap().collect();
                prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "a", "b"));
                prop_assert_eq!(target.url.query_pairs().collect::<Vec<_>>(), [("x".into(), value.into())]);
            }
        }
    }
}
