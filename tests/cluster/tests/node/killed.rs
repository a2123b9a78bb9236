//! What a node leaves when its owner is killed: nothing.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::owner::{gone, up};

#[tokio::test]
async fn a_killed_owner_leaves_no_node() -> anyhow::Result<()> {
    if troupe_test_cluster::programs()?.is_none() || troupe_test_cluster::node_programs()?.is_none() {
        return Ok(());
    }
    let (mut owner, folder, mut left) = up(&["--node"])?;
    let network = Path::new("/run/netns").join(format!("troupe-{}", owner.id() * 10));
    let link = Path::new("/sys/class/net").join(format!("troupe{}", owner.id() * 10));
    ensure!(network.exists() && link.exists(), "its network is where this test looks for it");
    let kubectl = troupe_test_cluster::programs()?.context("there is one")?.join("kubectl");
    let pause = ["run", "pod", "--image=troupe.dev/test/pause:1", "--image-pull-policy=Never"];
    let account = ["wait", "serviceaccount/default", "--for=create", "--timeout=60s"];
    for arguments in [&account[..], &pause, &["wait", "pod/pod", "--for=condition=Ready", "--timeout=60s"]] {
        let status =
            Command::new(&kubectl).env("KUBECONFIG", folder.join("admin.kubeconfig")).args(arguments).status()?;
        ensure!(status.success(), "{arguments:?}: {status}");
    }
    // The pod's own process and its cgroup.
    let containers = containers(&folder)?;
    ensure!(containers.len() >= 2, "a sandbox and a container run: {containers:?}");
    owner.kill()?;
    owner.wait()?;
    left.extend(containers);
    left.extend([folder, network, link]);
    gone(&left).await
}

/// The processes of the node's containers, from the files that runc keeps of them.
fn containers(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut processes = Vec::new();
    for entry in std::fs::read_dir(folder.join("containerd/state/io.containerd.runtime.v2.task/k8s.io"))? {
        let id = std::fs::read_to_string(entry?.path().join("init.pid"))?;
        processes.push(Path::new("/proc").join(id.trim()));
    }
    Ok(processes)
}
