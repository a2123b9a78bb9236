//! The list, one session, its messages, revoking, deleting, searching, retention.

use reqwest::Method;
use serde_json::{Value, json};
use troupe_core::id::RunId;
use troupe_model_server::Pace;
use troupe_store::{RunFilter, SessionChanged};

use crate::setting::{Setting, small, soon, until};

const DAY: i64 = 24 * 3_600 * 1_000_000;

fn ids(body: &Value) -> Vec<String> {
    let sessions = body["sessions"].as_array().unwrap();
    sessions.iter().map(|entry| entry["session_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_list_is_sorted_by_the_last_inference_whole_or_in_pages() {
    let setting = Setting::new([small(100)]).await;
    let (a, b, c) = (setting.say("new", "a").await, setting.say("new", "b").await, setting.say("new", "c").await);
    setting.say(&a, "again").await;
    let (status, whole) = setting.get("/v1/sessions").await;
    assert_eq!((status, ids(&whole), whole.get("next_cursor")), (200, vec![a.clone(), c.clone(), b.clone()], None));
    let entry = &whole["sessions"][0];
    assert_eq!(
        (&entry["title"], &entry["turn_count"], &entry["last_total_tokens"], &entry["status"]),
        (&json!("a"), &json!(4), &json!(100), &json!("done_success_unread"))
    );
    for field in ["created_at", "last_inference_at"] {
        assert_eq!(entry[field].as_str().unwrap().len(), "2026-04-21T15:30:12.000123".len(), "{field}");
    }
    let (_, page) = setting.get("/v1/sessions?limit=2").await;
    assert_eq!(ids(&page), [a, c]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let (_, rest) = setting.get(&format!("/v1/sessions?limit=2&cursor={cursor}")).await;
    assert_eq!((ids(&rest), rest.get("next_cursor")), (vec![b], None));
}

#[tokio::test]
async fn a_conversation_is_read_whole_or_in_pages() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "one").await;
    setting.say(&session, "two").await;
    let (status, body) = setting.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!(status, 200);
    let meta = &body["meta"];
    assert_eq!(
        (&meta["session_id"], &meta["agent_id"], &meta["turn_count"], &meta["last_total_tokens"]),
        (&json!(session), &json!("keeper"), &json!(4), &json!(100))
    );
    assert!(meta.get("parent_session_id").is_none());
    let turns = body["messages"].as_array().unwrap();
    let said: Vec<&str> = turns.iter().map(|turn| turn["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["one", "re: one", "two", "re: two"]);
    assert_eq!((&turns[1]["role"], &turns[1]["stat"]["total_tokens"]), (&json!("assistant"), &json!(100)));

    let (_, page) = setting.get(&format!("/v1/sessions/{session}/messages?limit=3")).await;
    assert_eq!(page["messages"].as_array().unwrap()[..], turns[..3]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let (_, rest) = setting.get(&format!("/v1/sessions/{session}/messages?limit=3&cursor={cursor}")).await;
    assert_eq!(rest, json!({"messages": turns[3..]}));
}

#[tokio::test]
async fn a_revoke_deletes_the_message_and_everything_after_it() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "one").await;
    setting.say(&session, "two").await;
    let at = setting.time_of(&session, "two").await;
    let path = format!("/v1/sessions/{session}/revoke");
    let answer = setting.post(&path, &json!({"timestamp": at, "keep_files": true, "unknown": 1})).await;
    assert_eq!(answer, (200, json!({"status": "success", "session_id": session, "removed_count": 2})));
    setting.say(&session, "three").await;
    let told = setting.asked("small").last().unwrap().join("|");
    assert_eq!(told, "system: be kind|user: one|assistant: re: one|user: three");
    let (status, body) = setting.post(&path, &json!({"timestamp": at})).await;
    assert_eq!(status, 400, "it is gone already: {body}");
}

/// A session whose second round waits for its model, and the body that began it.
async fn held() -> (Setting, String) {
    let slow = small(100).paced(Pace { hold_after: Some(1), ..Pace::default() });
    let setting = Setting::new([small(100).times(1), slow]).await;
    let session = setting.say("new", "one").await;
    (setting, session)
}

#[tokio::test]
async fn a_running_conversation_is_neither_deleted_nor_revoked_unless_forced() {
    let (setting, session) = held().await;
    let path = format!("/v1/sessions/{session}");
    let infer = json!({"agent_id": "keeper", "session_id": session, "text": "two"});
    let mut changes = setting.app.store.subscribe();
    let judge = async {
        until(&mut changes, &session, &SessionChanged::Status("streaming".to_owned())).await;
        let at = setting.time_of(&session, "two").await;
        let (status, body) = setting.delete(&path).await;
        assert_eq!(status, 409, "{body}");
        let (status, body) = setting.post(&format!("{path}/revoke"), &json!({"timestamp": at})).await;
        assert_eq!(status, 409, "{body}");
        assert!(setting.app.engine.active(&session).is_some());
        let wrong = json!({"timestamp": "2020-01-01T00:00:00.000000", "forced": true});
        assert_eq!(setting.post(&format!("{path}/revoke"), &wrong).await.0, 400);
        assert!(setting.app.engine.active(&session).is_some(), "a revoke that is wrong ends nothing");
        let (status, body) = setting.post(&format!("{path}/revoke"), &json!({"timestamp": at, "forced": true})).await;
        assert_eq!(status, 200, "{body}");
        assert!(body["removed_count"].as_u64().unwrap() >= 1);
    };
    soon(async { tokio::join!(setting.post("/v1/infer", &infer), judge) }).await;
    let said: Vec<Value> = setting.turns(&session).await.iter().map(|turn| turn["content"].clone()).collect();
    assert_eq!(said, ["one", "re: one"]);
    assert_eq!(setting.entry(&session).await["status"], "done_error_unread");
    assert_eq!(setting.delete(&path).await, (200, json!({"status": "deleted", "session_id": session})));
    assert_eq!(setting.get(&path).await.0, 404);
    assert_eq!(setting.delete(&path).await.0, 404);
}

#[tokio::test]
async fn a_forced_revoke_ends_what_waits_too() {
    let (setting, session) = held().await;
    let ask = |text: &str| json!({"agent_id": "keeper", "session_id": session, "text": text});
    let (two, three) = (ask("two"), ask("three"));
    let mut changes = setting.app.store.subscribe();
    let judge = async {
        until(&mut changes, &session, &SessionChanged::Status("streaming".to_owned())).await;
        // A stream begins when its run is in the store: in the queue, here.
        let waiting = setting.request(Method::POST, "/v1/infer/stream", &three.to_string()).await;
        let at = setting.time_of(&session, "two").await;
        let body = json!({"timestamp": at, "forced": true});
        let (status, body) = setting.post(&format!("/v1/sessions/{session}/revoke"), &body).await;
        assert!(soon(waiting.text()).await.unwrap().ends_with("data: [DONE]\n\n"));
        assert_eq!(status, 200, "{body}");
    };
    soon(async { tokio::join!(setting.post("/v1/infer", &two), judge) }).await;
    let said: Vec<Value> = setting.turns(&session).await.iter().map(|turn| turn["content"].clone()).collect();
    assert_eq!(said, ["one", "re: one"]);
    assert_eq!(setting.asked("small").len(), 2, "the one that waited never began");
}

#[tokio::test]
async fn words_are_found_in_titles_and_turns() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "the blue Danube").await;
    setting.say("new", "something else").await;
    let at = setting.time_of(&session, "the blue Danube").await;
    let (status, body) = setting.get("/v1/sessions/search?q=danub").await;
    assert_eq!(status, 200);
    let results = body["results"].as_array().unwrap();
    assert_eq!(results[0], json!({"session_id": session, "title": "the blue Danube"}));
    let turn =
        json!({"session_id": session, "title": "the blue Danube", "timestamp": at, "excerpt": "the blue Danube"});
    assert!(results.contains(&turn), "{results:?}");
    assert_eq!(results.len(), 3, "the title, the question, the answer: {results:?}");
    assert_eq!(setting.get("/v1/sessions/search?q=volga").await.1, json!({"results": []}));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "one").await;
    let answer = setting.turns(&session).await[1]["timestamp"].as_str().unwrap().to_owned();
    let revoke = format!("/v1/sessions/{session}/revoke");
    let messages = format!("/v1/sessions/{session}/messages");
    let page = |query: &str| format!("{messages}?{query}");
    let of = |body: Value| body.to_string();
    let table = [
        (Method::POST, revoke.clone(), of(json!({})), 400, "timestamp"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": ""})), 400, "timestamp"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": null})), 400, "timestamp"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": 7})), 400, "timestamp"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": "yesterday"})), 400, "yesterday"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": "2026-01-01T00:00:00.000000"})), 400, "No user message"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": answer})), 400, "No user message"),
        (Method::POST, revoke.clone(), of(json!({"timestamp": answer, "forced": "very"})), 400, "forced"),
        (Method::POST, revoke.clone(), "{".to_owned(), 400, "Invalid JSON"),
        (Method::POST, revoke, String::new(), 400, "Empty request body"),
        (Method::POST, "/v1/sessions/nowhere/revoke".to_owned(), of(json!({"timestamp": answer})), 404, "nowhere"),
        (Method::GET, "/v1/sessions/nowhere".to_owned(), String::new(), 404, "nowhere"),
        (Method::GET, "/v1/sessions/..%2F..%2Fetc".to_owned(), String::new(), 404, "../../etc"),
        (Method::DELETE, "/v1/sessions/..%2f..%2fetc".to_owned(), String::new(), 400, "../../etc"),
        (Method::DELETE, "/v1/sessions/nowhere".to_owned(), String::new(), 404, "nowhere"),
        (Method::GET, "/v1/sessions/%ff".to_owned(), String::new(), 400, "path"),
        (Method::GET, "/v1/sessions/nowhere/context".to_owned(), String::new(), 404, "nowhere"),
        (Method::GET, "/v1/sessions/nowhere/messages".to_owned(), String::new(), 404, "nowhere"),
        (Method::GET, "/v1/sessions?limit=0".to_owned(), String::new(), 400, "limit"),
        (Method::GET, "/v1/sessions?limit=501".to_owned(), String::new(), 400, "limit"),
        (Method::GET, "/v1/sessions?limit=many".to_owned(), String::new(), 400, "limit"),
        (Method::GET, "/v1/sessions?cursor=nonsense".to_owned(), String::new(), 400, "cursor"),
        (Method::GET, page("limit=0"), String::new(), 400, "limit"),
        (Method::GET, page("cursor=nonsense"), String::new(), 400, "cursor"),
        (Method::GET, "/v1/sessions/search".to_owned(), String::new(), 400, "q"),
        (Method::GET, "/v1/sessions/search?q=%20".to_owned(), String::new(), 400, "q"),
        (Method::GET, "/v1/sessions/search?q=a&limit=9999".to_owned(), String::new(), 400, "limit"),
        (Method::PUT, "/v1/sessions".to_owned(), String::new(), 405, "PUT"),
    ];
    for (method, path, body, status, words) in table {
        let response = setting.request(method.clone(), &path, &body).await;
        let (got, text) = (response.status().as_u16(), soon(response.text()).await.unwrap());
        let error: Value = serde_json::from_str(&text).unwrap_or_default();
        let error = error["error"].as_str().unwrap_or_default();
        assert!(got == status && error.contains(words), "{method} {path} {body}: {got} {text}");
    }
    assert_eq!(setting.turns(&session).await.len(), 2, "nothing of it changed anything");
}

#[tokio::test]
async fn old_runs_go_as_the_runtime_says_and_conversations_stay() {
    let runtime = "apiVersion: troupe.dev/v1alpha1\nkind: Runtime\nmetadata: {name: default}\nspec: {history: {runs: 48h, events: 24h}}\n";
    for (more, days) in [("", [7, 30]), (runtime, [1, 2])] {
        let setting = Setting::with([small(100)], more, |_| {}).await;
        let session = setting.say("new", "one").await;
        let now = setting.app.clock.now();
        let runs = async || -> Vec<RunId> {
            let filter = RunFilter { limit: 10, ..RunFilter::default() };
            setting.app.store.runs(&filter).await.unwrap().into_iter().map(|run| run.id).collect()
        };
        let [events, kept] = days;
        assert_eq!(setting.app.sweep(now + (events - 1) * DAY).await.unwrap().journals, 0);
        assert_eq!(setting.app.sweep(now + (events + 1) * DAY - DAY / 2).await.unwrap().journals, 1);
        assert_eq!(runs().await.len(), 1);
        assert_eq!(setting.app.sweep(now + (kept + 1) * DAY).await.unwrap().runs, 1);
        assert!(runs().await.is_empty());
        assert_eq!(setting.turns(&session).await.len(), 2);
    }
}
