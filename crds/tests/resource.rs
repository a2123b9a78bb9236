//! Documents are parsed strictly: whatever is wrong is named by its path, with what to write instead.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

use serde_json::{Value, json};
use troupe_crds::{FieldError, Kind, Resource, agent::AgentTool, tool::Builtin};

fn document(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap()
}

fn errors(yaml: &str) -> Vec<(String, String)> {
    let error = Resource::from_value(document(yaml)).unwrap_err();
    error.fields().into_iter().map(|FieldError { path, message }| (path, message)).collect()
}

fn pair(path: &str, message: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), message.to_owned())]
}

const AGENT: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata:
  name: assistant
  annotations: {troupe.dev/id: my assistant}
spec:
  modelRef: {name: small}
  tools:
  - builtin: Bash
  - tool: {name: weather}
  limits: {timeout: 1h30m, maxCost: \"0.25\"}
status:
  anything: goes
";

#[test]
fn a_document_is_parsed_with_its_id() {
    let resource = Resource::from_value(document(AGENT)).unwrap();
    assert_eq!((resource.kind(), resource.name(), resource.id()), (Some(Kind::Agent), "assistant", "my assistant"));
    let Resource::Agent(agent) = resource else { panic!("an Agent") };
    let bash = AgentTool { builtin: Some(Builtin::Bash), ..AgentTool::default() };
    let weather = AgentTool { tool: Some("weather".into()), ..AgentTool::default() };
    assert_eq!(agent.spec.tools, [bash, weather]);
    let limits = agent.spec.limits.unwrap();
    assert_eq!(limits.timeout.unwrap().value().as_secs(), 5400);
    assert_eq!(limits.max_cost.unwrap().micros(), 250_000);
}

#[test]
fn an_unknown_field_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        errors(&AGENT.replace("modelRef:", "modlRef:")),
        pair("spec.modlRef", "unknown field: did you mean modelRef?")
    );
    assert_eq!(
        errors(&AGENT.replace("- builtin: Bash", "- {builtin: Bash, aproval: Always}")),
        pair("spec.tools[0].aproval", "unknown field: did you mean approval?")
    );
    assert_eq!(
        errors(&AGENT.replace("tool: {name: weather}", "tool: {name: weather, zone: x}")),
        pair("spec.tools[1].tool.zone", "unknown field: the fields here are name")
    );
    assert_eq!(
        errors(&AGENT.replace("annotations:", "anotations:")),
        pair("metadata.anotations", "unknown field: remove it")
    );
}

#[test]
fn a_wrong_type_is_refused_with_its_path() {
    assert_eq!(
        errors(&AGENT.replace("{name: small}", "small")),
        pair("spec.modelRef", "a text stands here: write a mapping with name")
    );
    assert_eq!(
        errors(&AGENT.replace("1h30m", "1d")),
        pair(
            "spec.limits.timeout",
            "\"1d\" is no duration: write numbers with the units h, m, s or ms, such as \"30s\" or \"1h30m\""
        )
    );
    assert_eq!(
        errors(&AGENT.replace("builtin: Bash", "builtin: bash")),
        pair(
            "spec.tools[0].builtin",
            "unknown variant `bash`, expected one of `Bash`, `Fetch`, `Delegate`, `ReadFile`, `WriteFile`, `SearchFiles`"
        )
    );
}

#[test]
fn what_is_out_of_bounds_is_refused_as_the_api_server_would() {
    assert_eq!(
        errors(&AGENT.replace("limits: {", "limits: {parallelToolCalls: 0, maxToolRounds: 10001, ")),
        [
            ("spec.limits.parallelToolCalls", "has 0, fewer than the least allowed: give 1 or more"),
            ("spec.limits.maxToolRounds", "has 10001, more than allowed: give at most 10000"),
        ]
        .map(|(path, message)| (path.to_owned(), message.to_owned()))
    );
    let tool = "
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: a}
spec: {toolName: 'a b', builtin: {type: Bash}}
";
    assert_eq!(errors(tool), pair("spec.toolName", "use 1 to 64 letters, digits, _ and - only"));
}

#[test]
fn the_envelope_is_checked_first() {
    assert_eq!(errors("[]")[0].0, "");
    assert_eq!(errors("{kind: Agent}")[0].0, "apiVersion");
    assert_eq!(errors(&AGENT.replace("kind: Agent", "kind: Agnt"))[0].0, "kind");
    assert_eq!(errors(&AGENT.replace("v1alpha1", "v9"))[0].0, "apiVersion");
    assert_eq!(errors(&AGENT.replace("  name: assistant\n", ""))[0].0, "metadata.name");
    let no_spec = "{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: a}}";
    assert_eq!(errors(no_spec), pair("spec", "this field is required: add it"));
}

#[test]
fn a_value_that_may_be_secret_is_not_repeated() {
    let model = "
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: a}
spec: {protocol: OpenAI, baseUrl: https://a/v1, model: m, apiKey: sk-secret}
";
    assert_eq!(errors(model), pair("spec.apiKey", "a text stands here: write a mapping with secretKeyRef"));
    let message = "data holds texts in base64, stringData plain texts: put every value in quotes";
    for values in ["data: {pin: secret!}", "data: secret", "stringData: {pin: 4711}"] {
        let secret = format!("{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, {values}}}");
        let found = errors(&secret);
        assert_eq!(found[0].1, message);
        assert!(found[0].0.contains("ata"), "{found:?}");
    }
}

#[test]
fn a_missing_field_is_named() {
    let model = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: a}, spec: {model: m, baseUrl: x}}";
    assert_eq!(errors(model), pair("spec.protocol", "this field is required: add it"));
}

#[test]
fn an_empty_runtime_means_its_defaults() {
    let yaml = "{apiVersion: troupe.dev/v1alpha1, kind: Runtime, metadata: {name: default}, spec: {}}";
    let Ok(Resource::Runtime(runtime)) = Resource::from_value(document(yaml)) else { panic!("a Runtime") };
    assert_eq!(runtime.spec, troupe_crds::RuntimeSpec::default());
}

#[test]
fn a_secret_is_read_and_never_shown() {
    let yaml = "
apiVersion: v1
kind: Secret
metadata: {name: keys}
type: Opaque
data: {first: c2VjcmV0LW9uZQ==}
stringData: {second: secret-two}
";
    let resource = Resource::from_value(document(yaml)).unwrap();
    let Resource::Secret(secret) = &resource else { panic!("a Secret") };
    assert_eq!(secret.value("first"), Some(b"secret-one".as_slice()));
    assert_eq!(secret.value("second"), Some(b"secret-two".as_slice()));
    assert_eq!(secret.keys().collect::<Vec<_>>(), ["first", "second"]);
    let shown = format!("{resource:?}");
    assert!(shown.contains("keys") && !shown.contains("secret-"), "{shown}");
    assert_eq!(errors(&yaml.replace("stringData", "strngData")), pair("strngData", "unknown field: remove it"));
}

#[test]
fn other_manifests_of_a_folder_are_not_ours() {
    assert!(Resource::is_ours(&json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Agent"})));
    assert!(Resource::is_ours(&json!({"apiVersion": "troupe.dev/v2", "kind": "Agent"})));
    assert!(Resource::is_ours(&json!({"apiVersion": "v1", "kind": "Secret"})));
    assert!(!Resource::is_ours(&json!({"apiVersion": "v1", "kind": "ConfigMap"})));
    assert!(!Resource::is_ours(&json!({"apiVersion": "apps/v1", "kind": "Deployment"})));
    assert!(!Resource::is_ours(&json!([])));
}

#[test]
fn an_object_of_a_newer_schema_is_read_as_far_as_it_is_known() {
    let mut object = document(AGENT);
    object["spec"]["fromTheFuture"] = json!({"a": 1});
    object["metadata"]["alsoNew"] = json!(true);
    let resource = Resource::from_object(Kind::Agent, &object).unwrap();
    assert_eq!((resource.name(), resource.id()), ("assistant", "my assistant"));
    object["spec"]["tools"] = json!("none");
    let error = Resource::from_object(Kind::Agent, &object).unwrap_err();
    assert_eq!(error.path(), "spec.tools");
}
