//! Folders of one service: manifests, data and workspace, gone with the test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::Service;

/// The folders of a service. They outlive it, so that it can be started again on what it left.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// Empty folders.
    pub fn new() -> anyhow::Result<Self> {
        let place = Self { folder: TempDir::new()? };
        for folder in [place.manifests(), place.data(), place.workspace()] {
            fs::create_dir(folder)?;
        }
        Ok(place)
    }

    /// The same with one file of manifests.
    pub fn with(manifests: &str) -> anyhow::Result<Self> {
        let place = Self::new()?;
        place.write("all.yaml", manifests)?;
        Ok(place)
    }

    /// The folder of manifests.
    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// The folder of the database.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder that agents work in.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Writes a file of manifests as an editor does: beside it first, then in its place.
    pub fn write(&self, name: &str, manifests: &str) -> anyhow::Result<()> {
        let beside = self.folder.path().join(name);
        fs::write(&beside, manifests)?;
        Ok(fs::rename(beside, self.manifests().join(Path::new(name)))?)
    }

    /// Starts a service here, and waits until it is ready.
    pub async fn serve(&self) -> anyhow::Result<Service> {
        Service::start(self, &[]).await
    }

    /// The same with further flags.
    pub async fn serve_with(&self, flags: &[&str]) -> anyhow::Result<Service> {
        Service::start(self, flags).await
    }
}
