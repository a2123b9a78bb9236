//! The bindings of a runtime's account: to its Role of Secrets, and to the ClusterRole of every runtime.

use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};

use super::Input;
use crate::names;

/// The binding to the Role of Secrets.
pub fn secrets(input: &Input<'_>) -> RoleBinding {
    bind(input, names::RUNTIME_SECRETS, "Role", names::RUNTIME_SECRETS)
}

/// The binding to the ClusterRole `troupe-runtime`, within the namespace.
pub fn fixed(input: &Input<'_>) -> RoleBinding {
    bind(input, names::RUNTIME, "ClusterRole", names::RUNTIME)
}

fn bind(input: &Input<'_>, name: &str, kind: &str, role: &str) -> RoleBinding {
    RoleBinding {
        metadata: input.marks.metadata(name),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: kind.to_owned(),
            name: role.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: names::RUNTIME.to_owned(),
            namespace: Some(input.marks.namespace.clone()),
            ..Subject::default()
        }]),
    }
}
