//! The status of a Runtime: a pure function of what was applied.

use troupe_crds::condition::{ConditionStatus, ConditionType, Observation, Reason};

use super::{Fetched, build};
use crate::{
    child::Pods, children::Outcome, context::Context, key::Key, names, ready, standing::Standing, status::Report,
};

/// What is to be said of a Runtime.
pub fn report(key: &Key, context: &Context, fetched: &Fetched, outcome: &Outcome) -> Report {
    let pods = outcome.pods.or_else(|| {
        fetched.children.iter().find_map(|(reference, child)| {
            let kind = reference.kind;
            matches!(kind, crate::child::ChildKind::Deployment | crate::child::ChildKind::StatefulSet)
                .then_some(child.pods)
        })
    });
    let pods = pods.unwrap_or_default();
    let version = fetched.spec.as_ref().and_then(|spec| build::version(spec, &context.settings.pods));
    let standing = if fetched.standing.is_good() {
        outcome.standing().unwrap_or_else(|| of_pods(pods, &key.namespace, names::RUNTIME))
    } else {
        fetched.standing.clone()
    };
    Report::new([
        ready::ready(&standing, &fetched.object.status),
        available(pods, &key.namespace, names::RUNTIME),
        progressing(pods),
    ])
    .field("url", names::runtime_url(&key.namespace))
    .field("replicas", pods.existing)
    .field("readyReplicas", pods.ready)
    .field("selector", format!("app.kubernetes.io/name={},app.kubernetes.io/instance={}", names::RUNTIME, key.name))
    .field("version", version.filter(|_| is_rolled_out(pods) && pods.ready > 0))
}

/// What the pods of a workload make of its owner. `application` is the value of `app.kubernetes.io/name`.
pub fn of_pods(pods: Pods, namespace: &str, application: &str) -> Standing {
    if pods.wanted == 0 && pods.observed {
        return Standing::new(Reason::Suspended, "spec.replicas: is 0: raise it to serve again");
    }
    if is_available(pods) {
        return Standing::default();
    }
    let reason = if pods.observed { Reason::WorkloadUnavailable } else { Reason::Pending };
    let message = format!(
        "{} of {} pods are ready: see kubectl describe pods -n {namespace} -l app.kubernetes.io/name={application}",
        pods.ready, pods.wanted
    );
    Standing::new(reason, message)
}

/// One pod is enough to answer.
fn is_available(pods: Pods) -> bool {
    pods.ready > 0
}

fn is_rolled_out(pods: Pods) -> bool {
    pods.observed && pods.updated >= pods.wanted && pods.existing <= pods.wanted && pods.ready >= pods.wanted
}

/// The condition `Available` of an owner of pods.
pub fn available(pods: Pods, namespace: &str, application: &str) -> Observation {
    let Standing { message, .. } = of_pods(pods, namespace, application);
    let good = is_available(pods);
    Observation {
        type_: ConditionType::Available,
        status: if good { ConditionStatus::True } else { ConditionStatus::False },
        reason: if good { Reason::WorkloadAvailable } else { Reason::WorkloadUnavailable },
        message: message.into(),
    }
}

fn progressing(pods: Pods) -> Observation {
    let done = is_rolled_out(pods);
    let message = format!("{} of {} pods are new, {} are ready", pods.updated, pods.wanted, pods.ready);
    Observation {
        type_: ConditionType::Progressing,
        status: if done { ConditionStatus::False } else { ConditionStatus::True },
        reason: if done { Reason::RolledOut } else { Reason::RollingOut },
        message: if done { String::new() } else { message },
    }
}
