//! The feed of statuses and titles (S1-144 to S1-148).

use serde_json::{Value, json};
use troupe_core::port::RunStore;
use troupe_model_server::{Pace, Rule};
use troupe_runtime::service::sessions::events::{SessionEvent, SessionEvents};

use crate::setting::{Feed, Setting, scribe, small, soon};

fn status(session: &str, status: &str) -> Value {
    json!({"event": "message", "session_id": session, "status": status})
}

async fn next(feed: &mut Feed, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        events.push(feed.next().await);
    }
    events
}

#[tokio::test]
async fn every_reader_is_told_every_status_and_title() {
    let setting = Setting::new([small(100), scribe("Tea")]).await;
    let (mut one, mut two) = (setting.feed().await, setting.feed().await);
    let nothing = json!({"event": "init", "sessions": {}});
    assert_eq!((one.next().await, two.next().await), (nothing.clone(), nothing));
    let session = setting.say("new", "hi").await;
    let told = next(&mut one, 2).await;
    assert_eq!(told, [status(&session, "streaming"), status(&session, "done_success_unread")]);
    assert_eq!(next(&mut two, 2).await, told);

    let mut late = setting.feed().await;
    assert_eq!(late.next().await, json!({"event": "init", "sessions": {&session: "done_success_unread"}}));
    // Looking at it does not make it read.
    setting.turns(&session).await;
    let read = format!("/v1/sessions/{session}/read");
    assert_eq!(setting.post(&read, &json!({})).await, (200, json!({"ok": true})));
    assert_eq!(setting.post(&read, &json!({})).await, (200, json!({"ok": true})), "once more changes nothing");
    setting.post(&format!("/v1/sessions/{session}/generate-title"), &json!({})).await;
    setting.delete(&format!("/v1/sessions/{session}")).await;
    let expected = [
        status(&session, "idle"),
        json!({"event": "title_update", "session_id": session, "title": "Tea"}),
        json!({"event": "deleted", "session_id": session}),
    ];
    for feed in [&mut one, &mut two, &mut late] {
        assert_eq!(next(feed, 3).await, expected);
    }
}

#[tokio::test]
async fn a_feed_ends_with_the_service() {
    let setting = Setting::new([]).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    setting.app.shutdown.cancel();
    assert!(feed.ends().await);
}

#[tokio::test]
async fn a_list_that_is_watched_is_the_feed() {
    let setting = Setting::new([]).await;
    let mut response = setting.request(reqwest::Method::GET, "/v1/sessions?watch=true", "").await;
    let first = soon(response.chunk()).await.unwrap().unwrap();
    assert_eq!(&first[..], b"data: {\"event\":\"init\",\"sessions\":{}}\n\n");
}

#[tokio::test]
async fn a_reader_that_falls_behind_begins_anew() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "hi").await;
    let mut slow = SessionEvents::new(&setting.app, None);
    let first = soon(slow.next()).await.unwrap().unwrap();
    assert!(matches!(first, SessionEvent::Init { .. }));
    // More changes than the feed keeps.
    for turn in 0..2_100 {
        let word = if turn % 2 == 0 { "idle" } else { "streaming" };
        setting.app.store.set_status(&session, word).await.unwrap();
        setting.app.store.set_status(&session, "done_error_unread").await.unwrap();
    }
    let expected = SessionEvent::Init { sessions: [(session, "done_error_unread".to_owned())].into() };
    assert_eq!(soon(slow.next()).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn sub_agents_sessions_are_in_no_list_and_read_under_their_own_ids() {
    let calls = Rule::call("helper", json!({"task": "look it up"}))
        .when(troupe_model_server::When { tool_offered: Some("helper".to_owned()), ..Default::default() })
        .times(1);
    let setting = Setting::new([calls, small(100)]).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    let (status_code, body) =
        setting.post("/v1/infer", &json!({"agent_id": "lead", "session_id": "new", "text": "go"})).await;
    assert_eq!(status_code, 200, "{body}");
    let session = body["session_id"].as_str().unwrap();
    assert_eq!(next(&mut feed, 2).await, [status(session, "streaming"), status(session, "done_success_unread")]);
    let (_, listed) = setting.get("/v1/sessions").await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);

    let child = setting.app.store.last_child_session(session).await.unwrap().unwrap();
    assert!(child.starts_with(&format!("{session}/sub_")));
    let (status_code, body) = setting.get(&format!("/v1/sessions/{}", child.replace('/', "%2F"))).await;
    assert_eq!(status_code, 200, "{body}");
    assert_eq!((&body["meta"]["session_id"], &body["meta"]["parent_session_id"]), (&json!(child), &json!(session)));
    assert_eq!(body["messages"][0]["content"], "look it up");
    let (status_code, _) = setting.get(&format!("/v1/sessions/{}/context", child.replace('/', "%2f"))).await;
    assert_eq!(status_code, 200);
}

#[tokio::test]
async fn an_aborted_conversation_is_unread_with_an_error_if_it_was_forced() {
    let held = small(100).paced(Pace { hold_after: Some(1), ..Pace::default() });
    let setting = Setting::new([held]).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    let abort = async {
        let session = feed.next().await["session_id"].as_str().unwrap().to_owned();
        setting.models.wait_for_requests(1).await;
        setting.post("/v1/infer/abort", &json!({"session_id": session, "forced": true})).await;
        assert_eq!(feed.next().await, status(&session, "done_error_unread"));
    };
    let infer = json!({"agent_id": "plain", "session_id": "new", "text": "hi"});
    soon(async { tokio::join!(setting.post("/v1/infer", &infer), abort) }).await;
}

#[tokio::test]
async fn aborting_a_conversation_ends_what_waits_in_its_queue_too() {
    let held = small(100).paced(Pace { hold_after: Some(1), ..Pace::default() });
    let setting = Setting::new([held]).await;
    let mut feed = setting.feed().await;
    feed.next().await;
    let first = json!({"agent_id": "plain", "session_id": "new", "text": "first"});
    let rest = async {
        let session = feed.next().await["session_id"].as_str().unwrap().to_owned();
        setting.models.wait_for_requests(1).await;
        let second = json!({"agent_id": "plain", "session_id": session, "text": "second"});
        let abort = async {
            let queued = format!("/v1/runs?session={session}&status=queued");
            while setting.get(&queued).await.1["runs"].as_array().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            setting.post("/v1/infer/abort", &json!({"session_id": session})).await
        };
        let (_, aborted) = tokio::join!(setting.post("/v1/infer", &second), abort);
        assert_eq!(aborted, (200, json!({"ok": true})));
    };
    soon(async { tokio::join!(setting.post("/v1/infer", &first), rest) }).await;
    assert_eq!(setting.models.requests().len(), 1, "the second was not asked");
}
