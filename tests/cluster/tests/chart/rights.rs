//! Who may do what: every right of every identity, as the API server itself lists them (`kubectl auth can-i --list`), and questions
//! whose answers matter most.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
    core::DynamicObject,
};
use troupe_test_cluster::{ControlPlane, programs, render_chart};

use crate::golden::assert_golden;

pub(crate) const RELEASE: &str = "troupe-system";

/// Verbs by resource.
type Rights = BTreeMap<String, BTreeSet<String>>;

/// Accounts of namespace `a` and the cluster roles that are bound to them there. `other` is the same in namespace `b`.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("viewer", "a", "troupe-viewer"),
    ("invoker", "a", "troupe-invoker"),
    ("author", "a", "troupe-author"),
    ("editor", "a", "troupe-editor"),
    ("nobody", "a", ""),
    ("other", "b", "troupe-editor"),
];

/// A cluster with the chart's rights, where the operator has made what a runtime of namespace `a` gets.
pub(crate) struct Place {
    cluster: ControlPlane,
    admin: Client,
}

impl Place {
    pub(crate) async fn new(values: &[&str]) -> Option<Self> {
        let cluster = ControlPlane::start(&programs().unwrap()?).await.unwrap();
        let admin = cluster.client().await.unwrap();
        let values: Vec<String> = ["crds.enabled=false"].iter().chain(values).map(|&value| value.to_owned()).collect();
        let mut yaml = String::new();
        for namespace in [RELEASE, "a", "b"] {
            write!(yaml, "\n---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}").unwrap();
        }
        write!(yaml, "\n---\n{}", render_chart(RELEASE, &values).unwrap()?).unwrap();
        for (name, namespace, role) in PEOPLE {
            write!(
                yaml,
                "\n---\n{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}, namespace: {namespace}}}}}"
            )
            .unwrap();
            if !role.is_empty() {
                yaml.push_str(&binding(name, namespace, role));
            }
        }
        troupe_test_cluster::apply(&admin, "a", &yaml).await.unwrap();
        let place = Self { cluster, admin };
        place.make_runtime().await;
        Some(place)
    }

    /// What the operator makes of rights, with its own.
    async fn make_runtime(&self) {
        let operator = self.client("troupe-operator", RELEASE).await;
        let mark = "labels: {app.kubernetes.io/managed-by: troupe-operator}";
        let subjects = "subjects: [{kind: ServiceAccount, name: troupe-runtime, namespace: a}]";
        let group = "apiVersion: rbac.authorization.k8s.io/v1";
        let reference = "apiGroup: rbac.authorization.k8s.io";
        for (plural, kind, yaml) in [
            (
                "serviceaccounts",
                "ServiceAccount",
                format!("{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: troupe-runtime, {mark}}}}}"),
            ),
            (
                "roles",
                "Role",
                format!(
                    "{{{group}, kind: Role, metadata: {{name: troupe-runtime-secrets, {mark}}}, rules: [{{apiGroups: [''], \
                 resources: [secrets], resourceNames: [llm], verbs: [get, list, watch]}}]}}"
                ),
            ),
            (
                "rolebindings",
                "RoleBinding",
                format!(
                    "{{{group}, kind: RoleBinding, metadata: {{name: troupe-runtime-secrets, {mark}}}, \
                 roleRef: {{{reference}, kind: Role, name: troupe-runtime-secrets}}, {subjects}}}"
                ),
            ),
            (
                "rolebindings",
                "RoleBinding",
                format!(
                    "{{{group}, kind: RoleBinding, metadata: {{name: troupe-runtime, {mark}}}, \
                 roleRef: {{{reference}, kind: ClusterRole, name: troupe-runtime}}, {subjects}}}"
                ),
            ),
        ] {
            let object: DynamicObject = serde_yaml::from_str(&yaml).unwrap();
            let api_version = object.types.as_ref().unwrap().api_version.clone();
            let group = api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
            let (kind, plural) = (kind.to_owned(), plural.to_owned());
            let resource = kube::core::ApiResource { group, version: "v1".to_owned(), api_version, kind, plural };
            let api: Api<DynamicObject> = Api::namespaced_with(operator.clone(), "a", &resource);
            let name = object.metadata.name.clone().unwrap();
            api.patch(&name, &PatchParams::apply("troupe-operator"), &Patch::Apply(&object)).await.unwrap();
        }
    }

    async fn client(&self, account: &str, namespace: &str) -> Client {
        self.cluster.client_of(namespace, account).await.unwrap()
    }

    /// Every right of an account in a namespace; `of` an object where it is named.
    async fn rights(&self, account: (&str, &str), namespace: &str) -> Rights {
        let spec = SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) };
        let review = SelfSubjectRulesReview { spec, ..SelfSubjectRulesReview::default() };
        let api: Api<SelfSubjectRulesReview> = Api::all(self.client(account.0, account.1).await);
        let status = api.create(&PostParams::default(), &review).await.unwrap().status.unwrap();
        assert!(!status.incomplete, "{:?}", status.evaluation_error);
        let mut rights = Rights::new();
        for ResourceRule { api_groups, resources, resource_names, verbs } in status.resource_rules {
            let (groups, resources) = (api_groups.unwrap_or_default(), resources.unwrap_or_default());
            let names = resource_names.filter(|names| !names.is_empty()).map(|names| format!(" {}", names.join(" ")));
            for (group, resource) in groups.iter().flat_map(|group| resources.iter().map(move |it| (group, it))) {
                let group = if group.is_empty() { String::new() } else { format!(".{group}") };
                let right = format!("{resource}{group}{}", names.as_deref().unwrap_or_default());
                rights.entry(right).or_default().extend(verbs.iter().cloned());
            }
        }
        rights
    }

    pub(crate) async fn may(&self, user: &str, groups: &[&str], namespace: &str, verb: &str, resource: &str) -> bool {
        let (resource, name) = resource.split_once(' ').map_or((resource, None), |(it, name)| (it, Some(name)));
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let (resource, subresource) =
            resource.split_once('/').map_or((resource, None), |(it, subresource)| (it, Some(subresource.to_owned())));
        let attributes = ResourceAttributes {
            group: Some(group.to_owned()),
            name: name.map(str::to_owned),
            namespace: Some(namespace.to_owned()),
            resource: Some(resource.to_owned()),
            subresource,
            verb: Some(verb.to_owned()),
            ..ResourceAttributes::default()
        };
        let spec = SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            groups: Some(groups.iter().map(|&group| group.to_owned()).collect()),
            resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let api: Api<SubjectAccessReview> = Api::all(self.admin.clone());
        api.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
    }
}

fn binding(account: &str, namespace: &str, role: &str) -> String {
    format!(
        "
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {account}, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: {namespace}}}]
"
    )
}

/// Every identity with its rights in each namespace, without those that everybody has.
async fn table(place: &Place) -> String {
    let everybody = place.rights(("nobody", "a"), "a").await;
    let accounts = [("troupe-operator", RELEASE), ("troupe-runtime", "a")];
    let accounts = accounts.into_iter().chain(PEOPLE.into_iter().map(|(name, namespace, _)| (name, namespace)));
    let mut table = String::new();
    for account in accounts {
        // The same rights in several namespaces are told once.
        let mut places: Vec<(Vec<&str>, Rights)> = Vec::new();
        for namespace in [RELEASE, "a", "b"] {
            let mut rights = place.rights(account, namespace).await;
            rights.retain(|right, verbs| {
                verbs.retain(|verb| !everybody.get(right).is_some_and(|common| common.contains(verb)));
                !verbs.is_empty()
            });
            match places.iter_mut().find(|(_, known)| *known == rights) {
                Some((namespaces, _)) => namespaces.push(namespace),
                None => places.push((vec![namespace], rights)),
            }
        }
        for (namespaces, rights) in places {
            writeln!(table, "{} of {} in {}:", account.0, account.1, namespaces.join(", ")).unwrap();
            if rights.is_empty() {
                table.push_str("  nothing\n");
            }
            for (right, verbs) in rights {
                let verbs: Vec<_> = verbs.into_iter().collect();
                writeln!(table, "  {right}: {}", verbs.join(" ")).unwrap();
            }
        }
    }
    table
}

#[tokio::test]
async fn rights_are_these_and_no_others() {
    let Some(place) = Place::new(&[]).await else { return };
    assert_golden("rights.txt", &table(&place).await);
    answers(&place).await;
}

#[tokio::test]
async fn with_named_namespaces_the_operator_has_rights_in_these_alone() {
    let Some(place) = Place::new(&["operator.watchNamespaces={a}"]).await else { return };
    assert_golden("rights-named.txt", &table(&place).await);
}

/// What the table tells too, in the words of an attacker; and what the cluster's own roles come to include.
async fn answers(place: &Place) {
    let operator = "system:serviceaccount:troupe-system:troupe-operator";
    let runtime = "system:serviceaccount:a:troupe-runtime";
    for (user, namespace, verb, resource, allowed) in [
        (operator, "a", "patch", "roles.rbac.authorization.k8s.io troupe-runtime-secrets", true),
        (operator, "a", "create", "roles.rbac.authorization.k8s.io troupe-runtime-secrets", true),
        // So a POST is refused, whose name RBAC does not see.
        (operator, "a", "create", "roles.rbac.authorization.k8s.io", false),
        (operator, "a", "escalate", "clusterroles.rbac.authorization.k8s.io", false),
        (operator, "a", "bind", "clusterroles.rbac.authorization.k8s.io cluster-admin", false),
        (operator, "", "create", "clusterrolebindings.rbac.authorization.k8s.io", false),
        (operator, "", "patch", "clusterrolebindings.rbac.authorization.k8s.io troupe-operator", false),
        (
            operator,
            "",
            "patch",
            "validatingadmissionpolicies.admissionregistration.k8s.io troupe-operator-roles",
            false,
        ),
        (
            operator,
            "",
            "delete",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io troupe-operator-roles",
            false,
        ),
        (operator, "a", "get", "secrets llm", false),
        (operator, "a", "list", "secrets", false),
        (operator, "a", "create", "serviceaccounts/token troupe-runtime", false),
        (operator, "a", "create", "pods", false),
        (operator, "a", "create", "pods/exec", false),
        (operator, "a", "patch", "deployments/scale.apps troupe-runtime", false),
        (operator, "a", "delete", "persistentvolumeclaims troupe-runtime-data", false),
        (operator, "a", "patch", "models.troupe.dev m", false),
        (operator, "a", "patch", "models/status.troupe.dev m", true),
        (operator, "a", "impersonate", "serviceaccounts troupe-runtime", false),
        (runtime, "a", "get", "secrets llm", true),
        (runtime, "a", "watch", "secrets llm", true),
        (runtime, "a", "get", "secrets other", false),
        (runtime, "a", "list", "secrets", false),
        (runtime, "b", "get", "secrets llm", false),
        (runtime, "b", "get", "agents.troupe.dev", false),
        (runtime, "a", "create", "pods", false),
        (runtime, "a", "patch", "roles.rbac.authorization.k8s.io troupe-runtime-secrets", false),
        (runtime, "a", "create", "serviceaccounts/token troupe-runtime", false),
    ] {
        let is = place.may(user, &["system:serviceaccounts", "system:authenticated"], namespace, verb, resource).await;
        assert_eq!(is, allowed, "{user} in {namespace:?}: {verb} {resource}");
    }
    let people: String = ["view", "edit", "admin"].map(binding_of_user).concat();
    troupe_test_cluster::apply(&place.admin, "a", &people).await.unwrap();
    let limit = std::time::Duration::from_mins(1);
    for (role, verb, resource, allowed) in [
        ("view", "list", "agents.troupe.dev", true),
        ("view", "create", "agents/invoke.troupe.dev helper", false),
        ("view", "list", "sessions.troupe.dev", false),
        ("edit", "create", "agents/invoke.troupe.dev helper", true),
        ("edit", "update", "agents.troupe.dev helper", true),
        ("edit", "update", "models.troupe.dev m", false),
        ("edit", "list", "sessions.troupe.dev", false),
        ("admin", "update", "models.troupe.dev m", true),
        ("admin", "patch", "runtimes/scale.troupe.dev default", true),
        ("admin", "list", "sessions.troupe.dev", true),
        ("admin", "delete", "sessions.troupe.dev", true),
        // To speak in another's conversation is in no role: who needs it writes a Role that says so.
        ("admin", "update", "sessions.troupe.dev", false),
    ] {
        // A controller gathers the roles after they were made.
        let reached = tokio::time::timeout(limit, async {
            while place.may(role, &["system:authenticated"], "a", verb, resource).await != allowed {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        });
        assert!(reached.await.is_ok(), "{role}: {verb} {resource} is not {allowed}");
    }
}

fn binding_of_user(role: &str) -> String {
    format!(
        "
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: user-{role}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {role}}}]
"
    )
}
