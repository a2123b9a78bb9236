//! Which addresses a request may reach. Pure: from IANA's special-purpose registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is public unicast, the only kind that a host from outside a manifest may have; otherwise what it
/// is, in words. An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4) is refused whatever it carries.
pub fn check_public(address: IpAddr) -> Result<(), &'static str> {
    check_reachable(address)?;
    match address {
        IpAddr::V4(address) => refuse_listed_v4(address, &SPECIAL_V4),
        IpAddr::V6(address) => check_public_v6(address),
    }
}

/// Whether a host that a manifest names may have this address: private and loopback addresses are normal there, but
/// nothing may ask the machine's own cloud for its credentials; otherwise what the address is, in words.
pub fn check_reachable(address: IpAddr) -> Result<(), &'static str> {
    match address {
        IpAddr::V4(address) => refuse_listed_v4(address, &UNREACHABLE_V4),
        IpAddr::V6(address) => {
            refuse_listed_v6(address, &UNREACHABLE_V6)?;
            carried_v4(address).map_or(Ok(()), |carried| refuse_listed_v4(carried, &UNREACHABLE_V4))
        }
    }
}

/// A block of IPv4 addresses: first address, prefix length, what it is.
type BlockV4 = (Ipv4Addr, u32, &'static str);
/// A block of IPv6 addresses.
type BlockV6 = (Ipv6Addr, u32, &'static str);

const METADATA: &str = "a cloud metadata service";

/// What no host may be. Link-local holds most clouds' metadata services; the others are given one by one.
const UNREACHABLE_V4: [BlockV4; 7] = [
    (Ipv4Addr::UNSPECIFIED, 8, "an unspecified address"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local or cloud metadata address"),
    // Alibaba, Azure and Oracle keep theirs outside the link-local block.
    (Ipv4Addr::new(100, 100, 100, 200), 32, METADATA),
    (Ipv4Addr::new(168, 63, 129, 16), 32, METADATA),
    (Ipv4Addr::new(192, 0, 0, 192), 32, METADATA),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved or broadcast address"),
];

/// What is not public, beyond what is unreachable.
const SPECIAL_V4: [BlockV4; 14] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier-grade NAT address"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "an address of the IETF's protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a documentation address"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "an AS112 address"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "an AMT address"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay address"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "an AS112 address"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a benchmarking address"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a documentation address"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a documentation address"),
];

const UNREACHABLE_V6: [BlockV6; 6] = [
    (Ipv6Addr::UNSPECIFIED, 128, "an unspecified address"),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32, METADATA),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, METADATA),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "a link-local address"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site-local address"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a multicast address"),
];

/// What is not public inside `2000::/3`, the only block of global unicast addresses, and names for what lies outside.
const SPECIAL_V6: [BlockV6; 11] = [
    (Ipv6Addr::LOCALHOST, 128, "a loopback address"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4 address in IPv6's form"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 32, "a NAT64 address"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private address"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "a Teredo address"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "an address of the IETF's protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "a documentation address"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a 6to4 address"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "an AS112 address"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "a documentation address"),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, "an address of the former 6bone"),
];

fn refuse_listed_v4(address: Ipv4Addr, blocks: &[BlockV4]) -> Result<(), &'static str> {
    let found = blocks.iter().find(|(first, length, _)| {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        address.to_bits() & mask == first.to_bits()
    });
    found.map_or(Ok(()), |(_, _, what)| Err(what))
}

fn refuse_listed_v6(address: Ipv6Addr, blocks: &[BlockV6]) -> Result<(), &'static str> {
    let found = blocks.iter().find(|(first, length, _)| {
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        address.to_bits() & mask == first.to_bits()
    });
    found.map_or(Ok(()), |(_, _, what)| Err(what))
}

fn check_public_v6(address: Ipv6Addr) -> Result<(), &'static str> {
    refuse_listed_v6(address, &SPECIAL_V6)?;
    if address.segments()[0] & 0xe000 == 0x2000 { Ok(()) } else { Err("a reserved address") }
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated, NAT64, 6to4, or the old compatible form.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let [.., high, low] = segments;
    let join = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            Some(join(high, low))
        }
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}
