//! From documents to a view: which version of each object serves, and what is said about it.

mod decide;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use troupe_crds::Kind;
use troupe_crds::condition::Reason;
use troupe_rules::Served;

use crate::candidate::{Candidate, Candidates};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::slices;
use crate::entry::Entry;
use crate::known::{Known, Need};
use crate::locate::locate;
use crate::parse::Content;
use crate::view::{Section, View};

use decide::Decision;

/// What refers comes after what it refers to, so that one pass knows what is ready.
const ORDER: [Kind; 8] = [
    Kind::Model,
    Kind::McpServer,
    Kind::PromptTemplate,
    Kind::Tool,
    Kind::Agent,
    Kind::Runtime,
    Kind::Team,
    Kind::Workflow,
];

/// Fields whose line is looked up in one view: enough for a person, and one missing Model behind 10,000 Agents must not
/// read a large file 10,000 times.
const MOST_LOOKED: usize = 100;

/// A view to be, or what it lacks.
pub(crate) struct Assembled {
    pub(crate) sections: BTreeMap<Kind, Section>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) names_stamp: u64,
    /// Versions that the store must be asked for; the view is to be assembled again with them.
    pub(crate) needs: Vec<Need>,
}

/// Decides what serves.
pub(crate) fn assemble(candidates: &Candidates, known: &Known, served: &Served, previous: Option<&View>) -> Assembled {
    let names_stamp = candidates.names_stamp();
    let mut assembly = Assembly {
        candidates,
        known,
        served,
        previous,
        unchanged: previous.is_some_and(|view| view.names_stamp == names_stamp),
        sections: BTreeMap::new(),
        diagnostics: candidates.diagnostics.clone(),
        needs: HashSet::new(),
        looked: 0,
    };
    for kind in ORDER {
        assembly.kind(kind);
    }
    let Assembly { sections, mut diagnostics, needs, .. } = assembly;
    diagnostics.sort();
    diagnostics.dedup();
    Assembled { sections, diagnostics, names_stamp, needs: needs.into_iter().collect() }
}

struct Assembly<'input> {
    candidates: &'input Candidates,
    known: &'input Known,
    served: &'input Served,
    previous: Option<&'input View>,
    /// So far nothing changed that a reference could notice: entries of unchanged documents can be kept.
    unchanged: bool,
    sections: BTreeMap<Kind, Section>,
    diagnostics: Vec<Diagnostic>,
    needs: HashSet<Need>,
    /// How many files were read to find a field's line.
    looked: usize,
}

impl Assembly<'_> {
    fn kind(&mut self, kind: Kind) {
        let contested = self.candidates.contested_ids(kind);
        let mut section = Section::default();
        let mut stamp = DefaultHasher::new();
        for (name, candidate) in self.candidates.objects.get(&kind).into_iter().flatten() {
            let entry = if let Some(entry) = self.kept(kind, name, candidate) {
                entry
            } else {
                let entry = self.decision(kind, name, &contested).decide(candidate);
                self.noted(entry)
            };
            self.diagnostics.extend(entry.diagnostic.clone());
            (name, entry.resource.is_some()).hash(&mut stamp);
            section.by_name.insert(Arc::clone(name), entry);
        }
        self.keep_unnamed(kind, &mut section, &mut stamp);
        for entry in section.by_name.values().filter(|entry| entry.id != entry.name) {
            if contested.get(&*entry.id).is_none_or(|owner| **owner == *entry.name) {
                section.by_id.insert(Arc::clone(&entry.id), Arc::clone(entry));
            }
        }
        section.stamp = stamp.finish();
        let before = self.previous.and_then(|view| view.sections.get(&kind)).map(|section| section.stamp);
        self.unchanged &= before == Some(section.stamp);
        self.sections.insert(kind, section);
    }

    /// The entry of the previous view, where nothing that it was made of changed.
    fn kept(&self, kind: Kind, name: &str, candidate: &Candidate) -> Option<Arc<Entry>> {
        let entry = self.previous.filter(|_| self.unchanged)?.get(kind, name)?;
        // A revision that was not known may have been saved since.
        let open = entry.ready().is_some_and(|ready| ready.reason == Reason::RevisionNotFound);
        let same = Arc::ptr_eq(&entry.document, &candidate.document) && !open;
        same.then(|| Arc::clone(entry))
    }

    fn decision<'decision>(
        &'decision mut self,
        kind: Kind,
        name: &'decision Arc<str>,
        contested: &'decision std::collections::HashMap<&str, &str>,
    ) -> Decision<'decision> {
        Decision {
            kind,
            name,
            contested,
            candidates: self.candidates,
            known: self.known,
            served: self.served,
            sections: &self.sections,
            previous: self.previous.and_then(|view| view.get(kind, name)),
            needs: &mut self.needs,
        }
    }

    /// A file that cannot be read as a whole does not say which of its objects are gone: none of them is.
    fn keep_unnamed(&mut self, kind: Kind, section: &mut Section, stamp: &mut DefaultHasher) {
        let Some(previous) = self.previous else { return };
        for entry in previous.list(kind) {
            let file: &Path = &entry.file;
            if section.by_name.contains_key(&entry.name) || !self.candidates.unnamed.contains(file) {
                continue;
            }
            let mut kept = Entry::clone(entry);
            decide::keep_unreadable(&mut kept);
            let kept = self.noted(kept);
            self.diagnostics.extend(kept.diagnostic.clone());
            (&kept.name, kept.resource.is_some()).hash(stamp);
            section.by_name.insert(Arc::clone(&kept.name), kept);
        }
    }

    /// A condition that is no diagnostic yet becomes one.
    fn noted(&mut self, mut entry: Entry) -> Arc<Entry> {
        entry.diagnostic = self.diagnostic(&entry);
        Arc::new(entry)
    }

    fn diagnostic(&mut self, entry: &Entry) -> Option<Diagnostic> {
        let ready = entry.ready().filter(|ready| !ready.status && !ready.message.is_empty())?;
        // A broken document's own diagnostics say more than its condition.
        if !matches!(entry.document.content, Content::Good(_)) {
            return None;
        }
        let whole = ("", ready.message.as_str());
        let (path, message) = ready.message.split_once(": ").filter(|(path, _)| !path.contains(' ')).unwrap_or(whole);
        let suspended = ready.reason == Reason::Suspended;
        let place = self.place(entry, path);
        Some(Diagnostic {
            file: Arc::clone(&entry.file),
            line: place.map_or(entry.line, |(line, _)| line),
            column: place.map(|(_, column)| column),
            kind: Some(entry.kind.to_string()),
            name: Some(entry.name.as_ref().to_owned()),
            path: path.to_owned(),
            message: message.to_owned(),
            severity: if suspended { Severity::Warning } else { Severity::Error },
        })
    }

    /// Where in the file the field is. The file is read for it again, since no text is kept in memory.
    fn place(&mut self, entry: &Entry, path: &str) -> Option<(usize, usize)> {
        if self.looked == MOST_LOOKED || path.is_empty() {
            return None;
        }
        self.looked += 1;
        let text = std::fs::read_to_string(&entry.file).ok()?;
        let slice = slices(&text).into_iter().find(|slice| slice.line == entry.line)?;
        let (line, column) = locate(slice.of(&text), path)?;
        Some((entry.line + line - 1, column))
    }
}
