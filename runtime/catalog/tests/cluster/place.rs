//! A namespace with the account of a runtime, and catalogs over it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Client};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, ClusterOptions, Entry};
use troupe_core::port::Clock;
use troupe_crds::{API_VERSION, GROUP, Kind, VERSION};
use troupe_rules::Served;
use troupe_test_cluster::ControlPlane;

use crate::store::Memory;

/// Longer than anything takes on a busy machine: only what never comes meets it.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// A clock that never stands still; it begins in 2026.
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> i64 {
        self.0.fetch_add(1_000, Ordering::Relaxed)
    }
}

/// A namespace, one who may do everything, and a revision store that outlives catalogs.
pub(crate) struct Place {
    pub(crate) cluster: &'static ControlPlane,
    pub(crate) admin: Client,
    pub(crate) namespace: String,
    pub(crate) revisions: Memory,
}

/// A catalog that runs.
pub(crate) struct Running {
    pub(crate) catalog: Catalog,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.catalog.flush().await;
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(LIMIT, self.tasks.wait()).await.expect("everything ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Place {
    /// A namespace of the shared cluster; none where there is no cluster.
    pub(crate) async fn new() -> Option<Self> {
        Self::of(troupe_test_cluster::control_plane().await.expect("the cluster starts")?).await
    }

    /// A namespace of a cluster of its own, whose API server may be stopped.
    pub(crate) async fn alone() -> Option<Self> {
        let programs = troupe_test_cluster::programs().expect("the programs are there or not")?;
        let cluster = ControlPlane::start(&programs).await.expect("the cluster starts");
        Self::of(Box::leak(Box::new(cluster))).await
    }

    async fn of(cluster: &'static ControlPlane) -> Option<Self> {
        let rights = rights()?;
        cluster.install_resource_definitions().await.expect("the definitions are taken");
        let namespace = cluster.namespace("catalog").await.expect("a namespace is made");
        let admin = cluster.client().await.expect("it connects");
        let place = Self { cluster, admin, namespace, revisions: Memory::default() };
        place.apply(&rights).await;
        let account = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: troupe-runtime}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: troupe-runtime}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: troupe-runtime}
subjects: [{kind: ServiceAccount, name: troupe-runtime}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: troupe-runtime-secrets}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: troupe-runtime-secrets}
subjects: [{kind: ServiceAccount, name: troupe-runtime}]
";
        place.apply(account).await;
        Some(place)
    }

    /// Grants names as the operator does: the whole Role is written anew.
    pub(crate) async fn grant(&self, secrets: &[&str], config_maps: &[&str]) {
        let rule = |resource: &str, names: &[&str]| {
            (!names.is_empty()).then(|| {
                serde_json::json!({"apiGroups": [""], "resources": [resource], "resourceNames": names,
                    "verbs": ["get", "list", "watch"]})
            })
        };
        let rules: Vec<Value> =
            [rule("secrets", secrets), rule("configmaps", config_maps)].into_iter().flatten().collect();
        let granted = serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "troupe-runtime-secrets"}, "rules": rules});
        self.apply(&granted.to_string()).await;
    }

    pub(crate) async fn apply(&self, yaml: &str) {
        troupe_test_cluster::apply(&self.admin, &self.namespace, yaml).await.expect("it is taken");
    }

    /// A catalog with the rights of a runtime.
    pub(crate) async fn open(&self) -> Running {
        let client = self.cluster.client_of(&self.namespace, "troupe-runtime").await.expect("it connects");
        self.open_through(client).await
    }

    /// The same through a connection of the test's own.
    pub(crate) async fn open_through(&self, client: Client) -> Running {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let options = ClusterOptions {
            client,
            namespace: self.namespace.clone(),
            workspace: None,
            revisions: Arc::new(self.revisions.clone()),
            clock: Arc::new(Ticks(AtomicI64::new(1_790_000_000_000_000))),
            tasks: tasks.clone(),
            shutdown: stop.clone(),
            served: Served::in_cluster(),
        };
        let opened = tokio::time::timeout(LIMIT, Catalog::open_cluster(options)).await.expect("it opens in time");
        Running { catalog: opened.expect("nobody stopped it"), stop, tasks }
    }

    pub(crate) fn ours(&self, kind: Kind) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: GROUP.to_owned(),
            version: VERSION.to_owned(),
            api_version: API_VERSION.to_owned(),
            kind: kind.as_str().to_owned(),
            plural: kind.plural().to_owned(),
        };
        Api::namespaced_with(self.admin.clone(), &self.namespace, &resource)
    }

    pub(crate) async fn merge(&self, kind: Kind, name: &str, change: Value) -> DynamicObject {
        let api = self.ours(kind);
        api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.expect("it is changed")
    }

    pub(crate) async fn delete(&self, kind: Kind, name: &str) {
        self.ours(kind).delete(name, &DeleteParams::background()).await.expect("it is deleted");
    }

    /// Waits until an object of the API server is as asked for.
    pub(crate) async fn until_object<C>(&self, kind: Kind, name: &str, what: &str, condition: C) -> DynamicObject
    where
        C: Condition<DynamicObject>,
    {
        let api = self.ours(kind);
        let found = tokio::time::timeout(LIMIT, await_condition(api.clone(), name, condition)).await;
        let Ok(found) = found else { panic!("{kind} {name} never came to {what}: {:#?}", api.get_opt(name).await) };
        found.expect("the watch goes on").expect("it is there")
    }

    /// Waits until a condition of the status has a reason; its message.
    pub(crate) async fn until_said(&self, kind: Kind, name: &str, type_: &'static str, reason: &'static str) -> String {
        let says = move |object: Option<&DynamicObject>| {
            object.and_then(|object| said(object, type_)).is_some_and(|condition| condition["reason"] == reason)
        };
        let object = self.until_object(kind, name, &format!("{type_} {reason}"), says).await;
        said(&object, type_).unwrap()["message"].as_str().unwrap().to_owned()
    }
}

/// A condition of a status.
pub(crate) fn said<'object>(object: &'object DynamicObject, type_: &str) -> Option<&'object Value> {
    object.data.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == type_)
}

/// The rights and the admission policy of runtimes, as the chart renders them.
fn rights() -> Option<String> {
    let programs = troupe_test_cluster::chart_programs().expect("the programs are there or not")?;
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/troupe");
    let output = Command::new(programs.join("helm"))
        .args(["template", "troupe", "--namespace", "troupe-system"])
        .args(["--show-only", "templates/runtime/rights.yaml", "--show-only", "templates/policy/runtime-secrets.yaml"])
        .arg(chart)
        .output()
        .expect("helm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Waits until the catalog's view is as wanted.
pub(crate) async fn until(catalog: &Catalog, what: &str, wanted: impl Fn(&Catalog) -> bool) {
    let mut generation = catalog.subscribe();
    let reached = async {
        while !wanted(catalog) {
            generation.changed().await.unwrap();
        }
    };
    let reached = tokio::time::timeout(LIMIT, reached).await;
    assert!(reached.is_ok(), "the catalog never came to {what}: {:#?}", catalog.view().diagnostics());
}

/// Waits for what no view tells of, such as a Secret's value.
pub(crate) async fn eventually(what: &str, wanted: impl AsyncFn() -> bool) {
    let reached = async {
        while !wanted().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{what} never came"));
}

/// The object of a name.
pub(crate) fn entry(catalog: &Catalog, kind: Kind, name: &str) -> Arc<Entry> {
    catalog.view().get(kind, name).cloned().unwrap_or_else(|| panic!("there is no {kind} {name:?}"))
}

/// Reason and message of an object's `Ready` condition.
pub(crate) fn ready(catalog: &Catalog, kind: Kind, name: &str) -> (String, String) {
    let entry = entry(catalog, kind, name);
    let ready = entry.ready().unwrap();
    (ready.reason.to_string(), ready.message.clone())
}

/// Whether an object's `Ready` has a reason.
pub(crate) fn is(catalog: &Catalog, kind: Kind, name: &str, reason: &str) -> bool {
    let view = catalog.view();
    view.get(kind, name).and_then(|entry| entry.ready()).is_some_and(|ready| ready.reason.as_str() == reason)
}

pub(crate) const MODEL: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec: {protocol: OpenAI, baseUrl: 'https://api.example.com/v1', model: tiny}
";

/// An Agent.
pub(crate) fn agent(name: &str, description: &str) -> String {
    format!(
        "
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {{name: {name}}}
spec: {{description: {description}, modelRef: {{name: small}}}}
"
    )
}

/// A prompt template.
pub(crate) fn template(name: &str, content: &str) -> String {
    format!(
        "
apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata: {{name: {name}}}
spec: {{engine: Jinja, content: {content:?}}}
"
    )
}
