//! The command line as people meet it: the real binary, its exit codes and its two outputs.
#![cfg(test)]

#[path = "command/bench.rs"]
mod bench;
#[path = "command/examples.rs"]
mod examples;
#[path = "command/revisions.rs"]
mod revisions;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "command/serve.rs"]
mod serve;

use bench::{folder_with_model, repository, troupe, try_troupe};
use serde_json::Value;
use troupe_model_server::{Pace, Rule, Scenario};

#[tokio::test]
async fn wrong_usage_is_told_apart_from_failure() {
    let cases: [(&[&str], i32, &str); 12] = [
        (&["serve"], 2, "troupe: name a folder of manifests: troupe serve DIR\n"),
        (&["serve", "/nowhere"], 1, "troupe: there is no folder /nowhere; make it, or name another one\n"),
        (&["serve", "/", "--listen", "0.0.0.0:0"], 2, "TROUPE_TOKEN"),
        (&["serve", "/", "--listen", "somewhere"], 2, "an address and a port"),
        (&["serve", "/", "--log", "no=such=filter"], 2, "--log"),
        (&["serve", "/", "--max-running", "0"], 2, "--max-running"),
        (&["serve", "/", "--upload-parallel-max-threads", "33"], 2, "1..=32"),
        (&["serve", "/", "--cors-origin", "example.org"], 2, "such as https://example.org"),
        (&["serve", "/", "--host-name", "http://x/"], 2, "without scheme and port"),
        (&["ask", "somebody", " "], 2, "troupe: the question is empty\n"),
        (&["ask", "somebody", "hi", "--context", "prod"], 2, "wants a namespace; name one with --namespace"),
        (&["publish", "revisions", "somebody", "--context", "prod"], 2, "wants a namespace; name one with --namespace"),
    ];
    for (arguments, code, says) in cases {
        let end = try_troupe(arguments, &[]).await;
        assert_eq!(end.code, code, "{arguments:?}: {}", end.beside);
        assert!(end.beside.contains(says), "{arguments:?}: {}", end.beside);
        assert_eq!(end.answer, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn a_flag_wins_over_its_variable_and_that_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let open = [("TROUPE_LISTEN", "0.0.0.0:0")];
    // The variable is taken: it would open the service to other machines.
    assert_eq!(try_troupe(&["serve", folder], &open).await.code, 2);
    // The flag is taken instead, and goes wrong in its own way.
    let end = try_troupe(&["serve", folder, "--listen", "192.0.2.1:9"], &[open[0], ("TROUPE_TOKEN", "t")]).await;
    assert_eq!(
        (end.code, end.beside.contains("192.0.2.1:9 is no address of this machine")),
        (1, true),
        "{}",
        end.beside
    );
    // An empty one is none.
    let empty = ["TROUPE_LISTEN", "TROUPE_DATA", "TROUPE_MAX_QUEUED", "TROUPE_NAMESPACE", "TROUPE_INSECURE_NO_TOKEN"];
    let empty: Vec<_> = empty.into_iter().map(|name| (name, "")).collect();
    let end = try_troupe(&["serve", "/nowhere"], &empty).await;
    assert_eq!((end.code, end.beside.contains("there is no folder /nowhere")), (1, true), "{}", end.beside);
    let end = try_troupe(&["serve", folder], &[("MAX_TOOL_ROUNDS", "many")]).await;
    assert_eq!(end.beside, "troupe: the variable MAX_TOOL_ROUNDS has the value \"many\", which does not fit\n");
}

#[tokio::test]
async fn a_missing_model_is_found_with_file_and_line() {
    let folder = repository().join("examples/quickstart");
    let folder = folder.to_str().unwrap();
    let end = try_troupe(&["validate", folder], &[]).await;
    assert_eq!(end.code, 1);
    let place = format!("{folder}/assistant.yaml:10:3: error: Agent \"assistant\": spec.modelRef: ");
    assert!(end.answer.starts_with(&place), "{}", end.answer);
    assert!(end.answer.ends_with("\n3 resources, 1 error, 0 warnings\n"), "{}", end.answer);

    let end = try_troupe(&["validate", folder, "--format", "json"], &[]).await;
    assert_eq!(end.code, 1);
    let found: Value = serde_json::from_str(&end.answer).unwrap();
    assert_eq!((&found["errors"], &found["diagnostics"][0]["line"]), (&1.into(), &10.into()));
}

#[tokio::test]
async fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let end = troupe(&["completions", shell], &[]).await;
        assert!(end.answer.contains("validate"), "{shell}");
        // The jail's helper is nobody's command.
        assert!(!end.answer.contains("jail"), "{shell}");
    }
}

#[tokio::test]
async fn a_question_may_come_from_standard_input() {
    let place = folder_with_model(Scenario::of([Rule::text("You said {{last_user}}")])).await;
    let mut arguments = place.ask();
    arguments.extend(["assistant", "-"].map(str::to_owned));
    let end = bench::with_input(&arguments, "how do you do").await;
    assert_eq!((end.code, end.answer.as_str()), (0, "You said how do you do\n"), "{}", end.beside);
}

#[tokio::test]
async fn a_failing_model_is_an_error_with_its_exit_code() {
    let fault = serde_json::json!({"rules": [{"fault": {"status": {"code": 400}}}]}).to_string();
    let place = folder_with_model(Scenario::from_yaml(&fault).unwrap()).await;
    let mut arguments = place.ask();
    arguments.extend(["assistant", "hello"].map(str::to_owned));
    let end = bench::with_input(&arguments, "").await;
    assert_eq!((end.code, end.answer.as_str()), (1, ""));
    assert!(end.beside.starts_with("error: "), "{}", end.beside);
}

#[tokio::test]
async fn ctrl_c_ends_the_answer_with_130() {
    let mut rule = Rule::text("one two three");
    rule.pace = Pace { hold_after: Some(1), ..Pace::default() };
    let place = folder_with_model(Scenario::of([rule])).await;
    let mut arguments = place.ask();
    arguments.extend(["assistant", "count"].map(str::to_owned));
    let mut process = bench::start(&arguments);
    process.answer_contains("one").await;
    process.signal("INT").await;
    assert_eq!(process.code().await, 130);
}
