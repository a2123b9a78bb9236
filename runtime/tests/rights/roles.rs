//! The matrix: who has one of the chart's roles, and every kind of request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{AUTHOR, Cluster, EDITOR, INVOKER, KEEPER, VIEWER};

/// A request, and the people whom it is not forbidden. `WHO` stands for the one who asks.
type Probe = (Method, &'static str, Value, &'static [&'static str]);

const EVERYONE: &[&str] = &["eve", "ivy", "vic", "amy", "edna", "kim"];
const WRITERS: &[&str] = &["edna", "kim"];

/// Requests that read, and that run things.
fn uses(model: &str) -> Vec<Probe> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let chat = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let own = json!({"model_id": "own", "api_base": format!("{model}/v1"), "model_name": "tiny"});
    vec![
        (get.clone(), "/v1/whoami", Value::Null, EVERYONE),
        (get.clone(), "/v1/sessions", Value::Null, EVERYONE),
        (get.clone(), "/v1/runs", Value::Null, EVERYONE),
        (get.clone(), "/v1/usage", Value::Null, EVERYONE),
        (get.clone(), "/v1/agents", Value::Null, &["vic"]),
        (get.clone(), "/v1/agents/plain", Value::Null, &["vic"]),
        (get.clone(), "/v1/agents/none", Value::Null, &["vic"]),
        (get.clone(), "/v1/agents/plain/revisions", Value::Null, &["vic"]),
        (post.clone(), "/v1/agents", json!({"model_id": "small", "nickname": "by WHO"}), &["amy"]),
        (put.clone(), "/v1/agents/plain", json!({"description": "by WHO"}), &["amy"]),
        (put.clone(), "/v1/agents/none", json!({"description": "by WHO"}), &["amy"]),
        (post.clone(), "/v1/agents/plain/publish", json!({"revision": null}), &["amy"]),
        (delete.clone(), "/v1/agents/none", Value::Null, &["amy"]),
        (post.clone(), "/v1/agents/plain/runs", json!({"input": "hi"}), &["ivy"]),
        (post.clone(), "/v1/agents/none/runs", json!({"input": "hi"}), &["ivy"]),
        (post.clone(), "/v1/teams/none/runs", Value::Null, &["ivy"]),
        (post.clone(), "/v1/workflows/none/runs", Value::Null, &["ivy"]),
        (post.clone(), "/v1/skills/none/runs", Value::Null, &["ivy"]),
        (post.clone(), "/v1/infer", json!({"agent_id": "plain", "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/infer", json!({"agent_id": "none", "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/infer", json!({"model_id": "small", "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/infer", json!({"model_id": "none", "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/infer", json!({"model": own, "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/infer/stream", json!({"agent_id": "plain", "text": "hi"}), &["ivy"]),
        (post.clone(), "/v1/chat/completions", chat("agent/plain"), &["ivy"]),
        (post.clone(), "/v1/chat/completions", chat("small"), &["ivy"]),
        (post.clone(), "/v1/chat/completions", chat("none"), &["ivy"]),
        (post.clone(), "/v1/tools/call", json!({"tool_id": "greet", "arguments": {"name": "Ada"}}), &["ivy"]),
        (post.clone(), "/v1/tools/call", json!({"tool_id": "none"}), &["ivy"]),
    ]
}

/// Requests about resources.
fn changes(model: &str) -> Vec<Probe> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let manifest = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "troupe.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let endpoint = format!("{model}/v1");
    let posted = |id: &str| json!({"model_id": id, "api_base": endpoint, "model_name": "tiny"});
    let mut keyed = posted("keyed-WHO");
    keyed["api_key"] = "sk-1".into();
    let server_tool = json!({"tool_type": "mcp", "tool_id": "tool-WHO", "name": "read", "description": "Reads",
        "parameters": {"type": "object"}, "mcp_server_name": "files"});
    vec![
        (get.clone(), "/v1/models", Value::Null, &["vic"]),
        (get.clone(), "/v1/models/small", Value::Null, &["vic"]),
        (get.clone(), "/v1/models/agent/plain", Value::Null, &["vic"]),
        (post.clone(), "/v1/models", posted("model-WHO"), WRITERS),
        (post.clone(), "/v1/models", keyed, &["kim"]),
        (put.clone(), "/v1/models/small", posted("small"), WRITERS),
        (delete.clone(), "/v1/models/none", Value::Null, WRITERS),
        (get.clone(), "/v1/tools", Value::Null, &["vic"]),
        (post.clone(), "/v1/tools", server_tool, WRITERS),
        (post.clone(), "/v1/tools/mcp", json!({"mcpServers": {"none": {"url": "http://127.0.0.1:9/mcp"}}}), WRITERS),
        (put.clone(), "/v1/tools/none", json!({"description": "d"}), WRITERS),
        (delete.clone(), "/v1/tools/none", Value::Null, WRITERS),
        (delete.clone(), "/v1/tools/batch", json!({"tool_ids": ["none"]}), WRITERS),
        (get.clone(), "/v1/mcp-servers", Value::Null, &["vic"]),
        (delete.clone(), "/v1/mcp-servers/none", Value::Null, WRITERS),
        (get.clone(), "/v1/prompt-templates", Value::Null, &["vic"]),
        (get.clone(), "/v1/prompt-templates/hello", Value::Null, &["vic"]),
        (post.clone(), "/v1/prompt-templates/hello/preview", json!({"arguments": {"name": "Ada"}}), &["vic"]),
        (post.clone(), "/v1/prompt-templates", json!({"name": "by-WHO", "content": "Hi"}), &["amy"]),
        (put.clone(), "/v1/prompt-templates/hello", json!({"content": "Hi {{name}}"}), &["amy"]),
        (delete.clone(), "/v1/prompt-templates/none", Value::Null, &["amy"]),
        (get.clone(), "/v1/resources/diagnostics", Value::Null, &["vic"]),
        (get.clone(), "/v1/resources/models", Value::Null, &["vic"]),
        (get.clone(), "/v1/resources/teams/none", Value::Null, &["vic"]),
        (put.clone(), "/v1/resources/agents/agent-WHO", manifest("Agent", "agent-WHO", json!({})), &["amy"]),
        (
            put.clone(),
            "/v1/resources/runtimes/default",
            manifest("Runtime", "default", json!({"defaults": {"modelRef": {"name": "small"}}})),
            WRITERS,
        ),
        (delete.clone(), "/v1/resources/mcpservers/none", Value::Null, WRITERS),
        (get.clone(), "/v1/env", Value::Null, &["vic"]),
        (post.clone(), "/v1/env/detect", Value::Null, &["vic"]),
        (post.clone(), "/v1/env", json!({"key": "COLOUR", "value": "red"}), WRITERS),
        (delete.clone(), "/v1/env/COLOUR", Value::Null, WRITERS),
    ]
}

#[tokio::test]
async fn each_role_may_do_what_it_says_and_nothing_else() {
    let people: [(&str, &[&'static str]); 6] = [
        ("eve", &[]),
        ("ivy", &[INVOKER]),
        ("vic", &[VIEWER]),
        ("amy", &[AUTHOR]),
        ("edna", &[EDITOR]),
        ("kim", &[EDITOR, KEEPER]),
    ];
    let cluster = Cluster::of(&people).await;
    let model = cluster.model.base_url();
    let probes = uses(&model).into_iter().chain(changes(&model));
    let mut wrong = Vec::new();
    for (method, path, body, allowed) in probes {
        for (who, _) in people {
            let body: Value = serde_json::from_str(&body.to_string().replace("WHO", who)).unwrap();
            let path = path.replace("WHO", who);
            let (status, answer) = cluster.send(who, method.clone(), &path, &body).await;
            let expected = allowed.contains(&who);
            if (status != 403) != expected || status == 401 || status == 503 {
                wrong.push(format!("{who} {method} {path} {body}: {status} {answer}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn following_takes_the_right_to_watch() {
    let cluster = Cluster::of(&[("lee", &["list agents"]), ("vic", &[VIEWER])]).await;
    let follow = |who: &'static str| {
        let request = cluster.request(Method::GET, "/v1/resources/agents?watch=true").bearer_auth(who);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((follow("lee").await, follow("vic").await), (403, 200));
    assert_eq!(cluster.get("lee", "/v1/resources/agents").await.0, 200);
}

#[tokio::test]
async fn a_list_of_models_holds_agents_for_who_may_list_those() {
    let cluster = Cluster::of(&[("moe", &["list models"]), ("vic", &[VIEWER])]).await;
    let ids = async |who: &str| {
        let (_, listed) = cluster.get(who, "/v1/models").await;
        let ids = listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids("moe").await, ["org/Small:1"]);
    assert_eq!(ids("vic").await, ["org/Small:1", "agent/careful", "agent/plain"]);
}

#[tokio::test]
async fn what_is_refused_for_one_of_two_rights_leaves_nothing_half_done() {
    let cluster = Cluster::of(&[("edna", &[EDITOR, VIEWER]), ("kim", &[EDITOR, KEEPER])]).await;
    let keyed = json!({"model_id": "keyed", "api_base": "http://127.0.0.1:9/v1", "model_name": "m", "api_key": "sk"});
    let (status, refused) = cluster.post("edna", "/v1/models", keyed.clone()).await;
    assert_eq!(status, 403);
    assert!(refused["detail"].as_str().unwrap().contains(r#"create secrets "troupe-key-models-keyed""#), "{refused}");
    assert_eq!(cluster.get("edna", "/v1/models/keyed").await.0, 404);
    assert_eq!(cluster.post("kim", "/v1/models", keyed).await.0, 201);
    let (status, refused) = cluster.send("edna", Method::DELETE, "/v1/models/keyed", &Value::Null).await;
    assert_eq!(status, 403);
    assert!(refused["detail"].as_str().unwrap().contains("delete secrets"), "{refused}");
    assert_eq!(cluster.get("edna", "/v1/models/keyed").await.0, 200, "it is there with its key");
    assert_eq!(cluster.send("kim", Method::DELETE, "/v1/models/keyed", &Value::Null).await.0, 200);
}

#[tokio::test]
async fn an_upsert_is_reviewed_as_what_it_turns_out_to_be() {
    let cluster = Cluster::of(&[
        ("new", &["create models,prompttemplates,agents"]),
        ("old", &["update models,prompttemplates,agents"]),
    ])
    .await;
    let model = |id: &str| json!({"model_id": id, "api_base": "http://127.0.0.1:9/v1", "model_name": "m"});
    let template = |name: &str| json!({"name": name, "content": "Hi"});
    let agent = |name: &str| {
        let path = format!("/v1/resources/agents/{name}");
        let body =
            json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Agent", "metadata": {"name": name}, "spec": {}});
        (path, body)
    };
    for (who, at_new, at_old) in [("old", 403, true), ("new", 201, false)] {
        assert_eq!(cluster.post(who, "/v1/models", model("fresh")).await.0, at_new);
        assert_eq!(cluster.post(who, "/v1/prompt-templates", template("fresh")).await.0, at_new);
        let (path, body) = agent("fresh");
        assert_eq!(cluster.send(who, Method::PUT, &path, &body).await.0, at_new);
        assert_eq!(cluster.post(who, "/v1/models", model("small")).await.0 != 403, at_old);
        assert_eq!(cluster.post(who, "/v1/prompt-templates", template("hello")).await.0 != 403, at_old);
        let (path, body) = agent("careful");
        assert_eq!(cluster.send(who, Method::PUT, &path, &body).await.0 != 403, at_old);
    }
}
