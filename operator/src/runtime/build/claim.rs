//! The volumes of a runtime: of the database, and of the files of agents. With `retain` they have no owner, so that
//! nothing that is deleted deletes them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};
use troupe_crds::runtime::AccessMode;

use super::Input;
use crate::{
    child::{Child, ChildKind, ChildReference},
    drift::quantity,
    names,
};

/// Size of the database's volume where nothing is said.
const DATA_SIZE: &str = "5Gi";

/// Size of the workspace's volume where nothing is said.
const WORKSPACE_SIZE: &str = "10Gi";

/// The volume of SQLite; none with PostgreSQL.
pub fn data(input: &Input<'_>) -> Option<PersistentVolumeClaim> {
    if input.postgres().is_some() {
        return None;
    }
    let sqlite = input.spec.storage.as_ref().and_then(|storage| storage.sqlite.as_ref());
    let size = sqlite.and_then(|sqlite| sqlite.size.clone()).unwrap_or_else(|| Quantity(DATA_SIZE.to_owned()));
    let class = sqlite.and_then(|sqlite| sqlite.storage_class_name.clone());
    Some(claim(input, names::RUNTIME_DATA, "ReadWriteOnce", size, class))
}

/// The volume of the workspace; none where there is none, or somebody else's is used.
pub fn workspace(input: &Input<'_>) -> Option<PersistentVolumeClaim> {
    let workspace = input.spec.workspace.as_ref().filter(|workspace| workspace.existing_claim.is_none())?;
    let mode = match workspace.access_mode {
        AccessMode::ReadWriteOnce => "ReadWriteOnce",
        AccessMode::ReadWriteMany => "ReadWriteMany",
        AccessMode::ReadWriteOncePod => "ReadWriteOncePod",
    };
    let size = workspace.size.clone().unwrap_or_else(|| Quantity(WORKSPACE_SIZE.to_owned()));
    Some(claim(input, names::RUNTIME_WORKSPACE, mode, size, workspace.storage_class_name.clone()))
}

/// How large the volumes are that exist.
pub fn sizes(children: &[(ChildReference, Child)]) -> BTreeMap<String, Quantity> {
    let claims = children.iter().filter(|(reference, _)| reference.kind == ChildKind::PersistentVolumeClaim);
    let size = |(reference, child): &(ChildReference, Child)| {
        let size = child.value().pointer("/spec/resources/requests/storage")?.as_str()?.to_owned();
        Some((reference.name.to_string(), Quantity(size)))
    };
    claims.filter_map(size).collect()
}

fn is_larger(left: &Quantity, right: &Quantity) -> bool {
    matches!((quantity(&left.0), quantity(&right.0)), (Some(left), Some(right)) if left > right)
}

fn claim(input: &Input<'_>, name: &str, mode: &str, size: Quantity, class: Option<String>) -> PersistentVolumeClaim {
    let marks = &input.marks;
    // Somebody may have let it grow.
    let size = input.claimed.get(name).filter(|claimed| is_larger(claimed, &size)).cloned().unwrap_or(size);
    PersistentVolumeClaim {
        metadata: if input.spec.retain { marks.unowned(name) } else { marks.metadata(name) },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec![mode.to_owned()]),
            storage_class_name: class,
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), size)])),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}
