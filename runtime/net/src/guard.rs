//! The decision whether a request may reach an address.

use std::net::IpAddr;
use std::sync::Arc;

use url::{Host, Url};

use crate::{AllowList, Trust, address};

/// Why a request may not reach an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, {what}")]
pub struct Refusal {
    /// The host as the URL writes it.
    pub host: String,
    /// The address that it has.
    pub address: IpAddr,
    /// What kind of address that is: `a loopback address`.
    pub what: &'static str,
}

/// Decides for one kind of trust. The resolver of each pool of connections carries one, so that no connection made for a
/// trusted request is ever taken by another.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    trust: Trust,
    allowed: Arc<AllowList>,
}

impl Guard {
    pub(crate) fn new(trust: Trust, allowed: Arc<AllowList>) -> Self {
        Self { trust, allowed }
    }

    /// Where the hosts that this guard checks come from.
    pub(crate) fn trust(&self) -> Trust {
        self.trust
    }

    /// The guard for hosts that the configuration itself names.
    pub(crate) fn trusting(&self) -> Self {
        Self { trust: Trust::Literal, allowed: Arc::clone(&self.allowed) }
    }

    /// Every address must pass: a name that has one forbidden address among others is a trap.
    pub(crate) fn check(&self, host: &str, addresses: &[IpAddr]) -> Result<(), Refusal> {
        addresses.iter().try_for_each(|address| self.check_one(host, *address))
    }

    /// An address that is written in the URL itself never reaches a resolver, so it is checked before connecting.
    pub(crate) fn check_literal(&self, url: &Url) -> Result<(), Refusal> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_one(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.check_one(&format!("[{address}]"), address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    fn check_one(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        if self.allowed.allows_address(address) {
            return Ok(());
        }
        let named = self.trust == Trust::Literal || self.allowed.allows_host(host);
        let checked = if named { address::check_reachable(address) } else { address::check_public(address) };
        checked.map_err(|what| Refusal { host: host.to_owned(), address, what })
    }
}
