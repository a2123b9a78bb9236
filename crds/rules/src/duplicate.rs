//! Objects of one kind with one id: the older serves, ties by name.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use troupe_crds::{Kind, id};

/// An object whose id an older one serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("id {id:?} is served by {kind} {served_by}, which is older: choose another {annotation}", annotation = id::ID_ANNOTATION)]
pub struct Duplicate {
    /// Kind of both.
    pub kind: Kind,
    /// Name of the younger.
    pub name: String,
    /// The id of both.
    pub id: String,
    /// Name of the older.
    pub served_by: String,
}

/// The objects that are not served because an older one has their id, in the order of kind, id and age.
pub fn duplicates<'a>(objects: impl IntoIterator<Item = (Kind, &'a ObjectMeta)>) -> Vec<Duplicate> {
    let mut by_id: BTreeMap<(Kind, &str), Vec<&ObjectMeta>> = BTreeMap::new();
    for (kind, metadata) in objects {
        by_id.entry((kind, id::id(metadata))).or_default().push(metadata);
    }
    let mut found = Vec::new();
    for ((kind, id), mut objects) in by_id {
        objects.sort_by(|left, right| id::precedence(left, right));
        let mut objects = objects.into_iter().map(id::name);
        let Some(oldest) = objects.next() else { continue };
        found.extend(objects.map(|name| Duplicate {
            kind,
            name: name.to_owned(),
            id: id.to_owned(),
            served_by: oldest.to_owned(),
        }));
    }
    found
}
