//! Which addresses are public, which a manifest's host may have, and that no spelling changes it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use troupe_net::address::{check_public, check_reachable};
use troupe_net::{AllowList, Network};

fn parse(address: &str) -> IpAddr {
    address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

#[test]
fn public_addresses_pass() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.215.14",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "2400:cb00::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2001:200::1",
    ] {
        assert_eq!(check_public(parse(address)), Ok(()), "{address}");
        assert_eq!(check_reachable(parse(address)), Ok(()), "{address}");
    }
}

#[test]
fn everything_else_is_refused_to_guarded_requests() {
    for (address, word) in [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "NAT"),
        ("100.127.255.255", "NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.8", "IETF"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4"),
        ("192.168.255.255", "private"),
        ("198.19.0.1", "benchmark"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("168.63.129.16", "metadata"),
        ("100.100.100.200", "metadata"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::2", "reserved"),
        ("::ffff:8.8.8.8", "IPv4"),
        ("::8.8.8.8", "reserved"),
        ("64:ff9b::808:808", "NAT64"),
        ("64:ff9b:1::1", "NAT64"),
        ("100::1", "reserved"),
        ("2001::1", "Teredo"),
        ("2001:db8::1", "documentation"),
        ("2001:10::1", "IETF"),
        ("2002:808:808::1", "6to4"),
        ("3fff::1", "documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "metadata"),
        ("fd12::1", "private"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
    ] {
        let refused = check_public(parse(address)).err().unwrap_or_default();
        assert!(refused.contains(word), "{address}: {refused}");
    }
}

#[test]
fn a_named_host_may_be_private_but_not_link_local_or_metadata() {
    for address in
        ["10.0.0.1", "127.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
    {
        assert_eq!(check_reachable(parse(address)), Ok(()), "{address}");
    }
    for address in [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
    ] {
        assert!(check_reachable(parse(address)).is_err(), "{address}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_special_ipv4_address_is_public(bits in any::<u32>()) {
        let address = Ipv4Addr::from_bits(bits);
        let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_broadcast()
            || address.is_documentation() || address.is_multicast() || address.is_unspecified()
            || address.octets()[0] == 0 || address.octets()[0] >= 240;
        prop_assert!(!special || check_public(address.into()).is_err());
    }

    #[test]
    fn only_global_unicast_ipv6_addresses_are_public(bits in any::<u128>(), first in 0x2000_u16..0x4000) {
        let address = Ipv6Addr::from_bits(bits);
        prop_assert!(address.segments()[0] >> 13 == 1 || check_public(address.into()).is_err());
        // Most of the block is public: the guard does not simply refuse everything.
        let inside = Ipv6Addr::from_bits(bits & (u128::MAX >> 16) | u128::from(first) << 112);
        let special = matches!(first, 0x2001 | 0x2002 | 0x2620 | 0x3ffe | 0x3fff);
        prop_assert!(special || check_public(inside.into()).is_ok(), "{inside}");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_is_never_public_and_never_more_reachable(bits in any::<u32>()) {
        let address = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets().map(u16::from);
        let (high, low) = (a << 8 | b, c << 8 | d);
        for carrying in [
            address.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        ] {
            prop_assert!(check_public(carrying.into()).is_err());
            prop_assert_eq!(check_reachable(carrying.into()), check_reachable(address.into()));
        }
    }

    #[test]
    fn what_is_public_is_reachable(bits in any::<u128>(), four in any::<u32>()) {
        for address in [IpAddr::V6(Ipv6Addr::from_bits(bits)), IpAddr::V4(Ipv4Addr::from_bits(four))] {
            prop_assert!(check_public(address).is_err() || check_reachable(address).is_ok());
        }
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix(first in any::<u32>(), other in any::<u32>(), length in 0_u32..=32) {
        let network: Network = format!("{}/{length}", Ipv4Addr::from_bits(first)).parse().unwrap();
        let shared = (first ^ other).leading_zeros() >= length;
        prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), shared);
        prop_assert!(network.contains(Ipv4Addr::from_bits(first).into()));
    }

    #[test]
    fn any_text_is_an_entry_or_an_error(text in any::<String>()) {
        let _ = AllowList::parse([text.as_str()]);
    }
}
