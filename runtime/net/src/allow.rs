//! What a configuration opens although the guard would refuse it: hosts, and networks in CIDR form.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::NetError;

/// Hosts and networks that are open. Empty by default.
///
/// A host (`model.internal`, or `*.internal` for every name below it) may have private addresses for every request, as a
/// host named in a manifest may. A network (`127.0.0.0/8`, `10.1.2.3`, `fd00::/8`) is open without any check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    hosts: Vec<String>,
    networks: Vec<Network>,
}

impl AllowList {
    /// Reads entries: an address or a network, otherwise a host.
    pub fn parse<Entry: AsRef<str>>(entries: impl IntoIterator<Item = Entry>) -> Result<Self, NetError> {
        let mut list = Self::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Ok(network) = entry.parse() {
                list.networks.push(network);
            } else if is_host(entry) {
                list.hosts.push(normal_host(entry).to_ascii_lowercase());
            } else {
                let reason = format!("\"{entry}\" is neither a host nor an address nor a network such as 10.0.0.0/8");
                return Err(NetError::Configure { reason });
            }
        }
        Ok(list)
    }

    /// Whether the host is listed, by its name or below a wildcard.
    pub fn allows_host(&self, host: &str) -> bool {
        let host = normal_host(host).to_ascii_lowercase();
        self.hosts.iter().any(|listed| match listed.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix) && host.len() > suffix.len(),
            None => host == *listed,
        })
    }

    /// Whether the address lies in a listed network.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

/// `example.com.` and `example.com` are one host.
pub(crate) fn normal_host(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn is_host(entry: &str) -> bool {
    let name = normal_host(entry.strip_prefix("*.").unwrap_or(entry));
    !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
}

/// A block of addresses, as in `10.0.0.0/8`; an address alone is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    length: u32,
}

impl Network {
    /// Whether the address lies in the block. An IPv4 address never lies in an IPv6 block.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.length).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.length).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Self, NetError> {
        let wrong = || NetError::Configure { reason: format!("\"{text}\" is no network such as 10.0.0.0/8") };
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(most), |length| length.parse().map_err(|_| wrong()))?;
        if length > most { Err(wrong()) } else { Ok(Self { first, length }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.length)
    }
}
