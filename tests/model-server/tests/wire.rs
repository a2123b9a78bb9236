//! Golden files: one reply of thinking, text and two calls, in each protocol, streamed and not; models; the key; the pace.

use regex::Regex;
use serde_json::{Value, json};
use troupe_model_server::{ModelServer, Pace, Reply, Rule, Scenario, ToolCall, Usage};

use crate::client::{Seen, post};

pub(crate) const OPENAI: &str = "/v1/chat/completions";
pub(crate) const ANTHROPIC: &str = "/v1/messages";
pub(crate) const OLLAMA: &str = "/api/chat";

fn everything() -> Reply {
    Reply {
        thinking: Some("Let me see.".to_owned()),
        text: Some("Two tools, one answer.".to_owned()),
        tool_calls: vec![
            ToolCall {
                name: "get_weather".to_owned(),
                arguments: json!({"city": "Oslo", "asked": "{{last_user}}"}),
                fragment: Some(16),
                ..ToolCall::default()
            },
            ToolCall { id: Some("call_fixed".to_owned()), name: "now".to_owned(), ..ToolCall::default() },
        ],
        usage: Some(Usage { input: 100, output: 20, cached_input: 60, cache_write: 10, reasoning: 5 }),
        ..Reply::default()
    }
}

pub(crate) fn asking(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "Say \"hi\""}]})
}

pub(crate) fn anthropic(stream: bool) -> Value {
    let mut body = asking(stream);
    body["max_tokens"] = json!(4096);
    body
}

/// Head and chunks as text, with the time of the server's start taken out.
fn golden(seen: &Seen) -> String {
    assert!(seen.complete, "{seen:?}");
    let created = Regex::new(r#""created":\d+"#).expect("a pattern");
    let body = seen.chunks.join("--- chunk ---\n");
    let content_type = seen.header("content-type").unwrap_or_default();
    format!("{} {content_type}\n\n{}", seen.status, created.replace_all(&body, r#""created":0"#))
}

async fn answers(path: &str, plain: &Value, stream: &Value) -> [String; 2] {
    let server = ModelServer::start(Scenario::of([everything().into()])).await.expect("a server");
    [golden(&post(&server, path, plain).await), golden(&post(&server, path, stream).await)]
}

#[tokio::test]
async fn openai_answers_in_its_format() {
    let mut stream = asking(true);
    stream["stream_options"] = json!({"include_usage": true});
    let [plain, stream] = answers(OPENAI, &asking(false), &stream).await;
    insta::assert_snapshot!("openai_plain", plain);
    insta::assert_snapshot!("openai_stream", stream);
}

#[tokio::test]
async fn openai_sends_usage_in_a_stream_only_when_asked() {
    let server = ModelServer::start(Scenario::of([Rule::text("hi")])).await.expect("a server");
    let body = post(&server, OPENAI, &asking(true)).await.body();
    assert!(!body.contains("usage"), "{body}");
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
}

#[tokio::test]
async fn anthropic_answers_in_its_format() {
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let (mut plain, mut stream) = (anthropic(false), anthropic(true));
    plain["thinking"] = thinking.clone();
    stream["thinking"] = thinking;
    let [plain, stream] = answers(ANTHROPIC, &plain, &stream).await;
    insta::assert_snapshot!("anthropic_plain", plain);
    insta::assert_snapshot!("anthropic_stream", stream);
}

#[tokio::test]
async fn anthropic_thinks_only_when_thinking_is_enabled() {
    let server = ModelServer::start(Scenario::of([everything().into()])).await.expect("a server");
    let body = post(&server, "/messages", &anthropic(true)).await.body();
    assert!(!body.contains("thinking"), "{body}");
}

#[tokio::test]
async fn ollama_answers_in_its_format_and_streams_by_default() {
    let mut stream = asking(true);
    stream.as_object_mut().expect("an object").remove("stream");
    let [plain, stream] = answers(OLLAMA, &asking(false), &stream).await;
    insta::assert_snapshot!("ollama_plain", plain);
    insta::assert_snapshot!("ollama_stream", stream);
}

#[tokio::test]
async fn a_paced_stream_is_a_chunk_per_delta_and_an_unpaced_one_is_a_single_chunk() {
    let pace = Pace { first_token_ms: 1, between_ms: 1, characters: 2, ..Pace::default() };
    let server = ModelServer::start(Scenario::of([
        Rule::text("abcdef").paced(pace).times(1),
        Rule::text("abcdef").paced(Pace { characters: 2, ..Pace::default() }),
    ]))
    .await
    .expect("a server");
    let paced = post(&server, OPENAI, &asking(true)).await;
    let unpaced = post(&server, OPENAI, &asking(true)).await;
    let texts: Vec<bool> = ["\"ab\"", "\"cd\"", "\"ef\"", "[DONE]"]
        .iter()
        .zip(&paced.chunks)
        .map(|(text, chunk)| chunk.contains(text))
        .collect();
    assert_eq!(texts, [true; 4], "{paced:?}");
    assert_eq!(unpaced.chunks.len(), 1, "{unpaced:?}");
    let content = |seen: &Seen| {
        let body = seen.body();
        let deltas = body.lines().filter_map(|line| line.split_once("\"delta\":")).map(|(_, delta)| delta.to_owned());
        deltas.collect::<Vec<_>>()
    };
    assert_eq!(content(&paced), content(&unpaced));
}

#[tokio::test]
async fn a_fixed_answer_is_the_same_from_kept_bytes() {
    let reply = Reply { usage: Some(Usage { input: 3, output: 1, ..Usage::default() }), ..Reply::text("hi there") };
    let server = ModelServer::start(Scenario::of([reply.into()])).await.expect("a server");
    let (first, second) = (post(&server, OPENAI, &asking(true)).await, post(&server, OPENAI, &asking(true)).await);
    assert_eq!(golden(&first), golden(&second));
    let plain = post(&server, OPENAI, &asking(false)).await;
    assert_eq!(plain.json()["choices"][0]["message"]["content"], "hi there");
    let other = json!({"model": "other", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(post(&server, OPENAI, &other).await.json()["model"], "other");
}
