//! Ids that an agent names before anything has them. S1 takes an agent in any order (S1-153), and nothing is refused for
//! the order in which it was applied: the reference waits under the name that the id will have.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, View};
use troupe_crds::{Kind, id};

use super::{AgentInput, spec_annotations};

/// Where an agent keeps ids that their names do not tell: JSON, ids by name.
const ANNOTATION: &str = "troupe.dev/ids";

/// The ids by which clients know what an agent refers to.
pub(super) struct Ids<'a> {
    view: &'a View,
    missing: BTreeMap<String, String>,
}

impl<'a> Ids<'a> {
    /// Those that `entry` refers to.
    pub(super) fn of(view: &'a View, entry: &Entry) -> Self {
        let kept = spec_annotations(entry).and_then(|annotations| annotations.get(ANNOTATION));
        Self { view, missing: kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default() }
    }

    /// The id of an object by its name; of one that is not there, as it was posted.
    pub(super) fn id(&self, kind: Kind, name: &str) -> String {
        let missing = || self.missing.get(name).cloned().unwrap_or_else(|| name.to_owned());
        self.view.get(kind, name).map_or_else(missing, |entry| entry.id.as_ref().to_owned())
    }
}

/// Keeps the posted ids of what is not there in the agent's metadata.
pub(super) fn keep(view: &View, metadata: &mut Map<String, Value>, input: &AgentInput) {
    let models = input.model_id.iter().map(|id| (Kind::Model, id));
    let templates = input.template_id.iter().flatten().map(|id| (Kind::PromptTemplate, id));
    // Tools of servers are known by the server and their own name.
    let tools = input.tool_ids.iter().flatten().filter(|id| !id.starts_with("mcp-")).map(|id| (Kind::Tool, id));
    let unknown = models.chain(templates).chain(tools).filter(|(kind, id)| view.find(*kind, id).is_none());
    let unsaid: BTreeMap<String, String> =
        unknown.map(|(_, id)| (id::slug(id), id.clone())).filter(|(name, id)| name != id).collect();
    if unsaid.is_empty() {
        return;
    }
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    let kept = annotations.get(ANNOTATION).and_then(Value::as_str);
    let mut ids: BTreeMap<String, String> = kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    ids.extend(unsaid);
    annotations[ANNOTATION] = json!(ids).to_string().into();
}
