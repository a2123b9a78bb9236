//! Starts a cluster by hand, prints how to reach it, and ends it with Ctrl-C.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;
use troupe_test_cluster::{ControlPlane, Node};

/// A real Kubernetes for tests, gone when this ends.
#[derive(Debug, Parser)]
enum Arguments {
    /// Starts etcd, the API server and the controller manager; a whole node with `--node`, which needs root.
    Up {
        /// Starts what runs pods, too, in a network of its own.
        #[arg(long)]
        node: bool,
        /// Installs Troupe's resource definitions too.
        #[arg(long)]
        definitions: bool,
        /// Loads this OCI archive into the node.
        #[arg(long, value_name = "ARCHIVE", requires = "node")]
        image: Vec<PathBuf>,
    },
    /// Writes JSON Schemas of every kind, Kubernetes' and Troupe's, for kubeconform.
    Schemas {
        /// Where they go: `-schema-location 'FOLDER/{{.ResourceKind}}{{.KindSuffix}}.json'`.
        folder: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let programs = || troupe_test_cluster::programs()?.context("there is no Kubernetes to start");
    match Arguments::parse() {
        Arguments::Up { node, definitions, image } => up(&programs()?, node, definitions, &image).await,
        Arguments::Schemas { folder } => {
            let cluster = ControlPlane::start(&programs()?).await?;
            cluster.install_resource_definitions().await?;
            std::fs::create_dir_all(&folder)?;
            cluster.write_schemas(&folder).await.map(drop)
        }
    }
}

async fn up(programs: &Path, node: bool, definitions: bool, images: &[PathBuf]) -> anyhow::Result<()> {
    if node {
        let more = troupe_test_cluster::node_programs()?.context("there is no node to start")?;
        let node = Node::start(programs, &more).await?;
        for archive in images {
            node.load_image(archive)?;
        }
        return stay(&node, definitions, node.all_processes()).await;
    }
    let cluster = ControlPlane::start(programs).await?;
    let processes = cluster.processes().into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
    stay(&cluster, definitions, processes).await
}

async fn stay(cluster: &ControlPlane, definitions: bool, processes: Vec<(String, u32)>) -> anyhow::Result<()> {
    if definitions {
        cluster.install_resource_definitions().await?;
    }
    tell(cluster, &processes);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what it prints is for the shell that started it")]
fn tell(cluster: &ControlPlane, processes: &[(String, u32)]) {
    println!("export KUBECONFIG={}", cluster.kubeconfig().display());
    println!("# kubectl is {}; Ctrl-C ends the cluster", cluster.kubectl().display());
    for (name, id) in processes {
        println!("# {name} is process {id}");
    }
}
