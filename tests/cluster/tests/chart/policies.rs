//! The admission policies against a real API server: each file of `attempts/` has what they let through and what they refuse. The
//! accounts may do everything here as far as roles go, so that what is refused is refused by a policy.

use std::{collections::BTreeSet, fs, time::Duration};

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    core::{DynamicObject, GroupVersionKind},
    discovery::{Scope, pinned_kind},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_test_cluster::{ControlPlane, programs};

use crate::file;

const RELEASE: &str = "troupe-system";

/// Longer than the API server takes until a new policy counts.
const LIMIT: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempts {
    #[serde(rename = "as")]
    identity: Identity,
    #[serde(default)]
    there: Vec<There>,
    base: Value,
    allowed: Vec<Attempt>,
    refused: Vec<Attempt>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Identity {
    Operator,
    Runtime,
    Somebody,
}

/// An object that is there before, and a label that somebody takes from it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct There {
    by: Identity,
    object: Value,
    takes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    what: String,
    #[serde(default)]
    verb: Verb,
    /// What differs from the base: JSON pointers and values; null takes away, `/-` adds to a list.
    #[serde(default)]
    change: Map<String, Value>,
    /// Words of the refusal.
    says: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    #[default]
    Apply,
    Create,
    Update,
    Delete,
}

/// Who tries, and where.
struct Place {
    /// It ends with this.
    _cluster: ControlPlane,
    namespace: String,
    operator: Client,
    runtime: Client,
    somebody: Client,
}

impl Place {
    async fn new() -> Option<Self> {
        let cluster = ControlPlane::start(&programs().unwrap()?).await.unwrap();
        let somebody = cluster.client().await.unwrap();
        let namespace = cluster.namespace("team").await.unwrap();
        let manifests = troupe_test_cluster::render_chart(RELEASE, &["crds.enabled=false".to_owned()]).unwrap()?;
        let accounts = format!(
            "
{{apiVersion: v1, kind: Namespace, metadata: {{name: {RELEASE}}}}}
---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: troupe-runtime}}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: everything}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}
subjects:
  - {{kind: ServiceAccount, name: troupe-operator, namespace: {RELEASE}}}
  - {{kind: ServiceAccount, name: troupe-runtime, namespace: {namespace}}}
"
        );
        for yaml in [accounts, manifests] {
            troupe_test_cluster::apply(&somebody, &namespace, &yaml).await.unwrap();
        }
        let operator = cluster.client_of(RELEASE, "troupe-operator").await.unwrap();
        let runtime = cluster.client_of(&namespace, "troupe-runtime").await.unwrap();
        Some(Self { _cluster: cluster, namespace, operator, runtime, somebody })
    }

    fn client(&self, identity: Identity) -> Client {
        match identity {
            Identity::Operator => &self.operator,
            Identity::Runtime => &self.runtime,
            Identity::Somebody => &self.somebody,
        }
        .clone()
    }

    async fn prepare(&self, there: &There) {
        let yaml = serde_json::to_string(&there.object).unwrap();
        let object = self.object(&yaml);
        let api = self.api(there.by, &object).await;
        let name = object.metadata.name.clone().unwrap();
        let manager = if matches!(there.by, Identity::Operator) { "troupe-operator" } else { "kubectl" };
        let made = api.patch(&name, &PatchParams::apply(manager), &Patch::Apply(&object)).await.unwrap();
        if let Some(label) = &there.takes {
            let without = json!({"metadata": {"labels": {label: null}}});
            let api = self.api(Identity::Somebody, &object).await;
            let left = api.patch(&name, &PatchParams::default(), &Patch::Merge(without)).await.unwrap();
            assert_ne!(made.metadata.labels, left.metadata.labels);
        }
    }

    fn object(&self, text: &str) -> DynamicObject {
        serde_json::from_str(&text.replace("NAMESPACE", &self.namespace)).unwrap()
    }

    async fn api(&self, identity: Identity, object: &DynamicObject) -> Api<DynamicObject> {
        let kind = GroupVersionKind::try_from(object.types.as_ref().unwrap()).unwrap();
        let (resource, capabilities) = pinned_kind(&self.somebody, &kind).await.unwrap();
        let namespace = object.metadata.namespace.as_deref().unwrap_or(&self.namespace);
        match capabilities.scope {
            Scope::Namespaced => Api::namespaced_with(self.client(identity), namespace, &resource),
            Scope::Cluster => Api::all_with(self.client(identity), &resource),
        }
    }

    /// Tries it without doing it.
    async fn attempt(&self, identity: Identity, base: &Value, attempt: &Attempt) -> Result<(), String> {
        let mut object = base.clone();
        for (pointer, value) in &attempt.change {
            change(&mut object, pointer, value);
        }
        let object = self.object(&object.to_string());
        let api = self.api(identity, &object).await;
        let name = object.metadata.name.clone().unwrap_or_default();
        let posts = PostParams { dry_run: true, ..PostParams::default() };
        let done = match attempt.verb {
            Verb::Apply => {
                let parameters = PatchParams { dry_run: true, force: true, ..PatchParams::apply("troupe-operator") };
                api.patch(&name, &parameters, &Patch::Apply(&object)).await.map(drop)
            }
            Verb::Create => api.create(&posts, &object).await.map(drop),
            Verb::Update => api.replace(&name, &posts, &object).await.map(drop),
            Verb::Delete => {
                let parameters = DeleteParams { dry_run: true, ..DeleteParams::default() };
                api.delete(&name, &parameters).await.map(drop)
            }
        };
        done.map_err(|error| error.to_string())
    }
}

/// Sets, adds or takes away one thing of an object.
fn change(object: &mut Value, pointer: &str, value: &Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} is not there")) {
        Value::Array(items) if name == "-" => items.push(value.clone()),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(fields) if value.is_null() => {
            assert!(fields.remove(name).is_some(), "{pointer} is not there");
        }
        Value::Object(fields) => {
            fields.insert(name.to_owned(), value.clone());
        }
        other => panic!("{parent} is {other}"),
    }
}

#[tokio::test]
async fn policies_refuse_what_roles_cannot() {
    let Some(place) = Place::new().await else { return };
    let mut unsaid = messages(&place).await;
    let mut files: Vec<_> = fs::read_dir(file("attempts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let attempts: Attempts = serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let Attempts { identity, there, base, allowed, refused } = attempts;
        let shown = path.file_name().unwrap().to_string_lossy().into_owned();
        for there in &there {
            place.prepare(there).await;
        }
        for attempt in &refused {
            let says = attempt.says.as_deref().expect("a refusal says something");
            let said = tokio::time::timeout(LIMIT, async {
                loop {
                    // A policy counts a moment after it was made.
                    match place.attempt(identity, &base, attempt).await {
                        Err(said) => return said,
                        Ok(()) => tokio::time::sleep(Duration::from_millis(100)).await,
                    }
                }
            });
            let said = said.await.unwrap_or_else(|_| panic!("{shown}: {} is allowed", attempt.what));
            assert!(said.contains(says), "{shown}: {}: {said}", attempt.what);
            unsaid.retain(|message| !says.contains(message.as_str()) && !message.contains(says));
        }
        for attempt in &allowed {
            let done = place.attempt(identity, &base, attempt).await;
            assert_eq!((attempt.says.as_ref(), done), (None, Ok(())), "{shown}: {}", attempt.what);
        }
        // Nobody else is held to it.
        let somebody = Attempt { what: String::new(), verb: Verb::default(), change: Map::new(), says: None };
        assert_eq!(place.attempt(Identity::Somebody, &base, &somebody).await, Ok(()), "{shown}");
    }
    // By now the API server's own check of the expressions is through.
    messages(&place).await;
    assert!(unsaid.is_empty(), "no attempt is refused with {unsaid:?}");
}

/// What every validation of every policy says.
async fn messages(place: &Place) -> BTreeSet<String> {
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(place.somebody.clone());
    let mut messages = BTreeSet::new();
    for policy in policies.list(&ListParams::default()).await.unwrap() {
        let checking = policy.status.and_then(|status| status.type_checking);
        let warnings = checking.and_then(|checking| checking.expression_warnings).unwrap_or_default();
        assert!(warnings.is_empty(), "{:?}: {warnings:?}", policy.metadata.name);
        let validations = policy.spec.unwrap().validations.unwrap();
        messages.extend(validations.into_iter().map(|validation| validation.message.unwrap()));
    }
    assert!(messages.len() > 20, "{messages:?}");
    messages
}
