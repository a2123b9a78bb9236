//! Who asks, and what they may do: tokens and rights, reviewed by the cluster.
//!
//! A [`Reviewer`] asks the API server who holds a token ([`Reviewer::authenticate`], a TokenReview for an audience of this
//! namespace alone) and whether they may do something in the namespace ([`Reviewer::review`], a
//! LocalSubjectAccessReview). Nothing is decided here: rights are Kubernetes' own, given by Roles.

#![expect(clippy::doc_markdown, reason = "kinds are proper names")]

mod access;
mod denied;
mod identity;
mod reviewer;

pub use access::Access;
pub use denied::Denied;
pub use identity::Identity;
pub use reviewer::{Reviewer, ReviewerOptions};
