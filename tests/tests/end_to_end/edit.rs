//! Edits of files while the service runs: the next turn uses them, a running one does not, and a bad one changes nothing.

use serde_json::json;
use troupe_model_server::{ModelServer, Pace, Rule, Scenario, Unmatched, When};
use troupe_tests::{Place, Service, within};

use crate::manifest::{self, text};

/// The model says which version of the prompt it was given.
fn scenario() -> Scenario {
    let version = |number: u8| When { system_contains: Some(format!("Version {number}")), ..When::default() };
    let slow = When { last_user_contains: Some("slowly".to_owned()), ..version(1) };
    let held = Pace { hold_after: Some(1), ..Pace::default() };
    let rules = [
        Rule::text("Slowly version one.").when(slow).paced(held),
        Rule::text("Version one.").when(version(1)),
        Rule::text("Version two.").when(version(2)),
        Rule::text("Version three.").when(version(3)),
    ];
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }
}

async fn says(service: &Service) -> String {
    let answer = service.post("/v1/infer", &json!({"agent_id": "speaker", "text": "Which?"})).await.unwrap();
    text(&answer.body["messages"][0]["content"]).to_owned()
}

fn speaker(version: u8) -> String {
    manifest::agent("speaker", &format!("Version {version}"), "")
}

#[tokio::test]
async fn an_edit_serves_the_next_turn_and_leaves_a_stream_alone() {
    let model = ModelServer::start(scenario()).await.unwrap();
    let place = Place::with(&manifest::model("scripted", &model, "scripted", "")).unwrap();
    place.write("speaker.yaml", &speaker(1)).unwrap();
    let service = place.serve().await.unwrap();
    assert_eq!(says(&service).await, "Version one.");

    let slowly = json!({"agent_id": "speaker", "text": "Say it slowly", "session_id": "new"});
    let frames = service.stream("/v1/infer/stream", &slowly).await.unwrap();
    within("an answer to be held", model.wait_for_held(1)).await.unwrap();
    place.write("speaker.yaml", &speaker(2)).unwrap();
    service.shows("/v1/agents/speaker", "Version 2").await.unwrap();
    assert_eq!(says(&service).await, "Version two.");

    model.release(1);
    let frames = frames.rest().await.unwrap();
    let pieces = frames.iter().filter(|frame| frame.data["role"] == "assistant");
    let said: String = pieces.map(|frame| text(&frame.data["content"])).collect();
    assert_eq!(said, "Slowly version one.");
    assert_eq!(text(&frames.last().unwrap().data), "[DONE]");
}

#[tokio::test]
async fn a_bad_edit_keeps_the_last_good_version_even_after_a_restart() {
    let bad = [
        ("no YAML", format!("{}  output: [", speaker(9))),
        ("an unknown field", speaker(9).replace("systemPrompt", "sistemPrompt")),
        ("an unknown model", speaker(9).replace("name: scripted", "name: nowhere")),
    ];
    for (what, edit) in bad {
        let model = ModelServer::start(scenario()).await.unwrap();
        let place = Place::with(&manifest::model("scripted", &model, "scripted", "")).unwrap();
        place.write("speaker.yaml", &speaker(2)).unwrap();
        let service = place.serve().await.unwrap();
        assert_eq!(says(&service).await, "Version two.", "{what}");

        place.write("speaker.yaml", &edit).unwrap();
        service.writes("speaker.yaml").await.unwrap();
        assert_eq!(says(&service).await, "Version two.", "{what}");

        service.kill().await.unwrap();
        let service = place.serve().await.unwrap();
        assert_eq!(says(&service).await, "Version two.", "{what}, after a restart");

        place.write("speaker.yaml", &speaker(3)).unwrap();
        service.shows("/v1/agents/speaker", "Version 3").await.unwrap();
        assert_eq!(says(&service).await, "Version three.", "{what}, mended");
    }
}
