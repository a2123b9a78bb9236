//! A reader comes back after the service was killed in the middle of an answer: S1's frames cannot take words back, so a
//! reader who had some is told, and who reads anew gets the whole answer once.

use serde_json::json;
use troupe_model_server::{ModelServer, Pace, Rule, Scenario, Unmatched};
use troupe_tests::{Place, within};

use crate::manifest::{self, text};

fn scenario() -> Scenario {
    let pace = Pace { hold_after: Some(2), ..Pace::default() };
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of([Rule::text("All is well here.").paced(pace)]) }
}

#[tokio::test]
async fn words_that_were_lost_with_their_process_are_told_to_whoever_had_them() {
    let model = ModelServer::start(scenario()).await.unwrap();
    let manifests =
        [manifest::model("scripted", &model, "scripted", ""), manifest::agent("teller", "You tell.", "")].concat();
    let place = Place::with(&manifests).unwrap();
    let service = place.serve().await.unwrap();
    let question = json!({"agent_id": "teller", "text": "Tell", "session_id": "new"});
    let mut frames = service.stream("/v1/infer/stream", &question).await.unwrap();
    let init = frames.next().await.unwrap().expect("a first frame");
    let word = frames.next().await.unwrap().expect("a word");
    assert_eq!(text(&word.data["content"]), "All");
    within("an answer to be held", model.wait_for_held(1)).await.unwrap();
    service.kill().await.unwrap();

    let service = place.serve().await.unwrap();
    let run = text(&init.data["run_id"]);
    let path = format!("/v1/runs/{run}/events?format=s1");
    let rest = service.follow_after(&path, &word.id).await.unwrap().rest().await.unwrap();
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!((text(&rest[0].data["error_code"]), text(&rest[0].data["run_id"])), ("STEP_RESTARTED", run));

    // The answer of the killed process counts, too.
    model.release(2);
    for last in [None, Some(init.id.as_str())] {
        let frames = match last {
            None => service.follow(&path).await.unwrap(),
            Some(last) => service.follow_after(&path, last).await.unwrap(),
        };
        let frames = frames.rest().await.unwrap();
        let said: String = frames
            .iter()
            .filter(|frame| frame.data["role"] == "assistant")
            .map(|frame| text(&frame.data["content"]))
            .collect();
        assert_eq!(said, "All is well here.", "after {last:?}: {frames:?}");
        assert_eq!(frames.last().expect("a last frame").data, "[DONE]");
        assert_eq!(frames[0].event == "init", last.is_none());
    }
}
