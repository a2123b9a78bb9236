//! Golden files: each input through each protocol's `convert`, as the JSON that goes over the wire.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use troupe_core::message::{Media, Message, Role};
use troupe_core::model::{ModelLimits, ModelRequest, ModelSnapshot, Protocol, Trust};
use troupe_core::tool::{ToolCall, ToolSpec};

use crate::protocol::{Options, wire};

const PROTOCOLS: [Protocol; 3] = [Protocol::OpenAI, Protocol::Anthropic, Protocol::Ollama];

fn model(protocol: Protocol) -> ModelSnapshot {
    ModelSnapshot {
        name: "assistant".to_owned(),
        id: "assistant".to_owned(),
        protocol,
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        trust: Trust::Literal,
        model: "scripted".to_owned(),
        api_key: None,
        headers: Vec::new(),
        ca: None,
        multimodal: true,
        parameters: Map::new(),
        timeout_ms: None,
        first_token_timeout_ms: None,
        max_attempts: 1,
        initial_backoff_ms: 0,
        limits: ModelLimits::default(),
        context_window: None,
        pricing: None,
    }
}

fn request(messages: Vec<Message>) -> ModelRequest {
    ModelRequest {
        model: Arc::new(model(Protocol::OpenAI)),
        messages,
        tools: Arc::new([]),
        parameters: Map::new(),
        output_schema: None,
        tool_choice: None,
        request_id: None,
    }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn calling(content: &str, tool_calls: Vec<ToolCall>) -> Message {
    Message { tool_calls, ..Message::assistant(content) }
}

fn weather() -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    ToolSpec { name: "get_weather".to_owned(), description: "Tells the weather.".to_owned(), parameters }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn body(protocol: Protocol, request: &ModelRequest, options: Options) -> Result<Value, String> {
    let request = ModelRequest { model: Arc::new(model(protocol)), ..request.clone() };
    let body = wire(protocol).unwrap().body(&request, options)?;
    Ok(serde_json::from_slice(&body).unwrap())
}

/// One golden file: the input as each protocol writes it.
macro_rules! golden {
    ($name:literal, $request:expr) => {{
        let request = $request;
        for protocol in PROTOCOLS {
            let body = body(protocol, &request, Options { include_usage: true });
            insta::assert_json_snapshot!(format!("{}_{protocol:?}", $name), body);
        }
    }};
}

#[test]
fn a_conversation_with_system_messages_in_its_middle() {
    golden!(
        "conversation",
        request(vec![
            Message::system("Be brief."),
            Message::user("Hello"),
            Message { name: Some("helper".to_owned()), ..Message::assistant("Hi") },
            Message::system("Speak French."),
            Message { name: Some("Zoë".to_owned()), ..Message::user("Again") },
            Message::user("And again"),
        ])
    );
}

#[test]
fn tool_calls_and_their_results() {
    let calls = vec![call("call_1", "get_weather", "{\"city\": \"Oslo\"}"), call("functions.f:1", "now", "{bro")];
    let failed = Message { is_error: true, ..Message::tool_result("functions.f:1", "now", "Error: no clock") };
    golden!(
        "tools",
        ModelRequest {
            tools: Arc::new([
                weather(),
                ToolSpec { name: "now".to_owned(), description: String::new(), parameters: json!({}) },
            ]),
            tool_choice: Some(json!("required")),
            parameters: map(json!({"parallel_tool_calls": false})),
            ..request(vec![
                Message::user("Weather and time?"),
                calling("", calls),
                Message::tool_result("call_1", "get_weather", "sunny"),
                failed,
                Message::user("Go on."),
            ])
        }
    );
}

#[test]
fn results_that_come_after_another_message_still_lead_their_turn() {
    golden!(
        "late_results",
        ModelRequest {
            tools: Arc::new([weather()]),
            ..request(vec![
                Message::user("Weather?"),
                calling("I look.", vec![call("a", "get_weather", "{}"), call("b", "get_weather", "")]),
                Message::tool_result("a", "get_weather", "sunny"),
                Message::system("Be brief."),
                Message::tool_result("b", "get_weather", ""),
            ])
        }
    );
}

#[test]
fn a_demanded_tool_among_others() {
    golden!(
        "tool_choice",
        ModelRequest {
            tools: Arc::new([
                weather(),
                ToolSpec { name: "other".to_owned(), description: "Other.".to_owned(), parameters: json!(null) },
            ]),
            tool_choice: Some(json!({"type": "function", "function": {"name": "get_weather"}})),
            ..request(vec![Message::user("Weather?")])
        }
    );
}

#[test]
fn no_tools_no_choice() {
    golden!(
        "no_tools",
        ModelRequest {
            tool_choice: Some(json!("auto")),
            parameters: map(json!({"tool_choice": "auto", "parallel_tool_calls": true})),
            ..request(vec![Message::user("Hi")])
        }
    );
}

#[test]
fn images_of_users_and_of_tools() {
    let image = |data: &str| Media { mime: "image/png".to_owned(), data: data.to_owned() };
    let shown = Message { images: vec![image("dG9vbA==")], ..Message::tool_result("a", "look", "A picture.") };
    golden!(
        "images",
        ModelRequest {
            tools: Arc::new([ToolSpec {
                name: "look".to_owned(),
                description: "Looks.".to_owned(),
                parameters: json!({})
            }]),
            ..request(vec![
                Message { images: vec![image("b25l"), image("dHdv")], ..Message::user("What is this?") },
                calling("", vec![call("a", "look", "{}")]),
                shown,
                Message { images: vec![image("dGhyZWU=")], ..Message::user("") },
            ])
        }
    );
}

#[test]
fn audio_where_the_protocol_has_it() {
    let audio = |mime: &str| Some(Media { mime: mime.to_owned(), data: "UklGRg==".to_owned() });
    golden!(
        "audio",
        request(vec![
            Message { audio: audio("audio/x-wav"), ..Message::user("Listen.") },
            Message { audio: audio("audio/mpeg"), ..Message::user("") },
        ])
    );
}

#[test]
fn parameters_go_where_the_protocol_has_them() {
    golden!(
        "parameters",
        ModelRequest {
            parameters: map(json!({
                "temperature": 0.5,
                "max_completion_tokens": 100,
                "think": true,
                "keep_alive": "5m",
                "options": {"num_ctx": 8192, "temperature": 0.1},
                "stop": null,
                "stream": false,
                "model": "another",
                "tools": [{"type": "web_search_20250305", "name": "web_search"}],
            })),
            ..request(vec![Message::user("Hi")])
        }
    );
}

#[test]
fn an_answer_of_a_schema() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    golden!("schema", ModelRequest { output_schema: Some(schema), ..request(vec![Message::user("A number.")]) });
}

#[test]
fn an_answer_of_a_schema_with_tools() {
    let schema = json!({"type": "object"});
    golden!(
        "schema_with_tools",
        ModelRequest {
            output_schema: Some(schema),
            tools: Arc::new([weather()]),
            ..request(vec![Message::user("A number.")])
        }
    );
}

#[test]
fn thinking_goes_back_where_it_is_proven() {
    let thinking = |signature: Option<&str>, message: Message| Message {
        thinking: Some("Hm. So.".to_owned()),
        thinking_signature: signature.map(str::to_owned),
        ..message
    };
    let several =
        r#"[{"signed":{"length":3,"signature":"one"}},{"redacted":"xyz"},{"signed":{"length":4,"signature":"two"}}]"#;
    golden!(
        "thinking",
        ModelRequest {
            tools: Arc::new([weather()]),
            parameters: map(json!({"thinking": {"type": "enabled", "budget_tokens": 2048}})),
            ..request(vec![
                Message::user("Weather?"),
                thinking(None, Message::assistant("Unproven.")),
                Message::user("Weather?"),
                thinking(Some(several), Message::assistant("Several.")),
                Message::user("Weather?"),
                thinking(Some("proof"), calling("", vec![call("a", "get_weather", "{}")])),
                Message::tool_result("a", "get_weather", "sunny"),
            ])
        }
    );
}

#[test]
fn thinking_is_off_in_a_turn_that_another_model_began() {
    let request = ModelRequest {
        tools: Arc::new([weather()]),
        parameters: map(json!({"thinking": {"type": "enabled", "budget_tokens": 2048}})),
        ..request(vec![
            Message::user("Weather?"),
            calling("", vec![call("a", "get_weather", "{}")]),
            Message::tool_result("a", "get_weather", "sunny"),
        ])
    };
    let body = body(Protocol::Anthropic, &request, Options { include_usage: true }).unwrap();
    assert_eq!(body.get("thinking"), None);
}

#[test]
fn a_greeting_first_and_an_answer_to_continue_last() {
    golden!(
        "edges",
        request(vec![
            Message::assistant("Welcome!"),
            Message::user("  "),
            Message::user("Sing."),
            Message::assistant("La la \n")
        ])
    );
}

#[test]
fn counts_are_not_asked_for_where_that_is_refused() {
    let request = ModelRequest {
        parameters: map(json!({"stream_options": {"include_usage": true}})),
        ..request(vec![Message::user("Hi")])
    };
    let body = body(Protocol::OpenAI, &request, Options { include_usage: false }).unwrap();
    assert_eq!(body.get("stream_options"), None);
}

#[test]
fn every_role_has_its_name() {
    // The wire names of roles are the core's serialization of them: OpenAI's and Ollama's depend on it.
    let names = [Role::System, Role::User, Role::Assistant, Role::Tool].map(|role| json!(role));
    assert_eq!(names, ["system", "user", "assistant", "tool"]);
}
