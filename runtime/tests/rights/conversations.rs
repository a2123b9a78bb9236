//! Sessions and runs are their user's: others see them only by a right on `sessions`.

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{Cluster, INVOKER, answer};

/// What may be asked of a session and of a run, and the right on `sessions` that it takes of others.
fn reaches(session: &str, run: &str) -> Vec<(Method, String, Value, &'static str)> {
    let of_session = |rest: &str| format!("/v1/sessions/{session}{rest}");
    let of_run = |rest: &str| format!("/v1/runs/{run}{rest}");
    let call = "0190a5a0-0000-7000-8000-000000000000";
    vec![
        (Method::GET, of_session(""), Value::Null, "get"),
        (Method::GET, of_session("/context"), Value::Null, "get"),
        (Method::GET, of_session("/messages"), Value::Null, "get"),
        (Method::GET, of_run(""), Value::Null, "get"),
        (Method::GET, of_run("/events?after=0.0"), Value::Null, "get"),
        (Method::GET, of_run("/steps"), Value::Null, "get"),
        (Method::GET, of_run("/artifacts"), Value::Null, "get"),
        (Method::GET, of_run("/artifacts/none"), Value::Null, "get"),
        (Method::POST, of_session("/generate-title"), Value::Null, "update"),
        (Method::PATCH, of_session(""), json!({"pinned": true}), "update"),
        (Method::POST, of_run(&format!("/approvals/{call}")), json!({"decision": "approve"}), "update"),
        (Method::POST, of_run("/input"), json!({"call_id": call, "content": "x"}), "update"),
        (Method::POST, of_run("/dispatch"), Value::Null, "update"),
        (Method::POST, of_run("/retry"), Value::Null, "update"),
        (Method::POST, of_run("/cancel"), Value::Null, "delete"),
        (Method::POST, of_session("/revoke"), json!({"timestamp": "2026-04-21T15:30:12.000001Z"}), "delete"),
    ]
}

#[tokio::test]
async fn anothers_conversation_is_as_if_it_were_not_there() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    let (session, run) = cluster.converse("ada", "hi").await;
    let nothing = "00000000-0000-7000-8000-000000000000";
    for ((method, path, body, _), (_, other, ..)) in reaches(&session, &run).into_iter().zip(reaches(nothing, nothing))
    {
        let (status, refused) = cluster.send("bob", method.clone(), &path, &body).await;
        let (missing, told) = cluster.send("bob", method.clone(), &other, &body).await;
        assert_eq!((status, missing), (404, 404), "{method} {path}: {refused}");
        let blanked = |told: &Value, id: &str| told.to_string().replace(id, "ID");
        let refused = blanked(&refused, &session).replace(&run, "ID");
        assert_eq!(refused, blanked(&told, nothing), "what is told is the same");
    }
    assert_eq!(cluster.send("bob", Method::DELETE, &format!("/v1/sessions/{session}"), &Value::Null).await.0, 404);
    let (_, aborted) = cluster.post("bob", "/v1/infer/abort", json!({"session_id": session})).await;
    assert_eq!(aborted["note"], "session not found or already done");
    assert_eq!(cluster.get("ada", &format!("/v1/sessions/{session}")).await.0, 200);
    assert_eq!(cluster.get("ada", &format!("/v1/runs/{run}")).await.0, 200);
}

#[tokio::test]
async fn lists_searches_sums_and_feeds_hold_ones_own() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER]), ("eve", &["list sessions"])]).await;
    let (session, run) = cluster.converse("ada", "Danube").await;
    cluster.converse("bob", "Volga").await;
    let seen = async |who: &str| {
        let (_, sessions) = cluster.get(who, "/v1/sessions").await;
        let (_, runs) = cluster.get(who, "/v1/runs").await;
        let (_, found) = cluster.get(who, "/v1/sessions/search?q=danube").await;
        let (_, used) = cluster.get(who, "/v1/usage").await;
        let count = |list: &Value| list.as_array().unwrap().len();
        let used = used["usage"].as_array().unwrap().iter().map(|row| row["runs"].as_i64().unwrap()).sum::<i64>();
        (count(&sessions["sessions"]), count(&runs["runs"]), count(&found["results"]) > 0, used)
    };
    assert_eq!(seen("ada").await, (1, 1, true, 1));
    assert_eq!(seen("bob").await, (1, 1, false, 1));
    assert_eq!(seen("eve").await, (2, 2, true, 2));
    let (_, runs) = cluster.get("ada", "/v1/runs").await;
    assert_eq!((&runs["runs"][0]["id"], &runs["runs"][0]["session_id"]), (&json!(run), &json!(session)));
    let (_, none) = cluster.get("bob", &format!("/v1/runs?session={session}")).await;
    assert_eq!(none["runs"], json!([]));
}

#[tokio::test]
async fn the_feed_tells_of_ones_own_sessions_also_that_they_go() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    let (of_ada, _) = cluster.converse("ada", "hi").await;
    let (of_bob, _) = cluster.converse("bob", "hi").await;
    let feed = cluster.request(Method::GET, "/v1/sessions/events").bearer_auth("ada").send().await.unwrap();
    let mut told = feed.bytes_stream();
    let mut next = async || {
        let bytes =
            tokio::time::timeout(std::time::Duration::from_mins(1), told.next()).await.unwrap().unwrap().unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        serde_json::from_str::<Value>(text.trim().strip_prefix("data: ").unwrap()).unwrap()
    };
    assert_eq!(next().await, json!({"event": "init", "sessions": {&of_ada: "done_success_unread"}}));
    for (who, session) in [("bob", &of_bob), ("ada", &of_ada)] {
        cluster.post(who, &format!("/v1/sessions/{session}/read"), Value::Null).await;
        let (status, _) = cluster.send(who, Method::DELETE, &format!("/v1/sessions/{session}"), &Value::Null).await;
        assert_eq!(status, 200);
    }
    assert_eq!(next().await, json!({"event": "message", "session_id": of_ada, "status": "idle"}));
    assert_eq!(next().await, json!({"event": "deleted", "session_id": of_ada}));
}

#[tokio::test]
async fn a_right_on_sessions_opens_what_it_says() {
    let people: [(&str, &[&'static str]); 4] = [
        ("ada", &[INVOKER]),
        ("reader", &["get sessions"]),
        ("helper", &["get,update sessions", INVOKER]),
        ("janitor", &["get,delete sessions"]),
    ];
    let cluster = Cluster::of(&people).await;
    let (session, run) = cluster.converse("ada", "hi").await;
    for (method, path, body, verb) in reaches(&session, &run) {
        for (who, may) in [("reader", "get"), ("helper", "get,update"), ("janitor", "get,delete")] {
            let (status, answer) = cluster.send(who, method.clone(), &path, &body).await;
            let allowed = may.split(',').any(|may| may == verb);
            assert_eq!(status != 403, allowed, "{who} {method} {path}: {status} {answer}");
        }
    }
    let path = format!("/v1/sessions/{session}");
    assert_eq!(cluster.send("reader", Method::DELETE, &path, &Value::Null).await.0, 403);
    assert_eq!(cluster.send("janitor", Method::DELETE, &path, &Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_right_on_one_session_is_none_on_another() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &["get sessions:none"])]).await;
    let (session, _) = cluster.converse("ada", "hi").await;
    cluster.asked();
    assert_eq!(cluster.get("bob", &format!("/v1/sessions/{session}")).await.0, 404);
    assert_eq!(cluster.asked(), [format!("bob get sessions:{session}")]);
}

#[tokio::test]
async fn nobody_speaks_in_anothers_session() {
    let cluster =
        Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER]), ("cleo", &[INVOKER, "get,update sessions"])]).await;
    let (session, _) = cluster.converse("ada", "hi").await;
    let say =
        |interrupt: bool| json!({"agent_id": "plain", "text": "me", "session_id": session, "interrupt": interrupt});
    let turns = async || {
        let (_, whole) = cluster.get("ada", &format!("/v1/sessions/{session}")).await;
        whole["messages"].as_array().unwrap().len()
    };
    let before = turns().await;
    // An unknown session is a call without one (S1-60), and so is another's.
    let (status, said) = cluster.post("bob", "/v1/infer", say(false)).await;
    assert_eq!((status, said.get("session_id")), (200, None));
    let body = json!({"input": "me", "session_id": session});
    assert_eq!(cluster.post("bob", "/v1/agents/plain/runs", body).await.0, 404);
    let body = json!({"model": "agent/plain", "session_id": session, "messages": [{"role": "user", "content": "me"}]});
    assert_eq!(cluster.post("bob", "/v1/chat/completions", body).await.0, 200);
    assert_eq!(turns().await, before);
    assert_eq!(cluster.post("cleo", "/v1/infer", say(true)).await.0, 403, "to interrupt takes more than to go on");
    assert_eq!(cluster.post("cleo", "/v1/infer", say(false)).await.1["session_id"], json!(session));
    assert!(turns().await > before);
}

#[tokio::test]
async fn only_its_user_approves_a_call() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    let (status, run) = cluster.post("ada", "/v1/agents/careful/runs", json!({"input": "greet me", "wait": 60})).await;
    assert_eq!((status, run["status"].as_str()), (201, Some("waiting")), "{run}");
    let call = run["waiting_for"][0]["call_id"].as_str().unwrap();
    let path = format!("/v1/runs/{}/approvals/{call}", run["id"].as_str().unwrap());
    let approve = json!({"decision": "approve"});
    assert_eq!(cluster.post("bob", &path, approve.clone()).await.0, 404);
    assert_eq!(cluster.post("ada", &path, approve).await.0, 200);
}

#[tokio::test]
async fn the_same_key_of_two_callers_is_two_keys() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    let ask = async |who: &str, path: &str, body: &Value| {
        let request = cluster.request(Method::POST, path).bearer_auth(who).header("idempotency-key", "one").json(body);
        let (status, said) = answer(request).await;
        assert!(status < 300, "{said}");
        said.get("run_id").or(said.get("id")).unwrap().as_str().unwrap().to_owned()
    };
    for (path, body) in [
        ("/v1/infer", json!({"agent_id": "plain", "text": "hi"})),
        ("/v1/agents/plain/runs", json!({"input": "hi", "wait": 60})),
    ] {
        let of_ada = ask("ada", path, &body).await;
        let of_bob = ask("bob", path, &body).await;
        assert_ne!(of_ada, of_bob);
        assert_eq!(ask("ada", path, &body).await, of_ada);
        assert_eq!(ask("bob", path, &body).await, of_bob);
    }
}

#[tokio::test]
async fn a_run_is_made_again_only_by_who_may_still_run_it() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("cleo", &["get,update sessions"])]).await;
    let (_, run) = cluster.converse("ada", "hi").await;
    let (status, refused) = cluster.post("cleo", &format!("/v1/runs/{run}/retry"), Value::Null).await;
    assert_eq!(status, 403);
    assert!(refused["detail"].as_str().unwrap().contains(r#"create agents/invoke "plain""#), "{refused}");
    let (status, again) = cluster.post("ada", &format!("/v1/runs/{run}/retry"), Value::Null).await;
    assert_eq!(status, 201, "{again}");
}
