//! A revision store in memory, as the database keeps revisions.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use troupe_core::port::{Revision, RevisionStore, StoreError};

/// Keeps revisions for as long as a test; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    rows: Arc<Mutex<Vec<Revision>>>,
}

impl Memory {
    /// The hashes kept of an object, oldest first.
    pub(crate) fn hashes(&self, kind: &str, name: &str) -> Vec<String> {
        let rows = self.rows.lock().unwrap();
        rows.iter().filter(|row| row.kind == kind && row.name == name).map(|row| row.hash.clone()).collect()
    }
}

#[async_trait]
impl RevisionStore for Memory {
    async fn save(&self, revisions: &[Revision]) -> Result<(), StoreError> {
        let mut rows = self.rows.lock().unwrap();
        for new in revisions {
            let same = |row: &&mut Revision| row.kind == new.kind && row.name == new.name && row.hash == new.hash;
            match rows.iter_mut().find(same) {
                Some(row) => row.current_at = new.current_at,
                None => rows.push(new.clone()),
            }
        }
        Ok(())
    }

    async fn revisions(&self, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let mut found: Vec<_> = rows.iter().filter(|row| row.kind == kind && row.name == name).cloned().collect();
        found.sort_by_key(|row| std::cmp::Reverse(row.current_at));
        Ok(found)
    }

    async fn revision(&self, kind: &str, name: &str, hash: &str) -> Result<Option<Revision>, StoreError> {
        Ok(self.revisions(kind, name).await?.into_iter().find(|row| row.hash == hash))
    }

    async fn last_good(&self, kind: &str) -> Result<Vec<Revision>, StoreError> {
        let rows = self.rows.lock().unwrap().clone();
        let mut newest: std::collections::BTreeMap<String, Revision> = std::collections::BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.kind == kind) {
            let kept = newest.entry(row.name.clone()).or_insert_with(|| row.clone());
            if row.current_at > kept.current_at {
                *kept = row;
            }
        }
        Ok(newest.into_values().collect())
    }

    async fn prune(&self, kind: &str, name: &str, keep: usize, pinned: &[String]) -> Result<(), StoreError> {
        let keep: Vec<String> = self
            .revisions(kind, name)
            .await?
            .into_iter()
            .take(keep)
            .map(|row| row.hash)
            .chain(pinned.to_vec())
            .collect();
        let mut rows = self.rows.lock().unwrap();
        rows.retain(|row| row.kind != kind || row.name != name || keep.contains(&row.hash));
        Ok(())
    }
}
