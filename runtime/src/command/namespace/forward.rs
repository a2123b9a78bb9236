//! A port of this machine's loopback that leads to a pod's port, through the API server.

use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::refusal::may;
use super::{PORT, Reached};

/// What the API server asks for: a web socket is opened by a GET, and since Kubernetes 1.35 it must be allowed to create, too.
const RIGHT: &str = "get and create pods/portforward";

/// A forwarded port; it closes when this is dropped.
pub(in crate::command) struct Forwarded {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Forwarded {
    /// Listens on a free port. Each connection goes to a pod that is ready then: a pod may be replaced in the meantime.
    pub(super) async fn to(pods: Api<Pod>, reached: Reached) -> anyhow::Result<Self> {
        // Found once before anybody connects, so that what is missing is told and not a broken connection.
        let first = reached.pod().await?;
        let opened = pods.portforward(&first, &[PORT]).await;
        may(opened, RIGHT, &reached.namespace)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, pods, reached));
        Ok(Self { address, _serving: serving })
    }

    /// Where it is.
    pub(in crate::command) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(listener: TcpListener, pods: Api<Pod>, reached: Reached) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((connection, _)) = accepted else { continue };
                let (pods, reached) = (pods.clone(), reached.clone());
                connections.spawn(async move {
                    if let Err(error) = carry(connection, &pods, &reached).await {
                        tracing::warn!(error = %format_args!("{error:#}"), "the port-forward failed");
                    }
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Carries bytes both ways until one side has enough.
async fn carry(mut connection: TcpStream, pods: &Api<Pod>, reached: &Reached) -> anyhow::Result<()> {
    connection.set_nodelay(true)?;
    let pod = reached.pod().await?;
    let Some(mut forwarder) = may(pods.portforward(&pod, &[PORT]).await, RIGHT, &reached.namespace)? else {
        anyhow::bail!("the pod {pod:?} is gone")
    };
    if let Some(mut stream) = forwarder.take_stream(PORT) {
        // A side that hangs up is no failure: HTTP says itself whether it was whole.
        let _ = copy_bidirectional(&mut connection, &mut stream).await;
    }
    forwarder.abort();
    Ok(())
}
