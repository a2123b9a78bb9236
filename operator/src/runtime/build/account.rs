//! The ServiceAccount of a runtime. Its token is mounted where it is needed, and nowhere by itself.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::Input;
use crate::names;

/// The ServiceAccount.
pub fn build(input: &Input<'_>) -> ServiceAccount {
    ServiceAccount {
        metadata: input.marks.metadata(names::RUNTIME),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
