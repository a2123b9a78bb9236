//! What an McpServer of type `stdio` becomes: pure functions from its spec to whole objects, one file per object.

pub mod deployment;
pub mod network;
pub mod service;

use k8s_openapi::api::core::v1::ServiceAccount;
use troupe_crds::{McpServerSpec, runtime::Egress};

use crate::{
    child::{ChildKind, Desired, Marks, WriteError},
    names,
    settings::PodSettings,
};

/// What an McpServer is built from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// What its objects have in common.
    pub marks: Marks,
    /// What people said.
    pub spec: &'a McpServerSpec,
    /// What holds where they said nothing.
    pub pods: &'a PodSettings,
    /// Where pods of the namespace may connect to, by its Runtime.
    pub egress: Option<&'a Egress>,
}

impl Input<'_> {
    /// What every object is called.
    pub fn name(&self) -> String {
        names::mcp(&self.marks.owner.name)
    }
}

/// Every object, in the order in which they need each other; none for an address.
pub fn build(input: &Input<'_>) -> Result<Vec<Desired>, WriteError> {
    let Some(stdio) = &input.spec.stdio else { return Ok(Vec::new()) };
    // An account of its own without any right, so that no right of another falls to it.
    let account = ServiceAccount {
        metadata: input.marks.metadata(&input.name()),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    Ok(vec![
        Desired::new(ChildKind::ServiceAccount, &account)?,
        Desired::new(ChildKind::Service, &service::build(input))?,
        Desired::new(ChildKind::NetworkPolicy, &network::build(input))?,
        Desired::new(ChildKind::Deployment, &deployment::build(input, stdio))?,
    ])
}
