//! Blobs: large payloads, by the address of their content.
//!
//! They are files beside the database: in it, a payload of 100 MiB would pass through the log and every page cache,
//! and hold up all other writes meanwhile. A row for each says how old it is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sqlx::AnyConnection;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use troupe_core::id::{ContentHash, Timestamp};
use troupe_core::port::StoreError;
use uuid::Uuid;

use crate::error::failed;

/// How a journal's reference to a blob is marked.
pub(crate) const KIND: &str = "blob";

/// The folder of blobs.
#[derive(Clone)]
pub(crate) struct Blobs {
    folder: PathBuf,
    /// Held for reading while a blob is stored, for writing while old ones are deleted: one that is found to be there
    /// must still be there when its row is written.
    sweeping: Arc<RwLock<()>>,
}

impl Blobs {
    /// Makes the folder if it is not there, and clears what a crash left unfinished.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("blobs");
        fs::create_dir_all(&folder)?;
        let unfinished = folder.join("unfinished");
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(&unfinished)?,
        }
        File::open(data)?.sync_all()?;
        Ok(Self { folder, sweeping: Arc::default() })
    }

    /// Keeps deletions away until the guard is dropped. It travels with what will name the blob, because whoever asked
    /// for that may go away before it is committed.
    pub(crate) async fn storing(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.sweeping).read_owned().await
    }

    /// Keeps stores away until the guard is dropped.
    pub(crate) async fn deleting(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.sweeping).write_owned().await
    }

    /// Two levels, so that no folder grows beyond what file systems list quickly.
    fn path(&self, hash: &ContentHash) -> PathBuf {
        self.folder.join(hash.0.get(..2).unwrap_or("00")).join(&hash.0)
    }

    /// Writes a blob's file; it and its name are on the disk on return.
    pub(crate) async fn write(&self, hash: ContentHash, content: Bytes) -> Result<(), StoreError> {
        let blobs = self.clone();
        let written = tokio::task::spawn_blocking(move || blobs.write_file(&hash, &content));
        written.await.map_err(failed("store a blob"))?.map_err(failed("store a blob"))
    }

    fn write_file(&self, hash: &ContentHash, content: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        if path.try_exists()? {
            return Ok(());
        }
        let unfinished = self.folder.join("unfinished").join(Uuid::new_v4().to_string());
        let mut file = File::create_new(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        let shard = path.parent().unwrap_or(&self.folder);
        if !shard.try_exists()? {
            fs::create_dir_all(shard)?;
            File::open(&self.folder)?.sync_all()?;
        }
        fs::rename(&unfinished, &path)?;
        File::open(shard)?.sync_all()
    }

    /// A blob's content; `None` if there is none.
    pub(crate) async fn read(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError> {
        // What is not an address must not become a path.
        if !is_address(&hash.0) {
            return Ok(None);
        }
        let path = self.path(hash);
        let read = tokio::task::spawn_blocking(move || match fs::read(path) {
            Ok(content) => Ok(Some(Bytes::from(content))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        read.await.map_err(failed("read a blob"))?.map_err(failed("read a blob"))
    }

    /// Deletes blobs' files; one that is not there is no error.
    pub(crate) async fn delete(&self, hashes: Vec<ContentHash>) -> Result<(), StoreError> {
        let blobs = self.clone();
        let deleted = tokio::task::spawn_blocking(move || {
            for hash in hashes {
                match fs::remove_file(blobs.path(&hash)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        });
        deleted.await.map_err(failed("delete blobs"))?.map_err(failed("delete blobs"))
    }
}

// The files of blobs, in groups by the first two digits of their addresses.
impl Blobs {
    /// The groups that there are.
    pub(crate) async fn groups(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.folder.clone();
        let mut groups = names(folder).await?;
        groups.retain(|name| name.len() == 2);
        Ok(groups)
    }

    /// The addresses of the files in a group.
    pub(crate) async fn group(&self, name: &str) -> Result<Vec<ContentHash>, StoreError> {
        let found = names(self.folder.join(name)).await?;
        Ok(found.into_iter().filter(|name| is_address(name)).map(ContentHash).collect())
    }
}

async fn names(folder: PathBuf) -> Result<Vec<String>, StoreError> {
    const ACTION: &str = "list blobs";
    let listed = tokio::task::spawn_blocking(move || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    });
    listed.await.map_err(failed(ACTION))?.map_err(failed(ACTION))
}

fn is_address(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes a blob's row, or makes it new again.
pub(crate) async fn note(
    connection: &mut AnyConnection,
    hash: &ContentHash,
    size: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO blob (hash, size, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at",
    )
    .bind(hash.0.clone())
    .bind(size)
    .bind(now)
    .execute(connection)
    .await
    .map_err(failed("store a blob"))?;
    Ok(())
}
