//! Pods that only look as if they ran, for tests of what waits for them: a control plane alone runs none.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt as _, watcher},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ControlPlane;

/// As long as this lives, each new pod of its namespace soon says that it is ready.
#[derive(Debug)]
pub struct Pretence {
    _task: JoinSet<()>,
}

impl ControlPlane {
    /// Makes the pods of a namespace look ready, those that are there and those to come, so that Deployments and `StatefulSets` become
    /// available. None of them is on a node: nothing listens, and a deleted one goes at once.
    pub async fn pretend_that_pods_run(&self, namespace: &str) -> anyhow::Result<Pretence> {
        let client = self.client().await?;
        let namespace = namespace.to_owned();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
            let mut seen = watcher(pods, watcher::Config::default()).default_backoff().applied_objects().boxed();
            loop {
                match seen.try_next().await {
                    Ok(Some(pod)) => pretend(&client, &pod).await,
                    Ok(None) => return,
                    // The watch begins anew by itself, such as after a restart of the API server.
                    Err(_) => {}
                }
            }
        });
        Ok(Pretence { _task: task })
    }
}

async fn pretend(client: &Client, pod: &Pod) {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let (Some(namespace), None, Some("Pending")) = (pod.namespace(), &pod.metadata.deletion_timestamp, phase) else {
        return;
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let status = json!({ "status": ready(pod) });
    // It may be gone again, and then nobody waits for it.
    let _ = pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(status)).await;
}

fn ready(pod: &Pod) -> Value {
    let condition =
        |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": pod.metadata.creation_timestamp});
    let container = |name: &String, image: &Option<String>| {
        json!({"name": name, "image": image, "imageID": "", "ready": true, "started": true, "restartCount": 0,
            "state": {"running": {"startedAt": pod.metadata.creation_timestamp}}})
    };
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    json!({
        "phase": "Running",
        "startTime": pod.metadata.creation_timestamp,
        "conditions": conditions,
        "containerStatuses": containers.map(|each| container(&each.name, &each.image)).collect::<Vec<_>>(),
    })
}
