//! Content hashes: a revision is named by what it says, so that the same spec has one name in every cluster and folder.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use troupe_crds::Resource;

/// Fields that say which revision is served and whether, and are no content.
const NO_CONTENT: [&str; 3] = ["publishedRevision", "suspend", "revisionHistoryLimit"];

/// Hex digits of the short id; ten revisions of each object are kept, and these tell apart many more.
pub const SHORT_LENGTH: usize = 12;

/// A spec could not be written as JSON. Specs of our kinds always can.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the spec as JSON")]
pub struct HashError(#[from] serde_json::Error);

/// The SHA-256 of the canonical spec, as 64 hex digits.
pub fn hash<S: Serialize>(spec: &S) -> Result<String, HashError> {
    Ok(hash_value(&serde_json::to_value(spec)?))
}

/// The same for a resource; none for a Secret, whose content must not get into a hash that is shown.
pub fn of(resource: &Resource) -> Result<Option<String>, HashError> {
    match resource {
        Resource::Model(model) => hash(&model.spec).map(Some),
        Resource::Tool(tool) => hash(&tool.spec).map(Some),
        Resource::McpServer(server) => hash(&server.spec).map(Some),
        Resource::PromptTemplate(template) => hash(&template.spec).map(Some),
        Resource::Agent(agent) => hash(&agent.spec).map(Some),
        Resource::Team(team) => hash(&team.spec).map(Some),
        Resource::Workflow(workflow) => hash(&workflow.spec).map(Some),
        Resource::Runtime(runtime) => hash(&runtime.spec).map(Some),
        Resource::Secret(_) => Ok(None),
    }
}

/// The hash of a spec that is JSON already.
pub fn hash_value(spec: &Value) -> String {
    let mut text = String::new();
    write_canonical(spec, true, &mut text);
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        hex.extend([byte >> 4, byte & 15].iter().filter_map(|digit| char::from_digit(u32::from(*digit), 16)));
        hex
    })
}

/// The short id of a revision, for people and columns.
pub fn short(hash: &str) -> &str {
    hash.get(..SHORT_LENGTH).unwrap_or(hash)
}

/// Whether `publishedRevision` means this revision: by its whole hash or by its short id.
pub fn is_named(hash: &str, published: &str) -> bool {
    published == hash || published == short(hash)
}

/// Writes JSON without spaces and with sorted keys, so that neither the order in a file nor a map's own matters.
fn write_canonical(value: &Value, is_root: bool, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().filter(|(name, _)| !(is_root && NO_CONTENT.contains(&name.as_str()))).collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (position, (name, field)) in fields.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write_canonical(field, false, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_canonical(item, false, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
