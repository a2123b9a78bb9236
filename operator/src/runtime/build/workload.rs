//! The workload of a runtime: a StatefulSet with SQLite, since a file belongs to one process; else a Deployment.

use k8s_openapi::{
    api::apps::v1::{
        Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment, StatefulSet, StatefulSetSpec,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{Input, network, pod};
use crate::names;

/// The StatefulSet: at most one pod of a name exists, so that two processes never have the file.
pub fn stateful_set(input: &Input<'_>) -> StatefulSet {
    StatefulSet {
        metadata: input.marks.metadata(names::RUNTIME),
        spec: Some(StatefulSetSpec {
            replicas: replicas(input),
            service_name: Some(names::RUNTIME.to_owned()),
            // With the default a pod that never gets ready, by a wrong image say, would never be replaced.
            pod_management_policy: Some("Parallel".to_owned()),
            selector: network::labels(input.marks.selector()),
            template: pod::template(input),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// The Deployment: a new pod is ready before an old one goes.
pub fn deployment(input: &Input<'_>) -> Deployment {
    let rolling =
        RollingUpdateDeployment { max_surge: Some(IntOrString::Int(1)), max_unavailable: Some(IntOrString::Int(0)) };
    Deployment {
        metadata: input.marks.metadata(names::RUNTIME),
        spec: Some(DeploymentSpec {
            replicas: replicas(input),
            selector: network::labels(input.marks.selector()),
            template: pod::template(input),
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(rolling),
            }),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn replicas(input: &Input<'_>) -> Option<i32> {
    i32::try_from(input.spec.replicas).ok()
}
