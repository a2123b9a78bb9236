//! HTTP tools: where they go, and that a Secret goes nowhere else.

use std::time::Duration;

use troupe_core::model::{ConfigValue, NamedValue, Trust};
use troupe_core::tool::{HiddenValue, HttpResponseForm, HttpTool, ToolKind, ToolSnapshot};
use troupe_crds::agent::ToolOverrides;
use troupe_crds::tool::{self, HttpMethod, ResponseFormat};

use super::model;
use super::tool::of_kind;

/// The longest call, where the Tool says nothing.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What is pinned of an HTTP tool.
pub(super) fn snapshot(spec: &tool::HttpTool) -> ToolSnapshot {
    let url = match (&spec.url, &spec.base_url) {
        (Some(url), _) => url.clone(),
        (None, base) => joined(base.as_deref().unwrap_or_default(), spec.path.as_deref()),
    };
    let host = literal_host(&url);
    let query = spec.query.iter().map(|(name, value)| plain(name, value)).collect();
    let method = method(spec.method);
    let reads = matches!(spec.method, HttpMethod::Get | HttpMethod::Head | HttpMethod::Options);
    let kind = HttpTool {
        method: method.to_owned(),
        trust: if host.is_some() { Trust::Literal } else { Trust::Guarded },
        query,
        headers: spec.headers.iter().map(model::header).collect(),
        body: spec.body.as_ref().map(|body| body.0.clone()),
        response: match spec.response {
            ResponseFormat::Auto => HttpResponseForm::Auto,
            ResponseFormat::Json => HttpResponseForm::Json,
            ResponseFormat::Text => HttpResponseForm::Text,
        },
        secret_host: host.map(str::to_owned),
        url,
    };
    let mut tool = of_kind(ToolKind::Http(kind), Some(TIMEOUT));
    (tool.read_only, tool.idempotent) = (reads, reads);
    tool
}

/// Changes the request of an HTTP tool as an agent's entry says; `Err` = what to do instead.
pub(super) fn overridden(
    tool: &mut ToolSnapshot,
    spec: Option<&tool::HttpTool>,
    overrides: &ToolOverrides,
) -> Result<(), &'static str> {
    let ToolKind::Http(request) = &mut tool.kind else {
        return Err("remove overrides; they are for tools of type http");
    };
    if let Some(base) = &overrides.base_url {
        let Some(spec) = spec.filter(|spec| spec.base_url.is_some()) else {
            return Err("write baseUrl and path into the Tool instead of url");
        };
        let url = joined(base, spec.path.as_deref());
        let elsewhere = origin(&url) != origin(&request.url);
        request.trust = if literal_host(&url).is_some() { Trust::Literal } else { Trust::Guarded };
        request.url = url;
        if elsewhere {
            // A Secret goes only to the literal host in the manifest that names it.
            request.secret_host = None;
            request.headers.retain(|header| matches!(header.value, ConfigValue::Plain(_)));
            tool.hidden_arguments.retain(|argument| matches!(argument.value, HiddenValue::Fixed(_)));
        }
    }
    let ToolKind::Http(request) = &mut tool.kind else { return Ok(()) };
    for header in &overrides.headers {
        request.headers.retain(|present| !present.name.eq_ignore_ascii_case(&header.name));
        request.headers.push(plain(&header.name, &header.value));
    }
    for (name, value) in &overrides.query {
        request.query.retain(|present| present.name != *name);
        request.query.push(plain(name, value));
    }
    Ok(())
}

fn plain(name: &str, value: &str) -> NamedValue {
    NamedValue { name: name.to_owned(), value: ConfigValue::Plain(value.to_owned()) }
}

fn joined(base: &str, path: Option<&str>) -> String {
    match path.filter(|path| !path.is_empty()) {
        None => base.to_owned(),
        Some(path) if path.starts_with('?') => format!("{base}{path}"),
        Some(path) => format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/')),
    }
}

/// Scheme and authority as they are written.
fn origin(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    Some((scheme.to_ascii_lowercase(), authority.to_ascii_lowercase()))
}

/// The host, where no part of scheme and authority is a placeholder.
fn literal_host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    if scheme.contains("{{") || authority.contains(['{', '}']) {
        return None;
    }
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn method(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Head => "HEAD",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_literal_host_gets_secrets() {
        assert_eq!(literal_host("https://api.example.com:8443/a?b={{c}}"), Some("api.example.com"));
        assert_eq!(literal_host("https://user@api.example.com/"), Some("api.example.com"));
        assert_eq!(literal_host("http://[::1]:80/"), Some("::1"));
        for url in
            ["https://{{host}}/", "https://{{a}}.example.com/", "{{scheme}}://example.com/", "/path", "https:///"]
        {
            assert_eq!(literal_host(url), None, "{url}");
        }
    }

    #[test]
    fn paths_are_joined_with_one_slash() {
        assert_eq!(joined("https://a/v1/", Some("/x")), "https://a/v1/x");
        assert_eq!(joined("https://a/v1", Some("x")), "https://a/v1/x");
        assert_eq!(joined("https://a/v1", Some("?q=1")), "https://a/v1?q=1");
        assert_eq!(joined("https://a/v1/", None), "https://a/v1/");
    }
}
