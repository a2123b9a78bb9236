//! The authorization matrix: every identity, every verb, every kind and two namespaces, each asked of the API server, and what
//! should be answered written as few rules as possible. Rights by name are in the table of `rights.rs`.

use futures::{StreamExt as _, stream};

use crate::rights::{Place, RELEASE};

const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// Our kinds, by who may write them: authors, and editors.
const AUTHORS: [&str; 4] = ["agents", "teams", "workflows", "prompttemplates"];
const EDITORS: [&str; 4] = ["models", "tools", "mcpservers", "runtimes"];

const INVOKED: [&str; 5] = ["agents", "teams", "workflows", "models", "tools"];

/// What the operator makes, and may take away again; of volumes it may not.
const MADE: [&str; 6] = [
    "services",
    "serviceaccounts",
    "deployments.apps",
    "statefulsets.apps",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
];

/// What nobody of ours may touch at all, or by name only.
const OTHERS: [&str; 12] = [
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "pods/exec",
    "serviceaccounts/token",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "leases.coordination.k8s.io",
    "events.events.k8s.io",
    "localsubjectaccessreviews.authorization.k8s.io",
];

/// Who, and of which namespace.
const IDENTITIES: [(&str, &str); 8] = [
    ("troupe-operator", RELEASE),
    ("troupe-runtime", "a"),
    ("viewer", "a"),
    ("invoker", "a"),
    ("author", "a"),
    ("editor", "a"),
    ("nobody", "a"),
    ("other", "b"),
];

fn resources() -> Vec<String> {
    let ours = || AUTHORS.iter().chain(&EDITORS);
    let kinds = ours().map(|kind| format!("{kind}.troupe.dev"));
    let statuses = ours().map(|kind| format!("{kind}/status.troupe.dev"));
    let invoked = INVOKED.iter().map(|kind| format!("{kind}/invoke.troupe.dev"));
    let more = ["sessions.troupe.dev", "runtimes/scale.troupe.dev"].into_iter().chain(MADE).chain(OTHERS);
    kinds.chain(statuses).chain(invoked).chain(more.map(str::to_owned)).collect()
}

/// Whether an identity may do something in a namespace.
fn expected((who, home): (&str, &str), namespace: &str, verb: &str, resource: &str) -> bool {
    let kind = resource.strip_suffix(".troupe.dev");
    let is = |kinds: &[&str]| kind.is_some_and(|kind| kinds.contains(&kind));
    let is_ours = is(&AUTHORS) || is(&EDITORS);
    let part = |name: &str| kind.is_some_and(|kind| kind.ends_with(name));
    let reads = ["get", "list", "watch"].contains(&verb);
    let writes = ["create", "update", "patch", "delete", "deletecollection"].contains(&verb);
    // The operator is the cluster's, everybody else their own namespace's.
    if who != "troupe-operator" && home != namespace {
        return false;
    }
    match who {
        "troupe-operator" => {
            let follows = ["list", "watch"].contains(&verb);
            let makes = ["create", "list", "watch", "patch"].contains(&verb);
            is_ours && follows
                || kind == Some("runtimes") && verb == "create"
                || part("/status") && verb == "patch"
                || MADE.contains(&resource) && (makes || verb == "delete")
                || resource == "persistentvolumeclaims" && makes
                || resource.starts_with("role") && follows
                || resource.starts_with("events") && ["create", "patch"].contains(&verb)
        }
        "troupe-runtime" => {
            is_ours && (reads || ["create", "update", "delete"].contains(&verb))
                || part("/status") && verb == "patch"
                || resource == "secrets" && ["create", "update", "delete"].contains(&verb)
                || resource.starts_with("events") && ["create", "patch"].contains(&verb)
                || resource.starts_with("localsubjectaccessreviews") && verb == "create"
        }
        "viewer" => is_ours && reads || (part("/status") || part("/scale")) && verb == "get",
        "invoker" => part("/invoke") && verb == "create",
        "author" => is(&AUTHORS) && writes,
        "editor" | "other" => {
            is(&EDITORS) && writes
                || part("/scale") && ["update", "patch"].contains(&verb)
                || kind == Some("sessions") && ["get", "list", "delete"].contains(&verb)
        }
        _ => false,
    }
}

#[tokio::test]
async fn every_identity_may_do_to_every_kind_in_every_namespace_what_it_should_and_no_more() {
    let Some(place) = Place::new(&[]).await else { return };
    let place = &place;
    let questions = IDENTITIES.into_iter().flat_map(|who| {
        let resources = resources().into_iter().flat_map(|resource| VERBS.map(|verb| (verb, resource.clone())));
        resources.flat_map(move |(verb, resource)| ["a", "b"].map(|namespace| (who, namespace, verb, resource.clone())))
    });
    let asked = stream::iter(questions).map(async |(who, namespace, verb, resource)| {
        let user = format!("system:serviceaccount:{}:{}", who.1, who.0);
        let own = format!("system:serviceaccounts:{}", who.1);
        let groups = ["system:serviceaccounts", &own, "system:authenticated"];
        let is = place.may(&user, &groups, namespace, verb, &resource).await;
        let wrong = is != expected(who, namespace, verb, &resource);
        (is, wrong.then(|| format!("{} in {namespace}: {verb} {resource} is {is}", who.0)))
    });
    let answers: Vec<(bool, Option<String>)> = asked.buffer_unordered(16).collect().await;
    let wrong: Vec<&String> = answers.iter().filter_map(|(_, wrong)| wrong.as_ref()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let allowed = answers.iter().filter(|(is, _)| *is).count();
    assert!(answers.len() > 5_000 && allowed > 150, "{allowed} of {}", answers.len());
}
