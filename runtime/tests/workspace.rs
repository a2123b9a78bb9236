//! The files of a workspace over HTTP: the shapes row by row (S1-163 to S1-183), containment, uploads.
#![cfg(test)]

#[path = "workspace/changes.rs"]
mod changes;
#[path = "workspace/containment.rs"]
mod containment;
#[path = "workspace/content.rs"]
mod content;
#[path = "workspace/lists.rs"]
mod lists;
#[path = "workspace/pictures.rs"]
mod pictures;
#[path = "workspace/references.rs"]
mod references;
#[path = "workspace/searches.rs"]
mod searches;
#[path = "workspace/setting.rs"]
mod setting;
#[path = "workspace/uploads.rs"]
mod uploads;
