//! Which objects a file holds, kept in the revision store beside the objects' versions: a file that is too broken to
//! tell which objects it holds takes none of them out of service, after a restart either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use troupe_core::id::Timestamp;
use troupe_core::port::Revision;
use troupe_crds::Kind;

use crate::view::{Difference, View};

/// The kind under which the store keeps files; no resource has it.
pub(crate) const KIND: &str = "File";

/// An object in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlacedObject {
    pub(crate) kind: Kind,
    pub(crate) name: Arc<str>,
    pub(crate) id: Arc<str>,
}

/// The objects of one file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: Arc<Path>,
    pub(crate) objects: Vec<PlacedObject>,
    pub(crate) at: Timestamp,
    /// Whether something was said of the file before: only then can there be too much.
    pub(crate) replaces: bool,
}

/// An object as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    kind: String,
    name: String,
    id: String,
}

impl Place {
    /// The name of a file in the store.
    pub(crate) fn name(file: &Path) -> String {
        file.display().to_string()
    }

    /// As the store keeps it.
    pub(crate) fn row(&self) -> Revision {
        let rows: Vec<Row> = self
            .objects
            .iter()
            .map(|object| Row {
                kind: object.kind.as_str().to_owned(),
                name: object.name.as_ref().to_owned(),
                id: object.id.as_ref().to_owned(),
            })
            .collect();
        // Rows are texts, which can always be written.
        let spec = serde_json::to_string(&rows).unwrap_or_default();
        let hash = Sha256::digest(spec.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
            hex.extend([byte >> 4, byte & 15].iter().filter_map(|digit| char::from_digit(u32::from(*digit), 16)));
            hex
        });
        Revision {
            kind: KIND.to_owned(),
            name: Self::name(&self.file),
            hash,
            spec,
            created_at: self.at,
            current_at: self.at,
        }
    }
}

/// The objects of a stored row; those of kinds that this version does not know are left out.
pub(crate) fn objects(revision: &Revision) -> Vec<PlacedObject> {
    let rows: Vec<Row> = serde_json::from_str(&revision.spec).unwrap_or_default();
    let object =
        |row: Row| Some(PlacedObject { kind: row.kind.parse().ok()?, name: row.name.into(), id: row.id.into() });
    rows.into_iter().filter_map(object).collect()
}

/// The files whose objects are others than in the view before, but those that do not tell theirs.
pub(crate) fn changed(
    view: &View,
    changes: &[Difference<'_>],
    untold: impl Fn(&Path) -> bool,
    is_first: bool,
    at: Timestamp,
) -> Vec<Place> {
    let mut files: BTreeSet<&Arc<Path>> = BTreeSet::new();
    for (before, after) in changes {
        let same = before.zip(*after).is_some_and(|(before, after)| before.file == after.file && before.id == after.id);
        if !same {
            files.extend(before.iter().chain(after).map(|entry| &entry.file));
        }
    }
    files.retain(|file| !untold(file));
    if files.is_empty() {
        return Vec::new();
    }
    let mut objects: BTreeMap<&Arc<Path>, Vec<PlacedObject>> =
        files.into_iter().map(|file| (file, Vec::new())).collect();
    for entry in view.sections.values().flat_map(|section| section.by_name.values()) {
        if let Some(objects) = objects.get_mut(&entry.file) {
            let (name, id) = (Arc::clone(&entry.name), Arc::clone(&entry.id));
            objects.push(PlacedObject { kind: entry.kind, name, id });
        }
    }
    let place = |(file, objects): (&Arc<Path>, _)| Place { file: Arc::clone(file), objects, at, replaces: !is_first };
    objects.into_iter().map(place).collect()
}
