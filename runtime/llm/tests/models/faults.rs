//! Answers that do not come, or not whole: each ends with an error that says what happened, and never hangs.

use std::time::Duration;

use troupe_core::model::{ModelError, ModelSnapshot, Protocol, SecretRef, Trust};
use troupe_model_server::{Fault, Rule};

use crate::setup::{KEY, PROTOCOLS, ask, asking, model, model_at, models, server, with_key};

/// Six deltas, so that faults have a middle.
fn text() -> Rule {
    Rule::text("one two three four five six")
}

/// The error of one call, and the text before it.
async fn failed(fault: Fault, protocol: Protocol, change: impl Fn(&mut ModelSnapshot)) -> (ModelError, String) {
    let server = server([text().failing(fault)]).await;
    let mut model = model(protocol, &server);
    change(&mut model);
    let answer = ask(&models().with_idle_timeout(Duration::from_secs(20)), asking(model, "Hi")).await;
    assert_eq!(answer.finish, None, "{protocol:?}");
    let error = answer.error.expect("the call succeeds");
    assert!(error.message.contains("model \"assistant\""), "{error}");
    if answer.text.is_empty() {
        assert_eq!(answer.usage, None);
    } else {
        assert!(answer.usage.expect("what broke off has cost something").output_tokens > 0);
    }
    (error, answer.text)
}

#[tokio::test]
async fn each_fault_has_its_code_and_says_what_happened() {
    let raw = |status, content_type: &str, body: &str| Fault::Raw {
        status,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    };
    let status = |code, message: &str| Fault::Status { code, retry_after: None, message: Some(message.to_owned()) };
    let cases = [
        (Fault::Drop, "CONNECTION_ERROR", true, "could not be reached"),
        (Fault::Reset { after: 0 }, "CONNECTION_ERROR", true, ""),
        (Fault::Reset { after: 3 }, "CONNECTION_ERROR", true, "broke off"),
        (Fault::HangUp { after: 3 }, "CONNECTION_ERROR", true, "broke off"),
        (Fault::Truncate { after: 0 }, "CONNECTION_ERROR", true, "broke off"),
        (Fault::Truncate { after: 3 }, "CONNECTION_ERROR", true, "broke off"),
        (Fault::Malformed { after: 2 }, "PARSE_ERROR", false, "it begins"),
        (status(400, "too long"), "400", false, "too long"),
        (status(401, "bad key"), "401", false, "bad key"),
        (status(404, "no model"), "404", false, "baseUrl and model"),
        (status(408, "slow"), "408", true, "slow"),
        (status(429, "easy"), "429", true, "easy"),
        (status(500, "oh"), "500", true, "oh"),
        (status(529, "busy"), "529", true, "busy"),
        (raw(502, "text/html", "<html><title>Bad Gateway</title>"), "502", true, "Bad Gateway"),
        (raw(200, "text/html", "<html><title>Sign in</title>"), "PARSE_ERROR", false, "web page"),
        (raw(200, "text/plain", "Hello there"), "PARSE_ERROR", false, "Hello there"),
        (raw(200, "application/json", "{\"hello\":1}"), "PARSE_ERROR", false, "hello"),
        (raw(200, "text/event-stream", ""), "CONNECTION_ERROR", true, "broke off"),
    ];
    for (fault, code, retryable, says) in cases {
        for protocol in PROTOCOLS {
            let (error, _) = failed(fault.clone(), protocol, |_| {}).await;
            assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{protocol:?} {fault:?}: {error}");
            assert!(error.message.contains(says), "{protocol:?} {fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn an_error_within_the_stream_comes_after_what_was_said() {
    let fault = Fault::ErrorEvent { after: 2, message: Some("the machine is on fire".to_owned()) };
    for protocol in PROTOCOLS {
        let (error, text) = failed(fault.clone(), protocol, |_| {}).await;
        assert!(error.message.contains("the machine is on fire"), "{error}");
        assert!(error.retryable && error.code.starts_with('5'), "{protocol:?}: {}", error.code);
        assert!(text.starts_with("one"), "{text:?}");
    }
}

#[tokio::test]
async fn a_provider_says_how_long_to_wait() {
    let fault = Fault::Status { code: 429, retry_after: Some(7), message: None };
    for protocol in PROTOCOLS {
        assert_eq!(failed(fault.clone(), protocol, |_| {}).await.0.retry_after_ms, Some(7000));
    }
}

/// A silence, the limit that ends it, and what is said then.
type Limit = (Fault, fn(&mut ModelSnapshot), &'static str);

#[tokio::test]
async fn silence_ends_with_a_time_out() {
    let limits: [Limit; 4] = [
        (Fault::Stall { after: None }, |model| model.first_token_timeout_ms = Some(50), "did not begin to answer"),
        (Fault::Stall { after: Some(0) }, |model| model.first_token_timeout_ms = Some(50), "did not begin to answer"),
        (Fault::Stall { after: None }, |model| model.timeout_ms = Some(50), ""),
        (Fault::Stall { after: Some(2) }, |model| model.timeout_ms = Some(500), "did not finish its answer"),
    ];
    for (fault, limit, says) in limits {
        for protocol in PROTOCOLS {
            let (error, _) = failed(fault.clone(), protocol, limit).await;
            assert_eq!((error.code.as_str(), error.retryable), ("TIMEOUT", true), "{protocol:?} {fault:?}: {error}");
            assert!(error.message.contains(says), "{protocol:?} {fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_pause_within_the_answer_ends_with_a_time_out() {
    let server = server([text().failing(Fault::Stall { after: Some(2) })]).await;
    let models = models().with_idle_timeout(Duration::from_millis(100));
    for protocol in PROTOCOLS {
        let answer = ask(&models, asking(model(protocol, &server), "Hi")).await;
        let error = answer.error.unwrap();
        assert_eq!((error.code.as_str(), error.retryable), ("TIMEOUT", true), "{error}");
        assert!(answer.text.starts_with("one"), "{:?}", answer.text);
    }
}

#[tokio::test]
async fn no_message_holds_a_key() {
    let message = Some(format!("Incorrect API key provided: {KEY}. Bearer {KEY} is wrong."));
    let faults = [
        Fault::Status { code: 401, retry_after: None, message: message.clone() },
        Fault::ErrorEvent { after: 0, message },
        Fault::Raw { status: 200, content_type: "text/plain".to_owned(), body: format!("no: {KEY}") },
    ];
    for fault in faults {
        for protocol in PROTOCOLS {
            let server = server([text().failing(fault.clone())]).await;
            let error = ask(&models(), asking(with_key(model(protocol, &server)), "Hi")).await.error.unwrap();
            assert!(!error.message.contains(KEY) && error.message.contains("[hidden]"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_missing_secret_and_a_lost_one_are_told_apart() {
    let server = server([text()]).await;
    let missing = SecretRef::Key { name: "provider".to_owned(), key: "other".to_owned() };
    let cases =
        [(missing, "REQUEST_ERROR", "\"other\""), (SecretRef::Inline("1".to_owned()), "CREDENTIAL_LOST", "lost")];
    for (reference, code, says) in cases {
        let model = ModelSnapshot { api_key: Some(reference), ..model(Protocol::OpenAI, &server) };
        let error = ask(&models(), asking(model, "Hi")).await.error.unwrap();
        assert_eq!((error.code.as_str(), error.retryable), (code, false));
        assert!(error.message.contains(says), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn what_cannot_be_reached_or_asked_says_so() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let cases = [
        (model_at(Protocol::OpenAI, format!("http://{free}/v1")), "CONNECTION_ERROR", true),
        (model_at(Protocol::OpenAI, "no url".to_owned()), "REQUEST_ERROR", false),
        (model_at(Protocol::OpenAIResponses, format!("http://{free}/v1")), "PROTOCOL_NOT_FOUND", false),
        (
            ModelSnapshot {
                ca: with_key(model_at(Protocol::OpenAI, String::new())).api_key,
                ..model_at(Protocol::OpenAI, "https://127.0.0.1:1/v1".to_owned())
            },
            "REQUEST_ERROR",
            false,
        ),
        (
            ModelSnapshot { trust: Trust::Guarded, ..model_at(Protocol::OpenAI, format!("http://{free}/v1")) },
            "REQUEST_ERROR",
            false,
        ),
    ];
    for (model, code, retryable) in cases {
        let error = ask(&models(), asking(model, "Hi")).await.error.unwrap();
        assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{error}");
        assert!(error.message.contains("model \"assistant\""), "{error}");
        assert!(code != "PROTOCOL_NOT_FOUND" || error.message.contains("Unsupported api_protocol"));
    }
}
