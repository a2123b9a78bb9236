//! The in-process API, the scenario file, and the binary.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use serde_json::json;
use troupe_model_server::{Fault, ModelServer, Pace, Role, Rule, Scenario, ScenarioError, Unmatched, When};

use crate::{
    client::{Call, post},
    wire::{ANTHROPIC, OPENAI, anthropic, asking},
};

const SCENARIO: &str = r#"
models: [small, large]
rules:
  - when: {model: small, last_user_matches: "^weather in (Oslo|Rome)$", last_role: user, tool_offered: get_weather}
    reply:
      thinking: They ask for the weather.
      tool_calls: [{name: get_weather, arguments: {question: "{{last_user}}"}, fragment: 4}]
  - when: {last_role: tool, protocol: OpenAI}
    reply: {text: "The tool says: {{last_tool}}"}
  - times: 1
    fault: {status: {code: 429, retry_after: 2}}
  - when: {number: 5}
    fault: drop
  - when: {stream: true}
    fault: {stall: {}}
  - reply: {text: "{{number}} {{model}} {{unknown}}", finish: length}
"#;

fn weather(last: serde_json::Value) -> serde_json::Value {
    let mut messages = vec![json!({"role": "user", "content": "weather in Oslo"})];
    if !last.is_null() {
        let function = json!({"name": "get_weather", "arguments": "{}"});
        messages
            .push(json!({"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}));
        messages.push(last);
    }
    let function = json!({"name": "get_weather", "parameters": {"type": "object", "properties": {}}});
    json!({"model": "small", "messages": messages, "tools": [{"type": "function", "function": function}]})
}

#[tokio::test]
async fn rules_of_a_file_are_chosen_in_order() {
    let server = ModelServer::start(Scenario::from_yaml(SCENARIO).expect("a scenario")).await.expect("a server");
    let choice = |json: serde_json::Value| json["choices"][0].clone();
    let first = choice(post(&server, OPENAI, &weather(json!(null))).await.json());
    assert_eq!(first["message"]["tool_calls"][0]["function"]["arguments"], r#"{"question":"weather in Oslo"}"#);
    let result = json!({"role": "tool", "tool_call_id": "c", "content": "rain, {{last_user}}"});
    let second = choice(post(&server, OPENAI, &weather(result)).await.json());
    assert_eq!(second["message"]["content"], "The tool says: rain, {{last_user}}");
    let plain = json!({"model": "large", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(post(&server, OPENAI, &plain).await.status, 429);
    let fourth = choice(post(&server, OPENAI, &plain).await.json());
    assert_eq!(
        (&fourth["message"]["content"], &fourth["finish_reason"]),
        (&json!("4 large {{unknown}}"), &json!("length"))
    );
    assert!(Call::post(&server, OPENAI, &plain.to_string()).await.finish().await.is_none());
    let rules: Vec<_> =
        server.requests().iter().map(|request| (request.number, request.rule, request.status)).collect();
    let expected = [(0, Some(200)), (1, Some(200)), (2, Some(429)), (5, Some(200)), (3, None)];
    let expected: Vec<_> = (1..).zip(expected).map(|(n, (rule, status))| (Some(n), Some(rule), status)).collect();
    assert_eq!(rules, expected);
}

#[tokio::test]
async fn requests_are_recorded_whole_and_a_new_scenario_counts_anew() {
    let server = ModelServer::start(Scenario::of([Rule::text("one").times(1)])).await.expect("a server");
    post(&server, ANTHROPIC, &anthropic(false)).await;
    let recorded = server.wait_for_requests(1).await.remove(0);
    assert_eq!(recorded.json(), anthropic(false));
    assert_eq!((recorded.path.as_str(), recorded.header("anthropic-version")), (ANTHROPIC, "2023-06-01"));
    assert_eq!((recorded.number, recorded.connection, recorded.rule), (Some(1), 1, Some(0)));

    server.set_scenario(Scenario { unmatched: Unmatched::Fail, ..Scenario::default() }).expect("a scenario");
    server.clear_requests();
    assert_eq!(post(&server, OPENAI, &asking(false)).await.status, 500);
    assert_eq!(server.requests()[0].number, Some(1));
    assert_eq!(server.connections().accepted, 2);
}

#[tokio::test]
async fn a_held_answer_waits_for_its_release() {
    let hold = |after| Pace { hold_after: Some(after), ..Pace::default() };
    let rules = [1, 9].map(|after| Rule::text("one two three").times(1).paced(hold(after)));
    let server = ModelServer::start(Scenario::of(rules)).await.expect("a server");
    for (held, last) in [(1, "one"), (2, "three")] {
        let mut call = Call::post(&server, OPENAI, &asking(true).to_string()).await;
        call.read_until(last).await;
        server.wait_for_held(held).await;
        assert_eq!((call.has_seen("three"), call.has_seen("[DONE]")), (last == "three", false));
        server.release(1);
        let seen = call.finish().await.expect("an answer");
        assert!(seen.complete && seen.body().contains("three") && seen.body().ends_with("[DONE]\n\n"), "{seen:?}");
    }
}

#[tokio::test]
async fn the_echo_assistant_calls_a_tool_once_and_reports_its_result() {
    let server = ModelServer::start(Scenario::default()).await.expect("a server");
    let schema = json!({"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]});
    let tools = json!([{"name": "bash", "input_schema": schema}]);
    let mut body = json!({
        "model": "m", "max_tokens": 100, "tools": tools,
        "messages": [{"role": "user", "content": "Please use bash to run `ls /tmp`"}],
    });
    let first = post(&server, ANTHROPIC, &body).await.json();
    let call = &first["content"][0];
    assert_eq!((&call["name"], &call["input"]), (&json!("bash"), &json!({"command": "ls /tmp"})));
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": first["content"]}));
    messages.push(json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": "a.txt"}]}]}));
    let second = post(&server, ANTHROPIC, &body).await.json();
    assert_eq!(second["content"][0]["text"], "Here is what the tool answered:\n\na.txt");
    assert_eq!(second["stop_reason"], "end_turn");
}

#[tokio::test]
async fn conditions_that_do_not_hold_leave_the_request_to_the_next_rule() {
    let when = |when: When| Rule::text("no").when(when);
    let server = ModelServer::start(Scenario::of([
        when(When { last_role: Some(Role::Tool), ..When::default() }),
        when(When { tool_offered: Some("f".to_owned()), ..When::default() }),
        when(When { last_user_contains: Some("HI".to_owned()), ..When::default() }),
        when(When { system_contains: Some("x".to_owned()), ..When::default() }),
        when(When { last_tool_contains: Some("x".to_owned()), ..When::default() }),
        when(When { stream: Some(true), ..When::default() }),
        when(When { model: Some("n".to_owned()), ..When::default() }),
        when(When { number: Some(2), ..When::default() }),
        Rule::text("yes"),
    ]))
    .await
    .expect("a server");
    let seen = post(&server, OPENAI, &asking(false)).await.json();
    assert_eq!(seen["choices"][0]["message"]["content"], "yes");
}

#[tokio::test]
async fn the_scenario_of_the_tour_starts_and_begins_with_its_first_rule() {
    let tour = Scenario::from_yaml(include_str!("../scenarios/tour.yaml")).expect("a scenario");
    let server = ModelServer::start(tour).await.expect("a server");
    let body = json!({"model": "large", "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(post(&server, OPENAI, &body).await.status, 429);
    let words = post(&server, OPENAI, &body).await.json();
    assert!(words["choices"][0]["message"]["content"].as_str().expect("words").starts_with("You said: hi"));
}

#[test]
fn a_wrong_scenario_is_refused_with_the_place() {
    let error = Scenario::from_yaml("rules:\n  - reply: {txt: x}\n").expect_err("an unknown field");
    let source = std::error::Error::source(&error).expect("a source").to_string();
    assert!(source.contains("txt") && source.contains("line 2"), "{source}");
    let fault = Scenario::from_yaml("rules: [{fault: {reset: {after: 2}}}, {fault: drop}]").expect("a scenario");
    let faults: Vec<_> = fault.rules.into_iter().filter_map(|rule| rule.fault).collect();
    assert_eq!(faults, [Fault::Reset { after: 2 }, Fault::Drop]);
}

#[tokio::test]
async fn a_wrong_pattern_is_refused_at_the_start() {
    let rule = Rule::text("x").when(When { last_user_matches: Some("(".to_owned()), ..When::default() });
    let server = ModelServer::start(Scenario::default()).await.expect("a server");
    let error = server.set_scenario(Scenario::of([rule])).expect_err("a wrong pattern");
    assert!(matches!(error, ScenarioError::Pattern { rule: 0, .. }), "{error}");
}

#[test]
fn the_binary_says_when_it_is_ready_and_ends_on_sigterm() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_troupe-model-server"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("ready http://").expect("the ready line").to_owned();
    std::net::TcpStream::connect(&address).expect("it listens");
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    assert!(killed.success());
    assert!(child.wait().expect("its end").success());
}
