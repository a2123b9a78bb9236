//! Who may have tokens reviewed: every namespace's runtime, as subjects of one ClusterRoleBinding of the chart.
//!
//! TokenReview has no namespace, so that no Role can grant it.

use kube::{Client, core::Request};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    apply::{ApplyError, Writer},
    names::RUNTIME,
    settings::Settings,
    world::World,
};

/// Keeps the subjects of the binding.
pub struct Reviewers {
    client: Client,
    /// What the binding says, once it was read.
    known: Mutex<Option<Vec<Value>>>,
}

impl Reviewers {
    /// Reads through a client.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// Makes the subjects the runtimes that there are. Nothing is written where they are that already.
    pub async fn ensure(&self, settings: &Settings, world: &World, writer: &Writer) -> Result<(), ApplyError> {
        let Some(binding) = &settings.reviewer_binding else { return Ok(()) };
        // One at a time, so that an older list never replaces a newer.
        let mut known = self.known.lock().await;
        let wanted: Vec<Value> = world.with_runtime().iter().map(|namespace| subject(namespace)).collect();
        if known.is_none() {
            *known = self.read(binding).await;
        }
        if known.as_ref() == Some(&wanted) {
            return Ok(());
        }
        let role = json!({
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": settings.reviewer_role,
        });
        writer.subjects(binding, &role, &wanted).await?;
        *known = Some(wanted);
        Ok(())
    }

    async fn read(&self, binding: &str) -> Option<Vec<Value>> {
        let request = Request::new("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
        let found: Value =
            self.client.request(request.get(binding, &kube::api::GetParams::default()).ok()?).await.ok()?;
        let subjects = found.get("subjects").and_then(Value::as_array).into_iter().flatten();
        let plain = |subject: &Value| json!({"kind": subject["kind"], "name": subject["name"], "namespace": subject["namespace"]});
        Some(subjects.map(plain).collect())
    }
}

fn subject(namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": RUNTIME, "namespace": namespace})
}
