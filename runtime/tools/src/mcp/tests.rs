//! Every transport against a real server: answers, deaths in the middle of a call, restarts, idle ends.

mod http_server;
mod sse_server;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;
use tokio::net::TcpListener;
use troupe_bridge::http::{self, HttpLimits};
use url::Url;

use super::*;
use http_server::{HttpServerForTests, Reply};

const PATIENCE: Duration = Duration::from_mins(1);

/// The bridge's scripted server: what `TROUPE_TEST_MCP_SCRIPTED` names, or else built once, since `cargo test` builds the
/// examples of the tested crate only.
pub(super) fn scripted() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("TROUPE_TEST_MCP_SCRIPTED").map_or_else(build_scripted, Into::into)).clone()
}

fn build_scripted() -> PathBuf {
    let bridge = concat!(env!("CARGO_MANIFEST_DIR"), "/../bridge/Cargo.toml");
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "scripted-mcp-server", "--manifest-path", bridge, "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(built.success());
    target.join("debug/examples/scripted-mcp-server")
}

fn stdio(mode: &str) -> StdioServer {
    StdioServer::new(scripted().to_str().unwrap(), ["--mode", mode])
}

fn config(transport: McpTransport) -> McpServerConfig {
    McpServerConfig { name: "testing".into(), transport, timeout: PATIENCE }
}

fn net() -> troupe_net::Client {
    troupe_net::Client::new(&troupe_net::ClientConfig::default()).unwrap()
}

fn at(url: &str, protocol: HttpProtocol) -> McpServerConfig {
    config(McpTransport::Http(HttpServer::new(Url::parse(url).unwrap(), protocol, net())))
}

fn pool() -> McpPool {
    McpPool::new(TaskTracker::new())
}

struct Bridge {
    address: SocketAddr,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn bridge_at(address: &str, server: StdioServer) -> Bridge {
    let listener = TcpListener::bind(address).await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let limits = HttpLimits { grace: Duration::ZERO, ..HttpLimits::default() };
    #[expect(clippy::disallowed_methods, reason = "a test waits for it through its handle")]
    let serving = tokio::spawn(http::serve(listener, server, limits, stop.clone()));
    Bridge { address, stop, serving }
}

async fn bridge(server: StdioServer) -> (Bridge, McpServerConfig) {
    let bridge = bridge_at("127.0.0.1:0", server).await;
    let config = at(&format!("http://{}/mcp", bridge.address), HttpProtocol::StreamableHttp);
    (bridge, config)
}

impl Bridge {
    async fn stop(self) -> SocketAddr {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
        self.address
    }
}

async fn call(pool: &McpPool, server: &McpServerConfig, tool: &str, arguments: Value) -> Result<McpResult, McpError> {
    pool.call(server, tool, arguments.as_object().unwrap(), CallContext::default()).await
}

async fn say(pool: &McpPool, server: &McpServerConfig, tool: &str, arguments: Value) -> String {
    call(pool, server, tool, arguments).await.unwrap().text()
}

/// What holds for every transport.
async fn exercise(server: &McpServerConfig) {
    let pool = pool();
    let tools = pool.tools(server).await.unwrap();
    assert_eq!(tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["echo", "crash", "structured"]);
    assert!(tools[0].read_only && tools[1].destructive && tools[2].idempotent);
    assert_eq!(tools[2].output_schema, Some(json!({ "type": "object" })));

    let calls = (0..50).map(|number| {
        let pool = &pool;
        async move { say(pool, server, "echo", json!({ "text": format!("{number}") })).await }
    });
    let expected: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(futures::future::join_all(calls).await, expected);

    let result = call(&pool, server, "structured", json!({})).await.unwrap();
    assert_eq!((result.text().as_str(), result.structured), ("one\ntwo", Some(json!({ "sum": 3 }))));
    assert_eq!(result.parts.len(), 6);
    let failure = call(&pool, server, "fail", json!({})).await.unwrap();
    assert_eq!((failure.is_error, failure.text().as_str()), (true, "out of paper"));
    let refusal = call(&pool, server, "refuse", json!({})).await.unwrap_err();
    let expected = "MCP server testing refused the call of refuse: the argument `x` is missing (code -32602)";
    assert_eq!((refusal.to_string().as_str(), refusal.outcome_unknown()), (expected, false));
    assert_eq!(say(&pool, server, "big", json!({ "bytes": 20_000_000 })).await.len(), 20_000_000);

    progress_and_cancellation(&pool, server).await;

    say(&pool, server, "grow", json!({})).await;
    wait_for_tools(&pool, server, 4).await;
    pool.stop(PATIENCE).await;
}

async fn progress_and_cancellation(pool: &McpPool, server: &McpServerConfig) {
    let (progress, mut reports) = mpsc::channel(16);
    let context = CallContext { progress: Some(progress), ..CallContext::default() };
    let arguments = json!({ "steps": 2, "millis": 20 });
    let result = pool.call(server, "slow", arguments.as_object().unwrap(), context).await.unwrap();
    assert_eq!(result.text(), "done");
    assert_eq!(reports.recv().await.unwrap().message(), Some("step 1"));

    let context = CallContext { timeout: Some(Duration::from_millis(50)), ..CallContext::default() };
    let error = pool.call(server, "hang", &Map::new(), context).await.unwrap_err();
    assert_eq!(error.to_string(), "MCP server testing did not answer the call of hang within 0.05 s");
    let context = CallContext::default();
    context.cancel.cancel();
    let error = pool.call(server, "hang", &Map::new(), context).await.unwrap_err();
    assert_eq!(error.to_string(), "the call of hang of MCP server testing was cancelled");
    // The notice of the time-out is another request where the transport is HTTP, and may come later.
    while say(pool, server, "state", json!({ "what": "cancelled" })).await == "0" {}
}

/// The notice that the list changed may come after the answer of the call that changed it.
async fn wait_for_tools(pool: &McpPool, server: &McpServerConfig, count: usize) {
    tokio::time::timeout(PATIENCE, async {
        while pool.tools(server).await.unwrap().len() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn stdio_does_it_all() {
    exercise(&config(McpTransport::Stdio(stdio("plain")))).await;
}

#[tokio::test]
async fn streamable_http_does_it_all() {
    let (bridge, server) = bridge(stdio("plain")).await;
    exercise(&server).await;
    bridge.stop().await;
}

#[tokio::test]
async fn http_with_sse_does_it_all() {
    let server = sse_server::start("127.0.0.1:0").await;
    exercise(&at(&format!("http://{}/sse", server.address), HttpProtocol::Sse)).await;
}

#[tokio::test]
async fn a_death_over_stdio_is_told_with_its_cause_and_the_next_call_works() {
    let (pool, server) = (pool(), config(McpTransport::Stdio(stdio("plain"))));
    let error = call(&pool, &server, "crash", json!({})).await.unwrap_err();
    assert!(matches!(error, McpError::Lost { .. }) && error.outcome_unknown());
    let text = error.to_string();
    assert!(text.starts_with("MCP server testing gave no answer to the call of crash: the MCP server died"), "{text}");
    assert!(text.contains("exited with status 7") && text.contains("the disk is on fire"), "{text}");
    assert_eq!(say(&pool, &server, "echo", json!({ "text": "back" })).await, "back");
}

#[tokio::test]
async fn a_death_behind_the_bridge_is_told_with_its_cause_and_the_next_call_works() {
    let (_bridge, server) = bridge(stdio("plain")).await;
    let pool = pool();
    let error = call(&pool, &server, "crash", json!({})).await.unwrap_err();
    assert!(error.outcome_unknown());
    assert!(error.to_string().contains("exited with status 7"), "{error}");
    assert_eq!(say(&pool, &server, "echo", json!({ "text": "back" })).await, "back");
}

#[tokio::test]
async fn the_death_of_an_http_server_in_mid_call_is_told_and_its_successor_is_used() {
    for sharing in [Sharing::Shared, Sharing::PerSession] {
        let server = StdioServer { sharing, ..stdio("plain") };
        let (running, config) = bridge(server.clone()).await;
        let pool = pool();
        say(&pool, &config, "echo", json!({})).await;
        let (progress, mut reports) = mpsc::channel(16);
        let context = CallContext { progress: Some(progress), ..CallContext::default() };
        let arguments = json!({ "steps": 10_000, "millis": 20 });
        let dying = async {
            reports.recv().await.unwrap();
            running.stop().await
        };
        let (outcome, address) =
            tokio::join!(pool.call(&config, "slow", arguments.as_object().unwrap(), context), dying);
        let error = outcome.unwrap_err();
        assert!(error.outcome_unknown(), "{error:?}");
        let down = call(&pool, &config, "echo", json!({})).await.unwrap_err();
        assert!(down.to_string().contains("cannot connect"), "{down}");
        assert!(!down.outcome_unknown());
        let _successor = bridge_at(&address.to_string(), server).await;
        assert_eq!(say(&pool, &config, "echo", json!({ "text": "back" })).await, "back");
    }
}

#[tokio::test]
async fn a_server_that_is_about_to_start_is_waited_for_and_one_that_is_not_is_told_to_all() {
    let (running, config) = bridge(stdio("plain")).await;
    let address = running.stop().await;
    let pool = pool();
    let (answer, _successor) = tokio::join!(say(&pool, &config, "echo", json!({ "text": "here" })), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bridge_at(&address.to_string(), stdio("plain")).await
    });
    assert_eq!(answer, "here");

    let (running, config) = bridge(stdio("plain")).await;
    running.stop().await;
    let none = json!({});
    let one = || call(&pool, &config, "echo", none.clone());
    let (first, second, third) = tokio::join!(one(), one(), one());
    for outcome in [first, second, third] {
        assert!(outcome.unwrap_err().to_string().contains("cannot connect"));
    }
}

#[tokio::test]
async fn the_death_of_an_sse_server_in_mid_call_is_told_and_its_successor_is_used() {
    let running = sse_server::start("127.0.0.1:0").await;
    let config = at(&format!("http://{}/sse", running.address), HttpProtocol::Sse);
    let pool = pool();
    let error = call(&pool, &config, "crash", json!({})).await.unwrap_err();
    assert!(error.to_string().contains("ended its event stream"), "{error}");
    assert_eq!(say(&pool, &config, "echo", json!({ "text": "back" })).await, "back");
    let (outcome, address) = tokio::join!(call(&pool, &config, "hang", json!({})), async {
        say(&pool, &config, "echo", json!({})).await;
        running.stop().await
    });
    assert!(matches!(outcome, Err(McpError::Lost { .. })), "{outcome:?}");
    let _successor = sse_server::start(&address.to_string()).await;
    assert_eq!(say(&pool, &config, "echo", json!({ "text": "back again" })).await, "back again");
}

#[tokio::test]
async fn an_idle_connection_ends_and_the_next_call_makes_another() {
    let mut server = stdio("plain");
    server.sharing = Sharing::PerSession;
    let (_bridge, mut config) = bridge(server).await;
    let McpTransport::Http(http) = &mut config.transport else { panic!() };
    http.idle_timeout = Duration::from_millis(30);
    let pool = pool();
    let first = say(&pool, &config, "state", json!({ "what": "pid" })).await;
    let mut second = first.clone();
    while second == first {
        tokio::time::sleep(Duration::from_millis(100)).await;
        second = say(&pool, &config, "state", json!({ "what": "pid" })).await;
    }
}

#[tokio::test]
async fn sessions_have_processes_of_their_own_and_a_limit() {
    let mut server = stdio("plain");
    server.sharing = Sharing::PerSession;
    server.processes.max = 2;
    server.processes.idle_timeout = PATIENCE;
    let (pool, config) = (pool(), config(McpTransport::Stdio(server)));
    let count = async |session: &str| {
        let context = CallContext { session: Some(session.to_owned()), ..CallContext::default() };
        pool.call(&config, "state", json!({ "what": "count" }).as_object().unwrap(), context)
            .await
            .map(|result| result.text())
    };
    assert_eq!(count("a").await.unwrap(), "1");
    assert_eq!(count("a").await.unwrap(), "2");
    assert_eq!(count("b").await.unwrap(), "1");
    let error = count("c").await.unwrap_err().to_string();
    assert_eq!(error, "MCP server testing is not available: all of its 2 sessions are in use");
}

#[tokio::test]
async fn forgetting_a_server_lets_its_calls_finish_and_ends_its_process() {
    let (pool, config) = (pool(), config(McpTransport::Stdio(stdio("plain"))));
    let first = say(&pool, &config, "state", json!({ "what": "pid" })).await;
    let (answer, ()) = tokio::join!(say(&pool, &config, "slow", json!({ "steps": 1, "millis": 100 })), async {
        tokio::task::yield_now().await;
        pool.forget("testing");
    });
    assert_eq!(answer, "done");
    assert_ne!(say(&pool, &config, "state", json!({ "what": "pid" })).await, first);
    pool.tasks.close();
    pool.stop(PATIENCE).await;
    pool.tasks.wait().await;
    assert!(!std::path::Path::new(&format!("/proc/{first}")).exists());
}

#[tokio::test]
async fn another_configuration_of_the_same_name_is_another_connection() {
    let (pool, mut server) = (pool(), stdio("plain"));
    let before = config(McpTransport::Stdio(server.clone()));
    server.env.insert("GREETING".into(), "hello".into());
    let after = config(McpTransport::Stdio(server));
    let greeting = json!({ "what": "env", "name": "GREETING" });
    assert_eq!(say(&pool, &before, "state", greeting.clone()).await, "unset");
    assert_eq!(say(&pool, &after, "state", greeting).await, "hello");
}

#[tokio::test]
async fn a_stream_that_the_server_closes_on_purpose_is_resumed_where_it_ended() {
    let server = HttpServerForTests::start(|request| match (request.method.as_str(), request.rpc_method().as_str()) {
        ("POST", "tools/call") => Reply::events("id: e1\nretry: 1\ndata:\n\n"),
        ("GET", _) if request.header("last-event-id") == Some("e1") => Reply::events(
            "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}}\n\n",
        ),
        _ => request.usual_reply(),
    })
    .await;
    let config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
    assert_eq!(say(&pool(), &config, "any", json!({})).await, "late");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error_at_once() {
    let server = HttpServerForTests::start(|request| match request.rpc_method().as_str() {
        "tools/call" => Reply::events("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"),
        _ => request.usual_reply(),
    })
    .await;
    let config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
    let error = call(&pool(), &config, "any", json!({})).await.unwrap_err().to_string();
    assert!(error.ends_with("the connection ended before the answer"), "{error}");
}

#[tokio::test]
async fn every_request_carries_the_headers_the_session_and_the_version() {
    let server = HttpServerForTests::start(|request| match request.rpc_method().as_str() {
        "tools/call" => {
            let seen = ["authorization", "mcp-session-id", "mcp-protocol-version"]
                .map(|name| request.header(name).unwrap_or("none").to_owned())
                .join(" ");
            request.answer(&json!({ "content": [{ "type": "text", "text": seen }] }))
        }
        _ => request.usual_reply(),
    })
    .await;
    let mut config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
    let McpTransport::Http(http) = &mut config.transport else { panic!() };
    http.headers.push(("Authorization".into(), "Bearer sk-1".into()));
    assert!(!format!("{config:?}").contains("sk-1"));
    assert_eq!(say(&pool(), &config, "any", json!({})).await, "Bearer sk-1 session-1 2025-06-18");
}

#[tokio::test]
async fn a_lost_session_is_replaced_and_the_call_made_once() {
    let server = HttpServerForTests::start(|request| match request.rpc_method().as_str() {
        "initialize" => request.usual_reply().with_session(&format!("session-{}", request.number)),
        "tools/call" if request.header("mcp-session-id") == Some("session-1") => Reply::status(404, ""),
        "tools/call" => request.answer(&json!({ "content": [{ "type": "text", "text": "done" }] })),
        _ => request.usual_reply(),
    })
    .await;
    let config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
    assert_eq!(say(&pool(), &config, "any", json!({})).await, "done");
}

#[tokio::test]
async fn a_server_without_handshake_is_reached_over_http() {
    let server = HttpServerForTests::start(|request| match request.rpc_method().as_str() {
        "initialize" => Reply::status(400, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#),
        "server/discover" => {
            assert_eq!(request.header("mcp-method"), Some("server/discover"));
            request.answer(&json!({ "supportedVersions": ["2026-07-28"], "capabilities": {} }))
        }
        "tools/call" => {
            let seen = ["mcp-protocol-version", "mcp-method", "mcp-name"]
                .map(|name| request.header(name).unwrap_or("none").to_owned());
            request
                .answer(&json!({ "resultType": "complete", "content": [{ "type": "text", "text": seen.join(" ") }] }))
        }
        _ => request.usual_reply(),
    })
    .await;
    let config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
    assert_eq!(say(&pool(), &config, "any", json!({})).await, "2026-07-28 tools/call any");
}

#[tokio::test]
async fn a_server_that_is_none_is_told_as_what_it_is() {
    for (reply, expected) in [
        (
            Reply::status(401, "who are you"),
            "HTTP 401 Unauthorized; the credentials in its headers are missing or wrong: who are you",
        ),
        (Reply::status(500, "boom"), "HTTP 500 Internal Server Error: boom"),
        (Reply::status(404, ""), "is the URL that of the MCP endpoint"),
        (Reply::status(200, "<html>hello</html>"), "the answer is not readable"),
    ] {
        let server = HttpServerForTests::start(move |_| reply.clone()).await;
        let config = at(&server.url("/mcp"), HttpProtocol::StreamableHttp);
        let error = call(&pool(), &config, "any", json!({})).await.unwrap_err();
        assert!(matches!(error, McpError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn an_sse_server_may_not_send_our_headers_elsewhere() {
    let server =
        HttpServerForTests::start(|_| Reply::events("event: endpoint\ndata: http://127.0.0.2:1/steal\n\n")).await;
    let error = call(&pool(), &at(&server.url("/sse"), HttpProtocol::Sse), "any", json!({})).await.unwrap_err();
    assert!(error.to_string().contains("on another host: http://127.0.0.2:1/steal"), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_an_error() {
    let (_bridge, mut config) = bridge(stdio("plain")).await;
    let McpTransport::Http(http) = &mut config.transport else { panic!() };
    http.max_response_bytes = 1_000_000;
    let error = call(&pool(), &config, "big", json!({ "bytes": 1_000_001 })).await.unwrap_err();
    let expected = "the answer of MCP server testing to the call of big is larger than its limit of 1000000 bytes";
    assert_eq!(error.to_string(), expected);
}
