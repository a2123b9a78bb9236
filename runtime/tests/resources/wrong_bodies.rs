//! Every field of every body, wrong in turn: a 4xx that names it, and never a 5xx.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Answer, Service};

/// A route, a body that it takes, the fields that it must have, and fields with a value that means nothing.
struct Case {
    method: Method,
    path: &'static str,
    body: Value,
    required: &'static [&'static str],
    unknown: Vec<(&'static str, Value)>,
    /// Fields that take any type.
    any_type: &'static [&'static str],
}

fn case(method: Method, path: &'static str, body: Value) -> Case {
    Case { method, path, body, required: &[], unknown: Vec::new(), any_type: &[] }
}

fn model() -> Value {
    json!({"model_id": "m", "api_base": "http://127.0.0.1:1", "model_name": "x", "api_key": "k", "model_type": "llm",
        "api_protocol": "openai", "generate_params": {"a": 1}})
}

fn function() -> Value {
    json!({"tool_id": "f", "tool_type": "function", "name": "f", "description": "d",
        "parameters": {"type": "object", "properties": {}}, "source": "def f(): pass", "function_name": "f"})
}

fn agent() -> Value {
    json!({"model_id": "m", "nickname": "n", "tool_ids": ["bash"], "template_id": "t", "template_arguments": {"a": 1},
        "system_prompt": "s", "myself_view": "v", "description": "d", "avatar": "a", "group": "g"})
}

fn model_cases() -> Vec<Case> {
    let unknown = || {
        vec![
            ("model_type", json!("embedding")),
            ("api_protocol", json!("smtp")),
            ("api_base", json!("ftp://x")),
            ("api_base", json!("http://[")),
            ("model_id", json!("a\u{0}b")),
        ]
    };
    let required = &["model_id", "api_base", "model_name"];
    vec![
        Case { required, unknown: unknown(), ..case(Method::POST, "/v1/models", model()) },
        Case { required, unknown: unknown(), ..case(Method::PUT, "/v1/models/m", model()) },
    ]
}

fn tool_cases() -> Vec<Case> {
    let server = json!({"tool_id": "x", "tool_type": "mcp", "name": "x", "description": "d", "parameters": {},
        "mcp_server_name": "s", "tool_name": "x", "mcp_url": "http://127.0.0.1:1/mcp", "mcp_headers": {"a": "b"}});
    let skill = json!({"tool_id": "k", "tool_type": "skill", "name": "k", "description": "d", "parameters": {},
        "skill_dir": "skill", "steps": [{"type": "inference", "prompt_template": "p"}]});
    let refused = vec![
        ("tool_type", json!("plugin")),
        ("name", json!("no spaces")),
        ("parameters", json!({"type": "array"})),
        ("function_name", json!("other")),
        ("source", json!("def f(:")),
    ];
    let required = &["tool_type", "name", "description", "parameters"];
    vec![
        Case { required, unknown: refused.clone(), ..case(Method::POST, "/v1/tools", function()) },
        Case { unknown: refused, ..case(Method::PUT, "/v1/tools/f", function()) },
        Case {
            required: &["tool_id", "tool_type", "name", "description", "parameters", "mcp_server_name"],
            unknown: vec![("mcp_headers", json!({"": "b"}))],
            ..case(Method::POST, "/v1/tools", server)
        },
        Case {
            required: &["tool_id", "tool_type", "name", "description", "parameters", "skill_dir"],
            unknown: vec![
                ("skill_dir", json!("none")),
                ("steps", json!([{"type": "jump"}])),
                ("steps", json!([{"type": "tool", "target": "none"}])),
                ("steps", json!([1])),
            ],
            ..case(Method::POST, "/v1/tools", skill)
        },
        Case {
            required: &["tool_id"],
            unknown: vec![("tool_id", json!("delegate")), ("format", json!("xml"))],
            ..case(
                Method::POST,
                "/v1/tools/call",
                json!({"tool_id": "bash", "arguments": {"command": "true"}, "format": "text"}),
            )
        },
        Case { required: &["skill_dir"], ..case(Method::POST, "/v1/tools/skill", json!({"skill_dir": "skill"})) },
        Case { required: &["tool_ids"], ..case(Method::DELETE, "/v1/tools/batch", json!({"tool_ids": []})) },
        Case {
            required: &["mcpServers"],
            unknown: vec![
                ("mcpServers", json!({"a": 1})),
                ("mcpServers", json!({"a": {}})),
                ("mcpServers", json!({"a": {"command": 1}})),
                ("mcpServers", json!({"a": {"command": "x", "args": "y"}})),
                ("mcpServers", json!({"a": {"command": "x", "env": {"A": 1}}})),
                ("mcpServers", json!({"a": {"command": "x", "env": {"A B": "v"}}})),
                ("mcpServers", json!({"a": {"command": "x", "env": {"A": "****"}}})),
                ("mcpServers", json!({"a": {"url": "nowhere"}})),
                ("mcpServers", json!({"a": {"url": "http://127.0.0.1:1", "command": "x"}})),
                ("mcpServers", json!({"a": {"url": "http://127.0.0.1:1", "type": "pigeon"}})),
            ],
            ..case(Method::POST, "/v1/tools/mcp", json!({"mcpServers": {}}))
        },
    ]
}

fn other_cases() -> Vec<Case> {
    // What is not there yet is no mistake (S1-153); what can never be there is.
    let unknown = || {
        let long = || json!("x".repeat(254));
        vec![("model_id", long()), ("tool_ids", json!([long()])), ("tool_ids", json!([1])), ("template_id", long())]
    };
    let template = || json!({"template_id": "t", "content": "c"});
    vec![
        Case { required: &["template_id", "content"], ..case(Method::POST, "/v1/prompt-templates", template()) },
        case(Method::PUT, "/v1/prompt-templates/t", template()),
        case(Method::POST, "/v1/prompt-templates/t/preview", json!({"arguments": {}})),
        Case { required: &["model_id", "nickname"], unknown: unknown(), ..case(Method::POST, "/v1/agents", agent()) },
        Case { unknown: unknown(), ..case(Method::PUT, "/v1/agents/a", agent()) },
        Case {
            unknown: vec![("revision", json!("none"))],
            ..case(Method::POST, "/v1/agents/a/publish", json!({"revision": null}))
        },
        Case {
            required: &["key"],
            unknown: vec![("key", json!("A=B")), ("value", json!("\u{0}"))],
            any_type: &["value"],
            ..case(Method::POST, "/v1/env", json!({"key": "K", "value": "v"}))
        },
    ]
}

async fn service() -> Service {
    let service = Service::start().await;
    service.write("workspace/skill/SKILL.md", "---\nname: k\ndescription: d\n---\nx\n").await;
    assert_eq!(service.post("/v1/models", model()).await.status, 201);
    assert_eq!(service.post("/v1/tools", function()).await.status, 201);
    assert_eq!(service.post("/v1/prompt-templates", json!({"template_id": "t", "content": "c"})).await.status, 201);
    let text = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: a\nspec:\n  modelRef:\n    name: m\n";
    service.write("resources/a.yaml", text).await;
    service
}

/// Values that the field's own type is not, and one that is too large for it.
fn wrong_values(value: &Value) -> Vec<Value> {
    let long = "x".repeat(2_000_000);
    match value {
        Value::String(_) => vec![json!(1), json!(["a"]), json!({"a": 1}), json!(true), long.into()],
        Value::Object(_) => vec![json!(1), json!("a"), json!([1]), json!({ "a": long })],
        Value::Array(_) => vec![json!(1), json!("a"), json!({"a": 1})],
        _ => vec![json!(1), json!([1])],
    }
}

async fn refused(service: &Service, case: &Case, field: &str, body: &Value, what: &str) {
    let answer: Answer = service.send(case.method.clone(), case.path, &body.to_string(), &[]).await;
    let named = answer.error().contains(field) || answer.error().contains(&field.replace("_file_path", ""));
    let short: String = what.chars().take(80).collect();
    assert!(
        (400..500).contains(&answer.status) && named,
        "{} {} {field} = {short}: {} {}",
        case.method,
        case.path,
        answer.status,
        answer.error()
    );
}

async fn check(cases: Vec<Case>) {
    let service = service().await;
    for case in cases {
        for (field, value) in case.body.as_object().unwrap() {
            // What is ignored because another type of tool has it cannot be wrong.
            for wrong in wrong_values(value) {
                let large = wrong.to_string().len() > 1_000_000;
                let unbounded = ["arguments", "template_arguments"].contains(&field.as_str());
                if (case.any_type.contains(&field.as_str()) && !large) || (large && unbounded) {
                    continue;
                }
                let mut body = case.body.clone();
                body[field] = wrong.clone();
                refused(&service, &case, field, &body, &wrong.to_string()).await;
            }
        }
        for field in case.required {
            let mut body = case.body.clone();
            body.as_object_mut().unwrap().shift_remove(*field);
            refused(&service, &case, field, &body, "missing").await;
        }
        for (field, value) in &case.unknown {
            let mut body = case.body.clone();
            body[*field] = value.clone();
            refused(&service, &case, field, &body, &value.to_string()).await;
        }
        for text in ["", "[]", "{", "null", "\"x\""] {
            if text.is_empty() && (case.path.ends_with("/publish") || case.path.ends_with("/preview")) {
                continue;
            }
            let answer = service.send(case.method.clone(), case.path, text, &[]).await;
            assert!(answer.status == 400 && !answer.error().is_empty(), "{} {text}: {answer:?}", case.path);
        }
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_model_is_named() {
    check(model_cases()).await;
}

#[tokio::test]
async fn every_wrong_field_of_a_tool_is_named() {
    check(tool_cases()).await;
}

#[tokio::test]
async fn every_wrong_field_of_the_others_is_named() {
    check(other_cases()).await;
}

#[tokio::test]
async fn an_id_may_hold_any_character() {
    let service = service().await;
    for (id, path) in [
        ("org/model", "org%2Fmodel"),
        ("天气助手", "%E5%A4%A9%E6%B0%94%E5%8A%A9%E6%89%8B"),
        ("a b?c#d%e", "a%20b%3Fc%23d%25e"),
        ("..", "%2E%2E%2F"),
        ("\"quoted\": 'x'", "%22quoted%22%3A%20%27x%27"),
    ] {
        let id = if path.ends_with("%2F") { "../" } else { id };
        let mut body = model();
        body["model_id"] = id.into();
        assert_eq!(service.post("/v1/models", body.clone()).await.status, 201, "{id}");
        let path = format!("/v1/models/{path}");
        assert_eq!(service.put(&path, body).await.status, 200, "{id}");
        assert_eq!(service.delete(&path).await.status, 200, "{id}");
    }
    let broken = service.delete("/v1/models/%FF").await;
    assert!(broken.status == 400 && broken.error().contains("path"), "{broken:?}");
}
