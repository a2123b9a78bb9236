//! The only writer to the cluster: server-side apply by one field manager, deletion of what is no longer wanted,
//! statuses. Nothing is written that is there already.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use futures::TryFutureExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::{DynamicObject, Request, Status},
};
use serde::Deserialize;
use serde_json::{Value, json};
use troupe_crds::{API_VERSION, GROUP, Kind, VERSION, runtime::RUNTIME_NAME};

use crate::{
    child::{Child, ChildReference, Desired, MANAGER},
    drift,
    fingerprint::fingerprint,
    key::Key,
    metrics::{Metrics, Verb},
    object,
};

/// How long one request may take; the API server ends most of its own at 60 s.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The API server refused.
    #[error("cannot {verb} {what}: {}", refusal(.status))]
    Refused {
        /// What was tried.
        verb: &'static str,
        /// On what.
        what: String,
        /// What the API server says.
        status: Box<Status>,
    },
    /// The API server could not be reached, or answered with something else.
    #[error("cannot {verb} {what}")]
    Request {
        /// What was tried.
        verb: &'static str,
        /// On what.
        what: String,
        /// What went wrong.
        #[source]
        source: Box<kube::Error>,
    },
    /// There was no answer in time.
    #[error("cannot {verb} {what}: no answer within {} s", TIMEOUT.as_secs())]
    Timeout {
        /// What was tried.
        verb: &'static str,
        /// On what.
        what: String,
    },
}

fn refusal(status: &Status) -> String {
    if status.message.is_empty() { format!("{} {}", status.code, status.reason) } else { status.message.clone() }
}

impl ApplyError {
    fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused { status, .. } => Some(status),
            Self::Request { .. } | Self::Timeout { .. } => None,
        }
    }

    /// The object is gone, or its namespace.
    pub fn is_gone(&self) -> bool {
        self.status().is_some_and(|status| status.code == 404)
    }

    /// The namespace is being deleted: nothing can be made in it any more.
    pub fn is_terminating(&self) -> bool {
        let cause = |status: &Status| {
            let causes = status.details.iter().flat_map(|details| &details.causes);
            causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
        };
        self.status().is_some_and(cause)
    }

    /// Somebody else has written the fields that we want to write, or the object is another one by now.
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| status.code == 409)
    }

    /// The spec asks for something that the API server or a policy does not take.
    pub fn is_invalid(&self) -> bool {
        self.status().is_some_and(|status| matches!(status.code, 400 | 422))
    }
}

/// Writes to the cluster.
pub struct Writer {
    client: Client,
    metrics: Metrics,
    /// What remained different after it was applied, so that it is not applied again and again: what was applied, and
    /// what it became.
    settled: Mutex<HashMap<(String, ChildReference), (String, u64)>>,
}

/// The part of an answer that is read: whole objects may be large.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    metadata: ObjectMeta,
}

impl Writer {
    /// Writes through a client, and counts.
    pub fn new(client: Client, metrics: Metrics) -> Self {
        Self { client, metrics, settled: Mutex::default() }
    }

    /// Applies an object unless it is as wanted. Answers what it became where it was written.
    pub async fn apply(
        &self,
        namespace: &str,
        desired: &Desired,
        found: Option<&Child>,
    ) -> Result<Option<Child>, ApplyError> {
        let applied = drift::applied(desired);
        if found.is_some_and(|found| !drift::differs(desired, found) || self.is_settled(namespace, desired, found)) {
            return Ok(None);
        }
        let ChildReference { kind, name } = &desired.reference;
        let api = self.api(namespace, &kind.api_resource());
        // What we did not make is not taken over: whoever made it is named in the conflict.
        let parameters = PatchParams { force: found.is_some(), ..PatchParams::apply(MANAGER) };
        let body = drift::with_fingerprint(desired);
        let what = format!("{} {name}", kind.as_str());
        let written = self.request("apply", &what, api.patch(name, &parameters, &Patch::Apply(&body))).await?;
        self.metrics.wrote(kind.as_str(), Verb::Apply);
        let child = Child::observe(written).map(|(_, child)| child);
        if let Some(child) = child.as_ref().filter(|child| drift::differs(desired, child)) {
            tracing::debug!(object.namespace = namespace, object = what, "something else changes what is applied");
            let now = fingerprint_of(child);
            let key = (namespace.to_owned(), desired.reference.clone());
            lock(&self.settled).insert(key, (applied, now));
        }
        Ok(child)
    }

    fn is_settled(&self, namespace: &str, desired: &Desired, found: &Child) -> bool {
        let settled = lock(&self.settled);
        let became = settled.get(&(namespace.to_owned(), desired.reference.clone()));
        became.is_some_and(|(applied, became)| *applied == drift::applied(desired) && *became == fingerprint_of(found))
    }

    /// Deletes an object, if it still is the one that was seen.
    pub async fn delete(&self, namespace: &str, reference: &ChildReference, found: &Child) -> Result<(), ApplyError> {
        let ChildReference { kind, name } = reference;
        let api = self.api(namespace, &kind.api_resource());
        let preconditions = Preconditions { uid: Some(found.uid.to_string()), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        let what = format!("{} {name}", kind.as_str());
        match self.request("delete", &what, api.delete(name, &parameters)).await {
            Ok(_) => self.metrics.wrote(kind.as_str(), Verb::Delete),
            Err(error) if error.is_gone() || error.is_conflict() => {}
            Err(error) => return Err(error),
        }
        lock(&self.settled).remove(&(namespace.to_owned(), reference.clone()));
        Ok(())
    }

    /// Makes a namespace's Runtime, with an empty spec: defaults stay defaults. Answers whether there was none.
    pub async fn create_runtime(&self, namespace: &str) -> Result<bool, ApplyError> {
        let api = self.api(namespace, &object::api_resource(Kind::Runtime));
        let body = json!({
            "apiVersion": API_VERSION,
            "kind": Kind::Runtime.as_str(),
            "metadata": {"name": RUNTIME_NAME, "namespace": namespace},
            "spec": {},
        });
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        // The body is ours and well formed; were it not, the API server would say so.
        let Ok(body) = serde_json::from_value::<DynamicObject>(body) else { return Ok(false) };
        match self.request("create", "Runtime default", api.create(&parameters, &body)).await {
            Ok(_) => {
                self.metrics.wrote(Kind::Runtime.as_str(), Verb::Create);
                Ok(true)
            }
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes the operator's part of a status. Answers the object's new version.
    pub async fn status(&self, key: &Key, status: &Value) -> Result<u64, ApplyError> {
        let Key { kind, namespace, name } = key;
        let body = json!({
            "apiVersion": API_VERSION,
            "kind": kind.as_str(),
            "metadata": {"name": &**name, "namespace": &**namespace},
            "status": status,
        });
        let path = format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{}", kind.plural());
        let parameters = PatchParams::apply(MANAGER).force();
        let what = format!("the status of {kind} {name}");
        let request = Request::new(path).patch_subresource("status", name, &parameters, &Patch::Apply(&body));
        let send = async { self.client.request::<Written>(request.map_err(kube::Error::BuildRequest)?).await };
        let written = self.request("write", &what, send).await?;
        self.metrics.wrote(kind.as_str(), Verb::Status);
        Ok(object::version(&written.metadata))
    }

    /// Writes who may ask the API server whether a token is good: the subjects of one ClusterRoleBinding.
    pub async fn subjects(&self, binding: &str, role: &Value, subjects: &[Value]) -> Result<(), ApplyError> {
        let body = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": binding},
            "roleRef": role,
            "subjects": subjects,
        });
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        let request = Request::new(path).patch(binding, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&body));
        let send = async { self.client.request::<Written>(request.map_err(kube::Error::BuildRequest)?).await };
        self.request("apply", &format!("ClusterRoleBinding {binding}"), send).await?;
        self.metrics.wrote("ClusterRoleBinding", Verb::Apply);
        Ok(())
    }

    fn api(&self, namespace: &str, resource: &kube::core::ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, resource)
    }

    async fn request<T>(
        &self,
        verb: &'static str,
        what: &str,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ApplyError> {
        let answer = tokio::time::timeout(TIMEOUT, request.map_err(|error| refused(verb, what, error))).await;
        let answer = answer.unwrap_or_else(|_| Err(ApplyError::Timeout { verb, what: what.to_owned() }));
        answer.inspect_err(|_| self.metrics.write_failed())
    }
}

fn refused(verb: &'static str, what: &str, error: kube::Error) -> ApplyError {
    let what = what.to_owned();
    match error {
        kube::Error::Api(status) => ApplyError::Refused { verb, what, status },
        source => ApplyError::Request { verb, what, source: Box::new(source) },
    }
}

/// What a child is, but for what every write changes.
fn fingerprint_of(child: &Child) -> u64 {
    let mut value = child.value();
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        for changing in ["resourceVersion", "generation"] {
            metadata.remove(changing);
        }
    }
    fingerprint(value.as_object().into_iter().flatten())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
