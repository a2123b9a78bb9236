//! Rules about several objects: references, cycles, ids, revisions, what is served.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use troupe_crds::{Kind, PromptTemplateSpec, Resource, id};
use troupe_rules::{
    Reference, SecretUse, Served, cycle, duplicate, not_supported, prompt_template, references, revision,
    support::Feature, validate,
};

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn resource(kind: &str, name: &str, spec: Value) -> Resource {
    let document = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    Resource::from_value(document).unwrap()
}

fn agent(name: &str, targets: &[&str], limited: bool) -> Resource {
    let tools: Vec<Value> = targets.iter().map(|target| json!({"agent": {"name": target}})).collect();
    let mut spec = json!({ "tools": tools });
    if limited {
        spec["delegation"] = json!({"maxDepth": 2});
    }
    resource("Agent", name, spec)
}

#[test]
fn references_are_listed_with_their_paths() {
    let agent = resource(
        "Agent",
        "a",
        json!({
            "modelRef": {"name": "m"},
            "systemPrompt": {"templateRef": {"name": "p"}},
            "tools": [{"tool": {"name": "t"}}, {"mcpServer": {"name": "s"}}, {"agent": {"name": "b"}}, {"builtin": "Bash"}],
            "delegation": {"agents": [{"name": "c"}]},
            "context": {"summaryModelRef": {"name": "n"}},
        }),
    );
    let reference = |path: &str, kind, name: &str| Reference { path: path.to_owned(), kind, name: name.to_owned() };
    assert_eq!(
        references(&agent).objects,
        [
            reference("spec.modelRef", Kind::Model, "m"),
            reference("spec.systemPrompt.templateRef", Kind::PromptTemplate, "p"),
            reference("spec.tools[0].tool", Kind::Tool, "t"),
            reference("spec.tools[1].mcpServer", Kind::McpServer, "s"),
            reference("spec.tools[2].agent", Kind::Agent, "b"),
            reference("spec.delegation.agents[0]", Kind::Agent, "c"),
            reference("spec.context.summaryModelRef", Kind::Model, "n"),
        ]
    );
    let model = json!({"protocol": "OpenAI", "baseUrl": "https://a/v1", "model": "m",
        "apiKey": {"secretKeyRef": {"name": "keys", "key": "openai"}}});
    let used =
        SecretUse { path: "spec.apiKey.secretKeyRef".to_owned(), name: "keys".to_owned(), key: "openai".to_owned() };
    assert_eq!(references(&resource("Model", "m", model)).secrets, [used]);
}

#[test]
fn a_workflow_refers_to_what_its_nodes_name() {
    let workflow = json!({"nodes": [
        {"id": "a", "type": "agent", "config": {"agentRef": {"name": "x"}}},
        {"id": "b", "type": "iteration", "config": {"items": "input.list", "node":
            {"type": "tool", "config": {"toolRef": {"name": "t"}}}}},
    ]});
    let found: Vec<_> = references(&resource("Workflow", "w", workflow)).objects;
    let found: Vec<_> = found.iter().map(|found| (found.path.as_str(), found.kind, found.name.as_str())).collect();
    assert_eq!(
        found,
        [
            ("spec.nodes[0].config.agentRef", Kind::Agent, "x"),
            ("spec.nodes[1].config.node.config.toolRef", Kind::Tool, "t")
        ]
    );
}

#[test]
fn agents_in_a_circle_need_a_limit_of_depth() {
    let endless =
        [agent("a", &["b"], false), agent("b", &["c", "d"], false), agent("c", &["a"], false), agent("d", &[], false)];
    let found = cycle::check(&endless);
    let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(found[1].violation.path, "spec.tools[0].agent");
    assert_eq!(
        found[0].violation.message,
        "these objects refer to each other without end (a -> b -> c -> a): set delegation.maxDepth on one of them, or \
         remove one of the references"
    );
    let limited = [agent("a", &["b"], false), agent("b", &["c"], true), agent("c", &["a"], false)];
    assert_eq!(cycle::check(&limited), []);
    assert_eq!(cycle::check(&[agent("a", &["a"], false)]).len(), 1);
}

#[test]
fn a_long_row_of_agents_is_no_cycle() {
    let names: Vec<String> = (0..20_000).map(|number| format!("a{number}")).collect();
    let row: Vec<Resource> = names.windows(2).map(|pair| agent(&pair[0], &[&pair[1]], false)).collect();
    assert_eq!(cycle::check(&row), []);
}

#[test]
fn of_two_objects_with_one_id_the_older_serves() {
    let object = |name: &str, second: i64| ObjectMeta {
        name: Some(name.to_owned()),
        annotations: Some([(id::ID_ANNOTATION.to_owned(), "shared".to_owned())].into()),
        creation_timestamp: Some(Time(Timestamp::from_second(second).unwrap())),
        ..ObjectMeta::default()
    };
    let objects = [object("young", 9), object("old", 1), object("twin", 1)];
    let found = duplicate::duplicates(objects.iter().map(|metadata| (Kind::Agent, metadata)));
    let messages: Vec<_> = found.iter().map(|found| (found.name.as_str(), found.to_string())).collect();
    let message = "id \"shared\" is served by Agent old, which is older: choose another troupe.dev/id".to_owned();
    assert_eq!(messages, [("twin", message.clone()), ("young", message)]);
    let kinds = [(Kind::Agent, &objects[0]), (Kind::Tool, &objects[1])];
    assert_eq!(duplicate::duplicates(kinds), []);
}

#[test]
fn names_of_a_template_are_compared_with_its_variables() {
    let names = |spec: Value| prompt_template::names(&serde_json::from_value::<PromptTemplateSpec>(spec).unwrap());
    let both = names(json!({"content": "{{b}} {{a}} {{b}}", "variables": [{"name": "a"}, {"name": "c"}]}));
    assert_eq!(
        (both.placeholders.as_slice(), both.undeclared.as_slice()),
        (&["b".into(), "a".into()][..], &["b".into()][..])
    );
    assert_eq!(both.warning().unwrap(), "not declared in variables: b; declared and not used in content: c");
    assert_eq!(names(json!({"content": "{{b}}"})).warning(), None);
    let included = names(json!({"content": "{% include 'x' %}", "engine": "Jinja", "variables": [{"name": "a"}]}));
    assert_eq!(included.warning(), None);
}

#[test]
fn what_is_not_served_is_listed_and_nothing_else() {
    let model = resource("Model", "m", json!({"protocol": "Anthropic", "baseUrl": "https://a/v1", "model": "m"}));
    assert_eq!(not_supported(&model, &Served::everything()), []);
    assert_eq!(not_supported(&model, &Served::all_but([Feature::Ollama, Feature::Team])), []);
    let found = not_supported(&model, &Served::all_but([Feature::Anthropic]));
    assert_eq!(
        found[0].to_string(),
        "spec.protocol: protocol Anthropic is not served yet: use the provider's OpenAI endpoint"
    );
}

#[test]
fn a_validated_resource_knows_its_hash() {
    let valid = validate(agent("a", &["b"], false)).unwrap();
    assert_eq!(valid.name(), "a");
    assert_eq!(valid.hash().map(str::len), Some(64));
    assert_eq!(validate(agent("A", &[], false)).unwrap_err().len(), 1);
}

#[test]
fn the_hash_is_of_the_content_alone() {
    let hash = |spec: Value| revision::of(&resource("Agent", "a", spec)).unwrap().unwrap();
    let plain = hash(json!({"role": "r", "parameters": {"a": 1, "b": 2}}));
    let held = json!({"suspend": true, "parameters": {"b": 2, "a": 1}, "revisionHistoryLimit": 3, "role": "r",
        "publishedRevision": "x"});
    assert_eq!(hash(held), plain);
    assert_ne!(hash(json!({"role": "s", "parameters": {"a": 1, "b": 2}})), plain);
    assert_ne!(hash(json!({"role": "r", "parameters": {"a": 1, "b": 2, "suspend": true}})), plain);
    assert!(revision::is_named(&plain, &plain) && revision::is_named(&plain, revision::short(&plain)));
    assert!(!revision::is_named(&plain, &plain[..11]));
}

#[test]
fn the_hash_never_changes_between_versions() {
    // Revisions are kept by this hash for years: a change here would make every published revision unknown.
    assert_eq!(
        revision::hash_value(&json!({"b": [1, null, "x\n"], "a": {"d": 1.5, "c": true}})),
        "4cb4648d1ce0ed2b16eefd320eaa3861a35ce712f020d652d727beb7eaeb813d"
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The same value with the keys of every object in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, field)| (name.clone(), reversed(field))).collect();
            Value::Object(fields.into_iter().rev().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(reversed).collect(),
        scalar => scalar.clone(),
    }
}

proptest! {
    #[test]
    fn the_order_of_keys_does_not_change_the_hash(value in json_value()) {
        prop_assert_eq!(revision::hash_value(&value), revision::hash_value(&reversed(&value)));
    }

    #[test]
    fn different_values_have_different_hashes(left in json_value(), right in json_value()) {
        let no_content = |value: &Value| {
            let mut value = value.clone();
            if let Some(fields) = value.as_object_mut() {
                for name in ["publishedRevision", "suspend", "revisionHistoryLimit"] {
                    fields.remove(name);
                }
            }
            value
        };
        let same = no_content(&left) == no_content(&right);
        prop_assert_eq!(revision::hash_value(&left) == revision::hash_value(&right), same);
    }
}
