//! Starts a cluster by hand, prints how to reach it, and ends it with Ctrl-C.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

/// A real Kubernetes for tests, on loopback, gone when this ends.
#[derive(Debug, Parser)]
enum Arguments {
    /// Starts etcd, the API server and the controller manager.
    Up {
        /// The folder of their programs, instead of what tests/cluster/install.sh builds.
        #[arg(long, value_name = "FOLDER")]
        programs: Option<PathBuf>,
        /// Installs Troupe's resource definitions too.
        #[arg(long)]
        definitions: bool,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments::Up { programs, definitions } = Arguments::parse();
    let programs = match programs {
        Some(programs) => programs,
        None => troupe_test_cluster::programs()?.context("there is no Kubernetes to start")?,
    };
    let cluster = troupe_test_cluster::ControlPlane::start(&programs).await?;
    if definitions {
        cluster.install_resource_definitions().await?;
    }
    tell(&cluster);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what it prints is for the shell that started it")]
fn tell(cluster: &troupe_test_cluster::ControlPlane) {
    println!("export KUBECONFIG={}", cluster.kubeconfig().display());
    println!("# kubectl is {}; Ctrl-C ends the cluster", cluster.kubectl().display());
    for (name, id) in cluster.processes() {
        println!("# {name} is process {id}");
    }
}
