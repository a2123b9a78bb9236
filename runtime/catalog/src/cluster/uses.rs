//! Which objects name which Secrets and ConfigMaps, kept up with what changes: ten thousand objects are not asked again
//! for an edit of one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use troupe_crds::{Kind, Resource};

use super::Key;
use super::material::Material;
use crate::entry::Entry;
use crate::view::Difference;

/// Who names what.
#[derive(Default)]
pub(super) struct Uses {
    by_object: HashMap<Key, BTreeSet<Material>>,
    by_material: BTreeMap<Material, BTreeSet<Key>>,
}

impl Uses {
    /// Takes in what changed.
    pub(super) fn update(&mut self, differences: &[Difference<'_>]) {
        for (old, new) in differences {
            let Some(entry) = new.or(*old) else { continue };
            let key = Key { kind: entry.kind, name: Arc::clone(&entry.name) };
            let names = new.map(|entry| named(entry)).unwrap_or_default();
            self.set(&key, &names);
        }
    }

    fn set(&mut self, key: &Key, names: &BTreeSet<Material>) {
        let old = if names.is_empty() {
            self.by_object.remove(key)
        } else {
            self.by_object.insert(key.clone(), names.clone())
        };
        let old = old.unwrap_or_default();
        for gone in old.difference(names) {
            let Some(users) = self.by_material.get_mut(gone) else { continue };
            users.remove(key);
            if users.is_empty() {
                self.by_material.remove(gone);
            }
        }
        for name in names.difference(&old) {
            self.by_material.entry(name.clone()).or_default().insert(key.clone());
        }
    }

    /// Every name.
    pub(super) fn names(&self) -> impl Iterator<Item = &Material> {
        self.by_material.keys()
    }

    /// What an object names.
    pub(super) fn of(&self, key: &Key) -> impl Iterator<Item = &Material> {
        self.by_object.get(key).into_iter().flatten()
    }

    /// The objects that name one.
    pub(super) fn users(&self, name: &Material) -> impl Iterator<Item = &Key> {
        self.by_material.get(name).into_iter().flatten()
    }
}

/// What the newest and the serving version of an object name. What a Runtime and a server with a pod of its own name is
/// the matter of their pods.
fn named(entry: &Entry) -> BTreeSet<Material> {
    let mut names = BTreeSet::new();
    for resource in entry.newest.iter().chain(&entry.resource).filter(|resource| reads_its_own(resource)) {
        let found = troupe_rules::references(resource);
        names.extend(found.secrets.into_iter().map(|used| Material::Secret(used.name.into())));
        names.extend(found.config_maps.into_iter().map(|used| Material::ConfigMap(used.name.into())));
    }
    names
}

/// Whether this process reads what the resource names.
pub(crate) fn reads_its_own(resource: &Resource) -> bool {
    match resource {
        Resource::McpServer(server) => server.spec.stdio.is_none(),
        _ => resource.kind() != Some(Kind::Runtime),
    }
}
