//! What a suite needs on disk: the model server's scenario, and folders of resources that use it.

use std::{fmt::Write as _, fs, io, net::SocketAddr, path::Path};

/// Deltas of a streamed answer.
pub const DELTAS: usize = 20;

/// Milliseconds between the deltas of the paced model.
pub const PACE_MS: u64 = 5;

/// The models of the scenario, each with an agent of the same name.
pub const AGENTS: [&str; 4] = ["short", "stream", "paced", "tool"];

/// The name of the last of many agents.
pub fn crowd_name(index: usize) -> String {
    format!("crowd-{index:05}")
}

/// Writes the scenario.
pub fn write_scenario(path: &Path) -> io::Result<()> {
    let deltas: Vec<String> = (1..=DELTAS).map(|n| format!("\"~word{n:02} \"")).collect();
    let deltas = deltas.join(", ");
    let usage = "usage: {input: 40, output: 20}";
    let scenario = format!(
        "record: 0
unmatched: fail
rules:
  - when: {{model: short}}
    reply: {{deltas: [\"~ok\"], {usage}}}
  - when: {{model: stream}}
    reply: {{deltas: [{deltas}], {usage}}}
  - when: {{model: paced}}
    reply: {{deltas: [{deltas}], {usage}}}
    pace: {{first_token_ms: {PACE_MS}, between_ms: {PACE_MS}}}
  - when: {{model: tool, last_role: tool, last_tool_contains: Stamped Ada}}
    reply: {{deltas: [\"~done\"], {usage}}}
  - when: {{model: tool, tool_offered: stamp, last_role: user}}
    reply: {{tool_calls: [{{name: stamp, arguments: {{name: Ada}}}}], {usage}}}
"
    );
    fs::write(path, scenario)
}

/// Writes the resources of the small folder: a model and an agent of each kind of answer, and the tool.
pub fn write_resources(folder: &Path, model_server: SocketAddr) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut documents = String::from(
        "apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: stamp}
spec:
  description: Stamps a name.
  parameters: {type: object, properties: {name: {type: string}}, required: [name]}
  template: {text: \"Stamped {{name}}\"}
",
    );
    for name in AGENTS {
        documents.push_str(&model(name, model_server));
        documents.push_str(&agent(name, name));
    }
    fs::write(folder.join("bench.yaml"), documents)
}

/// Writes so many agents into a folder, a hundred to a file, beside the small folder's resources.
pub fn write_crowd(folder: &Path, model_server: SocketAddr, agents: usize) -> io::Result<()> {
    write_resources(folder, model_server)?;
    let names: Vec<String> = (0..agents).map(crowd_name).collect();
    for (file, names) in names.chunks(100).enumerate() {
        let documents: String = names.iter().map(|name| agent(name, "short")).collect();
        fs::write(folder.join(format!("crowd-{file:04}.yaml")), documents)?;
    }
    Ok(())
}

fn model(name: &str, server: SocketAddr) -> String {
    format!(
        "---
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {{name: {name}}}
spec: {{protocol: OpenAI, baseUrl: \"http://{server}/v1\", model: {name}}}
"
    )
}

fn agent(name: &str, model: &str) -> String {
    let mut document = format!(
        "---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {{name: {name}}}
spec:
  modelRef: {{name: {model}}}
  systemPrompt: {{text: You answer as scripted.}}
"
    );
    if name == "tool" {
        // Writing to a String cannot fail.
        let _ = writeln!(document, "  tools: [{{tool: {{name: stamp}}}}]");
    }
    document
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use troupe_crds::Resource;

    use super::*;

    #[test]
    fn the_scenario_is_one_that_the_model_server_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.yaml");
        write_scenario(&path).unwrap();
        let scenario = troupe_model_server::Scenario::from_yaml(&fs::read_to_string(path).unwrap()).unwrap();
        let marks: Vec<usize> =
            scenario.rules.iter().map(|rule| rule.reply.deltas.concat().matches('~').count()).collect();
        assert_eq!(marks, [1, DELTAS, DELTAS, 1, 0]);
    }
    #[test]
    fn the_resources_are_valid_and_as_many_as_they_should_be() {
        let folder = tempfile::tempdir().unwrap();
        write_crowd(folder.path(), SocketAddr::from(([127, 0, 0, 1], 8081)), 250).unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for document in serde_yaml::Deserializer::from_str(&text) {
                let document = serde_json::Value::deserialize(document).unwrap();
                // Each file of the crowd opens with a separator, which is no document.
                if !document.is_null() {
                    names.push(Resource::from_value(document).unwrap().name().to_owned());
                }
            }
        }
        assert_eq!(names.len(), 1 + 2 * AGENTS.len() + 250);
        assert!(names.contains(&crowd_name(249)));
    }
}
