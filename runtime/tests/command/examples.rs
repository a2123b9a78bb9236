//! Every folder of `examples` is valid with every model, and those that need nothing else answer.

use tokio::process::Command;
use troupe_model_server::{ModelServer, Scenario};

use super::bench::{End, Place, example_with_model, repository, start, troupe, with_input};

const OVERLAYS: [&str; 4] = ["scripted", "openai", "anthropic", "ollama"];

#[tokio::test]
async fn every_example_is_valid_with_every_model() {
    let examples = repository().join("examples");
    let mut names: Vec<String> = std::fs::read_dir(&examples)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir() && has_manifests(&entry.path()))
        .map(|entry| entry.file_name().into_string().unwrap())
        // What the model server says is no manifest.
        .filter(|name| name != "scenarios")
        .collect();
    // Its overlays are for kustomize alone.
    names.push("kustomize/base".to_owned());
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        for overlay in OVERLAYS {
            let (example, overlay) = (examples.join(&name), examples.join("overlays").join(overlay));
            let end = troupe(&["validate", example.to_str().unwrap(), overlay.to_str().unwrap()], &[]).await;
            assert!(end.answer.ends_with(", 0 errors, 0 warnings\n"), "{name}: {}", end.answer);
        }
    }
}

fn has_manifests(folder: &std::path::Path) -> bool {
    let mut entries = std::fs::read_dir(folder).unwrap();
    entries.any(|entry| entry.unwrap().path().extension().is_some_and(|extension| extension == "yaml"))
}

#[tokio::test]
async fn every_scenario_is_one_that_the_model_server_takes() {
    for entry in std::fs::read_dir(repository().join("examples/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        let scenario = Scenario::from_yaml(&std::fs::read_to_string(&path).unwrap()).unwrap();
        ModelServer::start(scenario).await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// The example's own scenario, or the echo assistant. Of a folder within an example it is the example's.
async fn example(name: &str) -> Place {
    let scenario = name.split('/').next().unwrap();
    let path = repository().join("examples/scenarios").join(format!("{scenario}.yaml"));
    let scenario =
        std::fs::read_to_string(path).map_or_else(|_| Scenario::default(), |text| Scenario::from_yaml(&text).unwrap());
    example_with_model(name, scenario).await
}

async fn asked(place: &Place, agent: &str, question: &str) -> End {
    let mut arguments = place.ask();
    arguments.extend([agent, question].map(str::to_owned));
    let end = with_input(&arguments, "").await;
    assert_eq!(end.code, 0, "{}{}", end.answer, end.beside);
    end
}

/// Whether commands can be confined on this machine; where not, the tests of examples that run some say nothing.
fn jail() -> bool {
    troupe_tools::jail::support().inspect_err(|why| eprintln!("skipped: {why}")).is_ok()
}

#[tokio::test]
async fn the_quickstart_calls_bash() {
    if !jail() {
        return;
    }
    let end = asked(&example("quickstart").await, "assistant", "use bash to run `echo $((6 * 7))`").await;
    assert_eq!(end.answer, "Here is what the tool answered:\n\n42\n");
    assert!(end.beside.contains("→ bash {\"command\":\"echo $((6 * 7))\"}\n← bash: 42\n"), "{}", end.beside);
}

#[tokio::test]
async fn the_function_tool_runs_python() {
    if !jail() || !python().await {
        return;
    }
    let end = asked(&example("function-tool").await, "researcher", "What time is it?").await;
    assert!(end.answer.contains("\"timezone\""), "{}", end.answer);
    assert!(end.beside.contains("→ get_current_time {\"timezone\":\"UTC\"}\n"), "{}", end.beside);
}

#[tokio::test]
async fn the_skill_is_read_before_the_answer() {
    let end = asked(&example("skill").await, "editor", "Write release notes: CSV export").await;
    assert_eq!(end.answer, "### Added\n- Export a report as CSV.\n");
    assert!(end.beside.contains("← release_notes: "), "{}", end.beside);
}

#[tokio::test]
async fn the_planner_hands_work_to_the_writer() {
    let end = asked(&example("delegation").await, "planner", "lighthouses").await;
    assert_eq!(end.answer, "The writer says: Lighthouses kept ships off the rocks.\n");
    assert!(end.beside.contains("→ writer "), "{}", end.beside);
}

#[tokio::test]
async fn the_extractor_is_asked_again_until_its_answer_fits() {
    let end = asked(&example("structured-output").await, "extractor", "Ada went to London.").await;
    assert_eq!(end.answer, "{\"people\": [\"Ada\"], \"places\": [\"London\"]}\n");
}

#[tokio::test]
async fn two_agents_fill_one_template_differently() {
    let place = example("prompt-template").await;
    assert_eq!(asked(&place, "bakery", "Good morning").await.answer, "Hello! We open at seven.\n");
    assert_eq!(
        asked(&place, "foundry", "Good morning").await.answer,
        "Good day. Please ask about prices or delivery.\n"
    );
}

#[tokio::test]
async fn the_base_of_the_overlays_runs_without_kustomize() {
    let end = asked(&example("kustomize/base").await, "greeter", "Good morning").await;
    assert_eq!(end.answer, "Welcome to the base.\n");
}

#[tokio::test]
async fn the_second_model_answers_for_the_first() {
    let end = asked(&example("fallback").await, "steady", "Hello").await;
    assert!(end.answer.starts_with("You said: Hello\n"), "{}", end.answer);
}

#[tokio::test]
async fn the_python_client_rebuilds_the_whole_answer_from_the_stream() {
    if !python().await {
        return;
    }
    let place = example("skill").await;
    let mut service = start(&place.serve());
    let line: serde_json::Value = serde_json::from_str(&service.line_with("\"ready\"").await).unwrap();
    let client = repository().join("examples/clients/stream_as_infer.py");
    let output = Command::new("python3")
        .args([client.to_str().unwrap(), "--compare", "--url", line["url"].as_str().unwrap(), "editor", "CSV export"])
        .env("no_proxy", "*")
        .output()
        .await
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.as_str()), (Some(0), "the same as /v1/infer\n"));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let roles: Vec<&str> = answer["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["assistant", "tool", "assistant"]);
}

async fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().await.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: there is no python3");
    }
    there
}
