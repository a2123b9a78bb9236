//! Why somebody is not let in.

use crate::access::Access;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The token is none of this namespace's (401).
    #[error(
        "the token is not valid here: send one for the audience {audience:?}, such as `kubectl create token NAME \
         --namespace {namespace} --audience {audience}` gives"
    )]
    Unknown {
        /// What the token must be for.
        audience: String,
        /// Where.
        namespace: String,
    },
    /// Known, and without that right (403).
    #[error("{user:?} may not {access} in namespace {namespace:?}: a Role that allows it is missing")]
    Forbidden {
        /// Who asked.
        user: String,
        /// For what.
        access: Box<Access>,
        /// Where.
        namespace: String,
    },
    /// The API server did not answer, so nobody can say (503).
    #[error("the Kubernetes API server does not answer, so rights cannot be checked: try again")]
    Unavailable,
}
