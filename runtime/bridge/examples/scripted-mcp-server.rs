//! A small stdio MCP server for tests: it echoes, dawdles, reports progress, answers at length, talks out of turn, and dies.
//!
//! It is written by hand over blocking I/O, so that it shares no code with what it tests. `--mode` changes how it behaves as a
//! whole: `die-at-start` exits with status 3, `silent` never answers, `stateless` knows no handshake (2026-07-28),
//! `pages` lists its tools one by one.
#![expect(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a program for tests")]

use std::collections::HashSet;
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Clone, Default)]
struct Server {
    mode: String,
    cancelled: Arc<Mutex<HashSet<String>>>,
    replies: Arc<Mutex<Vec<Value>>>,
    grown: Arc<Mutex<bool>>,
    count: Arc<Mutex<u64>>,
    deaf: Arc<Mutex<bool>>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mode = arguments.iter().position(|argument| argument == "--mode").map(|at| arguments[at + 1].clone());
    let server = Server { mode: mode.unwrap_or_default(), ..Server::default() };
    if server.mode == "die-at-start" {
        eprintln!("cannot open the database");
        std::process::exit(3);
    }
    eprintln!("scripted server starts");
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let message: Value = serde_json::from_str(&line).unwrap();
        if server.mode == "silent" || *server.deaf.lock().unwrap() {
            continue;
        }
        server.take(message);
    }
}

fn send(message: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").unwrap();
    out.flush().unwrap();
}

fn answer(id: &Value, result: &Value) {
    send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
}

fn refuse(id: &Value, code: i64, message: &str) {
    send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }));
}

fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

impl Server {
    fn take(&self, message: Value) {
        let Some(method) = message["method"].as_str().map(ToOwned::to_owned) else {
            self.replies.lock().unwrap().push(message);
            return;
        };
        let (id, params) = (message["id"].clone(), message["params"].clone());
        match method.as_str() {
            "initialize" if self.mode == "stateless" => refuse(&id, -32602, "no handshake here"),
            "initialize" => answer(&id, &self.introduction(&params)),
            "server/discover" if self.mode == "stateless" => answer(&id, &discovery()),
            "tools/list" => answer(&id, &self.tools(&params)),
            "tools/call" => {
                let server = self.clone();
                thread::spawn(move || server.call(&id, &params));
            }
            "notifications/cancelled" => {
                self.cancelled.lock().unwrap().insert(params["requestId"].to_string());
            }
            "ping" => answer(&id, &json!({})),
            _ if id.is_null() => {}
            _ => refuse(&id, -32601, "no such method"),
        }
    }

    fn introduction(&self, params: &Value) -> Value {
        json!({
            "protocolVersion": params["protocolVersion"],
            "capabilities": { "tools": { "listChanged": true }, "tasks": {} },
            "serverInfo": { "name": "scripted", "version": "1", "client": params["clientInfo"]["name"], "mode": self.mode },
            "instructions": "For tests.",
        })
    }

    fn tools(&self, params: &Value) -> Value {
        *self.count.lock().unwrap() += 1;
        let schema = json!({ "type": "object" });
        let mut tools = vec![
            json!({ "name": "echo", "description": "Says it again", "inputSchema": schema,
                    "annotations": { "readOnlyHint": true } }),
            json!({ "name": "crash", "inputSchema": schema, "annotations": { "destructiveHint": true } }),
            json!({ "name": "structured", "inputSchema": schema, "outputSchema": schema,
                    "annotations": { "readOnlyHint": false, "destructiveHint": false, "idempotentHint": true } }),
        ];
        if *self.grown.lock().unwrap() {
            tools.push(json!({ "name": "grown", "inputSchema": schema }));
        }
        if self.mode != "pages" {
            return json!({ "tools": tools });
        }
        let at: usize = params["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
        let mut page = json!({ "tools": [tools[at]] });
        if at + 1 < tools.len() {
            page["nextCursor"] = json!((at + 1).to_string());
        }
        page
    }

    fn call(&self, id: &Value, params: &Value) {
        let arguments = &params["arguments"];
        if self.mode == "stateless" && params["_meta"]["io.modelcontextprotocol/protocolVersion"] != "2026-07-28" {
            return refuse(id, -32602, "the request does not say which protocol it speaks");
        }
        match params["name"].as_str().unwrap_or_default() {
            "echo" => answer(id, &text(arguments["text"].as_str().unwrap_or_default())),
            "slow" => self.slow(id, params),
            "big" => answer(id, &text(&"x".repeat(usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap()))),
            "crash" => crash(arguments),
            "hang" => {}
            "deafen" => *self.deaf.lock().unwrap() = true,
            "noisy" => noisy(id),
            "structured" => answer(id, &structured()),
            "fail" => answer(id, &json!({ "content": [{ "type": "text", "text": "out of paper" }], "isError": true })),
            "refuse" => refuse(id, -32602, "the argument `x` is missing"),
            "grow" => {
                *self.grown.lock().unwrap() = true;
                send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
                answer(id, &text("grown"));
            }
            "state" => answer(id, &text(&self.state(arguments))),
            "family" => answer(id, &text(&family())),
            "ask" => self.ask(id),
            name => refuse(id, -32602, &format!("no tool {name}")),
        }
    }

    /// Reports `steps` steps of `millis` each, and stops when cancelled.
    fn slow(&self, id: &Value, params: &Value) {
        let arguments = &params["arguments"];
        let steps = arguments["steps"].as_u64().unwrap_or(3);
        for step in 1..=steps {
            thread::sleep(Duration::from_millis(arguments["millis"].as_u64().unwrap_or(1)));
            if self.cancelled.lock().unwrap().contains(&id.to_string()) {
                return;
            }
            if let Some(token) = params["_meta"].get("progressToken") {
                send(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": token, "progress": step, "total": steps, "message": format!("step {step}") } }));
            }
        }
        answer(id, &text("done"));
    }

    fn state(&self, arguments: &Value) -> String {
        match arguments["what"].as_str().unwrap_or_default() {
            "pid" => std::process::id().to_string(),
            "cancelled" => self.cancelled.lock().unwrap().len().to_string(),
            "lists" => self.count.lock().unwrap().to_string(),
            "env" => std::env::var(arguments["name"].as_str().unwrap()).unwrap_or_else(|_| "unset".to_owned()),
            "cwd" => std::env::current_dir().unwrap().display().to_string(),
            "count" => {
                let mut count = self.count.lock().unwrap();
                *count += 1;
                count.to_string()
            }
            other => format!("nothing known of {other}"),
        }
    }

    /// Asks the client for its roots, and answers with what came.
    fn ask(&self, id: &Value) {
        send(&json!({ "jsonrpc": "2.0", "id": "from-server", "method": "roots/list" }));
        for _ in 0..1000 {
            if let Some(reply) = self.replies.lock().unwrap().pop() {
                return answer(id, &text(&reply.to_string()));
            }
            thread::sleep(Duration::from_millis(10));
        }
        answer(id, &text("no reply"));
    }
}

fn discovery() -> Value {
    json!({
        "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": {} },
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "stateless", "version": "1" } },
    })
}

fn crash(arguments: &Value) {
    eprintln!("the disk is on fire");
    eprintln!("key {}", std::env::var("API_KEY").unwrap_or_default());
    std::process::exit(i32::try_from(arguments["status"].as_i64().unwrap_or(7)).unwrap());
}

fn noisy(id: &Value) {
    println!("Loading weights ... 100%");
    println!("{{\"level\":\"info\"}}");
    println!();
    println!("[1,2");
    answer(id, &text("heard"));
    println!("bye");
}

fn structured() -> Value {
    json!({
        "content": [
            { "type": "text", "text": "one" },
            { "type": "image", "data": "aGk=", "mimeType": "image/png" },
            { "type": "text", "text": "two" },
            { "type": "resource_link", "uri": "file:///report.pdf", "name": "report" },
            { "type": "resource", "resource": { "uri": "memo://1", "mimeType": "text/plain", "text": "memo" } },
            { "type": "hologram", "beam": 3 },
        ],
        "structuredContent": { "sum": 3 },
    })
}

/// Starts a child that ignores TERM and keeps the standard output open, and tells both process ids.
fn family() -> String {
    let mut child = std::process::Command::new("/bin/sh")
        .args(["-c", "trap '' TERM; while :; do sleep 1; done"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let family = format!("{} {}", std::process::id(), child.id());
    thread::spawn(move || child.wait());
    family
}
