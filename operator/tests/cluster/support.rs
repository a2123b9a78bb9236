//! A namespace with an operator of its own, and waiting for what comes to be in it.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
    core::{ApiResource, DynamicObject},
    runtime::wait::{Condition, await_condition},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use troupe_crds::Kind;
use troupe_operator::{
    child::ChildKind,
    context::system_clock,
    metrics::Metrics,
    object::api_resource,
    operator::{Ended, Operator},
    settings::Settings,
    world::World,
};
use troupe_test_cluster::ControlPlane;

/// Longer than anything takes on a busy machine: only what never comes meets it.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// How often a counter is looked at, which has no way to tell.
const PAUSE: Duration = Duration::from_millis(50);

/// A namespace of the cluster, an account for the operator, and one who may do everything.
pub(crate) struct Place {
    pub(crate) cluster: &'static ControlPlane,
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

/// An operator that runs.
pub(crate) struct Running {
    pub(crate) metrics: Metrics,
    pub(crate) world: Arc<World>,
    /// What `/readyz` says is missing.
    pub(crate) missing: Box<dyn Fn() -> Option<String> + Send + Sync>,
    stop: CancellationToken,
    task: JoinHandle<Ended>,
}

impl Running {
    pub(crate) fn start(client: Client, settings: Settings) -> Self {
        let operator = Operator::new(client, settings, system_clock);
        let (metrics, world) = (operator.metrics().clone(), Arc::clone(operator.world()));
        let missing = Box::new(operator.missing());
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "the test waits for it, or ends it")]
        let task = tokio::spawn(operator.run(stop.clone()));
        Self { metrics, world, missing, stop, task }
    }

    /// Stops it gracefully.
    pub(crate) async fn stop(self) -> Ended {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.task).await.expect("it stops").expect("it does not panic")
    }

    /// How it ends by itself.
    pub(crate) async fn ended(self) -> Ended {
        self.task.await.expect("it does not panic")
    }

    /// Ends it as a crash does: the lease is not released.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    /// Waits until it has looked at everything.
    pub(crate) async fn idle(&self) {
        let idle = async {
            loop {
                if self.world.is_idle() {
                    tokio::time::sleep(PAUSE).await;
                    if self.world.is_idle() {
                        return;
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(LIMIT, idle).await.expect("it comes to rest");
    }
}

/// Settings of an operator of one namespace.
pub(crate) fn settings(namespace: &str, more: &[&str]) -> Settings {
    let own = [
        "troupe-operator".to_owned(),
        format!("--watch-namespaces={namespace}"),
        format!("--namespace={namespace}"),
        format!("--identity={}", uuid()),
        "--runtime-image=registry.example/troupe:1.2.3".to_owned(),
    ];
    // A short lease, so that tests wait for little; a flag that a test gives itself comes after it.
    let lease = (!more.iter().any(|flag| flag.starts_with("--lease-seconds"))).then(|| "--lease-seconds=3".to_owned());
    Settings::parse_from(own.into_iter().chain(lease).chain(more.iter().map(|&flag| flag.to_owned())))
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Place {
    /// A namespace of its own; none where there is no cluster.
    pub(crate) async fn new() -> Option<Self> {
        let cluster = troupe_test_cluster::control_plane().await.expect("the cluster starts")?;
        cluster.install_resource_definitions().await.expect("the definitions are taken");
        let namespace = cluster.namespace("operator").await.expect("a namespace is made");
        let place = Self { cluster, client: cluster.client().await.expect("it connects"), namespace };
        place.grant(&[&place.namespace]).await;
        Some(place)
    }

    /// Gives the account `troupe-operator` of the namespace the rights of the operator and its admission policies, as the
    /// chart renders them: where it watches, or in the whole cluster.
    pub(crate) async fn grant(&self, watched: &[&str]) {
        let there = self.cluster.install_rights(&self.namespace, watched).await.expect("the rights are taken");
        assert!(there, "without helm there are no rights: tests/cluster/install.sh chart");
    }

    /// Starts an operator of this namespace alone, with the operator's own rights.
    pub(crate) async fn operator(&self) -> Running {
        self.operator_with(&[]).await
    }

    pub(crate) async fn operator_with(&self, more: &[&str]) -> Running {
        let client = self.cluster.client_of(&self.namespace, "troupe-operator").await.expect("it connects");
        Running::start(client, settings(&self.namespace, more))
    }

    pub(crate) async fn apply(&self, yaml: &str) {
        troupe_test_cluster::apply(&self.client, &self.namespace, yaml).await.expect("it is taken");
    }

    pub(crate) fn api(&self, resource: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, resource)
    }

    pub(crate) fn ours(&self, kind: Kind) -> Api<DynamicObject> {
        self.api(&api_resource(kind))
    }

    pub(crate) fn made(&self, kind: ChildKind) -> Api<DynamicObject> {
        self.api(&kind.api_resource())
    }

    /// Waits until an object is as asked for.
    pub(crate) async fn until<C>(&self, api: Api<DynamicObject>, name: &str, what: &str, condition: C) -> DynamicObject
    where
        C: Condition<DynamicObject>,
    {
        let found = tokio::time::timeout(LIMIT, await_condition(api.clone(), name, condition)).await;
        match found {
            Ok(found) => found.expect("the watch goes on").unwrap_or_else(|| DynamicObject::new(name, &none())),
            Err(limit) => panic!("{name} never came to {what} ({limit}): {:#?}", api.get_opt(name).await),
        }
    }

    /// Waits until `Ready` has this reason, and a message with these words.
    pub(crate) async fn ready(&self, kind: Kind, name: &str, reason: &str, words: &str) -> DynamicObject {
        self.condition(kind, name, "Ready", reason, words).await
    }

    pub(crate) async fn condition(
        &self,
        kind: Kind,
        name: &str,
        type_: &'static str,
        reason: &str,
        words: &str,
    ) -> DynamicObject {
        let (wanted, part) = (reason.to_owned(), words.to_owned());
        let what = format!("{type_} {reason} {words:?}");
        let holds = move |object: Option<&DynamicObject>| {
            object.and_then(|object| condition(object, type_)).is_some_and(|condition| {
                condition["reason"] == wanted.as_str()
                    && condition["message"].as_str().unwrap_or_default().contains(&part)
            })
        };
        let found = self.until(self.ours(kind), name, &what, holds).await;
        let status = &condition(&found, type_).expect("it is there")["status"];
        let good = matches!(reason, "Valid" | "WorkloadAvailable" | "RollingOut");
        assert_eq!(status, if good { "True" } else { "False" }, "{kind} {name}");
        found
    }

    /// Waits until something that the operator makes is there.
    pub(crate) async fn is_made(&self, kind: ChildKind, name: &str) -> DynamicObject {
        self.until(self.made(kind), name, "being made", |object: Option<&DynamicObject>| object.is_some()).await
    }

    /// Waits until something is gone.
    pub(crate) async fn is_gone(&self, api: Api<DynamicObject>, name: &str) {
        self.until(api, name, "be gone", |object: Option<&DynamicObject>| object.is_none()).await;
    }

    pub(crate) async fn delete(&self, api: &Api<DynamicObject>, name: &str) {
        api.delete(name, &DeleteParams::background()).await.expect("it is deleted");
    }

    pub(crate) async fn merge(&self, api: &Api<DynamicObject>, name: &str, change: Value) {
        api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.expect("it is changed");
    }

    /// Writes conditions as the runtime does.
    pub(crate) async fn runtime_says(
        &self,
        kind: Kind,
        name: &str,
        type_: &str,
        status: &str,
        reason: &str,
        more: Value,
    ) {
        let mut says = json!({"conditions": [{
            "type": type_, "status": status, "reason": reason, "message": format!("the runtime says {reason}"),
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]});
        says.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let body = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": kind.as_str(), "status": says});
        let parameters = PatchParams::apply("troupe-runtime").force();
        self.ours(kind).patch_status(name, &parameters, &Patch::Apply(body)).await.expect("it is written");
    }

    /// Makes the pods of a workload ready, as a kubelet would.
    pub(crate) async fn make_pods_ready(&self, application: &str, number: usize) {
        let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let selector = format!("app.kubernetes.io/name={application}");
        let list = kube::api::ListParams::default().labels(&selector);
        let ready = json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let all = async {
            loop {
                let mut found = 0;
                for pod in pods.list(&list).await.expect("pods are listed").items {
                    let name = pod.metadata.name.unwrap();
                    // A pod that a rollout replaces may be gone by now.
                    let made = pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&ready)).await;
                    found += usize::from(made.is_ok() && pod.metadata.deletion_timestamp.is_none());
                }
                if found >= number {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(LIMIT, all).await.expect("there are pods");
    }

    /// Events about an object, by reason.
    pub(crate) async fn events(&self, kind: Kind, name: &str) -> Vec<String> {
        let events: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let all = events.list(&kube::api::ListParams::default()).await.expect("events are listed");
        let about = all.items.into_iter().filter(|event| {
            event
                .regarding
                .as_ref()
                .is_some_and(|it| it.kind.as_deref() == Some(kind.as_str()) && it.name.as_deref() == Some(name))
        });
        about.filter_map(|event| event.reason).collect()
    }

    /// Makes an object as it is, without server-side apply.
    pub(crate) async fn create(&self, api: &Api<DynamicObject>, object: Value) {
        let object = serde_json::from_value(object).expect("it is an object");
        api.create(&PostParams::default(), &object).await.expect("it is made");
    }
}

fn none() -> ApiResource {
    api_resource(Kind::Runtime)
}

/// A condition of a status.
pub(crate) fn condition<'a>(object: &'a DynamicObject, type_: &str) -> Option<&'a Value> {
    object.data.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == type_)
}
