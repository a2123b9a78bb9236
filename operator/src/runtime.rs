//! Runtimes: each namespace's one shared runtime, made with its first Agent, Team or Workflow.

pub mod build;
pub mod status;

use std::sync::Arc;

use troupe_crds::{
    Kind, RuntimeSpec,
    condition::Reason,
    runtime::{RUNTIME_NAME, VARIABLES_SECRET},
};

use crate::{
    child::{Child, ChildKind, ChildReference, Marks, Owner},
    children::{self, Outcome},
    context::Context,
    controller::{Controller, ReconcileError},
    facts::Detail,
    key::Key,
    names,
    namespace::{Entry, Namespace},
    object::Object,
    standing::Standing,
    status as statuses,
};

/// The port of the API.
pub const PORT: i32 = 7988;

/// The port of `/metrics`.
pub const METRICS_PORT: i32 = 9090;

/// The controller of Runtimes.
pub struct RuntimeController;

/// A Runtime that may be built, and what of its namespace it is built from.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What was observed.
    pub object: Object,
    /// Its standing.
    pub standing: Standing,
    /// Its spec; none where it cannot be read.
    pub spec: Option<Box<RuntimeSpec>>,
    /// Secrets that the runtime reads.
    pub secrets: Vec<String>,
    /// ConfigMaps that the runtime reads.
    pub config_maps: Vec<String>,
    /// What was made for it.
    pub children: Vec<(ChildReference, Child)>,
}

impl Controller for RuntimeController {
    fn kind(&self) -> Kind {
        Kind::Runtime
    }

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        let kept = keep(context, key).await;
        // Last, and whatever came before: no namespace's runtime waits for another's rights.
        let reviewed = context.reviewers.ensure(&context.settings, &context.world, &context.writer).await;
        kept.and(reviewed.map_err(Into::into))
    }
}

async fn keep(context: &Context, key: &Key) -> Result<(), ReconcileError> {
    let Some(fetched) = fetch(context, key) else { return without(context, key).await };
    if fetched.object.identity.deleting {
        return Ok(());
    }
    let outcome = match &fetched.spec {
        // What was made before an invalid edit goes on.
        Some(spec) if fetched.standing.reason != Reason::Invalid => {
            let desired = build::build(&input(context, key, &fetched, spec))?;
            children::bring_about(context, key, &fetched.object.identity.uid, desired, &fetched.children).await?
        }
        _ => Outcome::default(),
    };
    let report = status::report(key, context, &fetched, &outcome);
    statuses::write(context, key, &fetched.object, &report).await?;
    outcome.into_result()
}

fn input<'a>(context: &'a Context, key: &Key, fetched: &'a Fetched, spec: &'a RuntimeSpec) -> build::Input<'a> {
    build::Input {
        marks: marks(key, fetched, spec, context),
        spec,
        pods: &context.settings.pods,
        release: &context.settings.namespace,
        secrets: &fetched.secrets,
        config_maps: &fetched.config_maps,
        claimed: build::claim::sizes(&fetched.children),
    }
}

/// What a Runtime is built from; none where there is no Runtime, or nothing is to be made in its namespace.
fn fetch(context: &Context, key: &Key) -> Option<Fetched> {
    let owner = owner(key);
    context.world.read(&key.namespace, |namespace| {
        let entry = namespace.get(Kind::Runtime, &key.name).filter(|_| !namespace.terminating)?;
        Some(Fetched {
            object: entry.object.clone(),
            standing: entry.standing.clone(),
            spec: spec(entry),
            // What the runtime itself keeps no resource names, and it must read it back.
            secrets: granted(namespace, &owner, "secrets", namespace.secrets().chain([VARIABLES_SECRET])),
            config_maps: granted(namespace, &owner, "configmaps", namespace.config_maps()),
            children: children::of(namespace, &owner),
        })
    })
}

fn spec(entry: &Entry) -> Option<Box<RuntimeSpec>> {
    match &entry.facts()?.detail {
        Detail::Runtime(spec) => Some(spec.clone()),
        _ => None,
    }
}

fn owner(key: &Key) -> Owner {
    Owner { kind: Kind::Runtime, name: Arc::clone(&key.name) }
}

/// The names that a resource of the Role has: those that objects name. While a version is served that is unknown here
/// (the last valid one, or a pinned one), names that were granted to it stay.
fn granted<'a>(
    namespace: &Namespace,
    owner: &Owner,
    resource: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    if namespace.serves_unknown_versions() {
        let role = ChildReference { kind: ChildKind::Role, name: Arc::from(names::RUNTIME_SECRETS) };
        let role = namespace.children_of(owner).find(|(reference, _)| **reference == role);
        names.extend(role.map(|(_, role)| build::role::granted(&role.value(), resource)).unwrap_or_default());
    }
    names.sort();
    names.dedup();
    names
}

fn marks(key: &Key, fetched: &Fetched, spec: &RuntimeSpec, context: &Context) -> Marks {
    Marks {
        namespace: key.namespace.to_string(),
        owner: owner(key),
        uid: fetched.object.identity.uid.to_string(),
        application: names::RUNTIME,
        version: build::version(spec, &context.settings.pods).unwrap_or_default(),
    }
}

/// Makes the Runtime of a namespace that needs one, and takes away what is left of one that is gone.
async fn without(context: &Context, key: &Key) -> Result<(), ReconcileError> {
    let (needed, terminating, left) = context.world.read(&key.namespace, |namespace| {
        let exists = namespace.get(Kind::Runtime, &key.name).is_some();
        (namespace.needs_runtime() && !exists, namespace.terminating, children::of(namespace, &owner(key)))
    });
    if terminating {
        return Ok(());
    }
    if needed && *key.name == *RUNTIME_NAME {
        match context.writer.create_runtime(&key.namespace).await {
            Ok(_) => {}
            Err(error) if error.is_gone() => {}
            Err(error) => return Err(error.into()),
        }
        // The new one takes over what is left.
        return Ok(());
    }
    children::remove_orphans(context, &key.namespace, &left).await
}
