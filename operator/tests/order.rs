//! Standings depend on what there is, not on the order in which it came: a namespace without a cluster.

#![expect(clippy::expect_used, reason = "tests panic")]

use std::{collections::BTreeMap, sync::Arc};

use kube::core::DynamicObject;
use proptest::prelude::*;
use serde_json::Value;
use troupe_crds::{Kind, condition::Reason};
use troupe_operator::{
    key::Key,
    namespace::Namespace,
    object::{Object, ObservedStatus},
    world::{Source, SourceKind, World},
};

/// A set with everything: good objects, missing and unready targets, circles, two of one id, one that cannot be read.
const SET: &str = "
{kind: Model, metadata: {name: m}, spec: {protocol: OpenAI, model: m, baseUrl: 'https://a.example/v1', fallbacks: [{name: n}]}}
---
{kind: Model, metadata: {name: n}, spec: {protocol: OpenAI, model: m, baseUrl: 'https://a.example/v1', fallbacks: [{name: m}]}}
---
{kind: Model, metadata: {name: twin-a, annotations: {troupe.dev/id: twin}}, spec: {protocol: OpenAI, model: m, baseUrl: 'https://a.example/v1'}}
---
{kind: Model, metadata: {name: twin-b, annotations: {troupe.dev/id: twin}}, spec: {protocol: OpenAI, model: m, baseUrl: 'https://a.example/v1'}}
---
{kind: Tool, metadata: {name: lost}, spec: {mcp: {server: {name: nowhere}, tool: t}}}
---
{kind: Tool, metadata: {name: found}, spec: {mcp: {server: {name: s}, tool: t}}}
---
{kind: McpServer, metadata: {name: s}, spec: {http: {url: 'https://a.example/mcp'}}}
---
{kind: PromptTemplate, metadata: {name: unreadable}, spec: {content: {}}}
---
{kind: Agent, metadata: {name: good}, spec: {modelRef: {name: m}, tools: [{tool: {name: found}}]}}
---
{kind: Agent, metadata: {name: unready}, spec: {modelRef: {name: m}, tools: [{tool: {name: lost}}]}}
---
{kind: Agent, metadata: {name: twin}, spec: {modelRef: {name: twin-b}}}
---
{kind: Agent, metadata: {name: a}, spec: {modelRef: {name: m}, tools: [{agent: {name: b}}]}}
---
{kind: Agent, metadata: {name: b}, spec: {modelRef: {name: m}, tools: [{agent: {name: c}}]}}
---
{kind: Agent, metadata: {name: c}, spec: {modelRef: {name: m}, tools: [{agent: {name: a}}]}}
---
{kind: Agent, metadata: {name: bare}, spec: {}}
---
{kind: Runtime, metadata: {name: default}, spec: {defaults: {modelRef: {name: twin-a}}}}
---
{kind: Team, metadata: {name: team}, spec: {strategy: Parallel, members: [{name: x, agentRef: {name: good}}, {name: y, agentRef: {name: unready}}]}}
";

fn set() -> Vec<(Kind, Arc<str>, DynamicObject)> {
    let documents = SET.split("---").map(|text| serde_yaml::from_str::<Value>(text).expect("it is YAML"));
    let object = |mut document: Value| {
        let kind = document["kind"].as_str().expect("it has a kind").parse().expect("it is a kind");
        document["metadata"]["resourceVersion"] = "1".into();
        document["metadata"]["uid"] = "u".into();
        let object: DynamicObject = serde_json::from_value(document).expect("it is an object");
        let name = Arc::from(object.metadata.name.as_deref().expect("it has a name"));
        (kind, name, object)
    };
    documents.map(object).collect()
}

type Standings = BTreeMap<(Kind, String), (Reason, String)>;

fn standings(namespace: &Namespace) -> Standings {
    let standing = |((kind, name), entry): (&(Kind, Arc<str>), &troupe_operator::namespace::Entry)| {
        ((*kind, name.to_string()), (entry.standing.reason, entry.standing.message.to_string()))
    };
    namespace.objects().map(standing).collect()
}

fn expected() -> Standings {
    let mut namespace = Namespace::default();
    for (kind, name, object) in set() {
        namespace.observe(kind, &name, Object::observe(kind, object));
    }
    namespace.settle();
    standings(&namespace)
}

#[test]
fn each_object_of_the_set_stands_as_it_should() {
    let all: Vec<String> = expected()
        .into_iter()
        .map(|((kind, name), (reason, message))| format!("{kind} {name}: {reason} {message}").trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_does_not_matter_and_neither_do_detours(
        order in Just((0..set().len()).collect::<Vec<_>>()).prop_shuffle(),
        gone in proptest::collection::vec(0..set().len(), 0..6),
    ) {
        let set = set();
        let mut namespace = Namespace::default();
        namespace.settle();
        let add = |namespace: &mut Namespace, position: usize| {
            let (kind, name, object) = set.get(position).cloned().expect("it is in the set");
            namespace.observe(kind, &name, Object::observe(kind, object));
        };
        for position in &order {
            add(&mut namespace, *position);
        }
        for position in &gone {
            let (kind, name, _) = &set[*position];
            namespace.remove(*kind, name);
        }
        for position in gone {
            add(&mut namespace, position);
        }
        prop_assert_eq!(standings(&namespace), expected());
    }
}

#[test]
fn what_a_new_list_does_not_hold_is_gone() {
    let source = Source { kind: SourceKind::Ours(Kind::Model), scope: None };
    let world = World::new([source.clone()]);
    let namespace: Arc<str> = Arc::from("n");
    for (kind, name, object) in set().into_iter().filter(|(kind, _, _)| *kind == Kind::Model) {
        let key = Key { kind, namespace: Arc::clone(&namespace), name };
        world.observe(&key, Object::observe(kind, object));
    }
    let alive = [(Arc::clone(&namespace), Arc::from("m"))].into();
    world.listed(&source, &alive);
    assert_eq!(world.count(Kind::Model), 1);
    let reason = world.read("n", |namespace| namespace.get(Kind::Model, "m").map(|entry| entry.standing.reason));
    assert_eq!(reason, Some(Reason::ReferenceNotFound));
}

#[test]
fn an_older_version_never_replaces_a_newer() {
    let (kind, name, object) = set().remove(0);
    let mut namespace = Namespace::default();
    namespace.settle();
    let version = |number: &str, model: &str| {
        let mut object = object.clone();
        object.metadata.resource_version = Some(number.to_owned());
        object.data["spec"]["model"] = model.into();
        Object::observe(kind, object)
    };
    namespace.observe(kind, &name, version("10", "new"));
    let hash = |namespace: &Namespace| namespace.get(kind, &name).and_then(|it| Some(it.facts()?.hash.clone()));
    let new = hash(&namespace);
    assert!(namespace.observe(kind, &name, version("9", "old")).is_empty());
    assert_eq!(hash(&namespace), new);
    assert!(!namespace.observe(kind, &name, version("11", "newest")).is_empty());
    assert_ne!(hash(&namespace), new);
}

#[test]
fn a_status_that_was_written_never_hides_what_others_wrote_at_the_same_time() {
    let (kind, name, object) = set().remove(0);
    let mut namespace = Namespace::default();
    namespace.settle();
    let version = |number: &str, says: Value| {
        let mut object = object.clone();
        object.metadata.resource_version = Some(number.to_owned());
        object.data["status"] = says;
        Object::observe(kind, object)
    };
    let reachable = serde_json::json!({"conditions": [{"type": "Reachable", "status": "False", "reason": "Unauthorized",
        "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    let conditions = |namespace: &Namespace| {
        namespace.get(kind, &name).map(|entry| entry.object.status.conditions.len()).unwrap_or_default()
    };
    // The answer is quicker than the watch.
    namespace.observe(kind, &name, version("10", Value::Null));
    namespace.note_status(kind, &name, "u", 12, ObservedStatus::default());
    assert!(namespace.observe(kind, &name, version("11", Value::Null)).is_empty());
    assert!(!namespace.observe(kind, &name, version("12", reachable.clone())).is_empty());
    assert_eq!(conditions(&namespace), 1);
    // The watch is quicker than the answer.
    namespace.observe(kind, &name, version("14", reachable));
    namespace.note_status(kind, &name, "u", 14, ObservedStatus::default());
    assert_eq!(conditions(&namespace), 1);
}

#[test]
fn thousands_that_refer_to_each_other_are_decided_all_the_same() {
    let mut namespace = Namespace::default();
    namespace.settle();
    for number in 0..5_000 {
        let (name, next) = (format!("agent-{number}"), format!("agent-{}", (number + 1) % 5_000));
        let document = serde_json::json!({"metadata": {"name": name}, "spec": {
            "modelRef": {"name": "m"}, "tools": [{"agent": {"name": next}}]}});
        let object = serde_json::from_value(document).expect("it is an object");
        namespace.observe(Kind::Agent, &Arc::from(name.as_str()), Object::observe(Kind::Agent, object));
    }
    assert_eq!(namespace.of_kind(Kind::Agent).count(), 5_000);
}

/// Any JSON at all, with the names of fields that specs have now and then.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z{}%$.\\-]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let field = prop_oneof![
        4 => proptest::sample::select(vec![
            "name", "modelRef", "tools", "tool", "agent", "builtin", "mcpServer", "content", "engine", "variables", "http",
            "url", "stdio", "command", "args", "env", "nodes", "edges", "id", "type", "config", "source", "target",
            "protocol", "baseUrl", "model", "timeout", "storage", "replicas", "sandbox", "members", "strategy", "function",
            "parameters", "output", "schema", "systemPrompt", "text", "templateRef", "egress", "allow", "cidr",
        ]).prop_map(str::to_owned),
        1 => "[a-zA-Z]{0,8}",
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(field.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_object_makes_a_check_panic(spec in anything(), status in anything(), kind in proptest::sample::select(&Kind::ALL[..])) {
        let document = serde_json::json!({"metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec, "status": status});
        let object = Object::observe(kind, serde_json::from_value(document).expect("it is an object"));
        if let Err(message) = &object.content {
            prop_assert!(!message.contains("within the operator"), "{message}");
        }
        let mut namespace = Namespace::default();
        namespace.settle();
        namespace.observe(kind, &Arc::from("x"), object);
    }
}
