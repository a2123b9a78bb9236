//! The sandbox in a process of its own, as the runtime's pod has it: what runs code is ready when it answers, and files of inline
//! skills lie where both see them.

use std::{fs, process::Stdio};

use serde_json::json;
use tokio::process::Command;
use troupe_crds::Kind;
use troupe_model_server::{ModelServer, Role, Rule, Scenario, When};

use crate::place::{Place, agent, model};

const SKILL: &str = "
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: going}
spec:
  toolName: going
  skill:
    source:
      inline:
        files:
          SKILL.md: |
            ---
            name: going
            description: Goes.
            ---
            Run go.sh.
          go.sh: |
            #!/bin/sh
            echo went in the sandbox
";

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_code_is_ready_once_the_sandbox_answers_and_finds_the_files_of_its_skill() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    let after =
        |tool: &str| When { last_role: Some(Role::Tool), last_tool_contains: Some(tool.to_owned()), ..When::default() };
    let server = ModelServer::start(Scenario::of([
        Rule::text("It says: {{last_tool}}").when(after("went in the sandbox")),
        Rule::call("bash", json!({"command": "./go.sh"})).when(after("Run go.sh")),
        Rule::call("going", json!({})),
    ]))
    .await
    .unwrap();
    let spec = "modelRef: {name: small}, tools: [{tool: {name: going}}, {builtin: Bash}]";
    place.apply(&(model("small", &format!("{}/v1", server.base_url()), "") + &agent("goer", spec) + SKILL)).await;
    fs::create_dir_all(place.path("workspace")).unwrap();
    let (socket, workspace) = (place.path("sandbox.sock"), place.path("workspace"));
    let service = place.runtime(&["--sandbox-socket", socket.to_str().unwrap()]).await;
    place.says(Kind::Agent, "goer", "Ready", "SandboxUnavailable").await;
    let ask = json!({"agent_id": "goer", "text": "Go."});
    let (status, said) = service.send("caller", "POST", "/v1/infer", &ask).await;
    assert!((400..500).contains(&status), "{status} {said}");

    let mut sandbox = Command::new(troupe_tests::troupe().unwrap())
        .args(["sandbox", "--listen"])
        .arg(&socket)
        .arg("--workspace")
        .arg(&workspace)
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    place.says(Kind::Agent, "goer", "Ready", "Valid").await;
    let (status, said) = service.send("caller", "POST", "/v1/infer", &ask).await;
    assert_eq!(status, 200, "{said}");
    assert!(said.to_string().contains("It says: went in the sandbox"), "{said}");
    let shared = workspace.join(".troupe-skills");
    assert_eq!(fs::read_dir(shared).unwrap().count(), 1, "both see the files of the skill there");

    // It goes: what needs it is not ready again.
    sandbox.kill().await.unwrap();
    fs::remove_file(&socket).unwrap();
    place.says(Kind::Agent, "goer", "Ready", "SandboxUnavailable").await;
    service.stop().await;
    operator.stop().await;
}
