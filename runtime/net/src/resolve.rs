//! Names to addresses: the trait that tests replace, the system's resolver, and the adapter that guards both.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::guard::Guard;

/// Finds the addresses of a host.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of the host, in the order in which they are to be tried.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver (`getaddrinfo`, on a thread for blocking work).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((host, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// A name could not be resolved; the client recognizes it in the chain of causes.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct ResolveFailure {
    pub(crate) reason: String,
}

/// Resolves and checks for the connector: what it returns is what is connected to, so nothing can change in between.
pub(crate) struct GuardedResolver {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) guard: Guard,
    /// Hosts of proxies: the connector asks for them too, and a proxy normally has a private address.
    pub(crate) proxies: Arc<[String]>,
    pub(crate) trusted: Guard,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let is_proxy = self.proxies.iter().any(|proxy| proxy == name.as_str());
        let guard = if is_proxy { self.trusted.clone() } else { self.guard.clone() };
        Box::pin(async move {
            let host = name.as_str();
            let addresses = look_up(&*resolver, host).await?;
            guard.check(host, &addresses)?;
            // Port 0 stands for the port of the URL.
            let sockets: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(sockets)
        })
    }
}

/// The addresses of a host, at least one.
pub(crate) async fn look_up(resolver: &dyn Resolver, host: &str) -> Result<Vec<IpAddr>, ResolveFailure> {
    let addresses = resolver.resolve(host).await.map_err(|error| ResolveFailure { reason: error.to_string() })?;
    if addresses.is_empty() {
        return Err(ResolveFailure { reason: "it has no address".to_owned() });
    }
    Ok(addresses)
}
