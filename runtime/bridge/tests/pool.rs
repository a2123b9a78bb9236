//! The pool against a real process: shared calls, deaths, restarts, idle stops, limits.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_bridge::{
    Health, Identity, Listeners, Processes, RequestError, RequestOptions, StdioError, StdioPool, StdioServer, raw,
};

const PATIENCE: Duration = Duration::from_mins(1);

fn program() -> String {
    // target/debug/deps/pool-… -> target/debug/examples/…
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/scripted-mcp-server");
    path.to_str().unwrap().to_owned()
}

fn server(mode: &str) -> StdioServer {
    StdioServer::new(program(), ["--mode", mode])
}

fn pool(server: StdioServer) -> StdioPool {
    StdioPool::new(server, Identity::default(), Listeners::default(), TaskTracker::new())
}

async fn call_with(
    pool: &StdioPool,
    tool: &str,
    arguments: Value,
    options: RequestOptions,
) -> Result<Value, StdioError> {
    let params = raw(&json!({ "name": tool, "arguments": arguments }));
    let result = pool.request("tools/call", Some(params), options).await?;
    Ok(serde_json::from_str(result.get()).unwrap())
}

async fn call(pool: &StdioPool, tool: &str, arguments: Value) -> Result<Value, StdioError> {
    call_with(pool, tool, arguments, RequestOptions::within(PATIENCE)).await
}

async fn say(pool: &StdioPool, tool: &str, arguments: Value) -> String {
    call(pool, tool, arguments).await.unwrap()["content"][0]["text"].as_str().unwrap().to_owned()
}

async fn until(mut holds: impl FnMut() -> bool) {
    tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the condition came to hold");
}

fn alive(process: &str) -> bool {
    // A zombie is dead: where nobody is process 1, an orphan's status may wait for a while.
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

#[tokio::test]
async fn many_callers_share_one_process_and_each_gets_its_own_answer() {
    let pool = pool(server("plain"));
    let calls = (0..200).map(|number| {
        let pool = &pool;
        async move { say(pool, "echo", json!({ "text": format!("number {number}") })).await }
    });
    let answers = futures::future::join_all(calls).await;
    let expected: Vec<String> = (0..200).map(|number| format!("number {number}")).collect();
    assert_eq!(answers, expected);
    assert_eq!(pool.running(), 1);
}

#[tokio::test]
async fn a_death_fails_the_calls_in_flight_with_its_cause_and_the_next_call_works() {
    let mut server = server("plain");
    server.env.insert("API_KEY".into(), "sk-very-secret".into());
    let pool = pool(server);
    let first = say(&pool, "state", json!({ "what": "pid" })).await;
    let (hanging, crashing) =
        tokio::join!(call(&pool, "hang", json!({})), call(&pool, "crash", json!({ "status": 9 })),);
    for outcome in [hanging, crashing] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, StdioError::Request(RequestError::Lost(_))), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("exited with status 9"), "{text}");
        assert!(text.contains("the disk is on fire"), "{text}");
        assert!(text.contains("key ***") && !text.contains("sk-very-secret"), "{text}");
    }
    let second = say(&pool, "state", json!({ "what": "pid" })).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_server_that_dies_at_once_says_why_and_is_then_left_alone_for_a_while() {
    let pool = pool(server("die-at-start"));
    for _ in 0..5 {
        let error = call(&pool, "echo", json!({})).await.unwrap_err();
        assert!(matches!(error, StdioError::Start(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("exited with status 3") && text.contains("cannot open the database"), "{text}");
    }
    // The pauses so far were short enough to wait for; from here they double.
    let error = loop {
        let error = call(&pool, "echo", json!({})).await.unwrap_err();
        if matches!(error, StdioError::BackingOff { .. }) {
            break error;
        }
    };
    assert!(error.to_string().contains("cannot open the database"), "{error}");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let error = call(&pool(StdioServer::new("no-such-program", ["x"])), "echo", json!({})).await.unwrap_err();
    assert!(error.to_string().contains("`no-such-program`: No such file"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_the_handshake_is_given_up() {
    let mut server = server("silent");
    server.start_timeout = Duration::from_millis(200);
    let error = call(&pool(server), "echo", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("`initialize` was not answered within 0.2 s"), "{error}");
    assert!(error.contains("scripted server starts"), "{error}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_fails_and_the_server_is_told() {
    let pool = pool(server("plain"));
    let options = RequestOptions::within(Duration::from_millis(50));
    let error = call_with(&pool, "hang", json!({}), options).await.unwrap_err();
    assert!(matches!(error, StdioError::Request(RequestError::TimedOut { .. })), "{error:?}");
    // The notice went before this question, on the same pipe.
    assert_eq!(say(&pool, "state", json!({ "what": "cancelled" })).await, "1");
}

#[tokio::test]
async fn a_process_that_answers_nothing_any_more_is_replaced() {
    let mut server = server("plain");
    server.call_timeout = Duration::from_millis(200);
    let pool = pool(server);
    let first = say(&pool, "state", json!({ "what": "pid" })).await;
    let options = RequestOptions::within(Duration::from_millis(100));
    call_with(&pool, "deafen", json!({}), options).await.unwrap_err();
    until(|| pool.running() == 0).await;
    assert_ne!(say(&pool, "state", json!({ "what": "pid" })).await, first);
    // One that is only slow is left alone.
    let second = say(&pool, "state", json!({ "what": "pid" })).await;
    call_with(&pool, "hang", json!({}), RequestOptions::within(Duration::from_millis(100))).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(say(&pool, "state", json!({ "what": "pid" })).await, second);
}

#[tokio::test]
async fn cancelling_and_dropping_a_call_tell_the_server() {
    let pool = pool(server("plain"));
    say(&pool, "echo", json!({})).await;
    let cancel = CancellationToken::new();
    let options = RequestOptions { cancel: cancel.clone(), ..RequestOptions::within(PATIENCE) };
    let (outcome, ()) = tokio::join!(call_with(&pool, "hang", json!({}), options), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert!(matches!(outcome, Err(StdioError::Request(RequestError::Cancelled { .. }))));
    assert!(tokio::time::timeout(Duration::from_millis(50), call(&pool, "hang", json!({}))).await.is_err());
    assert_eq!(say(&pool, "state", json!({ "what": "cancelled" })).await, "2");
}

#[tokio::test]
async fn progress_arrives_before_the_answer() {
    let pool = pool(server("plain"));
    let (progress, mut reports) = mpsc::channel(16);
    let options = RequestOptions { progress: Some(progress), ..RequestOptions::within(PATIENCE) };
    call_with(&pool, "slow", json!({ "steps": 3 }), options).await.unwrap();
    let mut seen = Vec::new();
    while let Some(report) = reports.recv().await {
        seen.push((report.progress(), report.total(), report.message().map(ToOwned::to_owned)));
    }
    let expected: Vec<_> =
        (1..=3).map(|step| (Some(f64::from(step)), Some(3.0), Some(format!("step {step}")))).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn noise_on_the_standard_output_is_skipped() {
    let pool = pool(server("plain"));
    assert_eq!(say(&pool, "noisy", json!({})).await, "heard");
    assert_eq!(say(&pool, "echo", json!({ "text": "still here" })).await, "still here");
}

#[tokio::test]
async fn an_answer_of_many_megabytes_arrives_and_one_beyond_the_limit_is_an_error_for_its_caller_alone() {
    let mut server = server("plain");
    server.max_response_bytes = 40_000_000;
    let pool = pool(server);
    assert_eq!(say(&pool, "big", json!({ "bytes": 39_000_000 })).await.len(), 39_000_000);
    let (big, small) = tokio::join!(
        call(&pool, "big", json!({ "bytes": 41_000_000 })),
        say(&pool, "slow", json!({ "steps": 20, "millis": 5 })),
    );
    let error = big.unwrap_err().to_string();
    assert_eq!(error, "the answer was larger than the limit of 40000000 bytes");
    assert_eq!(small, "done");
}

#[tokio::test]
async fn an_idle_process_stops_and_the_next_call_starts_another() {
    let mut server = server("plain");
    server.processes.idle_timeout = Duration::from_millis(50);
    let pool = pool(server);
    let first = say(&pool, "state", json!({ "what": "pid" })).await;
    assert_eq!(pool.tools().await.unwrap().len(), 3);
    until(|| pool.running() == 0).await;
    until(|| !alive(&first)).await;
    assert_eq!(pool.check().await.unwrap(), Health::Idle);
    assert_eq!(pool.tools().await.unwrap().len(), 3);
    assert_eq!(pool.running(), 0, "neither the health check nor the list of tools wakes it up");
    let second = say(&pool, "state", json!({ "what": "pid" })).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_minimum_is_kept_running_and_replaced_when_it_dies() {
    let mut server = server("plain");
    server.processes = Processes { min: 1, max: 1, idle_timeout: Duration::from_millis(20) };
    let pool = pool(server);
    assert_eq!(pool.running(), 1);
    let first = say(&pool, "state", json!({ "what": "pid" })).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(say(&pool, "state", json!({ "what": "pid" })).await, first);
    call(&pool, "crash", json!({})).await.unwrap_err();
    until(|| pool.running() == 1).await;
    assert_ne!(say(&pool, "state", json!({ "what": "pid" })).await, first);
}

#[tokio::test]
async fn busy_processes_get_company_up_to_the_maximum() {
    let mut server = server("plain");
    server.processes.max = 2;
    let pool = pool(server);
    let slow = || say(&pool, "slow", json!({ "steps": 1, "millis": 200 }));
    let _answers = tokio::join!(slow(), slow(), slow(), slow());
    assert_eq!(pool.running(), 2);
}

#[tokio::test]
async fn the_list_of_tools_is_asked_once_until_the_server_says_that_it_changed() {
    let pool = pool(server("plain"));
    for _ in 0..3 {
        assert_eq!(pool.tools().await.unwrap().len(), 3);
    }
    assert_eq!(say(&pool, "state", json!({ "what": "lists" })).await, "1");
    let mut notifications = pool.notifications();
    say(&pool, "grow", json!({})).await;
    assert_eq!(notifications.recv().await.unwrap().method, "notifications/tools/list_changed");
    assert_eq!(pool.tools().await.unwrap().len(), 4);
    assert_eq!(say(&pool, "state", json!({ "what": "lists" })).await, "2");
}

#[tokio::test]
async fn every_page_of_the_list_is_read() {
    let tools = pool(server("pages")).tools().await.unwrap();
    let names: Vec<String> = tools
        .iter()
        .map(|tool| serde_json::from_str::<Value>(tool.get()).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["echo", "crash", "structured"]);
}

#[tokio::test]
async fn a_server_without_handshake_is_spoken_to_in_its_own_protocol() {
    let pool = pool(server("stateless"));
    assert_eq!(say(&pool, "echo", json!({ "text": "hello" })).await, "hello");
    let info = pool.info().await.unwrap();
    assert_eq!(info.protocol_version, "2026-07-28");
    assert_eq!(info.initialize_result["serverInfo"]["name"], "stateless");
}

#[tokio::test]
async fn stopping_ends_the_whole_family_even_what_ignores_the_first_signal() {
    let pool = pool(server("plain"));
    let family = say(&pool, "family", json!({})).await;
    let (parent, child) = family.split_once(' ').unwrap();
    assert!(alive(parent) && alive(child));
    pool.stop(PATIENCE).await;
    assert!(!alive(parent) && !alive(child));
    let error = call(&pool, "echo", json!({})).await.unwrap_err();
    assert!(matches!(error, StdioError::Stopped), "{error:?}");
}

#[tokio::test]
async fn a_death_is_told_at_once_even_while_a_grandchild_holds_the_pipe() {
    let pool = pool(server("plain"));
    let family = say(&pool, "family", json!({})).await;
    let (_, child) = family.split_once(' ').unwrap();
    let error = call(&pool, "crash", json!({ "status": 4 })).await.unwrap_err().to_string();
    assert!(error.contains("exited with status 4"), "{error}");
    until(|| !alive(child)).await;
}

#[tokio::test]
async fn stopping_lets_running_calls_finish() {
    let pool = pool(server("plain"));
    say(&pool, "echo", json!({})).await;
    let (answer, ()) = tokio::join!(say(&pool, "slow", json!({ "steps": 1, "millis": 200 })), async {
        tokio::task::yield_now().await;
        pool.stop(PATIENCE).await;
    });
    assert_eq!(answer, "done");
}

#[tokio::test]
async fn a_process_sees_its_own_variables_and_basics_but_none_of_ours() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = server("plain");
    server.env.insert("GREETING".into(), "hello".into());
    server.cwd = Some(directory.path().canonicalize().unwrap());
    let pool = pool(server);
    assert_eq!(say(&pool, "state", json!({ "what": "env", "name": "GREETING" })).await, "hello");
    assert_ne!(say(&pool, "state", json!({ "what": "env", "name": "PATH" })).await, "unset");
    assert_eq!(say(&pool, "state", json!({ "what": "env", "name": "CARGO_MANIFEST_DIR" })).await, "unset");
    let cwd = say(&pool, "state", json!({ "what": "cwd" })).await;
    assert_eq!(cwd, directory.path().canonicalize().unwrap().to_str().unwrap());
}

#[tokio::test]
async fn a_health_check_asks_the_server_itself() {
    let pool = pool(server("plain"));
    assert_eq!(pool.check().await.unwrap(), Health::Answers { tools: 3 });
    assert_eq!(pool.check().await.unwrap(), Health::Answers { tools: 3 });
    assert_eq!(say(&pool, "state", json!({ "what": "lists" })).await, "2");
}

#[tokio::test]
async fn a_process_that_works_on_a_call_and_answers_nothing_besides_is_busy() {
    let pool = pool(server("plain"));
    pool.tools().await.unwrap();
    let options = RequestOptions::within(Duration::from_mins(2));
    tokio::select! {
        outcome = call_with(&pool, "deafen", json!({}), options) => panic!("{outcome:?}"),
        // Until the call has arrived the server still answers.
        () = async { while pool.check().await.unwrap() != (Health::Busy { calls: 1 }) {} } => {}
    }
}

#[tokio::test]
async fn the_reference_time_server_answers() {
    let Ok(path) = std::env::var("TROUPE_TEST_MCP_TIME") else {
        eprintln!("skipped: TROUPE_TEST_MCP_TIME does not name the program mcp-server-time");
        return;
    };
    let pool = pool(StdioServer::new(path, Vec::<String>::new()));
    assert_eq!(pool.tools().await.unwrap().len(), 2);
    let answer = say(&pool, "get_current_time", json!({ "timezone": "Europe/Paris" })).await;
    assert!(answer.contains("Europe/Paris"), "{answer}");
}
