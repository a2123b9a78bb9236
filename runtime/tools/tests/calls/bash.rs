//! S1-90, in real terminals.

use std::fs;
use std::time::Duration;

use serde_json::json;
use troupe_core::id::RunId;
use troupe_core::port::{ToolClient, ToolContext};
use troupe_core::tool::{ToolSnapshot, builtin};

use super::place::{Place, appears};

#[tokio::test]
async fn it_runs_in_a_terminal_of_80_by_24() {
    let place = Place::new();
    assert_eq!(place.bash("stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal").await, "24 80\nterminal");
    assert_eq!(place.bash("tput cols; tput lines; echo $TERM").await, "80\n24\nxterm-256color");
}

#[tokio::test]
async fn colours_and_overwritten_progress_do_not_show() {
    let place = Place::new();
    let command =
        r"printf '\033[31mred\033[0m\n'; for i in 1 2 3; do printf '\r%s%%' $i; done; printf '\r\033[Kdone\n'";
    assert_eq!(place.bash(command).await, "red\ndone");
}

#[tokio::test]
async fn the_exit_code_stands_before_the_output_and_nothing_is_said_to_be_nothing() {
    let place = Place::new();
    assert_eq!(place.bash("true").await, "(empty output)");
    assert_eq!(place.bash("echo oops >&2; exit 3").await, "Exit code 3\noops");
    assert_eq!(place.bash("false").await, "Exit code 1\n(empty output)");
    assert_eq!(place.bash("kill -SEGV $$").await, "Exit code 139\n(empty output)");
    let result = place.call(&builtin::bash(false), json!({"command": "exit 3"})).await;
    assert!(!result.is_error, "a command that fails is no failed call");
}

#[tokio::test]
async fn programs_that_read_find_an_end_of_input() {
    let place = Place::new();
    assert_eq!(place.bash("cat; cat; read answer || echo nobody").await, "nobody");
    assert_eq!(place.bash("python3 -c 'input()' 2>&1 | tail -1").await, "EOFError: EOF when reading a line");
    assert_eq!(
        place.bash("echo to-the-terminal > /dev/tty; echo err > /dev/stderr; cat <(echo pipe)").await,
        "to-the-terminal\nerr\npipe"
    );
}

#[tokio::test]
async fn the_working_directory_is_the_workspace_or_a_folder_of_it() {
    let place = Place::new();
    fs::create_dir(place.path("workspace/sub")).unwrap();
    let workspace = place.path("workspace").canonicalize().unwrap();
    assert_eq!(place.bash("pwd").await, workspace.display().to_string());
    let bash = builtin::bash(false);
    let sub = place.call(&bash, json!({"command": "pwd", "cwd": "sub"})).await;
    assert_eq!(sub.content, workspace.join("sub").display().to_string());
    for cwd in ["..", "/etc", "gone"] {
        let result = place.call(&bash, json!({"command": "pwd", "cwd": cwd})).await;
        assert!(result.is_error && result.content.starts_with("Error: the argument \"cwd\""), "{}", result.content);
    }
}

#[tokio::test]
async fn a_skills_folder_is_the_default_and_may_only_be_read() {
    let mut place = Place::new();
    fs::create_dir_all(place.path("data/skills/one")).unwrap();
    fs::write(place.path("data/skills/one/go.sh"), "echo went > $OLDPWD/x; echo went").unwrap();
    place.context.directory = Some(place.path("data/skills/one"));
    let output = place.bash("sh go.sh 2>/dev/null; (echo x > new) 2>/dev/null || echo refused; ls ..").await;
    assert!(output.contains("went\nrefused\n") && output.contains("Permission denied"), "{output}");
}

#[tokio::test]
async fn a_time_out_tells_what_was_written_until_then() {
    let place = Place::new();
    let bash = ToolSnapshot { timeout_ms: Some(1500), ..builtin::bash(false) };
    let result = place.call(&bash, json!({"command": "echo begun; sleep 60"})).await;
    assert!(result.is_error);
    assert_eq!(result.content, "Error: the command was ended because it ran longer than 1.5 s\nbegun");
}

#[tokio::test]
async fn the_limit_of_the_service_holds_where_the_tool_has_none() {
    let place = Place::with(&[], |settings| settings.bash_timeout = Duration::from_secs(1));
    assert!(place.bash("sleep 60").await.starts_with("Error: the command was ended because it ran longer than 1 s"));
}

#[tokio::test]
async fn a_missing_command_is_named_and_long_ones_run() {
    let place = Place::new();
    let result = place.call(&builtin::bash(false), json!({})).await;
    assert_eq!(result.content, "Error: the argument \"command\" is missing");
    let result = place.call(&builtin::bash(false), json!({"command": 5})).await;
    assert_eq!(result.content, "Error: the argument \"command\" must be a string");
    let long = format!("echo {} | wc -c", "x".repeat(300_000));
    assert_eq!(place.bash(&long).await, "300001");
}

#[tokio::test]
async fn large_output_is_kept_and_shares_the_budget() {
    let place = Place::with(&[], |settings| settings.budget = troupe_tools::budget::Budget::new(1 << 20));
    let (one, two) = tokio::join!(place.bash("seq 200000"), place.bash("seq 200000"));
    assert!(one.starts_with("1\n2\n") && one.ends_with("\n199999\n200000") && one == two, "{} bytes", one.len());
}

#[tokio::test]
async fn a_forced_abort_ends_the_processes_of_one_run_only() {
    let place = Place::new();
    let other = ToolContext { root: RunId::new(2), ..place.context.clone() };
    let arguments = |command: &str| json!({ "command": command }).as_object().cloned().unwrap();
    let bash = builtin::bash(false);
    let (killed, survived, ()) = tokio::join!(
        place.tools.call(&bash, arguments("touch one; sleep 61.25"), place.context.clone()),
        place.tools.call(&bash, arguments("touch two; while [ ! -e go ]; do sleep 0.01; done; echo alive"), other),
        async {
            appears(place.path("workspace/one")).await;
            appears(place.path("workspace/two")).await;
            assert_eq!(place.tools.kill(place.context.root), 1);
            fs::write(place.path("workspace/go"), "").unwrap();
        }
    );
    assert!(killed.is_error && killed.content.contains("cancelled"), "{}", killed.content);
    assert_eq!(survived.content, "alive");
    assert_eq!(place.tools.kill(place.context.root), 0);
}

#[tokio::test]
async fn cancelling_returns_when_the_processes_are_gone() {
    let place = Place::new();
    let call = place.bash("touch begun; sleep 62.5");
    let (output, ()) = tokio::join!(call, async {
        appears(place.path("workspace/begun")).await;
        place.context.cancel.cancel();
    });
    assert!(output.starts_with("Error: the command was ended because the call was cancelled"), "{output}");
}
