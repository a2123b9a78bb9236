//! The program with servers that we did not write, started with the flags that the operator gives; skipped where they are
//! not installed.

#![cfg(test)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A program of the peers' folder; `None`, said aloud, where it is not installed.
fn installed(program: &str) -> Option<String> {
    let folder = std::env::var_os("TROUPE_PEERS").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/troupe/peers")))?;
    let path = folder.join(program);
    if !path.exists() {
        println!("skipped: {} is not there; tests/peers/install.sh installs it", path.display());
        return None;
    }
    path.into_os_string().into_string().ok()
}

struct Bridge {
    process: Child,
    address: String,
    client: Client,
    log: std::thread::JoinHandle<Vec<String>>,
}

fn bridge(flags: &[&str], program: &[&str]) -> Bridge {
    let _installed_by_another_test = rustls::crypto::ring::default_provider().install_default();
    let mut process = Command::new(env!("CARGO_BIN_EXE_troupe-mcp-bridge"))
        .args(["--listen", "0.0.0.0:0", "--min-processes", "0", "--idle-timeout", "300", "--call-timeout", "60"])
        .args(["--max-response-bytes", "104857600"])
        .args(flags)
        .arg("--")
        .args(program)
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.split_once("address=0.0.0.0:").map(|(_, port)| port.to_owned())).unwrap();
    // Read on, so that the program never waits for a reader.
    let log = std::thread::spawn(move || lines.collect());
    #[expect(clippy::disallowed_methods, reason = "a test calls only itself")]
    let client = Client::new();
    Bridge { process, address: format!("http://127.0.0.1:{address}"), client, log }
}

impl Bridge {
    fn post(&self, session: Option<&str>, message: &Value) -> RequestBuilder {
        let accept = "application/json, text/event-stream";
        // The name under which a Service is called is none of the bridge's own.
        let request = self.client.post(format!("{}/mcp", self.address)).header("host", "time.tenant.svc:8080");
        let request = request.header("accept", accept).json(message);
        if let Some(session) = session { request.header("mcp-session-id", session) } else { request }
    }

    async fn session(&self) -> String {
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
                             "clientInfo": { "name": "a test", "version": "1" } });
        let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let response = self.post(None, &message).send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    }

    /// The messages of a call's answer, the answer itself last.
    async fn call(&self, session: &str, id: u64, tool: &str, arguments: Value) -> Vec<Value> {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": format!("p{id}") } });
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        let body = self.post(Some(session), &message).send().await.unwrap().text().await.unwrap();
        if body.starts_with('{') {
            return vec![serde_json::from_str(&body).unwrap()];
        }
        let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    async fn health(&self) -> Value {
        self.client.get(format!("{}/healthz", self.address)).send().await.unwrap().json().await.unwrap()
    }

    /// SIGTERM; it must end well.
    fn stop(mut self) {
        let id = Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{:?}", self.log.join());
    }
}

fn text(messages: &[Value]) -> &str {
    messages.last().unwrap()["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{messages:?}"))
}

#[tokio::test]
async fn the_time_server_is_shared() {
    let Some(program) = installed("python/bin/mcp-server-time") else { return };
    let bridge = bridge(&["--max-processes", "1"], &[&program]);
    assert_eq!(bridge.health().await, json!({ "status": "ok", "tools": 2 }));
    let (one, other) = (bridge.session().await, bridge.session().await);
    let zone = |zone| json!({ "timezone": zone });
    // The same id on both sides, at the same moment.
    let (paris, tokyo) = tokio::join!(
        bridge.call(&one, 7, "get_current_time", zone("Europe/Paris")),
        bridge.call(&other, 7, "get_current_time", zone("Asia/Tokyo"))
    );
    assert!(text(&paris).contains("Europe/Paris") && text(&tokyo).contains("Asia/Tokyo"), "{paris:?} {tokyo:?}");
    bridge.stop();
}

#[tokio::test]
async fn the_reference_server_has_a_process_a_session_and_tells_its_progress() {
    let Some(program) = installed("node/node_modules/.bin/mcp-server-everything") else { return };
    let bridge = bridge(&["--max-processes", "2", "--per-session"], &[&program, "stdio"]);
    assert_eq!(bridge.health().await["status"], "ok");
    let (one, other) = (bridge.session().await, bridge.session().await);
    let arguments = json!({ "duration": 0.4, "steps": 2 });
    let (slow, sum) = tokio::join!(
        bridge.call(&one, 1, "trigger-long-running-operation", arguments),
        bridge.call(&other, 1, "get-sum", json!({ "a": 20, "b": 22 }))
    );
    assert!(text(&slow).contains("completed"), "{slow:?}");
    let tokens: Vec<&Value> = slow.iter().filter_map(|message| message["params"].get("progressToken")).collect();
    assert!(!tokens.is_empty() && tokens.iter().all(|token| **token == "p1"), "{slow:?}");
    assert!(text(&sum).contains("42"), "{sum:?}");
    // A third must wait for one to end.
    let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
    assert_eq!(bridge.post(None, &message).send().await.unwrap().status().as_u16(), 503);
    let ended = bridge.client.delete(format!("{}/mcp", bridge.address)).header("mcp-session-id", &other);
    assert_eq!(ended.send().await.unwrap().status().as_u16(), 204);
    let third = bridge.session().await;
    assert!(text(&bridge.call(&third, 1, "echo", json!({ "message": "third" })).await).contains("third"));
    bridge.stop();
}
