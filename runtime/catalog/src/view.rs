//! What the catalog holds at one moment: immutable, shared, cheap to take.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use troupe_core::port::RevisionStore;
use troupe_crds::{AgentSpec, Kind, McpServerSpec, ModelSpec, PromptTemplateSpec, Resource, RuntimeSpec, ToolSpec};

use crate::cluster::ConfigMaps;
use crate::diagnostic::Diagnostic;
use crate::entry::Entry;
use crate::resolve::Cache;

/// The objects of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    /// By name; its order is the stable order of lists.
    pub(crate) by_name: BTreeMap<Arc<str>, Arc<Entry>>,
    /// By id, those whose id is not their name and who serve it.
    pub(crate) by_id: HashMap<Arc<str>, Arc<Entry>>,
    /// Changes when an object of the kind comes, goes, begins or ceases to serve.
    pub(crate) stamp: u64,
}

/// What the catalog holds at one moment.
pub struct View {
    pub(crate) generation: u64,
    pub(crate) sections: BTreeMap<Kind, Section>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) names_stamp: u64,
    pub(crate) revisions: Arc<dyn RevisionStore>,
    pub(crate) workspace: Option<Arc<Path>>,
    /// The namespace, where the objects are those of a cluster: its servers are reached at their Services.
    pub(crate) namespace: Option<Arc<str>>,
    /// The ConfigMaps that resources name.
    pub(crate) config_maps: ConfigMaps,
    pub(crate) cache: Cache,
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// An object's entry before and after; at least one of the two is there.
pub(crate) type Difference<'view> = (Option<&'view Arc<Entry>>, Option<&'view Arc<Entry>>);

/// A change of an object from one view to a later one.
#[derive(Clone, Debug)]
pub enum Change {
    /// It came.
    Added(Arc<Entry>),
    /// Its text, what serves of it, or what is said of it is another.
    Modified(Arc<Entry>),
    /// It went; as it was.
    Deleted(Arc<Entry>),
}

impl View {
    /// What changed of a kind since an earlier view, by name.
    pub fn changes_since(&self, before: &Self, kind: Kind) -> Vec<Change> {
        let mut found = Vec::new();
        self.differences_of(kind, Some(before), &mut found);
        let change = |difference: Difference<'_>| match difference {
            (None, Some(new)) => Some(Change::Added(Arc::clone(new))),
            (Some(old), Some(new)) if !old.shows_the_same(new) => Some(Change::Modified(Arc::clone(new))),
            (Some(old), None) => Some(Change::Deleted(Arc::clone(old))),
            _ => None,
        };
        found.into_iter().filter_map(change).collect()
    }

    /// What differs from an earlier view, by kind and name.
    pub(crate) fn differences<'view>(&'view self, before: Option<&'view Self>) -> Vec<Difference<'view>> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            self.differences_of(kind, before, &mut found);
        }
        found
    }

    /// The same for one kind. Both views are sorted, so that one walk along the two is enough.
    pub(crate) fn differences_of<'view>(
        &'view self,
        kind: Kind,
        before: Option<&'view Self>,
        found: &mut Vec<Difference<'view>>,
    ) {
        let mut old = before.into_iter().flat_map(|view| view.list(kind)).peekable();
        for new in self.list(kind) {
            while let Some(gone) = old.next_if(|entry| entry.name < new.name) {
                found.push((Some(gone), None));
            }
            match old.next_if(|entry| entry.name == new.name) {
                Some(same) if Arc::ptr_eq(same, new) => {}
                same => found.push((same, Some(new))),
            }
        }
        found.extend(old.map(|gone| (Some(gone), None)));
    }

    /// The number of this state; it grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The object of a name.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Arc<Entry>> {
        self.sections.get(&kind)?.by_name.get(name)
    }

    /// The object that an API input means: one of that name first, else the one that answers by that id.
    pub fn find(&self, kind: Kind, name_or_id: &str) -> Option<&Arc<Entry>> {
        let section = self.sections.get(&kind)?;
        section.by_name.get(name_or_id).or_else(|| section.by_id.get(name_or_id))
    }

    /// Every object of a kind, sorted by name, those included of which nothing serves.
    pub fn list(&self, kind: Kind) -> impl Iterator<Item = &Arc<Entry>> {
        self.sections.get(&kind).into_iter().flat_map(|section| section.by_name.values())
    }

    /// Everything that is wrong, sorted by file and line.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The spec of the Agent that serves under a name.
    pub fn agent(&self, name: &str) -> Option<&AgentSpec> {
        match self.serving(Kind::Agent, name)? {
            Resource::Agent(object) => Some(&object.spec),
            _ => None,
        }
    }

    /// The spec of the Model that serves under a name.
    pub fn model(&self, name: &str) -> Option<&ModelSpec> {
        match self.serving(Kind::Model, name)? {
            Resource::Model(object) => Some(&object.spec),
            _ => None,
        }
    }

    /// The spec of the Tool that serves under a name.
    pub fn tool(&self, name: &str) -> Option<&ToolSpec> {
        match self.serving(Kind::Tool, name)? {
            Resource::Tool(object) => Some(&object.spec),
            _ => None,
        }
    }

    /// The spec of the McpServer that serves under a name.
    pub fn mcp_server(&self, name: &str) -> Option<&McpServerSpec> {
        match self.serving(Kind::McpServer, name)? {
            Resource::McpServer(object) => Some(&object.spec),
            _ => None,
        }
    }

    /// The spec of the PromptTemplate that serves under a name.
    pub fn prompt_template(&self, name: &str) -> Option<&PromptTemplateSpec> {
        match self.serving(Kind::PromptTemplate, name)? {
            Resource::PromptTemplate(object) => Some(&object.spec),
            _ => None,
        }
    }

    /// The spec of the one Runtime document.
    pub fn runtime(&self) -> Option<&RuntimeSpec> {
        match self.serving(Kind::Runtime, troupe_crds::runtime::RUNTIME_NAME)? {
            Resource::Runtime(object) => Some(&object.spec),
            _ => None,
        }
    }

    fn serving(&self, kind: Kind, name: &str) -> Option<&Resource> {
        self.get(kind, name)?.resource.as_deref()
    }
}
