//! Runs as data over a scripted model: starting, following, answering, cancelling.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

#[path = "support/scripted.rs"]
mod scripted;

use reqwest::Method;
use scripted::{Service, answer, frames};
use serde_json::{Value, json};
use troupe_model_server::{Role, Rule, When};

fn last(role: Role) -> When {
    When { last_role: Some(role), ..When::default() }
}

fn greeting() -> [Rule; 2] {
    [
        Rule::call("greet", json!({"name": "Ada"})).when(last(Role::User)),
        Rule::text("The tool says: {{last_tool}}").when(last(Role::Tool)),
    ]
}

async fn run(service: &Service, agent: &str, body: Value) -> Value {
    let (status, run) = service.post(&format!("/v1/agents/{agent}/runs"), &body).await;
    assert_eq!(status, 201, "{run}");
    run
}

async fn events(service: &Service, run: &str, query: &str, last: Option<&str>) -> Vec<(Option<String>, String)> {
    let mut request = service.request(Method::GET, &format!("/v1/runs/{run}/events{query}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    frames(&request.send().await.unwrap().text().await.unwrap())
}

#[tokio::test]
async fn a_run_is_started_awaited_and_told_by_its_events() {
    let service = Service::with(greeting()).await;
    let run = run(&service, "greeter", json!({"input": "hi", "wait": 60})).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(run["answer"], "The tool says: Hello Ada");
    let id = run["id"].as_str().unwrap();
    let told = events(&service, id, "", None).await;
    let events: Vec<Value> = told.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    let mut kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.dedup();
    let expected = [
        "run_accepted",
        "run_started",
        "step_started",
        "delta",
        "message",
        "tool_started",
        "tool_finished",
        "step_started",
        "delta",
        "message",
        "run_finished",
    ];
    assert_eq!(kinds, expected);
    let (_, listed) = service.get("/v1/runs?target=greeter&status=completed&limit=1").await;
    assert_eq!(listed["runs"][0]["id"], id);
    let (_, steps) = service.get(&format!("/v1/runs/{id}/steps")).await;
    assert_eq!(steps["steps"][0]["calls"][0]["status"], "completed");
    let (_, used) = service.get("/v1/usage").await;
    assert_eq!(used["usage"][0]["runs"], 1, "{used}");
}

#[tokio::test]
async fn a_stream_cut_anywhere_goes_on_without_loss_or_repetition() {
    let service = Service::with(greeting()).await;
    let run = run(&service, "greeter", json!({"input": "hi", "wait": 60})).await;
    let id = run["id"].as_str().unwrap();
    for format in ["typed", "s1"] {
        let query = format!("?format={format}");
        let whole = events(&service, id, &query, None).await;
        assert!(whole.len() > 5);
        for (cut, (last, _)) in whole.iter().enumerate() {
            let Some(last) = last else { continue };
            let rest = events(&service, id, &query, Some(last)).await;
            assert_eq!(whole[..=cut].iter().chain(&rest).collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        }
    }
    let (mut after, mut paged) = ("0.0".to_owned(), Vec::new());
    loop {
        let (_, page) = service.get(&format!("/v1/runs/{id}/events?after={after}&limit=2")).await;
        paged.extend(page["events"].as_array().unwrap().clone());
        page["next"].as_str().unwrap().clone_into(&mut after);
        if page["done"] == true {
            break;
        }
    }
    let whole = events(&service, id, "", None).await;
    let whole: Vec<Value> = whole.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    assert_eq!(paged, whole);
}

#[tokio::test]
async fn a_person_approves_with_other_arguments() {
    let service = Service::with(greeting()).await;
    let run = run(&service, "careful", json!({"input": "hi", "wait": 60})).await;
    let id = run["id"].as_str().unwrap();
    let call = run["waiting_for"][0]["call_id"].as_str().unwrap_or_else(|| panic!("{run}"));
    assert_eq!(run["waiting_for"][0]["kind"], "approval");
    let path = format!("/v1/runs/{id}/approvals/{call}");
    let (status, body) = service.post(&path, &json!({"decision": "approve", "arguments": {"name": "Bob"}})).await;
    assert_eq!(status, 200, "{body}");
    assert!(!events(&service, id, "", None).await.is_empty());
    let (_, run) = service.get(&format!("/v1/runs/{id}")).await;
    assert_eq!(run["answer"], "The tool says: Hello Bob");
    assert_eq!(service.post(&path, &json!({"decision": "approve"})).await.0, 409);
}

#[tokio::test]
async fn the_callers_result_goes_to_the_run_that_waits_for_it() {
    let asks = Rule::call("get_weather", json!({"city": "Oslo"})).when(last(Role::User));
    let service = Service::with([asks, Rule::text("It is {{last_tool}}.").when(last(Role::Tool))]).await;
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}});
    for (content, is_error, told) in [
        (json!("sunny"), json!(null), "It is sunny."),
        (json!({"sky": "blue"}), json!(false), "It is {\"sky\":\"blue\"}."),
        (json!("no station"), json!(true), "It is Error: no station."),
    ] {
        let asked =
            json!({"model": "agent/plain", "messages": [{"role": "user", "content": "Weather?"}], "tools": [tool]});
        let (status, handed) = service.post("/v1/chat/completions", &asked).await;
        assert_eq!((status, &handed["choices"][0]["finish_reason"]), (200, &json!("tool_calls")), "{handed}");
        let (_, listed) = service.get("/v1/runs?status=waiting").await;
        let id = listed["runs"][0]["id"].as_str().unwrap_or_else(|| panic!("{listed}"));
        let (_, waiting) = service.get(&format!("/v1/runs/{id}")).await;
        let awaited = &waiting["waiting_for"][0];
        assert_eq!((&awaited["kind"], &awaited["name"]), (&json!("input"), &json!("get_weather")), "{waiting}");
        let path = format!("/v1/runs/{id}/input");
        let body = json!({"call_id": awaited["call_id"], "content": content, "is_error": is_error});
        let (status, run) = service.post(&path, &body).await;
        assert_eq!(status, 200, "{run}");
        events(&service, id, "", None).await;
        let (_, run) = service.get(&format!("/v1/runs/{id}")).await;
        assert_eq!((&run["status"], &run["answer"]), (&json!("completed"), &json!(told)));
        assert_eq!(service.post(&path, &body).await.0, 409, "a result is given once");
    }
}

#[tokio::test]
async fn a_result_too_large_for_the_model_is_an_artifact() {
    let name = "x".repeat(400_000);
    let service = Service::with([
        Rule::call("greet", json!({"name": name})).when(last(Role::User)),
        Rule::text("Long.").when(last(Role::Tool)),
    ])
    .await;
    let run = run(&service, "greeter", json!({"input": "hi", "wait": 60})).await;
    assert_eq!(run["answer"], "Long.", "{}", run["status"]);
    let id = run["id"].as_str().unwrap();
    let (_, listed) = service.get(&format!("/v1/runs/{id}/artifacts")).await;
    let artifact = &listed["artifacts"][0];
    assert_eq!((&artifact["bytes"], &artifact["name"]), (&json!(400_006), &json!("greet")), "{listed}");
    let path = format!("/v1/runs/{id}/artifacts/{}", artifact["hash"].as_str().unwrap());
    let download = service.request(Method::GET, &path).send().await.unwrap();
    let header = |name: &str| download.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment; filename="));
    assert_eq!(download.text().await.unwrap(), format!("Hello {name}"));
    let model = service.model.requests().pop().unwrap().json();
    let told = model["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(told.len() < 300_000 && told.contains(artifact["hash"].as_str().unwrap()), "{}", told.len());
    for wrong in ["0000", "..%2Fx"] {
        assert_eq!(service.get(&format!("/v1/runs/{id}/artifacts/{wrong}")).await.0, 404);
    }
}

#[tokio::test]
async fn a_draft_is_dispatched_a_finished_run_is_retried_and_a_waiting_one_cancelled() {
    let service = Service::with(greeting()).await;
    let draft = run(&service, "greeter", json!({"input": "hi", "status": "draft"})).await;
    assert_eq!(draft["status"], "draft");
    let id = draft["id"].as_str().unwrap();
    assert_eq!(service.post(&format!("/v1/runs/{id}/retry"), &json!({})).await.0, 409);
    let (status, body) = service.post(&format!("/v1/runs/{id}/dispatch"), &json!({})).await;
    assert_eq!(status, 200, "{body}");
    events(&service, id, "", None).await;
    assert_eq!(service.get(&format!("/v1/runs/{id}")).await.1["status"], "completed");
    let (status, again) = service.post(&format!("/v1/runs/{id}/retry"), &json!({})).await;
    assert_eq!(status, 201, "{again}");
    assert_ne!(again["id"], id);
    let waiting = run(&service, "careful", json!({"input": "hi", "wait": 60})).await;
    let id = waiting["id"].as_str().unwrap();
    assert_eq!(service.post(&format!("/v1/runs/{id}/cancel"), &json!({"reason": "no need"})).await.0, 200);
    events(&service, id, "", None).await;
    assert_eq!(service.get(&format!("/v1/runs/{id}")).await.1["outcome"]["by"], "no need");
}

#[tokio::test]
async fn a_dry_run_runs_nothing_and_a_key_finds_its_run() {
    let service = Service::with([Rule::text("Hello.")]).await;
    let (status, dry) = service.post("/v1/agents/greeter/runs", &json!({"input": {"a": 1}, "dry_run": true})).await;
    assert_eq!((status, &dry["tools"]), (200, &json!(["greet"])), "{dry}");
    assert_eq!(service.get("/v1/runs").await.1["runs"], json!([]));
    assert!(service.model.requests().is_empty());
    let send = |input: &str| {
        let request = service.request(Method::POST, "/v1/agents/plain/runs").header("idempotency-key", "k");
        request.json(&json!({"input": input, "wait": 60})).send()
    };
    let (created, first) = answer(send("hi").await.unwrap()).await;
    let (found, again) = answer(send("hi").await.unwrap()).await;
    assert_eq!((created, found), (201, 200));
    assert_eq!(first["id"], again["id"]);
    assert_eq!(answer(send("other").await.unwrap()).await.0, 422);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let service = Service::with([]).await;
    let missing = "0192f000-0000-7000-8000-000000000000";
    let approve = format!("/v1/runs/{missing}/approvals/{missing}");
    let (cancel, input) = (format!("/v1/runs/{missing}/cancel"), format!("/v1/runs/{missing}/input"));
    let start = "/v1/agents/plain/runs";
    let wrong = [
        (start, json!({"input": 1}), "input"),
        (start, json!({"input": []}), "input"),
        (start, json!({"input": [{"role": 1}]}), "input"),
        (start, json!({"input": [{"role": "king"}]}), "role"),
        (start, json!({}), "input"),
        (start, json!({"input": "a", "session_id": 1}), "session_id"),
        (start, json!({"input": "a", "session_id": "gone"}), "gone"),
        (start, json!({"input": "a", "revision": 1}), "revision"),
        (start, json!({"input": "a", "revision": "gone"}), "revision"),
        (start, json!({"input": "a", "dry_run": "x"}), "dry_run"),
        (start, json!({"input": "a", "wait": -1}), "wait"),
        (start, json!({"input": "a", "wait": 601}), "wait"),
        (start, json!({"input": "a", "status": "queued"}), "status"),
        (start, json!({"input": "a", "dispatch": "soon"}), "dispatch"),
        (start, json!({"input": "a", "interrupt": 1}), "interrupt"),
        (start, json!({"input": "a", "more": 1}), "more"),
        ("/v1/agents/gone/runs", json!({"input": "a"}), "gone"),
        ("/v1/teams/gone/runs", json!({"input": "a"}), "not served yet"),
        ("/v1/workflows/gone/runs", json!({"input": "a"}), "not served yet"),
        ("/v1/skills/gone/runs", json!({"input": "a"}), "not served yet"),
        (&cancel, json!({"forced": 1}), "forced"),
        (&cancel, json!({"reason": 1}), "reason"),
        (&cancel, json!({}), missing),
        (&approve, json!({"decision": "maybe"}), "decision"),
        (&approve, json!({"decision": "approve", "arguments": 1}), "arguments"),
        (&approve, json!({"decision": "reject", "arguments": {}}), "arguments"),
        (&approve, json!({"decision": "approve"}), missing),
        (&input, json!({"content": "a"}), "call_id"),
        (&input, json!({"call_id": "x", "content": "a"}), "call_id"),
        (&input, json!({"call_id": missing, "content": "a", "is_error": 1}), "is_error"),
        ("/v1/runs/nonsense/retry", json!({}), "nonsense"),
        ("/v1/runs/nonsense/dispatch", json!({}), "nonsense"),
    ];
    for (path, body, word) in wrong {
        let (status, problem) = service.post(path, &body).await;
        assert!((400..500).contains(&status), "{path} {body}: {status} {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path} {body}: {problem}");
    }
    for (path, word) in [
        ("/v1/runs?limit=0", "limit"),
        ("/v1/runs?limit=x", "limit"),
        ("/v1/runs?status=x", "status"),
        ("/v1/runs?cursor=x", "cursor"),
        ("/v1/runs?more=1", "more"),
        ("/v1/runs/x", "x"),
        ("/v1/runs/x/events", "x"),
        ("/v1/usage?since=x", "since"),
        ("/v1/usage?until=x", "until"),
    ] {
        let (status, problem) = service.get(path).await;
        assert!((400..500).contains(&status), "{path}: {status} {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path}: {problem}");
    }
}
