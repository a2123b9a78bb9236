//! Somebody who was authenticated.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::UserInfo;

/// Who asks, as the API server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name, such as `system:serviceaccount:team-a:front-end`.
    pub user: String,
    /// What tells this user from a later one of the same name.
    pub uid: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// What else the authenticator said.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl From<UserInfo> for Identity {
    fn from(user: UserInfo) -> Self {
        Self {
            user: user.username.unwrap_or_default(),
            uid: user.uid,
            groups: user.groups.unwrap_or_default(),
            extra: user.extra.unwrap_or_default().into_iter().collect(),
        }
    }
}
