//! The proof that a resource was checked: builders and the runtime take only this.

use std::ops::Deref;

use troupe_crds::Resource;

use crate::{check, revision, violation::Violation};

/// A resource that breaks no rule by itself, with its content hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated {
    resource: Resource,
    hash: Option<String>,
}

/// Checks a resource; the violations are never empty.
pub fn validate(resource: Resource) -> Result<Validated, Vec<Violation>> {
    let violations = check(&resource);
    if !violations.is_empty() {
        return Err(violations);
    }
    match revision::of(&resource) {
        Ok(hash) => Ok(Validated { resource, hash }),
        Err(error) => Err(vec![Violation { path: "spec".to_owned(), message: error.to_string() }]),
    }
}

impl Validated {
    /// The content hash of the spec; none for a Secret.
    pub fn hash(&self) -> Option<&str> {
        self.hash.as_deref()
    }

    /// The resource itself.
    pub fn into_resource(self) -> Resource {
        self.resource
    }
}

impl Deref for Validated {
    type Target = Resource;

    fn deref(&self) -> &Resource {
        &self.resource
    }
}
