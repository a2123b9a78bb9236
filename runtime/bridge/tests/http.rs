//! The bridge as HTTP clients see it: sessions, ids, streams, limits, health, and what happens when the server dies.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its own functions too")]

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use troupe_bridge::http::{self, HttpLimits};
use troupe_bridge::{Sharing, StdioServer};

struct Served {
    address: String,
    client: Client,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

fn stdio(mode: &str) -> StdioServer {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/scripted-mcp-server");
    StdioServer::new(path.to_str().unwrap(), ["--mode", mode])
}

async fn bridge(server: StdioServer, limits: HttpLimits) -> Served {
    let _installed_by_another_test = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "a test waits for it through its handle")]
    let serving = tokio::spawn(http::serve(listener, server, limits, stop.clone()));
    #[expect(clippy::disallowed_methods, reason = "a test calls only itself")]
    let client = Client::new();
    Served { address, client, stop, serving }
}

async fn shared() -> Served {
    bridge(stdio("plain"), HttpLimits::default()).await
}

async fn per_session(max: usize) -> Served {
    let mut server = stdio("plain");
    server.sharing = Sharing::PerSession;
    server.processes.max = max;
    bridge(server, HttpLimits::default()).await
}

impl Served {
    fn post(&self, session: Option<&str>, message: &Value) -> RequestBuilder {
        let request = self
            .client
            .post(format!("{}/mcp", self.address))
            .header("accept", "application/json, text/event-stream")
            .json(message);
        match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }

    async fn initialize(&self, version: &str, capabilities: Value) -> Response {
        let params = json!({
            "protocolVersion": version, "capabilities": capabilities,
            "clientInfo": { "name": "a test", "version": "1" },
        });
        let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        self.post(None, &message).send().await.unwrap()
    }

    async fn session(&self, capabilities: Value) -> String {
        let response = self.initialize("2025-11-25", capabilities).await;
        response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    }

    /// An answer that takes long, on a busy machine for example, comes as an event.
    async fn call(&self, session: &str, id: Value, tool: &str, arguments: Value) -> Value {
        let message = call_message(&id, tool, &arguments);
        let response = self.post(Some(session), &message).send().await.unwrap();
        if response.headers()["content-type"] == "application/json" {
            return response.json().await.unwrap();
        }
        events(response).next().await.unwrap()
    }

    async fn say(&self, session: &str, tool: &str, arguments: Value) -> String {
        text_of(&self.call(session, json!(1), tool, arguments).await)
    }
}

fn call_message(id: &Value, tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
}

fn text_of(answer: &Value) -> String {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Reads an event stream message by message.
struct Events {
    response: Response,
    buffer: Vec<u8>,
    /// Up to here there is no end of an event.
    searched: usize,
}

impl Events {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.windows(2).skip(self.searched).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.buffer.drain(..self.searched + end + 2).collect();
                self.searched = 0;
                let Some(data) = event.strip_prefix(b"data: ") else { continue };
                return Some(serde_json::from_slice(data).unwrap());
            }
            self.searched = self.buffer.len().saturating_sub(1);
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

fn events(response: Response) -> Events {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Events { response, buffer: Vec::new(), searched: 0 }
}

#[tokio::test]
async fn clients_of_either_version_are_introduced_to_the_server_itself() {
    let bridge = shared().await;
    for (asked, given) in [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2099-01-01", "2025-11-25")] {
        let response = bridge.initialize(asked, json!({})).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["result"]["protocolVersion"], given);
        assert_eq!(answer["result"]["serverInfo"]["name"], "scripted");
        assert_eq!(answer["result"]["instructions"], "For tests.");
        assert_eq!(answer["result"]["capabilities"], json!({ "tools": { "listChanged": true } }));
    }
}

#[tokio::test]
async fn equal_ids_of_different_clients_do_not_meet() {
    let bridge = shared().await;
    let (first, second) = (bridge.session(json!({})).await, bridge.session(json!({})).await);
    assert_ne!(first, second);
    let calls = (0..50).flat_map(|number| [(&first, number), (&second, number)]).map(|(session, number)| {
        let (bridge, text) = (&bridge, format!("{session} {number}"));
        async move {
            let answer = bridge.call(session, json!(number), "echo", json!({ "text": text })).await;
            assert_eq!((answer["id"].clone(), text_of(&answer)), (json!(number), text));
        }
    });
    futures::future::join_all(calls).await;
    let id = json!("text ids too");
    assert_eq!(bridge.call(&first, id.clone(), "echo", json!({})).await["id"], id);
}

#[tokio::test]
async fn a_shared_session_needs_no_memory_of_the_bridge() {
    let bridge = shared().await;
    let other_replica = shared().await;
    let session = bridge.session(json!({})).await;
    assert_eq!(other_replica.say(&session, "echo", json!({ "text": "known here too" })).await, "known here too");
    let status =
        bridge.post(Some("made-up"), &call_message(&json!(1), "echo", &json!({}))).send().await.unwrap().status();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn progress_comes_on_the_stream_under_the_clients_own_token() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    let mut message = call_message(&json!("call"), "slow", &json!({ "steps": 2, "millis": 10 }));
    message["params"]["_meta"] = json!({ "progressToken": "mine" });
    let mut events = events(bridge.post(Some(&session), &message).send().await.unwrap());
    for step in 1..=2 {
        let news = events.next().await.unwrap();
        assert_eq!(news["method"], "notifications/progress");
        assert_eq!(news["params"]["progressToken"], "mine");
        assert_eq!(news["params"]["progress"], step);
    }
    let answer = events.next().await.unwrap();
    assert_eq!((answer["id"].clone(), text_of(&answer)), (json!("call"), "done".to_owned()));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_client_cancels_its_own_request_by_its_own_id() {
    let bridge = shared().await;
    let (session, other) = (bridge.session(json!({})).await, bridge.session(json!({})).await);
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    let hanging = bridge.call(&session, json!(1), "hang", json!({}));
    let cancelling = async {
        // Another session's request of the same id is not meant; ours may not have arrived yet.
        loop {
            for name in [&other, &session] {
                let status = bridge.post(Some(name), &cancelled).send().await.unwrap().status();
                assert_eq!(status, StatusCode::ACCEPTED);
            }
            if bridge.call(&other, json!(2), "state", json!({ "what": "cancelled" })).await["result"]["content"][0]["text"]
                == "1"
            {
                break;
            }
        }
    };
    let (answer, ()) = tokio::join!(hanging, cancelling);
    assert_eq!(answer["error"]["message"], "`tools/call` was cancelled");
}

#[tokio::test]
async fn the_death_of_the_server_is_an_error_with_its_cause_and_the_session_goes_on() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    let answer = bridge.call(&session, json!(1), "crash", json!({ "status": 5 })).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("exited with status 5") && message.contains("the disk is on fire"), "{message}");
    assert_eq!(bridge.say(&session, "echo", json!({ "text": "again" })).await, "again");
}

#[tokio::test]
async fn the_servers_own_errors_pass_unchanged() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    let answer = bridge.call(&session, json!(1), "refuse", json!({})).await;
    assert_eq!(answer["error"], json!({ "code": -32602, "message": "the argument `x` is missing" }));
    let answer = bridge.call(&session, json!(1), "structured", json!({})).await;
    assert_eq!(answer["result"]["structuredContent"], json!({ "sum": 3 }));
    assert_eq!(answer["result"]["content"][5], json!({ "type": "hologram", "beam": 3 }));
}

#[tokio::test]
async fn a_change_of_the_tools_reaches_listening_clients() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    let get = bridge.client.get(format!("{}/mcp", bridge.address)).header("accept", "text/event-stream");
    let mut events = events(get.header("mcp-session-id", &session).send().await.unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let before: Value = bridge.post(Some(&session), &list).send().await.unwrap().json().await.unwrap();
    bridge.say(&session, "grow", json!({})).await;
    assert_eq!(events.next().await.unwrap()["method"], "notifications/tools/list_changed");
    let after: Value = bridge.post(Some(&session), &list).send().await.unwrap().json().await.unwrap();
    let count = |list: &Value| list["result"]["tools"].as_array().unwrap().len();
    assert_eq!((count(&before), count(&after)), (3, 4));
    bridge.stop.cancel();
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn sessions_with_own_processes_keep_apart_and_end_with_them() {
    let bridge = per_session(2).await;
    let (first, second) = (bridge.session(json!({})).await, bridge.session(json!({})).await);
    assert_eq!(bridge.say(&first, "state", json!({ "what": "count" })).await, "1");
    assert_eq!(bridge.say(&first, "state", json!({ "what": "count" })).await, "2");
    assert_eq!(bridge.say(&second, "state", json!({ "what": "count" })).await, "1");
    let full = bridge.initialize("2025-11-25", json!({})).await;
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    let delete = bridge.client.delete(format!("{}/mcp", bridge.address)).header("mcp-session-id", &first);
    assert_eq!(delete.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    bridge.call(&second, json!(1), "crash", json!({})).await;
    for gone in [&first, &second] {
        let message = call_message(&json!(1), "echo", &json!({}));
        assert_eq!(bridge.post(Some(gone), &message).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    let message = call_message(&json!(1), "echo", &json!({}));
    assert_eq!(bridge.post(None, &message).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_server_of_its_own_is_told_of_its_client_and_may_ask_it() {
    let bridge = per_session(1).await;
    let response = bridge.initialize("2025-06-18", json!({ "roots": {} })).await;
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["result"]["serverInfo"]["client"], "a test");
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    let message = call_message(&json!(1), "ask", &json!({}));
    let mut events = events(bridge.post(Some(&session), &message).send().await.unwrap());
    let question = events.next().await.unwrap();
    assert_eq!((question["method"].as_str(), question["id"].as_str()), (Some("roots/list"), Some("from-server")));
    let reply = json!({ "jsonrpc": "2.0", "id": "from-server", "result": { "roots": [{ "uri": "file:///here" }] } });
    assert_eq!(bridge.post(Some(&session), &reply).send().await.unwrap().status(), StatusCode::ACCEPTED);
    let answer = text_of(&events.next().await.unwrap());
    assert!(answer.contains("file:///here"), "{answer}");
}

#[tokio::test]
async fn requests_outside_the_rules_are_turned_away() {
    let bridge = bridge(stdio("plain"), HttpLimits { max_request_bytes: 1000, ..HttpLimits::default() }).await;
    let url = format!("{}/mcp", bridge.address);
    let post =
        || bridge.client.post(&url).header("accept", "application/json").header("content-type", "application/json");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(post().body(ping)).await, 200);
    assert_eq!(status(post().body(ping).header("origin", "https://evil.example")).await, 403);
    assert_eq!(status(post().body(ping).header("mcp-protocol-version", "1999-01-01")).await, 400);
    assert_eq!(status(post().body("{")).await, 400);
    assert_eq!(status(post().body("[]")).await, 400);
    assert_eq!(status(post().body(" ".repeat(1001))).await, 413);
    assert_eq!(status(bridge.client.post(&url).header("accept", "application/json").body(ping)).await, 415);
    assert_eq!(status(bridge.client.post(&url).header("accept", "text/html").body(ping)).await, 406);
    assert_eq!(status(bridge.client.get(&url).header("accept", "application/json")).await, 406);
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#;
    let answer: Value = post().body(discover).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["code"], -32601);
}

#[tokio::test]
async fn a_call_has_a_time_limit() {
    let mut server = stdio("plain");
    server.call_timeout = Duration::from_millis(50);
    let bridge = bridge(server, HttpLimits::default()).await;
    let session = bridge.session(json!({})).await;
    let answer = bridge.call(&session, json!(1), "hang", json!({})).await;
    assert_eq!(answer["error"]["code"], -32001);
}

#[tokio::test]
async fn health_is_what_the_server_says_of_itself() {
    for (mode, status, said) in [("plain", 200, "ok"), ("die-at-start", 503, "failed")] {
        for sharing in [Sharing::Shared, Sharing::PerSession] {
            let bridge = bridge(StdioServer { sharing, ..stdio(mode) }, HttpLimits::default()).await;
            let response = bridge.client.get(format!("{}/healthz", bridge.address)).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{mode} {sharing:?}");
            assert_eq!(response.json::<Value>().await.unwrap()["status"], said);
        }
    }
}

#[tokio::test]
async fn one_clients_hung_process_is_not_the_health_of_the_others() {
    let bridge = per_session(4).await;
    let hung = bridge.session(json!({})).await;
    let deafen = call_message(&json!(1), "deafen", &json!({}));
    let left = bridge.post(Some(&hung), &deafen).timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(left.is_timeout(), "{left}");
    let works = bridge.session(json!({})).await;
    assert_eq!(bridge.say(&works, "echo", json!({ "text": "here" })).await, "here");
    let response = bridge.client.get(format!("{}/healthz", bridge.address)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "status": "ok", "tools": 3 }));
}

/// The scripted server, once the file `go` is in the folder; each start leaves a line in `starts`.
fn held_back(folder: &std::path::Path) -> StdioServer {
    let StdioServer { command, args, .. } = stdio("plain");
    let script = format!(
        "echo start >> {0}/starts; while [ ! -e {0}/go ]; do sleep 0.02; done; exec {command} {1}",
        folder.display(),
        args.join(" ")
    );
    StdioServer { sharing: Sharing::PerSession, ..StdioServer::new("sh", ["-c".to_owned(), script]) }
}

#[tokio::test]
async fn a_server_that_starts_more_slowly_than_a_probe_waits_is_started_once() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = bridge(held_back(folder.path()), HttpLimits::default()).await;
    let probe = || bridge.client.get(format!("{}/healthz", bridge.address));
    for _ in 0..3 {
        let gone = probe().timeout(Duration::from_millis(200)).send().await.unwrap_err();
        assert!(gone.is_timeout(), "{gone}");
    }
    std::fs::write(folder.path().join("go"), "").unwrap();
    let health: Value = probe().send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({ "status": "ok", "tools": 3 }));
    assert_eq!(std::fs::read_to_string(folder.path().join("starts")).unwrap(), "start\n");
    let health: Value = probe().send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({ "status": "idle" }));
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_server_that_a_probe_still_starts() {
    let folder = tempfile::tempdir().unwrap();
    let limits = HttpLimits { grace: Duration::from_millis(200), ..HttpLimits::default() };
    let bridge =
        bridge(StdioServer { start_timeout: Duration::from_hours(1), ..held_back(folder.path()) }, limits).await;
    let probe = bridge.client.get(format!("{}/healthz", bridge.address)).send();
    let started = async {
        while !folder.path().join("starts").exists() {
            tokio::task::yield_now().await;
        }
        bridge.stop.cancel();
    };
    let (answer, ()) = tokio::join!(probe, started);
    assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    bridge.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_lets_a_running_call_finish_and_then_ends() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    let mut message = call_message(&json!(1), "slow", &json!({ "steps": 2, "millis": 100 }));
    message["params"]["_meta"] = json!({ "progressToken": 1 });
    let mut events = events(bridge.post(Some(&session), &message).send().await.unwrap());
    events.next().await.unwrap();
    bridge.stop.cancel();
    events.next().await.unwrap();
    assert_eq!(text_of(&events.next().await.unwrap()), "done");
    bridge.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_large_answer_passes() {
    let bridge = shared().await;
    let session = bridge.session(json!({})).await;
    assert_eq!(bridge.say(&session, "big", json!({ "bytes": 30_000_000 })).await.len(), 30_000_000);
}
