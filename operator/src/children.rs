//! What is made for an owner: applied where it differs, deleted where it is no longer wanted.

use std::sync::Arc;

use troupe_crds::condition::Reason;

use crate::{
    apply::ApplyError,
    child::{Child, ChildKind, ChildReference, Desired, Owner, Pods},
    context::Context,
    controller::ReconcileError,
    key::Key,
    namespace::Namespace,
    standing::Standing,
};

/// What came of bringing objects about.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The pods of the workload, where there is one.
    pub pods: Option<Pods>,
    /// What went wrong, first of all.
    pub failure: Option<ApplyError>,
}

impl Outcome {
    /// An error is tried again, but for one that only a person can help.
    pub fn into_result(self) -> Result<(), ReconcileError> {
        match self.failure {
            Some(error) if !error.is_invalid() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What went wrong, as people can act on it.
    pub fn standing(&self) -> Option<Standing> {
        let failure = self.failure.as_ref()?;
        let standing = if failure.is_invalid() {
            Standing::new(Reason::Invalid, format!("{failure}: change the field of this resource that it comes from"))
        } else if failure.is_conflict() {
            Standing::new(Reason::Pending, format!("{failure}: somebody else made it: rename or delete it"))
        } else {
            Standing::new(Reason::Pending, format!("{failure}; it is tried again"))
        };
        Some(standing)
    }
}

/// What was made for an owner.
pub fn of(namespace: &Namespace, owner: &Owner) -> Vec<(ChildReference, Child)> {
    namespace.children_of(owner).map(|(reference, child)| (reference.clone(), child.clone())).collect()
}

/// Applies what is wanted, in its order, and deletes what is not. One failure ends it: later objects need earlier
/// ones.
pub async fn bring_about(
    context: &Context,
    key: &Key,
    uid: &str,
    desired: Vec<Desired>,
    found: &[(ChildReference, Child)],
) -> Result<Outcome, ReconcileError> {
    let mut outcome = Outcome::default();
    let child = |reference: &ChildReference| found.iter().find(|(known, _)| known == reference).map(|(_, child)| child);
    for desired in &desired {
        let known = child(&desired.reference).filter(|child| !child.deleting);
        match apply(context, key, uid, desired, known).await {
            Ok(pods) => outcome.pods = outcome.pods.or(pods),
            Err(error) => {
                outcome.failure = Some(error);
                return Ok(outcome);
            }
        }
    }
    for (reference, child) in found {
        let wanted = desired.iter().any(|desired| desired.reference == *reference);
        if !wanted && !child.deleting && !holds_data(reference) {
            context.writer.delete(&key.namespace, reference, child).await?;
            let note = format!("deleted {} {}, which is no longer wanted", reference.kind.as_str(), reference.name);
            context.events.done(key, uid, "Delete", "Deleted", &note).await;
        }
    }
    Ok(outcome)
}

/// Applies one object. Answers its pods, if it is a workload.
async fn apply(
    context: &Context,
    key: &Key,
    uid: &str,
    desired: &Desired,
    known: Option<&Child>,
) -> Result<Option<Pods>, ApplyError> {
    let reference = &desired.reference;
    let is_workload = matches!(reference.kind, ChildKind::Deployment | ChildKind::StatefulSet);
    let written = context.writer.apply(&key.namespace, desired, known).await?;
    if written.is_some() && known.is_none() {
        let note = format!("made {} {}", reference.kind.as_str(), reference.name);
        context.events.done(key, uid, "Apply", "Created", &note).await;
    }
    let now = written.as_ref().or(known);
    let pods = now.filter(|_| is_workload).map(|child| child.pods);
    if let Some(child) = written {
        context.world.observe_child(&key.namespace, reference.clone(), child);
    }
    Ok(pods)
}

/// Deletes what is left of an owner that is gone, but for what holds data. Usually Kubernetes has done so already; it
/// does not where the owner was deleted with `--cascade=orphan`.
pub async fn remove_orphans(
    context: &Context,
    namespace: &Arc<str>,
    left: &[(ChildReference, Child)],
) -> Result<(), ReconcileError> {
    for (reference, child) in left {
        if !child.deleting && !holds_data(reference) {
            context.writer.delete(namespace, reference, child).await?;
        }
    }
    Ok(())
}

fn holds_data(reference: &ChildReference) -> bool {
    reference.kind == ChildKind::PersistentVolumeClaim
}
