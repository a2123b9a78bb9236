//! The PodDisruptionBudget: from two replicas on, one goes at a time. With one it would keep a node from being drained.

use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::Input;
use crate::names;

/// The budget; none below two replicas.
pub fn build(input: &Input<'_>) -> Option<PodDisruptionBudget> {
    let selector = LabelSelector { match_labels: Some(input.marks.selector()), ..LabelSelector::default() };
    (input.spec.replicas >= 2).then(|| PodDisruptionBudget {
        metadata: input.marks.metadata(names::RUNTIME),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    })
}
