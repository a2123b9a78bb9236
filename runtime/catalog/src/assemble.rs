//! From documents to a view: which version of each object serves, and what is said about it.

mod decide;
mod lost;

use std::collections::{BTreeMap, HashMap, HashSet};
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

pub(crate) use decide::{not_ready, not_there};

use decide::Decision;
use lost::Lost;

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
    /// Files of which the store must be asked what was in them.
    pub(crate) unplaced: Vec<Arc<Path>>,
}

/// What can be served here and now.
#[derive(Clone, Copy)]
pub(crate) struct Able<'input> {
    /// By this program.
    pub(crate) served: &'input Served,
    /// Why nothing can be run in the jail; none where it can.
    pub(crate) sandbox_lack: Option<&'input str>,
}

/// Decides what serves.
pub(crate) fn assemble(candidates: &Candidates, known: &Known, able: Able<'_>, previous: Option<&View>) -> Assembled {
    // Where the jail comes or goes, everything is decided anew, as where names do.
    let names_stamp = match able.sandbox_lack {
        None => candidates.names_stamp(),
        Some(lack) => {
            let mut hasher = DefaultHasher::new();
            (candidates.names_stamp(), lack).hash(&mut hasher);
            hasher.finish()
        }
    };
    let mut needs = HashSet::new();
    let lost = Lost::find(candidates, known, previous, &mut needs);
    let mut assembly = Assembly {
        candidates,
        known,
        able,
        previous,
        unchanged: previous.is_some_and(|view| view.names_stamp == names_stamp),
        sections: BTreeMap::new(),
        diagnostics: candidates.diagnostics.clone(),
        lost: lost.objects,
        needs,
        looked: 0,
    };
    for kind in ORDER {
        assembly.kind(kind);
    }
    let Assembly { sections, mut diagnostics, needs, .. } = assembly;
    diagnostics.sort();
    diagnostics.dedup();
    Assembled { sections, diagnostics, names_stamp, needs: needs.into_iter().collect(), unplaced: lost.unplaced }
}

struct Assembly<'input> {
    candidates: &'input Candidates,
    known: &'input Known,
    able: Able<'input>,
    previous: Option<&'input View>,
    /// So far nothing changed that a reference could notice: entries of unchanged documents can be kept.
    unchanged: bool,
    sections: BTreeMap<Kind, Section>,
    diagnostics: Vec<Diagnostic>,
    /// Objects whose files do not tell which objects they hold.
    lost: BTreeMap<Kind, BTreeMap<Arc<str>, Entry>>,
    needs: HashSet<Need>,
    /// How many files were read to find a field's line.
    looked: usize,
}

/// An entry, as far as it is decided.
enum Slot {
    /// The previous view's.
    Kept(Arc<Entry>),
    /// A new one, of which no diagnostic is made yet.
    Fresh(Box<Entry>),
}

impl Slot {
    fn entry(&self) -> &Entry {
        match self {
            Self::Kept(entry) => entry,
            Self::Fresh(entry) => entry,
        }
    }
}

type Slots = BTreeMap<Arc<str>, Slot>;

impl Assembly<'_> {
    fn kind(&mut self, kind: Kind) {
        let contested = self.candidates.contested_ids(kind);
        let mut slots = self.pass(kind, &contested, self.unchanged);
        if self.unchanged && refers_to_its_own(kind) && Some(stamp(&slots)) != self.stamp_before(kind) {
            // Something of this kind begins or ceases to serve, and others of it, kept so far, may refer to it.
            slots = self.pass(kind, &contested, false);
        }
        let mut section = Section { stamp: stamp(&slots), ..Section::default() };
        for (name, slot) in slots {
            let entry = match slot {
                Slot::Kept(entry) => entry,
                Slot::Fresh(entry) => self.noted(*entry),
            };
            self.diagnostics.extend(entry.diagnostic.clone());
            section.by_name.insert(name, entry);
        }
        for entry in section.by_name.values().filter(|entry| entry.id != entry.name) {
            if contested.get(&*entry.id).is_none_or(|owner| **owner == *entry.name) {
                section.by_id.insert(Arc::clone(&entry.id), Arc::clone(entry));
            }
        }
        self.unchanged &= self.stamp_before(kind) == Some(section.stamp);
        self.sections.insert(kind, section);
    }

    fn stamp_before(&self, kind: Kind) -> Option<u64> {
        self.previous.and_then(|view| view.sections.get(&kind)).map(|section| section.stamp)
    }

    /// Decides on every object of a kind; with `keep` only on those that changed.
    fn pass(&mut self, kind: Kind, contested: &HashMap<&str, &str>, keep: bool) -> Slots {
        let candidates = self.candidates;
        let (mut slots, nothing) = (Slots::new(), HashSet::new());
        for (name, candidate) in candidates.objects.get(&kind).into_iter().flatten() {
            let slot = match self.kept(kind, name, candidate).filter(|_| keep) {
                Some(entry) => Slot::Kept(entry),
                None => Slot::Fresh(Box::new(self.decision(kind, name, contested, &nothing).decide(candidate))),
            };
            slots.insert(Arc::clone(name), slot);
        }
        for (name, entry) in self.lost.get(&kind).into_iter().flatten() {
            slots.insert(Arc::clone(name), Slot::Fresh(Box::new(entry.clone())));
        }
        if refers_to_its_own(kind) {
            self.settle(kind, contested, &mut slots);
        }
        slots
    }

    /// Decides again on what refers to objects of its own kind that do not serve. At first all that exist were taken to
    /// serve, so that those that call each other in circles do; each round takes out those that lack one, until none
    /// does.
    fn settle(&mut self, kind: Kind, contested: &HashMap<&str, &str>, slots: &mut Slots) {
        let mut before = 0;
        loop {
            let down = slots.iter().filter(|(_, slot)| slot.entry().resource.is_none());
            let down: HashSet<Arc<str>> = down.map(|(name, _)| Arc::clone(name)).collect();
            if down.len() == before {
                return;
            }
            before = down.len();
            let fresh = slots.iter().filter(|(_, slot)| matches!(slot, Slot::Fresh(entry) if lacks(entry, &down)));
            let again: Vec<Arc<str>> = fresh.map(|(name, _)| Arc::clone(name)).collect();
            let candidates = self.candidates;
            for name in again {
                // What is lost keeps serving as it is.
                let Some(candidate) = candidates.objects.get(&kind).and_then(|objects| objects.get(&name)) else {
                    continue;
                };
                let entry = self.decision(kind, &name, contested, &down).decide(candidate);
                slots.insert(name, Slot::Fresh(Box::new(entry)));
            }
        }
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
        contested: &'decision HashMap<&str, &str>,
        down: &'decision HashSet<Arc<str>>,
    ) -> Decision<'decision> {
        Decision {
            kind,
            name,
            contested,
            down,
            candidates: self.candidates,
            known: self.known,
            able: self.able,
            sections: &self.sections,
            lost: &self.lost,
            previous: self.previous.and_then(|view| view.get(kind, name)),
            needs: &mut self.needs,
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
        // An object of a cluster has no file.
        if self.looked == MOST_LOOKED || path.is_empty() || entry.line == 0 {
            return None;
        }
        self.looked += 1;
        let text = std::fs::read_to_string(&entry.file).ok()?;
        let slice = slices(&text).into_iter().find(|slice| slice.line == entry.line)?;
        let (line, column) = locate(slice.of(&text), path)?;
        Some((entry.line + line - 1, column))
    }
}

/// Kinds whose objects need others of the same kind in order to serve. A Model's fallbacks are passed by where they do
/// not.
fn refers_to_its_own(kind: Kind) -> bool {
    matches!(kind, Kind::Agent | Kind::PromptTemplate | Kind::Team | Kind::Workflow)
}

/// Whether an entry's newest or serving version refers to one of `down`, of its own kind.
fn lacks(entry: &Entry, down: &HashSet<Arc<str>>) -> bool {
    let versions = entry.newest.iter().chain(&entry.resource);
    versions.into_iter().any(|resource| {
        let referred = troupe_rules::references(resource).objects;
        referred.iter().any(|reference| reference.kind == entry.kind && down.contains(reference.name.as_str()))
    })
}

/// Changes when an object comes, goes, begins or ceases to serve.
fn stamp(slots: &Slots) -> u64 {
    let mut stamp = DefaultHasher::new();
    for (name, slot) in slots {
        (name, slot.entry().resource.is_some()).hash(&mut stamp);
    }
    stamp.finish()
}
