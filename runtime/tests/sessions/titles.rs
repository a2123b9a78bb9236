//! Titles (S1-140, S1-141, S1-150).

use serde_json::json;
use troupe_model_server::{Fault, Pace, Rule, When};
use troupe_store::SessionChanged;

use crate::setting::{Setting, scribe, small, soon, until};

fn path(session: &str) -> String {
    format!("/v1/sessions/{session}/generate-title")
}

#[tokio::test]
async fn a_title_is_made_when_it_is_asked_for() {
    let setting = Setting::new([small(100), scribe("\"Tea with Ann\"\n")]).await;
    let session = setting.say("new", "I am Ann and I like tea and a very long first message").await;
    assert_eq!(setting.entry(&session).await["title"], "I am Ann and I like tea and a ..");
    let answer = setting.post(&path(&session), &json!({})).await;
    assert_eq!(answer, (200, json!({"status": "success", "session_id": session, "title": "Tea with Ann"})));
    assert_eq!(setting.entry(&session).await["title"], "Tea with Ann");
    let told = &setting.asked("scribe")[0][1];
    assert!(told.starts_with("user: <conversation>\nuser: I am Ann and I like"), "{told}");
}

#[tokio::test]
async fn a_long_conversation_gets_a_title_by_itself_once() {
    let setting = Setting::with([small(10_001), scribe("Tea")], "", |settings| {
        settings.summary_model = Some("scribe".to_owned());
    })
    .await;
    let mut changes = setting.app.store.subscribe();
    let ask = async |session: &str| {
        let body = json!({"agent_id": "plain", "session_id": session, "text": "hi"});
        setting.post("/v1/infer", &body).await.1["session_id"].as_str().unwrap().to_owned()
    };
    let session = ask("new").await;
    until(&mut changes, &session, &SessionChanged::Title("Tea".to_owned())).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    ask(&session).await;
    // The next thing that the model is asked is about another session: this one has its title.
    let other = ask("new").await;
    until(&mut changes, &other, &SessionChanged::Title("Tea".to_owned())).await;
    assert_eq!(setting.asked("scribe").len(), 2);
}

#[tokio::test]
async fn a_title_that_somebody_gave_meanwhile_stays() {
    let held = scribe("generated").paced(Pace { hold_after: Some(0), ..Pace::default() });
    let setting = Setting::new([small(100), held]).await;
    let session = setting.say("new", "hi").await;
    let give = async {
        setting.models.wait_for_requests(2).await;
        setting.app.store.set_title(&session, "mine", None).await.unwrap();
        setting.models.release(1);
    };
    let (path, nothing) = (path(&session), json!({}));
    let ((status, body), ()) = soon(async { tokio::join!(setting.post(&path, &nothing), give) }).await;
    assert_eq!(status, 409, "{body}");
    assert_eq!(setting.entry(&session).await["title"], "mine");
}

#[tokio::test]
async fn why_there_is_no_title_is_said() {
    let failing = Rule::fault(Fault::Status { code: 401, retry_after: None, message: None })
        .when(When { model: Some("scribe".to_owned()), ..When::default() });
    let setting = Setting::new([small(100), failing]).await;
    let session = setting.say("new", "hi").await;
    let (status, body) = setting.post(&path(&session), &json!({})).await;
    assert_eq!((status, &body["error_code"]), (500, &json!("401")), "{body}");
    let (_, body) = setting.post("/v1/infer", &json!({"agent_id": "plain", "session_id": "new", "text": "hi"})).await;
    let (status, body) = setting.post(&path(body["session_id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(status, 500);
    assert!(body["error"].as_str().unwrap().contains("SUMMARY_MODEL_ID"), "{body}");
    assert_eq!(setting.post(&path("nowhere"), &json!({})).await.0, 404);
}
