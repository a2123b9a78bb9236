//! The network of one node: a namespace with no way out, so that no packet of a test ever leaves the machine.

use std::{net::Ipv4Addr, path::Path, path::PathBuf};

use anyhow::Context as _;

use crate::process::output;

/// The node's address, in every network alike: they never meet.
pub(crate) const NODE: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 2);

/// A network namespace, and the link by which this machine, but nothing beyond it, is reached.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// The namespace's name.
    pub(crate) name: String,
    /// Our end of the link.
    pub(crate) link: String,
    /// The number that makes both unique.
    number: u32,
}

impl Network {
    /// What it will be called. Nothing is made yet: who clears it away must be there before.
    pub(crate) fn named_after(number: u32) -> Self {
        Self { name: format!("troupe-{number}"), link: format!("troupe{number}"), number }
    }

    /// The namespace as a file.
    pub(crate) fn file(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// The two ends of the link: ours, the node's. They are link-local, thus nobody's; 169.254.169.254 is a cloud's metadata, and
    /// far from these.
    pub(crate) fn ends(&self) -> (Ipv4Addr, Ipv4Addr) {
        let block = self.number % (64 * 64);
        let third = 64 + u8::try_from(block / 64).unwrap_or_default();
        let fourth = u8::try_from(block % 64 * 4).unwrap_or_default();
        (Ipv4Addr::new(169, 254, third, fourth + 1), Ipv4Addr::new(169, 254, third, fourth + 2))
    }

    /// Makes it. Its default route leads to the other end of a pair of which both ends are inside, where nobody listens.
    pub(crate) fn create(&self) -> anyhow::Result<()> {
        let (ours, theirs) = self.ends();
        let (name, link) = (&self.name, &self.link);
        ip(&format!("netns add {name}"))?;
        ip(&format!("-n {name} link set lo up"))?;
        ip(&format!("-n {name} link add node0 type veth peer name nowhere0"))?;
        ip(&format!("-n {name} link set nowhere0 up"))?;
        ip(&format!("-n {name} address add {NODE}/24 dev node0"))?;
        ip(&format!("-n {name} link set node0 up"))?;
        ip(&format!("-n {name} route add default via 10.98.0.1 dev node0"))?;
        ip(&format!("link add {link} type veth peer name machine0 netns {name}"))?;
        ip(&format!("address add {ours}/30 dev {link}"))?;
        ip(&format!("link set {link} up"))?;
        ip(&format!("-n {name} address add {theirs}/30 dev machine0"))?;
        ip(&format!("-n {name} link set machine0 up"))?;
        let file = format!("--net={}", self.file().display());
        let forward = ["sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1"];
        let arguments: Vec<&str> = [file.as_str(), "--"].into_iter().chain(forward).collect();
        output(Path::new("nsenter"), &arguments).context("the node cannot forward packets").map(drop)
    }
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    output(Path::new("ip"), &arguments).context("the node's network cannot be made").map(drop)
}
