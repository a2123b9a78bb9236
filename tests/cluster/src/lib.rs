//! A real Kubernetes for tests: etcd, the API server and the controller manager in processes of their own, on loopback, gone with the
//! process that asked for them. What they are built from is `install.sh`'s matter.
//!
//! ```no_run
//! # async fn a_test() -> anyhow::Result<()> {
//! let Some(cluster) = troupe_test_cluster::control_plane().await? else { return Ok(()) };
//! cluster.install_resource_definitions().await?;
//! let namespace = cluster.namespace("agents").await?;
//! let client = cluster.client_of(&namespace, "default").await?;
//! # Ok(())
//! # }
//! ```

mod access;
mod apply;
mod chart;
mod control_plane;
mod credential;
mod keeper;
mod network;
mod node;
mod place;
mod pretence;
mod process;
mod program;
mod proxy;
mod schema;
mod shared;

pub use apply::{apply, documents};
pub use chart::render_chart;
pub use control_plane::ControlPlane;
pub use node::{Node, write_image};
pub use pretence::Pretence;
pub use program::{chart as chart_programs, control_plane as programs, node as node_programs};
pub use proxy::Proxy;
pub use shared::{control_plane, node};
