//! Takes out of a manifest what is said in clear and looks like a key.

use serde_json::Value;

/// Names, without case and `-_ .`, of what holds a key where a text is its value.
const KEYS: [&str; 14] = [
    "apikey",
    "xapikey",
    "accesskey",
    "accesstoken",
    "authtoken",
    "authorization",
    "proxyauthorization",
    "clientsecret",
    "cookie",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "token",
];

/// Empties such values; says where they were, as `KIND NAME path`.
pub(super) fn redact(manifest: &mut Value, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(spec) = manifest.get_mut("spec") {
        walk(spec, "spec", &mut found);
    }
    found.into_iter().map(|path| format!("{what} {path}")).collect()
}

fn walk(value: &mut Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(fields) => {
            // Headers, variables and parts of queries have a name and a value.
            let named = fields.get("name").and_then(Value::as_str).is_some_and(is_key);
            if named && let Some(value @ Value::String(_)) = fields.get_mut("value") {
                *value = String::new().into();
                found.push(format!("{path}.value"));
            }
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                match field {
                    Value::String(text) if is_key(name) && !text.is_empty() => {
                        text.clear();
                        found.push(path);
                    }
                    field => walk(field, &path, found),
                }
            }
        }
        Value::String(text) => {
            if let Some(bare) = without_user(text) {
                *text = bare;
                found.push(path.to_owned());
            }
        }
        _ => {}
    }
}

fn is_key(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    KEYS.contains(&plain.as_str()) || ["apikey", "token", "password", "secret"].iter().any(|end| plain.ends_with(end))
}

/// A URL without the user and the password in it; `None` where it has none.
fn without_user(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text).ok().filter(|url| url.has_host() && url.password().is_some())?;
    url.set_password(None).ok()?;
    url.set_username("").ok()?;
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_like_a_key_is_taken_out_and_told() {
        let mut manifest = json!({"kind": "Tool", "spec": {
            "http": {
                "url": "https://ada:pass@example.org/x",
                "headers": [
                    {"name": "Authorization", "value": "Bearer sk-1"},
                    {"name": "Accept", "value": "text/plain"},
                    {"name": "X-Api-Key", "secretKeyRef": {"name": "keys", "key": "token"}},
                ],
            },
            "parameters": {"api_key": "sk-2", "maxTokens": 7, "tokenUrl": "https://example.org/t"},
            "stdio": {"env": [{"name": "GITHUB_TOKEN", "value": "ghp"}, {"name": "HOME", "value": "/x"}]},
        }});
        let found = redact(&mut manifest, "Tool a");
        assert_eq!(
            found,
            [
                "Tool a spec.http.url",
                "Tool a spec.http.headers[0].value",
                "Tool a spec.parameters.api_key",
                "Tool a spec.stdio.env[0].value",
            ]
        );
        let text = manifest.to_string();
        assert!(!["sk-1", "sk-2", "ghp", "pass", "ada"].iter().any(|secret| text.contains(secret)), "{text}");
        assert!(text.contains("https://example.org/x") && text.contains("\"key\":\"token\"") && text.contains("/x"));
    }
}
