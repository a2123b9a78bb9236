//! McpServers: one of type `stdio` is a workload, which the whole namespace shares; one of type `http` is an address.

pub mod build;
pub mod status;

use std::sync::Arc;

use troupe_crds::{Kind, McpServerSpec, condition::Reason, runtime::Egress};

use crate::{
    child::{Child, ChildReference, Marks, Owner},
    children::{self, Outcome},
    context::Context,
    controller::{Controller, ReconcileError},
    facts::Detail,
    key::Key,
    namespace::Namespace,
    object::Object,
    standing::Standing,
    status as statuses,
};

/// The port at which a bridge listens.
pub const PORT: i32 = 8080;

/// The value of `app.kubernetes.io/name` of an McpServer's objects.
pub const APPLICATION: &str = "troupe-mcp-server";

/// The controller of McpServers.
pub struct McpServerController;

/// An McpServer, and what of its namespace it is built from.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What was observed.
    pub object: Object,
    /// Its standing.
    pub standing: Standing,
    /// Its spec; none where it cannot be read.
    pub spec: Option<Box<McpServerSpec>>,
    /// Where pods of the namespace may connect to.
    pub egress: Option<Egress>,
    /// What was made for it.
    pub children: Vec<(ChildReference, Child)>,
}

impl Controller for McpServerController {
    fn kind(&self) -> Kind {
        Kind::McpServer
    }

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        let owner = Owner { kind: Kind::McpServer, name: Arc::clone(&key.name) };
        let (fetched, left) = context.world.read(&key.namespace, |namespace| {
            let left = if namespace.terminating { Vec::new() } else { children::of(namespace, &owner) };
            (fetch(namespace, key, &left), left)
        });
        let Some(fetched) = fetched else { return children::remove_orphans(context, &key.namespace, &left).await };
        if fetched.object.identity.deleting {
            return Ok(());
        }
        let outcome = match &fetched.spec {
            // What was made before an invalid edit goes on.
            Some(spec) if !matches!(fetched.standing.reason, Reason::Invalid | Reason::DuplicateId) => {
                let marks = Marks {
                    namespace: key.namespace.to_string(),
                    owner,
                    uid: fetched.object.identity.uid.to_string(),
                    application: APPLICATION,
                    version: String::new(),
                };
                let input = build::Input { marks, spec, pods: &context.settings.pods, egress: fetched.egress.as_ref() };
                let desired = build::build(&input)?;
                let uid = &fetched.object.identity.uid;
                children::bring_about(context, key, uid, desired, &fetched.children).await?
            }
            _ => Outcome::default(),
        };
        let report = status::report(key, &fetched, &outcome);
        statuses::write(context, key, &fetched.object, &report).await?;
        outcome.into_result()
    }
}

fn fetch(namespace: &Namespace, key: &Key, children: &[(ChildReference, Child)]) -> Option<Fetched> {
    let entry = namespace.get(Kind::McpServer, &key.name).filter(|_| !namespace.terminating)?;
    let spec = entry.facts().and_then(|facts| match &facts.detail {
        Detail::McpServer(spec) => Some(spec.clone()),
        _ => None,
    });
    let egress = namespace.runtime().and_then(|entry| match &entry.facts()?.detail {
        Detail::Runtime(spec) => spec.egress.clone(),
        _ => None,
    });
    Some(Fetched {
        object: entry.object.clone(),
        standing: entry.standing.clone(),
        spec,
        egress,
        children: children.to_vec(),
    })
}
