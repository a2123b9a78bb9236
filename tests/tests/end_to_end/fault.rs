//! Every fault of a model's provider, before the first token and within the answer, with and without a model to fall back on:
//! an answer, or an error that says what happened; never a hang; and the session goes on.

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use troupe_model_server::{Fault, ModelServer, Reply, Rule, Scenario, Unmatched, When};
use troupe_tests::{Place, Service};

use crate::manifest::{self, text};

/// Requests at one time.
const AT_ONCE: usize = 8;

/// What a fault lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaches {
    /// Nothing: another model may answer.
    Nothing,
    /// A beginning, which no other model may go on with.
    Beginning,
    /// All of it.
    All,
}

fn faults() -> Vec<(Fault, Reaches)> {
    let status = |code| Fault::Status { code, retry_after: None, message: Some(format!("scripted {code}")) };
    let raw =
        |status, kind: &str, body: &str| Fault::Raw { status, content_type: kind.to_owned(), body: body.to_owned() };
    let error = |after| Fault::ErrorEvent { after, message: Some("scripted failure".to_owned()) };
    let before = [
        Fault::Drop,
        Fault::Stall { after: None },
        Fault::Stall { after: Some(0) },
        status(400),
        status(401),
        status(404),
        status(429),
        status(500),
        status(503),
        Fault::Malformed { after: 0 },
        Fault::Reset { after: 0 },
        Fault::HangUp { after: 0 },
        Fault::Truncate { after: 0 },
        error(0),
        raw(502, "text/html", "<html><title>Bad Gateway</title></html>"),
        raw(200, "text/html", "<html><title>Sign in</title></html>"),
        raw(200, "application/json", "{\"hello\": 1}"),
    ];
    let within = [
        Fault::Stall { after: Some(2) },
        Fault::Malformed { after: 2 },
        Fault::Reset { after: 2 },
        Fault::HangUp { after: 2 },
        Fault::Truncate { after: 2 },
        error(2),
    ];
    let before = before.map(|fault| (fault, Reaches::Nothing));
    let within = within.map(|fault| (fault, Reaches::Beginning));
    [before.as_slice(), &within, &[(Fault::Huge { bytes: 300_000 }, Reaches::All)]].concat()
}

/// Each fault answers the question that names it.
fn scenario(faults: &[(Fault, Reaches)]) -> Scenario {
    let asked = |model: &str, text: String| When {
        model: Some(model.to_owned()),
        last_user_contains: Some(text),
        ..When::default()
    };
    let mut rules = vec![Rule::text("Here I go on.").when(asked("faulty", "Go on".to_owned()))];
    rules.extend(faults.iter().enumerate().map(|(place, (fault, _))| {
        let reply = Reply { deltas: ["one ", "two ", "three"].map(str::to_owned).to_vec(), ..Reply::default() };
        Rule::from(reply).failing(fault.clone()).when(asked("faulty", question(place)))
    }));
    rules.push(Rule::text("The spare answers.").when(asked("spare", String::new())));
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }
}

fn question(place: usize) -> String {
    format!("Question {place}.")
}

fn manifests(server: &ModelServer) -> String {
    let limits = "firstTokenTimeout: 3s\n  timeout: 6s\n  retry: {maxAttempts: 2, initialBackoff: 10ms}";
    [
        manifest::model("alone", server, "faulty", limits),
        manifest::model("backed", server, "faulty", &format!("{limits}\n  fallbacks: [{{name: spare}}]")),
        manifest::model("spare", server, "spare", ""),
    ]
    .concat()
}

/// What came of a question: the text, and the error with its code.
#[derive(Debug)]
struct Came {
    text: String,
    error: Option<(String, String)>,
}

fn came(body: &Value) -> Came {
    let messages = body["messages"].as_array().into_iter().flatten();
    let said = messages.filter(|message| message["role"] == "assistant").map(|message| text(&message["content"]));
    let error = body["error"].as_str().map(|error| (error.to_owned(), text(&body["error_code"]).to_owned()));
    Came { text: said.collect(), error }
}

fn check(case: &str, outcome: &Came, reaches: Reaches, backed: bool) {
    match (reaches, backed, &outcome.error) {
        (Reaches::Nothing, true, None) => assert_eq!(outcome.text, "The spare answers.", "{case}"),
        (Reaches::All, _, None) => assert_eq!(outcome.text.len(), 300_000, "{case}"),
        (Reaches::Nothing, false, Some((error, code))) => {
            assert!(error.contains("\"alone\"") && !code.is_empty(), "{case}: {outcome:?}");
        }
        (Reaches::Beginning, _, Some((error, code))) => {
            assert!(error.contains("model \"") && !code.is_empty(), "{case}: {outcome:?}");
            assert!(outcome.text.starts_with("one two"), "{case}: {outcome:?}");
            assert!(!outcome.text.contains("spare"), "{case}: {outcome:?}");
        }
        _ => panic!("{case}: {outcome:?}"),
    }
}

/// Asks without a session, then in one; the session goes on.
async fn ask(service: &Service, place: usize, fault: &Fault, reaches: Reaches, backed: bool) -> anyhow::Result<()> {
    let model = if backed { "backed" } else { "alone" };
    let case = format!("{fault:?} of {model}");
    let answer = service.post("/v1/infer", &json!({"model_id": model, "text": question(place)})).await?;
    check(&case, &came(&answer.body), reaches, backed);
    assert_eq!(answer.status == 200, answer.body["error"].is_null(), "{case}: {}", answer.body);
    assert_eq!(answer.body["success"], answer.status == 200, "{case}: {}", answer.body);

    let asked = json!({"model_id": model, "text": question(place), "session_id": "new"});
    let frames = service.stream("/v1/infer/stream", &asked).await?;
    let session = frames.header("x-session-id").to_owned();
    let frames = frames.rest().await?;
    assert_eq!(frames.last().map(|frame| text(&frame.data)), Some("[DONE]"), "{case}: {frames:?}");
    let told = frames.iter().any(|frame| frame.data["error_code"].is_string());
    assert_eq!(told, answer.status != 200, "{case}: {frames:?}");

    let next = json!({"model_id": model, "text": "Go on", "session_id": session});
    let answer = service.post("/v1/infer", &next).await?;
    assert_eq!((answer.status, came(&answer.body).text.as_str()), (200, "Here I go on."), "{case}: {}", answer.body);
    Ok(())
}

#[tokio::test]
async fn each_fault_is_an_answer_or_an_error_and_the_session_goes_on() {
    let faults = faults();
    let model = ModelServer::start(scenario(&faults)).await.unwrap();
    let place = Place::with(&manifests(&model)).unwrap();
    let service = place.serve().await.unwrap();
    let cases = faults.iter().enumerate().flat_map(|(place, case)| [(place, case, false), (place, case, true)]);
    let service = &service;
    let cases = stream::iter(cases).map(|(place, (fault, reaches), backed)| async move {
        ask(service, place, fault, *reaches, backed).await.unwrap_or_else(|error| panic!("{fault:?}: {error:#}"));
    });
    cases.buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test]
async fn a_fault_that_passes_is_asked_again() {
    let gone = [Fault::Drop, Fault::Status { code: 503, retry_after: None, message: None }, Fault::Reset { after: 0 }];
    for fault in gone {
        let rules = [Rule::fault(fault.clone()).times(1), Rule::text("At last.")];
        let model = ModelServer::start(Scenario::of(rules)).await.unwrap();
        let place = Place::with(&manifests(&model)).unwrap();
        let service = place.serve().await.unwrap();
        let answer = service.post("/v1/infer", &json!({"model_id": "alone", "text": "Hello"})).await.unwrap();
        assert_eq!((answer.status, came(&answer.body).text.as_str()), (200, "At last."), "{fault:?}: {}", answer.body);
        assert_eq!(model.requests().len(), 2, "{fault:?}");
    }
}
