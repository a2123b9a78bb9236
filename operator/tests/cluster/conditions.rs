//! Every condition and reason, and that references heal in whatever order objects come.

use std::{fs, path::Path};

use kube::core::DynamicObject;
use serde_json::json;
use troupe_crds::Kind;

use crate::support::{Place, condition};

const MODEL: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec:
  protocol: OpenAI
  baseUrl: https://api.example.com/v1
  model: small
  apiKey: {secretKeyRef: {name: model-key, key: key}}
";

const AGENT: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: helper}
spec:
  modelRef: {name: small}
  systemPrompt: {templateRef: {name: prompt}}
  tools: [{tool: {name: weather}}, {builtin: Fetch}]
";

const TEMPLATE: &str = "
apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata: {name: prompt}
spec: {content: 'You are {{role}}.', variables: [{name: rule}]}
";

const TOOL: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: weather}
spec:
  toolName: get_weather
  mcp: {server: {name: remote}, tool: weather}
";

const SERVER: &str = "
apiVersion: troupe.dev/v1alpha1
kind: McpServer
metadata: {name: remote}
spec: {http: {url: 'https://mcp.example.com/mcp'}}
";

const TEAM: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Team
metadata: {name: crew}
spec:
  strategy: Sequential
  members: [{name: one, agentRef: {name: helper}}]
";

const WORKFLOW: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Workflow
metadata: {name: flow}
spec:
  nodes:
    - {id: ask, type: agent, config: {agentRef: {name: helper}}}
    - {id: say, type: answer, config: {template: '{{nodes.ask.text}}'}}
  edges: [{source: ask, target: say}]
";

const ALL: [&str; 7] = [MODEL, TEMPLATE, SERVER, TOOL, AGENT, TEAM, WORKFLOW];

const EACH: [(Kind, &str); 7] = [
    (Kind::Model, "small"),
    (Kind::PromptTemplate, "prompt"),
    (Kind::McpServer, "remote"),
    (Kind::Tool, "weather"),
    (Kind::Agent, "helper"),
    (Kind::Team, "crew"),
    (Kind::Workflow, "flow"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_rotation_of_a_set_comes_to_the_same_statuses() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    for rotation in 0..ALL.len() {
        for position in 0..ALL.len() {
            place.apply(ALL[(rotation + position) % ALL.len()]).await;
        }
        for (kind, name) in EACH {
            let reason = if matches!(kind, Kind::Team | Kind::Workflow) { "NotSupported" } else { "Valid" };
            place.ready(kind, name, reason, "").await;
        }
        let agent = place.condition(Kind::Agent, "helper", "Resolved", "Valid", "").await;
        let status = &agent.data["status"];
        assert_eq!(status["tools"], json!(["get_weather", "fetch"]));
        assert_eq!(status["model"], "small");
        assert_eq!(status["observedGeneration"], 1);
        assert_eq!(status["currentRevision"], status["publishedRevision"]);
        let url = format!("http://troupe-runtime.{}.svc:7988/v1/agents/helper/runs", place.namespace);
        assert_eq!(status["url"], url);
        let template = place.condition(Kind::PromptTemplate, "prompt", "VariablesMatch", "NamesDiffer", "rule").await;
        assert_eq!(template.data["status"]["placeholders"], json!(["role"]));
        for (kind, name) in EACH {
            place.delete(&place.ours(kind), name).await;
            place.is_gone(place.ours(kind), name).await;
        }
    }
    operator.stop().await;
}

/// Every document of the examples, with the model that they all name.
fn examples() -> Vec<DynamicObject> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut files = vec![folder.join("overlays/scripted/model.yaml")];
    for example in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        // Scenarios are the scripted model's; overlays are other models of the same name.
        if example.ends_with("overlays") || example.ends_with("scenarios") {
            continue;
        }
        let inside = fs::read_dir(example).unwrap().map(|entry| entry.unwrap().path());
        files.extend(inside.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")));
    }
    files.sort();
    files.iter().flat_map(|file| troupe_test_cluster::documents(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// What a status says but for times.
fn lasting(object: &DynamicObject) -> serde_json::Value {
    let mut status = object.data["status"].clone();
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition.as_object_mut().unwrap().remove("lastTransitionTime");
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_come_to_the_same_statuses_in_every_rotation_of_their_order() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    let examples = examples();
    assert!(examples.len() > 15, "{}", examples.len());
    let named: Vec<(Kind, String)> = examples
        .iter()
        .map(|object| (object.types.as_ref().unwrap().kind.parse().unwrap(), object.metadata.name.clone().unwrap()))
        .collect();
    let mut first = Vec::new();
    for rotation in 0..examples.len() {
        for position in 0..examples.len() {
            let object = &examples[(rotation + position) % examples.len()];
            place.apply(&serde_json::to_string(object).unwrap()).await;
        }
        let mut statuses = Vec::new();
        for (kind, name) in &named {
            let waits = *kind == Kind::McpServer && ["time", "fetch"].contains(&name.as_str());
            let reason = if waits { "WorkloadUnavailable" } else { "Valid" };
            statuses.push(lasting(&place.ready(*kind, name, reason, "").await));
        }
        if rotation == 0 {
            first.clone_from(&statuses);
        }
        for ((kind, name), (is, was)) in named.iter().zip(statuses.iter().zip(&first)) {
            assert_eq!(is, was, "{kind} {name} in rotation {rotation}");
        }
        for (kind, name) in &named {
            place.delete(&place.ours(*kind), name).await;
        }
        for (kind, name) in &named {
            place.is_gone(place.ours(*kind), name).await;
        }
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_and_heals_as_soon_as_it_comes() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(TEAM).await;
    place.ready(Kind::Team, "crew", "ReferenceNotFound", "there is no Agent \"helper\"").await;
    place.apply(AGENT).await;
    place.ready(Kind::Agent, "helper", "ReferenceNotFound", "spec.modelRef: there is no Model \"small\"").await;
    place.condition(Kind::Agent, "helper", "Resolved", "ReferenceNotFound", "small").await;
    place.ready(Kind::Team, "crew", "ReferenceNotReady", "Agent \"helper\" is not ready").await;
    for yaml in [MODEL, TEMPLATE, TOOL] {
        place.apply(yaml).await;
    }
    place.ready(Kind::Tool, "weather", "ReferenceNotFound", "McpServer \"remote\"").await;
    place.ready(Kind::Agent, "helper", "ReferenceNotReady", "Tool \"weather\"").await;
    place.apply(SERVER).await;
    place.ready(Kind::Team, "crew", "NotSupported", "Teams are not served yet").await;
    assert!(place.events(Kind::Team, "crew").await.contains(&"ReferenceNotFound".to_owned()));

    place.delete(&place.ours(Kind::Model), "small").await;
    place.ready(Kind::Team, "crew", "ReferenceNotReady", "helper").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_edit_says_which_revision_keeps_serving() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(TEMPLATE).await;
    let valid = place.ready(Kind::PromptTemplate, "prompt", "Valid", "").await;
    let revision = valid.data["status"]["currentRevision"].as_str().unwrap().to_owned();
    let api = place.ours(Kind::PromptTemplate);
    place.merge(&api, "prompt", json!({"spec": {"engine": "Jinja", "content": "{% if %}"}})).await;
    let words = format!("revision {} keeps serving", &revision[..12]);
    let invalid = place.ready(Kind::PromptTemplate, "prompt", "Invalid", &words).await;
    assert_eq!(invalid.data["status"]["currentRevision"], revision.as_str());
    assert_eq!(invalid.data["status"]["publishedRevision"], revision.as_str());
    place.merge(&api, "prompt", json!({"spec": {"engine": "Placeholder", "content": "Hello."}})).await;
    let valid = place.ready(Kind::PromptTemplate, "prompt", "Valid", "").await;
    assert_ne!(valid.data["status"]["currentRevision"], revision.as_str());

    place.merge(&api, "prompt", json!({"spec": {"suspend": true}})).await;
    place.ready(Kind::PromptTemplate, "prompt", "Suspended", "spec.suspend").await;
    place.merge(&api, "prompt", json!({"spec": {"suspend": null, "publishedRevision": revision}})).await;
    let pinned = place.ready(Kind::PromptTemplate, "prompt", "Valid", "").await;
    assert_eq!(pinned.data["status"]["publishedRevision"], revision.as_str());
    place
        .runtime_says(Kind::PromptTemplate, "prompt", "RevisionResolved", "False", "RevisionNotFound", json!({}))
        .await;
    place.ready(Kind::PromptTemplate, "prompt", "RevisionNotFound", "the runtime says").await;
    // What the runtime says of a pin does not count once nothing is pinned.
    place.merge(&api, "prompt", json!({"spec": {"publishedRevision": null}})).await;
    place.ready(Kind::PromptTemplate, "prompt", "Valid", "").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_younger_of_two_with_one_id_is_a_duplicate_until_the_older_goes() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    for name in ["b-first", "a-second"] {
        place
            .apply(
                &MODEL.replace("name: small}", &format!("name: {name}, annotations: {{troupe.dev/id: 'org/model'}}}}")),
            )
            .await;
        place
            .until(place.ours(Kind::Model), name, "have a status", |object: Option<&kube::core::DynamicObject>| {
                object.is_some_and(|object| condition(object, "Ready").is_some())
            })
            .await;
        // Creation times have seconds; of the same second, the name decides.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    place.ready(Kind::Model, "b-first", "Valid", "").await;
    place.ready(Kind::Model, "a-second", "DuplicateId", "\"org/model\" is served by Model b-first").await;
    place.delete(&place.ours(Kind::Model), "b-first").await;
    place.ready(Kind::Model, "a-second", "Valid", "").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_runtime_knows_is_folded_into_ready_and_lasting_matters_reach_referrers() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    for yaml in ALL {
        place.apply(yaml).await;
    }
    place.ready(Kind::Team, "crew", "NotSupported", "Teams are not served yet").await;
    place.runtime_says(Kind::Model, "small", "SecretsResolved", "False", "SecretNotFound", json!({})).await;
    place.ready(Kind::Model, "small", "SecretNotFound", "the runtime says").await;
    place.ready(Kind::Agent, "helper", "ReferenceNotReady", "Model \"small\"").await;
    place.runtime_says(Kind::Model, "small", "SecretsResolved", "True", "SecretsFound", json!({})).await;
    place.ready(Kind::Team, "crew", "NotSupported", "Teams are not served yet").await;

    // A provider's bad minute is the Model's matter alone.
    place.runtime_says(Kind::Model, "small", "Reachable", "False", "ConnectionFailed", json!({})).await;
    place.ready(Kind::Model, "small", "ConnectionFailed", "the runtime says").await;
    operator.idle().await;
    place.ready(Kind::Agent, "helper", "Valid", "").await;

    let discovered = json!({"tools": [{"name": "search"}, {"name": "other"}], "toolCount": 2});
    place.runtime_says(Kind::McpServer, "remote", "Discovered", "True", "ToolsListed", discovered).await;
    let tools = json!({"spec": {"tools": [{"mcpServer": {"name": "remote"}, "tools": ["search"]}]}});
    place.merge(&place.ours(Kind::Agent), "helper", tools).await;
    place
        .until(place.ours(Kind::Agent), "helper", "its server's tools", |object: Option<&kube::core::DynamicObject>| {
            object.is_some_and(|object| object.data["status"]["tools"] == json!(["search"]))
        })
        .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_are_named_and_a_limit_of_depth_allows_them() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply(MODEL).await;
    let agent = |name: &str, other: &str, more: &str| {
        format!(
            "{{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {{name: {name}}}, spec: {{modelRef: {{name: small}}, \
             tools: [{{agent: {{name: {other}}}}}]{more}}}}}"
        )
    };
    place.apply(&agent("a", "b", "")).await;
    place.ready(Kind::Agent, "a", "ReferenceNotFound", "Agent \"b\"").await;
    place.apply(&agent("b", "a", "")).await;
    for name in ["a", "b"] {
        place.ready(Kind::Agent, name, "Invalid", "refer to each other without end (a -> b -> a)").await;
    }
    place.apply(&agent("b", "a", ", delegation: {maxDepth: 2}")).await;
    for name in ["a", "b"] {
        place.ready(Kind::Agent, name, "Valid", "").await;
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_a_model_has_the_runtimes() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    place.apply("{apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: bare}, spec: {}}").await;
    place.ready(Kind::Agent, "bare", "ReferenceNotFound", "spec.defaults.modelRef of the Runtime: name one").await;
    place
        .until(place.ours(Kind::Runtime), "default", "be made", |object: Option<&kube::core::DynamicObject>| {
            object.is_some()
        })
        .await;
    let defaults = json!({"spec": {"defaults": {"modelRef": {"name": "small"}, "tools": [{"builtin": "Bash"}]}}});
    place.merge(&place.ours(Kind::Runtime), "default", defaults).await;
    place.ready(Kind::Agent, "bare", "ReferenceNotFound", "there is no Model \"small\"").await;
    place.apply(MODEL).await;
    let agent = place.ready(Kind::Agent, "bare", "Valid", "").await;
    assert_eq!(agent.data["status"]["tools"], json!(["bash"]));
    assert_eq!(agent.data["status"]["model"], "small");
    operator.stop().await;
}
