//! What "public" means, written apart from the guard: IANA's two special-purpose registries as they
//! are printed, the addresses that clouds keep for themselves, and arithmetic instead of patterns.
//! `crates/fuzz` reads this file too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The IPv4 registry (RFC 6890), multicast, and the cloud addresses that lie outside of both.
pub(crate) const RESERVED_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

/// The IPv6 registry without the three forms that carry an IPv4 address, then what other documents
/// set aside: IPv4-compatible, site-local and multicast.
pub(crate) const RESERVED_V6: &[&str] = &[
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "::/96",
    "fec0::/10",
    "ff00::/8",
];

/// A network: its first address as a number of `bits` bits, and how many of them count.
fn parted(net: &str) -> (IpAddr, u32) {
    let (address, prefix) = net.split_once('/').expect("ADDRESS/PREFIX");
    (address.parse().expect("an address"), prefix.parse().expect("a prefix"))
}

/// The first and the last address of a network.
pub(crate) fn ends(net: &str) -> (IpAddr, IpAddr) {
    match parted(net) {
        (IpAddr::V4(first), prefix) => {
            let rest = u32::MAX.checked_shr(prefix).unwrap_or(0);
            (first.into(), Ipv4Addr::from_bits(first.to_bits() | rest).into())
        }
        (IpAddr::V6(first), prefix) => {
            let rest = u128::MAX.checked_shr(prefix).unwrap_or(0);
            (first.into(), Ipv6Addr::from_bits(first.to_bits() | rest).into())
        }
    }
}

fn holds(net: &str, address: IpAddr) -> bool {
    let (first, last) = ends(net);
    first.is_ipv4() == address.is_ipv4() && first <= address && address <= last
}

/// Whether hosts on the internet have this address and nobody keeps it for something else.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !RESERVED_V4.iter().any(|net| holds(net, address)),
        IpAddr::V6(v6) => is_public_v6(v6.to_bits()),
    }
}

fn is_public_v6(bits: u128) -> bool {
    let within = |bits: u128| is_public(Ipv4Addr::from_bits(low(bits)).into());
    // ::ffff:0:0/96 and 64:ff9b::/96 end with the IPv4 address, 2002::/16 goes on with it.
    if bits >> 32 == 0xffff || bits >> 32 == 0x0064_ff9b_u128 << 64 {
        return within(bits);
    }
    // ISATAP writes 0000:5efe or 0200:5efe before an IPv4 address at the end (RFC 5214).
    let is_isatap = [0x5efe, 0x0200_5efe].contains(&low(bits >> 32));
    if is_isatap && !within(bits) {
        return false;
    }
    if bits >> 112 == 0x2002 {
        return within(bits >> 80);
    }
    let address = IpAddr::from(Ipv6Addr::from_bits(bits));
    bits >> 125 == 1 && !RESERVED_V6.iter().any(|net| holds(net, address))
}

fn low(bits: u128) -> u32 {
    u32::try_from(bits & u128::from(u32::MAX)).expect("32 bits")
}
