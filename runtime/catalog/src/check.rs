//! What this runtime asks of a resource: the shared rules, and what a folder can and cannot give.

use serde_json::Value;
use troupe_crds::Resource;
use troupe_rules::{Served, Violation, not_supported, revision};

/// Everything that is wrong with a resource by itself.
pub(crate) fn violations(resource: &Resource) -> Vec<Violation> {
    troupe_rules::check(resource)
}

/// The hash of the canonical spec; empty for a Secret, which has no revisions.
pub(crate) fn revision(resource: &Resource) -> String {
    revision::of(resource).ok().flatten().unwrap_or_default()
}

/// The first field that is not served: by this runtime yet, or by a folder ever.
pub(crate) fn unsupported(resource: &Resource, served: &Served, cluster: bool) -> Option<Violation> {
    let config_map = || {
        let used = troupe_rules::references(resource).config_maps.into_iter().next()?;
        let message = "a folder has no ConfigMaps: write the content into the manifest, or use path";
        Some(Violation { path: used.path, message: message.to_owned() })
    };
    not_supported(resource, served).into_iter().next().or_else(|| if cluster { None } else { config_map() })
}

/// The spec as JSON; null for a Secret, whose values never become JSON.
pub(crate) fn spec(resource: &Resource) -> Value {
    let spec = match resource {
        Resource::Model(object) => serde_json::to_value(&object.spec),
        Resource::Tool(object) => serde_json::to_value(&object.spec),
        Resource::McpServer(object) => serde_json::to_value(&object.spec),
        Resource::PromptTemplate(object) => serde_json::to_value(&object.spec),
        Resource::Agent(object) => serde_json::to_value(&object.spec),
        Resource::Team(object) => serde_json::to_value(&object.spec),
        Resource::Workflow(object) => serde_json::to_value(&object.spec),
        Resource::Runtime(object) => serde_json::to_value(&object.spec),
        Resource::Secret(_) => Ok(Value::Null),
    };
    spec.unwrap_or_default()
}

/// Takes the object out of service without deleting it.
pub(crate) fn is_suspended(resource: &Resource) -> bool {
    match resource {
        Resource::Agent(object) => object.spec.suspend,
        Resource::Tool(object) => object.spec.suspend,
        Resource::McpServer(object) => object.spec.suspend,
        Resource::PromptTemplate(object) => object.spec.suspend,
        Resource::Team(object) => object.spec.suspend,
        Resource::Workflow(object) => object.spec.suspend,
        Resource::Model(_) | Resource::Runtime(_) | Resource::Secret(_) => false,
    }
}

/// The revision that the spec pins.
pub(crate) fn published(resource: &Resource) -> Option<&str> {
    match resource {
        Resource::Agent(object) => object.spec.published_revision.as_deref(),
        Resource::Tool(object) => object.spec.published_revision.as_deref(),
        Resource::PromptTemplate(object) => object.spec.published_revision.as_deref(),
        Resource::Team(object) => object.spec.published_revision.as_deref(),
        Resource::Workflow(object) => object.spec.published_revision.as_deref(),
        Resource::Model(_) | Resource::McpServer(_) | Resource::Runtime(_) | Resource::Secret(_) => None,
    }
}

/// How many unused revisions of the object are kept.
pub(crate) fn history_limit(resource: &Resource) -> usize {
    let limit = match resource {
        Resource::Agent(object) => object.spec.revision_history_limit,
        Resource::Tool(object) => object.spec.revision_history_limit,
        Resource::PromptTemplate(object) => object.spec.revision_history_limit,
        Resource::Team(object) => object.spec.revision_history_limit,
        Resource::Workflow(object) => object.spec.revision_history_limit,
        // Of kinds without published revisions only the last good spec is of use.
        Resource::Model(_) | Resource::McpServer(_) | Resource::Runtime(_) | Resource::Secret(_) => Some(1),
    };
    // The last good version is always kept.
    limit.unwrap_or(troupe_crds::tool::DEFAULT_REVISION_HISTORY_LIMIT).max(1) as usize
}
