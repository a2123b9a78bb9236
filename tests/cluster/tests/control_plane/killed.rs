//! What a control plane leaves when its owner is killed: nothing.

use anyhow::ensure;

use crate::owner::{gone, up};

#[tokio::test]
async fn a_killed_owner_leaves_no_control_plane() -> anyhow::Result<()> {
    if troupe_test_cluster::programs()?.is_none() {
        return Ok(());
    }
    let (mut owner, folder, mut left) = up(&[])?;
    ensure!(folder.exists() && left.iter().all(|process| process.exists()), "it runs");
    owner.kill()?;
    owner.wait()?;
    left.push(folder);
    gone(&left).await
}
