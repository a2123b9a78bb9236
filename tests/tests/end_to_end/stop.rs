//! SIGTERM during a turn: what can finish in time does, the rest goes on at the next start, and nothing is lost.

use serde_json::json;
use troupe_model_server::{ModelServer, Pace, Rule, Scenario, Unmatched, When};
use troupe_tests::{Ledger, Place, Service, within};

use crate::manifest::{self, text};

/// A turn with a call, whose last answer is held on demand.
fn scenario(held: bool) -> Scenario {
    let after = |text: &str| When { last_tool_contains: Some(text.to_owned()), ..When::default() };
    let pace = Pace { hold_after: held.then_some(1), ..Pace::default() };
    let rules = [
        Rule::text("All is written down.").when(after("write is done")).paced(pace),
        Rule::call("write", json!({"line": 1})),
    ];
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }
}

struct Stage {
    model: ModelServer,
    ledger: Ledger,
    place: Place,
    service: Service,
    session: String,
    run: String,
}

/// A turn that has made its call and is in the middle of its answer.
async fn stage(flags: &[&str]) -> Stage {
    let model = ModelServer::start(scenario(true)).await.unwrap();
    let ledger = Ledger::start().await.unwrap();
    let place = Place::with(&manifest::model("scripted", &model, "scripted", "")).unwrap();
    place.write("tool.yaml", &manifest::http_tool("write", "POST", &ledger.url())).unwrap();
    place.write("agent.yaml", &manifest::agent("writer", "You write.", "{tool: {name: write}}")).unwrap();
    let service = place.serve_with(flags).await.unwrap();
    let question = json!({"agent_id": "writer", "text": "Write", "session_id": "new"});
    let mut frames = service.stream("/v1/infer/stream", &question).await.unwrap();
    let session = frames.header("x-session-id").to_owned();
    let init = frames.next().await.unwrap().expect("a first frame");
    within("an answer to be held", model.wait_for_held(1)).await.unwrap();
    // The first piece of the answer is shown: all before it is recorded.
    while let Some(frame) = frames.next().await.unwrap() {
        if frame.data["content"] == "All" {
            break;
        }
    }
    Stage { model, ledger, place, service, session, run: text(&init.data["run_id"]).to_owned() }
}

async fn is_whole(service: &Service, session: &str, run: &str, ledger: &Ledger) {
    let events = service.follow(&format!("/v1/runs/{run}/events")).await.unwrap().rest().await.unwrap();
    assert_eq!(events.last().unwrap().data["status"], "completed");
    let conversation = service.get(&format!("/v1/sessions/{session}")).await.unwrap();
    let turns = conversation.body["messages"].as_array().unwrap();
    let said: Vec<&str> =
        turns.iter().filter(|turn| turn["role"] != "system").map(|turn| text(&turn["content"])).collect();
    assert_eq!(said, ["Write", "", "write is done", "All is written down."]);
    assert_eq!(ledger.count("write"), 1);
}

#[tokio::test]
async fn a_turn_that_does_not_finish_in_time_goes_on_at_the_next_start() {
    let Stage { model, ledger, place, service, session, run } = stage(&["--grace", "100ms"]).await;
    service.terminate().unwrap();
    assert!(service.ended().await.unwrap().success());
    model.set_scenario(scenario(false)).unwrap();
    let service = place.serve().await.unwrap();
    is_whole(&service, &session, &run, &ledger).await;
}

#[tokio::test]
async fn a_turn_that_finishes_in_time_is_finished() {
    let Stage { model, ledger, place, service, session, run } = stage(&["--grace", "50s"]).await;
    service.terminate().unwrap();
    service.writes("stopping").await.unwrap();
    model.release(1);
    assert!(service.ended().await.unwrap().success());
    model.clear_requests();
    let service = place.serve().await.unwrap();
    is_whole(&service, &session, &run, &ledger).await;
    assert!(model.requests().is_empty(), "a finished turn is not asked again");
}
