//! Every fault, observed on the wire.

use std::io::ErrorKind;

use serde_json::json;
use troupe_model_server::{Fault, ModelServer, Pace, Reply, Rule, Scenario};

use crate::{
    client::{Call, Seen, post},
    wire::{ANTHROPIC, OLLAMA, OPENAI, anthropic, asking},
};

async fn failing(fault: Fault) -> ModelServer {
    let reply = Reply { deltas: ["d1", "d2", "d3"].map(str::to_owned).to_vec(), ..Reply::default() };
    ModelServer::start(Scenario::of([Rule::from(reply).failing(fault)])).await.expect("a server")
}

/// Which of the three deltas came, and whether the stream was ended as a stream should be.
fn received(seen: &Seen) -> (Vec<&'static str>, bool) {
    let body = seen.body();
    (["d1", "d2", "d3"].into_iter().filter(|delta| body.contains(delta)).collect(), body.contains("[DONE]"))
}

#[tokio::test]
async fn drop_closes_without_an_answer() {
    let server = failing(Fault::Drop).await;
    let call = Call::post(&server, OPENAI, &asking(true).to_string()).await;
    assert!(call.finish().await.is_none());
    assert_eq!(server.requests()[0].status, None);
}

#[tokio::test]
async fn a_stall_without_deltas_answers_nothing_until_the_end() {
    let server = failing(Fault::Stall { after: None }).await;
    let call = Call::post(&server, OPENAI, &asking(true).to_string()).await;
    server.wait_for_requests(1).await;
    server.stop().await;
    assert!(call.finish().await.is_none());
}

#[tokio::test]
async fn a_stall_after_deltas_sends_those_and_nothing_more() {
    let server = failing(Fault::Stall { after: Some(2) }).await;
    let mut call = Call::post(&server, OPENAI, &asking(true).to_string()).await;
    call.read_until("d2").await;
    assert_eq!(server.connections().open, 1);
    server.stop().await;
    let seen = call.finish().await.expect("a beginning");
    assert_eq!((received(&seen), seen.complete), ((vec!["d1", "d2"], false), false));
}

#[tokio::test]
async fn an_error_status_has_each_providers_envelope_and_retry_after() {
    let server = failing(Fault::Status { code: 429, retry_after: Some(7), message: None }).await;
    let openai = post(&server, OPENAI, &asking(false)).await;
    assert_eq!((openai.status, openai.header("retry-after")), (429, Some("7")));
    assert_eq!(openai.json()["error"]["code"], "rate_limit_exceeded");
    let anthropic = post(&server, ANTHROPIC, &anthropic(false)).await;
    assert_eq!(anthropic.json()["error"]["type"], "rate_limit_error");
    let ollama = post(&server, OLLAMA, &asking(false)).await;
    assert!(ollama.json()["error"].is_string());

    let server =
        failing(Fault::Status { code: 500, retry_after: None, message: Some("out of order".to_owned()) }).await;
    let openai = post(&server, OPENAI, &asking(true)).await;
    let expected = json!({"error": {"message": "out of order", "type": "server_error", "param": null, "code": null}});
    assert_eq!((openai.status, openai.json()), (500, expected));
}

#[tokio::test]
async fn a_malformed_chunk_stands_between_good_ones() {
    let server = failing(Fault::Malformed { after: 1 }).await;
    let seen = post(&server, OPENAI, &asking(true)).await;
    assert_eq!(received(&seen), (vec!["d1", "d2", "d3"], true));
    let body = seen.body();
    let bad: Vec<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]" && serde_json::from_str::<serde_json::Value>(data).is_err())
        .collect();
    assert_eq!(bad.len(), 1, "{body}");
    let plain = post(&server, OPENAI, &asking(false)).await;
    assert!(plain.complete && serde_json::from_str::<serde_json::Value>(&plain.body()).is_err(), "{plain:?}");
}

#[tokio::test]
async fn a_reset_is_a_tcp_reset_after_the_deltas() {
    for (pace, stream) in [(0, true), (1, true), (0, false)] {
        let reply = Reply { deltas: ["d1", "d2", "d3"].map(str::to_owned).to_vec(), ..Reply::default() };
        let rule = Rule::from(reply).failing(Fault::Reset { after: 2 });
        let rule = rule.paced(Pace { between_ms: pace, ..Pace::default() });
        let server = ModelServer::start(Scenario::of([rule])).await.expect("a server");
        let seen = Call::post(&server, OPENAI, &asking(stream).to_string()).await.finish().await.expect("a beginning");
        assert_eq!((seen.error, seen.complete), (Some(ErrorKind::ConnectionReset), false));
        if stream {
            assert_eq!(received(&seen), (vec!["d1", "d2"], false));
        }
    }
}

#[tokio::test]
async fn a_hang_up_closes_within_the_body() {
    let server = failing(Fault::HangUp { after: 1 }).await;
    let seen = post(&server, OPENAI, &asking(true)).await;
    assert_eq!((received(&seen), seen.complete, seen.error), ((vec!["d1"], false), false, None));
    let plain = post(&server, OPENAI, &asking(false)).await;
    assert_eq!((plain.complete, plain.error), (false, None));
}

#[tokio::test]
async fn a_truncated_stream_ends_properly_without_terminator() {
    let server = failing(Fault::Truncate { after: 2 }).await;
    let seen = post(&server, OPENAI, &asking(true)).await;
    assert_eq!((received(&seen), seen.complete), ((vec!["d1", "d2"], false), true));
    let claude = post(&server, ANTHROPIC, &anthropic(true)).await.body();
    assert!(claude.contains("d2") && !claude.contains("message_stop"), "{claude}");
    let ollama = post(&server, OLLAMA, &asking(true)).await.body();
    assert!(ollama.contains("d2") && !ollama.contains("\"done\":true"), "{ollama}");
}

#[tokio::test]
async fn an_error_event_ends_the_stream_in_each_protocol() {
    let server = failing(Fault::ErrorEvent { after: 1, message: None }).await;
    let last = |seen: &Seen| seen.body().trim_end().lines().last().unwrap_or_default().to_owned();
    insta::assert_snapshot!(last(&post(&server, OPENAI, &asking(true)).await), @r#"data: {"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}"#);
    insta::assert_snapshot!(last(&post(&server, ANTHROPIC, &anthropic(true)).await), @r#"data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    insta::assert_snapshot!(last(&post(&server, OLLAMA, &asking(true)).await), @r#"{"error":"The server had an error while processing your request."}"#);
    let plain = post(&server, OPENAI, &asking(false)).await;
    assert_eq!((plain.status, plain.json()["error"]["type"].as_str()), (200, Some("server_error")));
}

#[tokio::test]
async fn a_wrong_content_type_a_huge_body_and_a_raw_body_are_what_they_say() {
    let server = failing(Fault::ContentType("text/plain".to_owned())).await;
    let seen = post(&server, OPENAI, &asking(true)).await;
    assert_eq!((seen.header("content-type"), received(&seen).1), (Some("text/plain"), true));

    server.set_scenario(Scenario::of([Rule::fault(Fault::Huge { bytes: 3 << 20 })])).expect("a scenario");
    let content = post(&server, OPENAI, &asking(false)).await.json()["choices"][0]["message"]["content"].clone();
    assert_eq!(content.as_str().map(str::len), Some(3 << 20));

    let html = Fault::Raw { status: 502, content_type: "text/html".to_owned(), body: "<html>".to_owned() };
    server.set_scenario(Scenario::of([Rule::fault(html)])).expect("a scenario");
    let seen = post(&server, OPENAI, &asking(true)).await;
    assert_eq!((seen.status, seen.header("content-type"), &*seen.body()), (502, Some("text/html"), "<html>"));
}
