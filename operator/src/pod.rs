//! What all pods have in common: restricted Pod Security, and what people may say about them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        Capabilities, Container, EmptyDirVolumeSource, EnvVar, EnvVarSource, LocalObjectReference, PodSecurityContext,
        PodSpec, PodTemplateSpec, SeccompProfile, SecretKeySelector, SecurityContext, Volume, VolumeMount,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use troupe_crds::{connection::EnvironmentVariable, pod::PodTemplate, reference::SecretKeyReference};

use crate::child::Marks;

/// The user and group of every container that does not need another: `nonroot` of distroless images.
pub const NONROOT: i64 = 65532;

/// Security of a pod, as the restricted profile of Pod Security Standards asks.
pub fn security(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        // Large volumes would be walked at every start.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
        ..PodSecurityContext::default()
    }
}

/// Security of a container, as the restricted profile asks, and a root that nobody writes.
pub fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
        ..SecurityContext::default()
    }
}

/// A volume that is gone with the pod, of a limited size.
pub fn scratch(name: &str, size: &str) -> Volume {
    let source =
        EmptyDirVolumeSource { size_limit: Some(Quantity(size.to_owned())), ..EmptyDirVolumeSource::default() };
    Volume { name: name.to_owned(), empty_dir: Some(source), ..Volume::default() }
}

/// Mounts a volume.
pub fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// A variable with a value.
pub fn variable(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

/// A variable from a Secret, which the kubelet reads.
pub fn secret_variable(name: &str, reference: &SecretKeyReference) -> EnvVar {
    let selector =
        SecretKeySelector { name: reference.name.clone(), key: reference.key.clone(), ..SecretKeySelector::default() };
    let source = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}

/// Kubernetes replaces `$(NAME)` in arguments and variables; people wrote them for the program.
pub fn literal(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// Variables that people wrote, but for those that are reserved; the last of one name counts.
pub fn variables(written: &[EnvironmentVariable], reserved: Vec<EnvVar>) -> Vec<EnvVar> {
    let mut variables: Vec<EnvVar> = Vec::new();
    let written = written.iter().map(|variable| match &variable.secret_key_ref {
        Some(reference) => secret_variable(&variable.name, reference),
        None => self::variable(&variable.name, literal(variable.value.as_deref().unwrap_or_default())),
    });
    for variable in written.chain(reserved) {
        variables.retain(|earlier| earlier.name != variable.name);
        variables.push(variable);
    }
    variables
}

/// References to Secrets with registry credentials: the operator's, the resource's, the template's; each once.
pub fn pull_secrets<'a>(
    lists: impl IntoIterator<Item = &'a [LocalObjectReference]>,
    names: &[String],
) -> Option<Vec<LocalObjectReference>> {
    let mut secrets: Vec<LocalObjectReference> = Vec::new();
    let own = names.iter().map(|name| LocalObjectReference { name: name.clone() });
    for secret in own.chain(lists.into_iter().flatten().cloned()) {
        if !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }
    (!secrets.is_empty()).then_some(secrets)
}

/// A pod with what people may say about it; labels of ours win.
pub fn template(
    marks: &Marks,
    account: &str,
    said: Option<&PodTemplate>,
    containers: Vec<Container>,
) -> PodTemplateSpec {
    let none = PodTemplate::default();
    let said = said.unwrap_or(&none);
    let mut labels = said.labels.clone();
    labels.extend(marks.labels());
    let metadata = ObjectMeta { labels: Some(labels), annotations: some(&said.annotations), ..ObjectMeta::default() };
    let spec = PodSpec {
        service_account_name: Some(account.to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        node_selector: some(&said.node_selector),
        tolerations: (!said.tolerations.is_empty()).then(|| said.tolerations.clone()),
        affinity: said.affinity.clone(),
        topology_spread_constraints: (!said.topology_spread_constraints.is_empty())
            .then(|| said.topology_spread_constraints.clone()),
        priority_class_name: said.priority_class_name.clone(),
        security_context: Some(security(said.run_as_user.unwrap_or(NONROOT))),
        containers,
        ..PodSpec::default()
    };
    PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) }
}

fn some(map: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    (!map.is_empty()).then(|| map.clone())
}
