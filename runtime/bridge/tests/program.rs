//! The program `troupe-mcp-bridge` itself: its command line, its signals, its installation.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_troupe-mcp-bridge");

#[test]
fn install_copies_the_program_where_it_runs() {
    let directory = tempfile::tempdir().unwrap();
    for _again in 0..2 {
        assert!(Command::new(PROGRAM).arg("install").arg(directory.path()).status().unwrap().success());
    }
    let copy = directory.path().join("troupe-mcp-bridge");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    let version = Command::new(&copy).arg("--version").output().unwrap();
    assert!(String::from_utf8(version.stdout).unwrap().starts_with("troupe-mcp-bridge "));
}

#[test]
fn install_into_a_directory_that_is_not_there_fails_and_names_it() {
    let output = Command::new(PROGRAM).args(["install", "/no/such/directory"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("/no/such/directory"));
}

#[test]
fn a_command_is_required() {
    let output = Command::new(PROGRAM).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("<COMMAND>"));
}

#[tokio::test]
async fn it_serves_until_sigterm_and_takes_its_server_along() {
    let _installed_by_another_test = rustls::crypto::ring::default_provider().install_default();
    let test = std::env::current_exe().unwrap();
    let server = test.parent().unwrap().parent().unwrap().join("examples/scripted-mcp-server");
    let mut bridge = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--"])
        .arg(server)
        .env("NO_COLOR", "1")
        .env("TROUPE_BRIDGE_CALL_TIMEOUT", "30")
        .env("MEANT_FOR_THE_SERVER", "yes")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(bridge.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = log.find_map(|line| line.split_once("address=").map(|(_, address)| address.to_owned())).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test calls only itself")]
    let client = reqwest::Client::new();
    let say = async |arguments: serde_json::Value| {
        let params = serde_json::json!({ "name": "state", "arguments": arguments });
        let message = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let post = client.post(format!("http://{address}/mcp")).header("accept", "application/json").json(&message);
        let answer: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
        answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(say(serde_json::json!({ "what": "env", "name": "MEANT_FOR_THE_SERVER" })).await, "yes");
    assert_eq!(say(serde_json::json!({ "what": "env", "name": "TROUPE_BRIDGE_CALL_TIMEOUT" })).await, "unset");
    let server = say(serde_json::json!({ "what": "pid" })).await;
    assert!(Path::new(&format!("/proc/{server}")).exists());
    let id = Pid::from_raw(i32::try_from(bridge.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    let rest: Vec<String> = log.collect();
    assert!(bridge.wait().unwrap().success(), "{rest:?}");
    assert!(!Path::new(&format!("/proc/{server}")).exists());
}
