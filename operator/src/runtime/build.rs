//! What a Runtime becomes: pure functions from its spec to whole objects, one file per object.

pub mod account;
pub mod binding;
pub mod budget;
pub mod claim;
pub mod network;
pub mod pod;
pub mod role;
pub mod service;
pub mod workload;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use troupe_crds::{RuntimeSpec, reference::SecretKeyReference};

use crate::{
    child::{ChildKind, Desired, Marks, WriteError},
    settings::PodSettings,
};

/// What a Runtime is built from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// What its objects have in common.
    pub marks: Marks,
    /// What people said.
    pub spec: &'a RuntimeSpec,
    /// What holds where they said nothing.
    pub pods: &'a PodSettings,
    /// The namespace of the gateway.
    pub release: &'a str,
    /// Secrets that the runtime reads.
    pub secrets: &'a [String],
    /// ConfigMaps that the runtime reads.
    pub config_maps: &'a [String],
    /// How large volumes are that exist, by name: a volume never shrinks.
    pub claimed: BTreeMap<String, Quantity>,
}

impl Input<'_> {
    /// The URL of PostgreSQL; none where SQLite is used.
    pub fn postgres(&self) -> Option<&SecretKeyReference> {
        Some(&self.spec.storage.as_ref()?.postgres.as_ref()?.url_secret_key_ref)
    }
}

/// Every object of a Runtime, in the order in which they need each other: a pod starts with its rights and volumes.
pub fn build(input: &Input<'_>) -> Result<Vec<Desired>, WriteError> {
    let mut objects = vec![Desired::new(ChildKind::ServiceAccount, &account::build(input))?];
    if let Some(role) = role::build(input) {
        objects.push(Desired::new(ChildKind::Role, &role)?);
        objects.push(Desired::new(ChildKind::RoleBinding, &binding::secrets(input))?);
    }
    objects.push(Desired::new(ChildKind::RoleBinding, &binding::fixed(input))?);
    for claim in [claim::data(input), claim::workspace(input)].into_iter().flatten() {
        objects.push(Desired::new(ChildKind::PersistentVolumeClaim, &claim)?);
    }
    objects.push(Desired::new(ChildKind::Service, &service::build(input))?);
    objects.push(Desired::new(ChildKind::NetworkPolicy, &network::build(input))?);
    if let Some(budget) = budget::build(input) {
        objects.push(Desired::new(ChildKind::PodDisruptionBudget, &budget)?);
    }
    objects.push(match input.postgres() {
        Some(_) => Desired::new(ChildKind::Deployment, &workload::deployment(input))?,
        None => Desired::new(ChildKind::StatefulSet, &workload::stateful_set(input))?,
    });
    Ok(objects)
}

/// The version that an image's tag says; none for a digest.
pub fn version(spec: &RuntimeSpec, pods: &PodSettings) -> Option<String> {
    let image = spec.image.as_deref().unwrap_or(&pods.runtime_image);
    let (_, tag) = image.rsplit_once('/').unwrap_or(("", image)).1.split_once(':')?;
    let tag = tag.split('@').next().unwrap_or_default();
    (!tag.is_empty() && !image.contains('@')).then(|| tag.to_owned())
}
