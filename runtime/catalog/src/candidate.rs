//! Which document speaks for an object: the last folder's, and within one folder the older.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use troupe_crds::{Kind, Resource, SecretDocument, id};

use crate::diagnostic::{Diagnostic, Severity};
use crate::files::Files;
use crate::parse::{Content, Document};

/// The documents of one object.
pub(crate) struct Candidate {
    /// The one that speaks for it.
    pub(crate) document: Arc<Document>,
    /// Its folder.
    pub(crate) folder: usize,
    /// Those of earlier folders, the latest first: they serve where this one never was any good.
    pub(crate) overridden: Vec<Arc<Document>>,
}

/// The documents of all objects.
#[derive(Default)]
pub(crate) struct Candidates {
    /// By kind and name.
    pub(crate) objects: BTreeMap<Kind, BTreeMap<Arc<str>, Candidate>>,
    /// Secrets by name.
    pub(crate) secrets: HashMap<Arc<str>, Arc<SecretDocument>>,
    /// What is wrong with the documents.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Files with a document that does not say which object it is, and that; or none where nothing could be read.
    pub(crate) unnamed: HashMap<Arc<Path>, Option<Arc<Document>>>,
    /// They come from a cluster, which has ConfigMaps beside Secrets, and Services for servers.
    pub(crate) cluster: bool,
}

impl Candidates {
    /// Sorts the documents of the folders.
    pub(crate) fn collect(files: &Files) -> Self {
        let mut candidates = Self::default();
        for placed in files.documents() {
            candidates.add(placed.folder, placed.document);
        }
        candidates.unnamed.extend(files.unread().map(|file| (Arc::clone(file), None)));
        candidates
    }

    fn add(&mut self, folder: usize, document: &Arc<Document>) {
        if let Content::Broken(diagnostics) = &document.content {
            self.diagnostics.extend(diagnostics.iter().cloned());
        }
        match (&document.content, document.kind, &document.name) {
            (Content::Secret(secret), _, Some(name)) => {
                self.secrets.insert(Arc::clone(name), Arc::clone(secret));
            }
            (_, Some(kind), Some(name)) => self.add_object(folder, kind, name, document),
            _ => {
                self.unnamed.insert(Arc::clone(&document.file), Some(Arc::clone(document)));
            }
        }
    }

    fn add_object(&mut self, folder: usize, kind: Kind, name: &Arc<str>, document: &Arc<Document>) {
        let objects = self.objects.entry(kind).or_default();
        let Some(present) = objects.get_mut(name) else {
            let candidate = Candidate { document: Arc::clone(document), folder, overridden: Vec::new() };
            objects.insert(Arc::clone(name), candidate);
            return;
        };
        let mut younger = Arc::clone(document);
        let same_folder = present.folder == folder;
        if !same_folder || is_older(document, &present.document) {
            younger = std::mem::replace(&mut present.document, Arc::clone(document));
            present.folder = folder;
        }
        if same_folder {
            self.diagnostics.push(duplicate(&younger, &present.document));
        } else {
            present.overridden.insert(0, younger);
        }
    }

    /// A number that changes when an object comes, goes, or changes its id.
    pub(crate) fn names_stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (kind, objects) in &self.objects {
            kind.hash(&mut hasher);
            for (name, candidate) in objects {
                name.hash(&mut hasher);
                annotated_id(&candidate.document).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// By id, the object of a kind that answers by it, where two or more want to.
    pub(crate) fn contested_ids(&self, kind: Kind) -> HashMap<&str, &str> {
        let mut owners: HashMap<&str, &Resource> = HashMap::new();
        let mut contested = HashMap::new();
        for candidate in self.objects.get(&kind).into_iter().flat_map(BTreeMap::values) {
            let Content::Good(object) = &candidate.document.content else { continue };
            let (resource, id) = (object.resource.as_ref(), object.resource.id());
            let owner = owners.entry(id).or_insert(resource);
            if owner.name() != resource.name() {
                if id::precedence(resource.metadata(), owner.metadata()).is_lt() {
                    *owner = resource;
                }
                contested.insert(id, owner.name());
            }
        }
        contested
    }
}

fn annotated_id(document: &Document) -> Option<&str> {
    match &document.content {
        Content::Good(object) => Some(object.resource.id()),
        _ => None,
    }
}

/// Two documents of one folder under one name: the creation time decides where both have one, else the order of the
/// files, which a restart does not change.
fn is_older(new: &Document, present: &Document) -> bool {
    match (&new.content, &present.content) {
        (Content::Good(new), Content::Good(present)) => {
            id::precedence(new.resource.metadata(), present.resource.metadata()).is_lt()
        }
        _ => false,
    }
}

fn duplicate(younger: &Document, older: &Document) -> Diagnostic {
    Diagnostic {
        file: Arc::clone(&younger.file),
        line: younger.line,
        column: None,
        kind: younger.kind.map(|kind| kind.to_string()),
        name: younger.name.as_deref().map(str::to_owned),
        path: "metadata.name".to_owned(),
        message: format!(
            "is defined in {}:{} already, and that serves: rename or remove one of the two",
            older.file.display(),
            older.line
        ),
        severity: Severity::Error,
    }
}
