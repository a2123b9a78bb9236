//! The library: closures as tools, whole and streamed answers, without a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

use futures::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use troupe_model_server::{ModelServer, Role, Rule, Scenario, When};
use troupe_runtime::library::{Streamed, Troupe};
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
