//! The library: closures as tools, whole and streamed answers, without a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

use futures::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use troupe_model_server::{ModelServer, Role, Rule, Scenario, When};
use troupe_runtime::library::{InferenceRequest, Streamed, Troupe};
use troupe_runtime::service::infer::{InferInput, ModelConfigInput};
use troupe_runtime::settings::Settings;

/// What the tool is called with.
#[derive(Deserialize, JsonSchema)]
struct Sum {
    /// The numbers to add.
    numbers: Vec<i64>,
}

async fn open(data: &std::path::Path) -> Troupe {
    let allowed = vec!["127.0.0.1".to_owned()];
    let troupe = Troupe::open(Settings { allowed, ..Settings::new(vec![], data.to_owned()) }).await.unwrap();
    troupe.register::<Sum, _, _, _>("add", "Adds numbers", |sum, _context| async move {
        if sum.numbers.is_empty() {
            return Err("there is nothing to add".to_owned());
        }
        Ok(json!({ "sum": sum.numbers.iter().sum::<i64>() }))
    });
    troupe
}

fn question(server: &ModelServer) -> InferInput {
    let model = ModelConfigInput {
        api_base: Some(format!("{}/v1", server.base_url())),
        model_name: Some("any".to_owned()),
        ..ModelConfigInput::default()
    };
    InferInput {
        model: Some(model),
        tool_ids: Some(vec!["add".to_owned()]),
        text: Some("sum 1, 2 and 3".to_owned()),
        ..InferInput::default()
    }
}

async fn server() -> ModelServer {
    let call = Rule::call("add", json!({"numbers": [1, 2, 3]})).times(1);
    let answer = Rule::text("it is six").when(When { last_role: Some(Role::Tool), ..When::default() });
    ModelServer::start(Scenario::of([answer, call])).await.unwrap()
}

#[tokio::test]
async fn a_closure_is_a_tool_of_an_agent_in_the_same_program() {
    let (data, server) = (tempfile::tempdir().unwrap(), server().await);
    let troupe = open(data.path()).await;
    let result = troupe.infer(question(&server)).await.unwrap();
    assert!(result.success, "{result:?}");
    assert_eq!(result.text(), "it is six");
    assert_eq!(result.messages[1].content, r#"{"sum":6}"#);
    troupe.close().await;
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let (data, server) = (tempfile::tempdir().unwrap(), server().await);
    let troupe = open(data.path()).await;
    let pieces: Vec<Streamed> = troupe.infer_stream(question(&server)).await.unwrap().collect().await;
    let text: String = pieces
        .iter()
        .filter_map(|piece| match piece {
            Streamed::Content(text) => Some(text.as_str()),
            Streamed::Thinking(_) => None,
        })
        .collect();
    assert_eq!(text, "it is six");
    troupe.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_in_a_sentence() {
    let data = tempfile::tempdir().unwrap();
    let troupe = open(data.path()).await;
    let refused = troupe.ask("nobody", "hello").await.unwrap_err();
    assert!(refused.to_string().contains("nobody"), "{refused}");
    let refused = troupe.infer(InferInput::default()).await.unwrap_err();
    assert_eq!(refused.to_string(), "Missing required field: model_id");
    troupe.close().await;
}

/// As small as an MCP server can be: one tool that tells what it was given.
const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    result = {"tools": [{"name": "tell", "description": "Tells", "inputSchema": {"type": "object"}}]}
    if message["method"] == "initialize":
        result = {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
    elif message["method"] == "tools/call":
        result = {"content": [{"type": "text", "text": "told " + message["params"]["arguments"]["what"]}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

fn object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn what_a_program_registers_is_found_kept_and_removed() {
    let (data, server) = (tempfile::tempdir().unwrap(), server().await);
    let troupe = open(data.path()).await;
    let base = format!("{}/v1", server.base_url());
    let config = json!({"model_id": "mine", "api_base": base, "model_name": "any", "api_key": "sk-1"});
    assert_eq!(troupe.models().register(config).await.unwrap(), "mine");
    let wrong = troupe.models().register(json!({"model_id": "other"})).await.unwrap_err();
    assert_eq!(wrong.to_string(), "Missing required field: api_base");
    troupe.templates().create("greeting", "Greet {{who}}").await.unwrap();
    troupe.templates().update("greeting", "Greet {{who}} and {{whom}}").await.unwrap();
    let stdio = json!({"command": "python3", "args": ["-c", SERVER]});
    let servers = json!({"mcpServers": {"teller": stdio, "off": {"command": "nothing", "disabled": true}}});
    assert_eq!(troupe.servers().load_config(servers).await.unwrap(), ["teller"]);
    troupe.close().await;
    drop(troupe);

    let troupe = open(data.path()).await;
    let model = troupe.models().get("mine").await.unwrap();
    assert_eq!((model.api_base, model.api_key), (base, "********".to_owned()));
    let text = troupe.templates().render("greeting", object(json!({"who": "Ada"}))).unwrap();
    assert_eq!(text, "Greet Ada and {{whom}}");
    assert_eq!(troupe.servers().list()["teller"]["command"], "python3");
    let tools = troupe.servers().get_tools("teller").await.unwrap();
    assert_eq!((tools[0].tool_id.as_str(), tools[0].mcp_server_name.as_deref()), ("mcp-teller-tell", Some("teller")));
    let told = troupe.servers().call_tool("teller", "tell", object(json!({"what": "all"}))).await.unwrap();
    assert_eq!(told, "told all");
    assert!(troupe.servers().call_tool("teller", "none", object(json!({}))).await.is_err());
    assert_eq!(troupe.tools().list_by_type("mcp").await.len(), 1);
    assert!(troupe.tools().get("function-add").await.is_some_and(|tool| tool.tool_type == "function"));
    assert_eq!(troupe.servers().remove("teller").await.unwrap(), ["mcp-teller-tell"]);
    troupe.models().remove("mine").await.unwrap();
    troupe.templates().delete("greeting").await.unwrap();
    assert_eq!((troupe.models().list().await, troupe.templates().list()), (vec![], vec![]));
    assert!(troupe.models().remove("mine").await.is_err());
    assert!(troupe.tools().remove("function-add").await.is_err());
    troupe.close().await;
}

#[tokio::test]
async fn a_skill_is_loaded_read_and_its_steps_are_run_one_after_the_other() {
    let answer = Rule::text("So: {{last_user}}");
    let (data, server) = (tempfile::tempdir().unwrap(), ModelServer::start(Scenario::of([answer])).await.unwrap());
    let troupe = open(data.path()).await;
    let skills = data.path().join("skills");
    for (name, text) in [("good", "---\nname: good\ndescription: Good\n---\nDo good."), ("bad", "nothing")] {
        std::fs::create_dir_all(skills.join(name)).unwrap();
        std::fs::write(skills.join(name).join("SKILL.md"), text).unwrap();
    }
    let loaded = troupe.skills().load_skills_dir(&skills).await.unwrap();
    assert!(loaded[0].1.is_err(), "{loaded:?}");
    assert_eq!(loaded[1].1.as_deref(), Ok("skill-good"));
    assert_eq!(troupe.skills().get_skill_body("skill-good").await.unwrap(), "Do good.");
    assert_eq!(troupe.skills().get_skill_dir("skill-good").await, Some(skills.join("good").canonicalize().unwrap()));
    assert!(troupe.skills().is_skill("skill-good").await && !troupe.skills().is_skill("add").await);
    let refused = troupe.skills().execute_skill("skill-good", object(json!({}))).await.unwrap_err();
    assert!(refused.to_string().contains("no steps"), "{refused}");

    let base = format!("{}/v1", server.base_url());
    let model = json!({"model_id": "mine", "api_base": base, "model_name": "any"});
    troupe.models().register(model).await.unwrap();
    let manifest = "apiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {name: shout}\nspec:\n  description: Shouts\n  \
                    parameters: {type: object, properties: {text: {type: string}}}\n  template: {text: '{{text}}!'}\n";
    std::fs::write(data.path().join("resources/shout.yaml"), manifest).unwrap();
    troupe.app().catalog.reload().await;
    let steps = json!([
        {"type": "tool", "target": "shout", "args_mapping": {"text": "{{what}}"}},
        {"type": "inference", "model_id": "mine", "prompt_template": "Say {{prev_result}}"},
        {"type": "tool", "target": "shout", "args_mapping": {"text": "prev_result"}},
    ]);
    let skill = json!({
        "tool_id": "skill-stepped", "tool_type": "skill", "name": "stepped", "description": "Has steps",
        "parameters": {}, "skill_dir": skills.join("good").display().to_string(), "steps": steps,
    });
    troupe.tools().register(skill).await.unwrap();
    let result = troupe.skills().execute_skill("skill-stepped", object(json!({"what": "hello"}))).await.unwrap();
    assert_eq!(result, "So: Say hello!!");
    troupe.models().remove("mine").await.unwrap();
    let failed = troupe.skills().execute_skill("skill-stepped", object(json!({}))).await.unwrap_err();
    assert!(failed.to_string().starts_with("steps[1]: "), "{failed}");
    troupe.close().await;
}

#[tokio::test]
async fn a_session_is_seen_in_turns_in_words_and_in_numbers() {
    let (data, server) = (tempfile::tempdir().unwrap(), server().await);
    let troupe = open(data.path()).await;
    let asked = InferenceRequest { session_id: Some("new".to_owned()), ..question(&server) };
    let session = troupe.infer(asked).await.unwrap().session.unwrap();
    let session = troupe.session(&session);
    assert_eq!(session.messages().await.unwrap().len(), 4);
    let numbers = session.snapshot().await.unwrap();
    assert_eq!((numbers.total_turns, numbers.summarized_turns, numbers.recent_window_size), (4, 0, 4));
    assert!(session.context().await.unwrap().memory.entries.is_empty());
    let artifact = session.store_artifact("sums.csv", "1,2,3\n".into()).await.unwrap();
    assert_eq!(artifact.name, "artifact-sums.csv");
    assert_eq!(troupe.app().session_artifact(&artifact.hash).await.unwrap().as_deref(), Some(&b"1,2,3\n"[..]));
    assert!(troupe.session("none").snapshot().await.is_err());
    troupe.close().await;
}
