//! Who may have tokens reviewed: every namespace's runtime, as subjects of one ClusterRoleBinding of the chart.
//!
//! TokenReview has no namespace, so that no Role can grant it.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, Subject};
use kube::{
    Api, Client,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    apply::{ApplyError, Writer},
    context::Context,
    names::RUNTIME,
    settings::Settings,
    world::World,
};

/// Keeps the subjects of the binding.
pub struct Reviewers {
    bindings: Api<ClusterRoleBinding>,
    /// What the binding says, as far as it is known.
    known: Mutex<Option<Vec<Value>>>,
}

impl Reviewers {
    /// Reads through a client what the watch has not brought yet.
    pub fn new(client: Client) -> Self {
        Self { bindings: Api::all(client), known: Mutex::default() }
    }

    /// Makes the subjects the runtimes that there are. Nothing is written where they are that already.
    pub async fn ensure(&self, settings: &Settings, world: &World, writer: &Writer) -> Result<(), ApplyError> {
        let Some(binding) = &settings.reviewer_binding else { return Ok(()) };
        // One at a time, so that an older list never replaces a newer.
        let mut known = self.known.lock().await;
        let wanted: Vec<Value> = world.with_runtime().iter().map(|namespace| subject(RUNTIME, namespace)).collect();
        if known.is_none() {
            let found = self.bindings.get_opt(binding).await.ok().flatten();
            *known = found.map(|found| plain(found.subjects));
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

    async fn observe(&self, subjects: Option<Vec<Subject>>) {
        *self.known.lock().await = Some(plain(subjects));
    }
}

/// Watches the one binding, and corrects what somebody else makes of it.
pub async fn follow(context: &Context) {
    let Some(binding) = &context.settings.reviewer_binding else { return };
    let config = watcher::Config::default().fields(&format!("metadata.name={binding}"));
    let mut events = pin!(watcher(context.reviewers.bindings.clone(), config).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(found) | Event::InitApply(found)) => context.reviewers.observe(found.subjects).await,
            Ok(_) => continue,
            Err(error) => {
                context.metrics.watch_broke("ClusterRoleBinding");
                tracing::warn!(watch.kind = "ClusterRoleBinding", watch.name = binding, %error, "watch broke");
                continue;
            }
        }
        let kept = context.reviewers.ensure(&context.settings, &context.world, &context.writer).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "runtimes cannot have tokens reviewed; the next change of a Runtime tries again");
        }
    }
}

fn plain(subjects: Option<Vec<Subject>>) -> Vec<Value> {
    let plain = |it: Subject| subject(&it.name, it.namespace.as_deref().unwrap_or_default());
    subjects.unwrap_or_default().into_iter().map(plain).collect()
}

fn subject(name: &str, namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}
