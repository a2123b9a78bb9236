//! What makes a resource valid beyond its types: pure rules, shared by the operator, the catalog and `troupe validate`.
//!
//! Everything that CEL refuses in a cluster is refused here with the same words, since a folder has no API server.

#![expect(clippy::doc_markdown, reason = "kinds are proper names")]

pub mod agent;
pub mod connection;
pub mod cycle;
pub mod duplicate;
pub mod mcp_server;
pub mod model;
pub mod prompt_template;
pub mod reference;
pub mod revision;
pub mod runtime;
pub mod schema;
pub mod support;
pub mod team;
pub mod template;
pub mod tool;
pub mod validated;
pub mod violation;
pub mod workflow;

pub use reference::{ConfigMapUse, Reference, References, SecretUse, references};
pub use support::{Served, jailed, not_supported};
pub use validated::{Validated, validate};
pub use violation::Violation;

use troupe_crds::{Resource, cel, id};

use crate::violation::Findings;

/// Everything that is wrong with a resource by itself; empty where it is valid. What needs other objects is in
/// [`references`], [`duplicate`] and [`cycle`].
pub fn check(resource: &Resource) -> Vec<Violation> {
    let mut findings = Findings::default();
    if !matches!(resource, Resource::Secret(_) | Resource::Runtime(_)) {
        findings.require(resource.name().chars().count() <= id::MAX_NAME_LENGTH, "metadata.name", cel::NAME_LENGTH);
        check_name(resource.name(), &mut findings);
    }
    match resource {
        Resource::Model(model) => model::check(resource.name(), &model.spec, &mut findings),
        Resource::Tool(tool) => tool::check(resource.name(), &tool.spec, &mut findings),
        Resource::McpServer(server) => mcp_server::check(&server.spec, &mut findings),
        Resource::PromptTemplate(template) => prompt_template::check(&template.spec, &mut findings),
        Resource::Agent(agent) => agent::check(&agent.spec, &mut findings),
        Resource::Team(team) => team::check(resource.name(), &team.spec, &mut findings),
        Resource::Workflow(workflow) => workflow::check(&workflow.spec, &mut findings),
        Resource::Runtime(runtime) => runtime::check(resource.name(), &runtime.spec, &mut findings),
        Resource::Secret(_) => {}
    }
    findings.into_violations()
}

/// The API server takes names that are DNS subdomains; a dot is allowed there.
fn check_name(name: &str, findings: &mut Findings) {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !name.split('.').all(label) {
        findings.add(
            "metadata.name",
            format!(
                "use lower-case letters, digits and - only, such as {}, and keep any other name as annotation {}",
                id::slug(name),
                id::ID_ANNOTATION
            ),
        );
    }
}
