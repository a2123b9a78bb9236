//! Servers that speak the providers' formats and that we did not write: LiteLLM's proxy and `@copilotkit/aimock`.
//!
//! `tests/peers/install.sh` installs them; without it these tests are skipped and say so.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::TaskTracker;
use troupe_core::message::Message;
use troupe_core::model::{FinishReason, ModelRequest, ModelSnapshot, Protocol};
use troupe_core::tool::ToolSpec;
use troupe_model_server::{ModelServer, Role, Rule, When};

use crate::setup::{KEY, PROTOCOLS, ask, asking, model_at, models, server, with_key};

/// A server that was started; killed when it is dropped.
struct Peer {
    /// Where it listens, without a path.
    url: String,
    _process: Child,
    _files: TempDir,
}

/// A program of the peers' folder; `None`, said aloud, where it is not installed.
fn installed(program: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TROUPE_PEERS").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/troupe/peers")))?;
    let path = folder.join(program);
    if !path.exists() {
        println!("skipped: {} is not there; tests/peers/install.sh installs it", path.display());
        return None;
    }
    Some(path)
}

/// Starts a program, and reads what it prints until `ready` finds its address in a line.
async fn started(mut command: Command, files: TempDir, ready: impl Fn(&str) -> Option<String>) -> Peer {
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the peer starts");
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut errors = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let found = tokio::time::timeout(Duration::from_mins(4), async {
        loop {
            let line = tokio::select! {
                Ok(Some(line)) = output.next_line() => line,
                Ok(Some(line)) = errors.next_line() => line,
                else => panic!("the peer ended: {said}"),
            };
            if let Some(url) = ready(&line) {
                return url;
            }
            said.push_str(&line);
            said.push('\n');
        }
    });
    let url = found.await.expect("the peer does not become ready");
    // What it prints later is read, too, so that it never blocks on a full pipe.
    let drains = TaskTracker::new();
    drains.spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
    drains.spawn(async move { while let Ok(Some(_)) = errors.next_line().await {} });
    Peer { url, _process: process, _files: files }
}

/// The first address in a line.
fn address(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let url = &line[start..];
    let end = url.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(url.len());
    Some(url[..end].trim_end_matches('/').to_owned())
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn weather() -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    ToolSpec { name: "get_weather".to_owned(), description: "Tells the weather.".to_owned(), parameters }
}

async fn aimock() -> Option<Peer> {
    let program = installed("node/node_modules/.bin/llmock")?;
    let long = "a text that is long enough to come in more than one piece";
    let fixtures = json!({"fixtures": [
        {
            "match": {"userMessage": "weather", "hasToolResult": false},
            "response": {
                "content": "I look.",
                "reasoning": "Hm.",
                "toolCalls": [
                    {"name": "get_weather", "arguments": {"city": "Oslo"}},
                    {"name": "get_weather", "arguments": {"city": "Zürich"}},
                ],
            },
        },
        {"match": {"userMessage": "weather", "hasToolResult": true}, "response": {"content": "It is sunny, says the tool."}},
        {"match": {"userMessage": "limit"}, "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429}},
        {"match": {"userMessage": "drop"}, "response": {"content": "x"}, "chaos": {"dropRate": 1}},
        {"match": {"userMessage": "malformed"}, "response": {"content": "x"}, "chaos": {"malformedRate": 1}},
        {"match": {"userMessage": "disconnect"}, "response": {"content": long}, "chaos": {"disconnectRate": 1}},
        {"match": {"userMessage": "truncate"}, "response": {"content": long}, "truncateAfterChunks": 2},
    ]});
    let files = TempDir::new().unwrap();
    let path = write(files.path(), "fixtures.json", &fixtures.to_string());
    let mut command = Command::new(program);
    command.args(["--port", "0", "--fixtures"]).arg(path);
    Some(started(command, files, address).await)
}

fn aimock_model(peer: &Peer, protocol: Protocol) -> ModelSnapshot {
    let version = if protocol == Protocol::Ollama { "" } else { "/v1" };
    model_at(protocol, format!("{}{version}", peer.url))
}

#[tokio::test]
async fn aimock_thinks_calls_tools_and_reads_their_results() {
    let Some(peer) = aimock().await else { return };
    let models = models();
    for protocol in PROTOCOLS {
        let mut request = ModelRequest {
            tools: Arc::new([weather()]),
            ..asking(aimock_model(&peer, protocol), "What is the weather?")
        };
        let answer = ask(&models, request.clone()).await;
        assert_eq!(answer.error, None, "{protocol:?}");
        assert_eq!((answer.text.as_str(), answer.thinking.as_str()), ("I look.", "Hm."), "{protocol:?}");
        assert_eq!(answer.finish, Some(FinishReason::ToolCalls), "{protocol:?}");
        let cities: Vec<_> = answer.calls.iter().map(|call| call.arguments()["city"].clone()).collect();
        assert_eq!(cities, ["Oslo", "Zürich"], "{protocol:?}");
        assert!(answer.usage.unwrap().total() > 0, "{protocol:?}");
        request.messages.push(answer.message());
        let results = answer.calls.iter().map(|call| Message::tool_result(&call.id, &call.name, "sunny"));
        request.messages.extend(results);
        let answer = ask(&models, request).await;
        assert_eq!(answer.text, "It is sunny, says the tool.", "{protocol:?}: {:?}", answer.error);
    }
    assert!(!models.list(&Arc::new(aimock_model(&peer, Protocol::OpenAI))).await.unwrap().is_empty());
}

#[tokio::test]
async fn aimocks_faults_end_in_errors_that_say_what_happened() {
    let Some(peer) = aimock().await else { return };
    let models = models();
    let cases = [
        ("limit", "429", true),
        ("drop", "500", true),
        ("malformed", "PARSE_ERROR", false),
        ("disconnect", "CONNECTION_ERROR", true),
        ("truncate", "CONNECTION_ERROR", true),
    ];
    for (asked, code, retryable) in cases {
        for protocol in PROTOCOLS {
            let answer = ask(&models, asking(aimock_model(&peer, protocol), asked)).await;
            let error = answer.error.unwrap_or_else(|| panic!("{protocol:?} {asked} succeeds: {:?}", answer.text));
            assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{protocol:?} {asked}: {error}");
            assert_eq!(error.retry_after_ms, (asked == "limit").then_some(1000), "{protocol:?} {asked}");
        }
    }
}

/// LiteLLM's proxy: mocks of its own, and the scripted server behind it, so that it translates.
async fn litellm(upstream: &ModelServer) -> Option<Peer> {
    let program = installed("python/bin/litellm")?;
    let mock = |name: &str, response: &str| {
        let parameters = json!({"model": "openai/gpt-4o", "api_key": "none", "mock_response": response});
        json!({"model_name": name, "litellm_params": parameters})
    };
    let base = format!("{}/v1", upstream.base_url());
    let config = json!({
        "model_list": [
            mock("words", "Grüße from the proxy, in several words."),
            mock("limited", "litellm.RateLimitError"),
            mock("broken", "litellm.InternalServerError"),
            {"model_name": "scripted", "litellm_params": {"model": "openai/scripted", "api_key": "none", "api_base": base}},
        ],
        "litellm_settings": {
            "num_retries": 0,
            "telemetry": false,
            // It would ask for OpenAI's responses, which the scripted server does not speak.
            "use_chat_completions_url_for_anthropic_messages": true,
        },
        "general_settings": {"master_key": KEY},
    });
    let files = TempDir::new().unwrap();
    // JSON is YAML.
    let path = write(files.path(), "config.yaml", &config.to_string());
    // It cannot choose a port by itself, so a free one is found for it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(path);
    // It would fetch prices from the internet.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("NO_PROXY", "127.0.0.1");
    Some(started(command, files, |line| if line.contains("Uvicorn running") { address(line) } else { None }).await)
}

fn litellm_model(peer: &Peer, protocol: Protocol, model: &str) -> ModelSnapshot {
    let snapshot = with_key(model_at(protocol, format!("{}/v1", peer.url)));
    ModelSnapshot { model: model.to_owned(), ..snapshot }
}

#[tokio::test]
async fn litellm_answers_translates_and_fails_in_both_of_its_languages() {
    let upstream = server([
        Rule::call("get_weather", json!({"city": "Oslo"}))
            .when(When { last_role: Some(Role::User), ..When::default() }),
        Rule::text("It is {{last_tool}} in Oslo."),
    ])
    .await;
    let Some(peer) = litellm(&upstream).await else { return };
    let models = models();
    for protocol in [Protocol::OpenAI, Protocol::Anthropic] {
        let answer = ask(&models, asking(litellm_model(&peer, protocol, "words"), "Hi")).await;
        assert_eq!(answer.text, "Grüße from the proxy, in several words.", "{protocol:?}: {:?}", answer.error);
        assert!(!answer.usage.unwrap().estimated, "{protocol:?}");

        let model = litellm_model(&peer, protocol, "scripted");
        let mut request = ModelRequest { tools: Arc::new([weather()]), ..asking(model, "Weather?") };
        let answer = ask(&models, request.clone()).await;
        assert_eq!((answer.error.clone(), answer.finish), (None, Some(FinishReason::ToolCalls)), "{protocol:?}");
        assert_eq!(answer.calls[0].arguments()["city"], "Oslo", "{protocol:?}: {:?}", answer.calls);
        request.messages.push(answer.message());
        request.messages.push(Message::tool_result(&answer.calls[0].id, "get_weather", "sunny"));
        let answer = ask(&models, request).await;
        assert_eq!(answer.text, "It is sunny in Oslo.", "{protocol:?}: {:?}", answer.error);

        for (name, code, retryable) in [("limited", "429", true), ("broken", "500", true), ("unknown", "400", false)] {
            let error = ask(&models, asking(litellm_model(&peer, protocol, name), "Hi")).await.error.unwrap();
            assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{protocol:?} {name}: {error}");
        }
    }
    let names = models.list(&Arc::new(litellm_model(&peer, Protocol::OpenAI, "words"))).await.unwrap();
    assert!(names.contains(&"words".to_owned()), "{names:?}");
}
