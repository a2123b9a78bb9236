//! Answers that come: every protocol gives the same events for the same script, and sends what its provider accepts.

use std::sync::Arc;

use serde_json::json;
use troupe_core::message::{Media, Message};
use troupe_core::model::{ConfigValue, FinishReason, ModelRequest, NamedValue, Protocol, SecretRef};
use troupe_core::tool::ToolSpec;
use troupe_model_server::{Fault, Finish, Pace, Reply, Role, Rule, Scenario, ToolCall, Usage, When};

use crate::setup::{Answer, KEY, PROTOCOLS, ask, asking, model, models, server, with_key};

fn weather() -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    ToolSpec { name: "get_weather".to_owned(), description: "Tells the weather.".to_owned(), parameters }
}

#[tokio::test]
async fn text_comes_with_its_counts() {
    let usage = Usage { input: 40, output: 7, cached_input: 30, ..Usage::default() };
    let reply = Reply { text: Some("Grüße, 世界!\nTwo lines.".to_owned()), usage: Some(usage), ..Reply::default() };
    let server = server([Rule::from(reply)]).await;
    let models = models();
    for protocol in PROTOCOLS {
        let answer = ask(&models, asking(model(protocol, &server), "Hi")).await;
        assert_eq!(answer.text, "Grüße, 世界!\nTwo lines.", "{protocol:?}");
        assert_eq!(answer.finish, Some(FinishReason::Stop));
        let usage = answer.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.estimated), (40, 7, false), "{protocol:?}");
        assert_eq!(usage.cached_tokens, if protocol == Protocol::Ollama { 0 } else { 30 });
    }
}

/// Two rounds with two calls; the scripted server checks, as strictly as the providers, what comes back in the second.
#[tokio::test]
async fn a_turn_with_thinking_and_calls_goes_there_and_back() {
    let call = |city: &str| ToolCall {
        name: "get_weather".to_owned(),
        arguments: json!({"city": city}),
        ..ToolCall::default()
    };
    let first = Reply {
        thinking: Some("I must look, twice.".to_owned()),
        text: Some("I look.".to_owned()),
        tool_calls: vec![call("Oslo"), call("Zürich")],
        ..Reply::default()
    };
    let server = server([
        Rule::from(first).when(When { last_role: Some(Role::User), ..When::default() }),
        Rule::text("It is {{last_tool}}."),
    ])
    .await;
    let models = models();
    for protocol in PROTOCOLS {
        let mut request = ModelRequest { tools: Arc::new([weather()]), ..asking(model(protocol, &server), "Weather?") };
        if protocol == Protocol::Anthropic {
            request.parameters.insert("thinking".to_owned(), json!({"type": "enabled", "budget_tokens": 1024}));
        }
        let answer = ask(&models, request.clone()).await;
        assert_eq!(
            (answer.thinking.as_str(), answer.text.as_str()),
            ("I must look, twice.", "I look."),
            "{protocol:?}"
        );
        assert_eq!(answer.finish, Some(FinishReason::ToolCalls), "{protocol:?}");
        let cities: Vec<_> = answer.calls.iter().map(|call| call.arguments()["city"].clone()).collect();
        assert_eq!(cities, ["Oslo", "Zürich"]);
        request.messages.push(answer.message());
        for call in &answer.calls {
            request.messages.push(Message::tool_result(&call.id, &call.name, "sunny"));
        }
        let answer = ask(&models, request).await;
        assert_eq!(answer.text, "It is sunny.", "{protocol:?}: {:?}", answer.error);
    }
}

#[tokio::test]
async fn images_and_a_recording_are_accepted_where_they_can_be_sent() {
    let server = server([Rule::text("I see.")]).await;
    let models = models();
    let image = || vec![Media { mime: "image/png".to_owned(), data: "iVBORw0KGgo=".to_owned() }];
    for protocol in PROTOCOLS {
        let mut request = asking(model(protocol, &server), "What is this?");
        request.messages[0].images = image();
        assert_eq!(ask(&models, request.clone()).await.text, "I see.", "{protocol:?}");
        request.messages[0].audio = Some(Media { mime: "audio/wav".to_owned(), data: "UklGRg==".to_owned() });
        let answer = ask(&models, request).await;
        if protocol == Protocol::OpenAI {
            assert_eq!(answer.text, "I see.");
        } else {
            let error = answer.error.unwrap();
            assert_eq!((error.code.as_str(), error.retryable), ("REQUEST_ERROR", false));
            assert!(error.message.contains("\"assistant\"") && error.message.contains("audio"), "{error}");
        }
    }
}

#[tokio::test]
async fn keys_headers_and_request_ids_are_sent() {
    let server = server([Rule::text("Hi.")]).await;
    let models = models();
    for protocol in PROTOCOLS {
        let mut model = with_key(model(protocol, &server));
        let secret = SecretRef::Key { name: "provider".to_owned(), key: "key".to_owned() };
        model.headers = vec![
            NamedValue { name: "X-Team".to_owned(), value: ConfigValue::Plain("blue".to_owned()) },
            NamedValue { name: "X-Token".to_owned(), value: ConfigValue::Secret(secret) },
        ];
        let request = ModelRequest { request_id: Some("req-1".to_owned()), ..asking(model, "Hi") };
        assert_eq!(ask(&models, request).await.text, "Hi.");
        let sent = server.requests().pop().unwrap();
        let (name, value) = match protocol {
            Protocol::Anthropic => ("x-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        assert_eq!(sent.header(name), value);
        let others = ["x-team", "x-token", "x-request-id", "content-type"].map(|name| sent.header(name));
        assert_eq!(others, ["blue", KEY, "req-1", "application/json"]);
    }
}

#[tokio::test]
async fn calls_one_after_another_use_the_same_connections() {
    let server = server([Rule::text("A few words of text.").paced(Pace { between_ms: 1, ..Pace::default() })]).await;
    let models = models();
    for _ in 0..10 {
        assert_eq!(ask(&models, asking(model(Protocol::OpenAI, &server), "Hi")).await.finish, Some(FinishReason::Stop));
    }
    // The pool opens a spare one when a call begins before the last one's connection is back, but never one per call.
    let accepted = server.connections().accepted;
    assert!(accepted <= 3, "{accepted} connections for 10 calls");
}

#[tokio::test]
async fn the_reason_of_the_end_is_told() {
    let models = models();
    let finishes = [
        (Finish::Stop, FinishReason::Stop),
        (Finish::Length, FinishReason::Length),
        (Finish::ContentFilter, FinishReason::ContentFilter),
    ];
    for (scripted, expected) in finishes {
        let reply = Reply { finish: Some(scripted), ..Reply::text("So far") };
        let server = server([Rule::from(reply)]).await;
        for protocol in [Protocol::OpenAI, Protocol::Anthropic] {
            let answer = ask(&models, asking(model(protocol, &server), "Hi")).await;
            assert_eq!(answer.finish, Some(expected), "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn a_right_body_under_a_wrong_content_type_is_understood() {
    let server =
        server([Rule::text("Right.").failing(Fault::ContentType("application/octet-stream".to_owned()))]).await;
    let models = models();
    for protocol in PROTOCOLS {
        assert_eq!(ask(&models, asking(model(protocol, &server), "Hi")).await.text, "Right.", "{protocol:?}");
    }
}

#[tokio::test]
async fn a_megabyte_in_one_piece_is_an_answer() {
    let server = server([Rule::fault(Fault::Huge { bytes: 1 << 20 })]).await;
    let models = models();
    for protocol in PROTOCOLS {
        let answer = ask(&models, asking(model(protocol, &server), "Hi")).await;
        assert_eq!((answer.text.len(), answer.error), (1 << 20, None), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_to_count_is_asked_without() {
    let body = r#"{"error":{"message":"Unrecognized request argument supplied: stream_options"}}"#.to_owned();
    let refusal = Fault::Raw { status: 400, content_type: "application/json".to_owned(), body };
    let server = server([Rule::fault(refusal).times(1), Rule::text("Uncounted.")]).await;
    let models = models();
    for _ in 0..2 {
        let answer: Answer = ask(&models, asking(model(Protocol::OpenAI, &server), "Hi")).await;
        assert_eq!(answer.text, "Uncounted.");
        assert!(answer.usage.unwrap().estimated);
    }
    let asked: Vec<bool> = server.requests().iter().map(|sent| sent.json()["stream_options"].is_object()).collect();
    assert_eq!(asked, [true, false, false], "it is asked once, and remembered");
}

#[tokio::test]
async fn models_are_listed() {
    let scenario = Scenario { models: vec!["scripted".to_owned(), "other".to_owned()], ..Scenario::default() };
    let server = troupe_model_server::ModelServer::start(scenario).await.unwrap();
    let models = models();
    for protocol in PROTOCOLS {
        let names = models.list(&Arc::new(model(protocol, &server))).await.unwrap();
        assert_eq!(names, ["scripted", "other"], "{protocol:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_by_the_list() {
    let scenario = Scenario { api_key: Some("another".to_owned()), ..Scenario::default() };
    let server = troupe_model_server::ModelServer::start(scenario).await.unwrap();
    for protocol in [Protocol::OpenAI, Protocol::Anthropic] {
        let error = models().list(&Arc::new(with_key(model(protocol, &server)))).await.unwrap_err();
        assert_eq!(error.code, "401", "{error}");
    }
}
