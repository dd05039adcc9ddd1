//! The address ranges that are not delivered to, and what it takes to open each.
//!
//! The tables follow IANA's special-purpose registries (RFC 6890), with two additions: addresses
//! at which clouds hand out a machine's credentials, and every IPv6 address outside the global
//! unicast block `2000::/3`. An IPv6 address that carries an IPv4 address is judged as that one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What opens a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// [`crate::transport::Reach::Sandbox`], or an entry of the operator's that holds the address.
    Sandbox,
    /// An entry of the operator's that holds the address.
    Entry,
    /// An entry of the operator's that is the address.
    ExactEntry,
}

/// One refused range.
#[derive(Debug)]
pub(super) struct Range {
    /// The range.
    pub(super) net: IpNet,
    /// What it is.
    pub(super) name: &'static str,
    /// Who says so.
    pub(super) document: &'static str,
    /// What opens it.
    pub(super) opening: Opening,
}

/// A refused range and the address that fell into it.
#[derive(Debug)]
pub(super) struct Found {
    /// The range.
    pub(super) range: &'static Range,
    /// The IPv4 address inside the one asked about, or the same address.
    pub(super) meant: IpAddr,
}

/// The range that refuses `address`, if any.
pub(super) fn find(address: IpAddr) -> Option<Found> {
    let meant = match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
    };
    if let Some(range) = look_up(meant) {
        return Some(Found { range, meant });
    }
    if meant.is_ipv6() && !GLOBAL_UNICAST.net.contains(&meant) {
        return Some(Found { range: &GLOBAL_UNICAST_REST, meant });
    }
    // Asked of the address as it came: a 6to4 site's router may speak ISATAP on its inside.
    let IpAddr::V6(v6) = address else { return None };
    let tunnelled = IpAddr::V4(isatap(v6)?);
    look_up(tunnelled).map(|range| Found { range, meant: tunnelled })
}

fn look_up(address: IpAddr) -> Option<&'static Range> {
    let table: &[Range] = match address {
        IpAddr::V4(_) => &V4,
        IpAddr::V6(_) => &V6,
    };
    table.iter().find(|range| range.net.contains(&address))
}

/// The IPv4 address that a host or a gateway would really talk to: IPv4-mapped (RFC 4291 section
/// 2.5.5.2), NAT64 with the well-known prefix (RFC 6052) and 6to4 (RFC 3056).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// The IPv4 address in an ISATAP interface identifier (RFC 5214 section 6.1). Unlike the forms
/// above it only looks like one, so it can refuse an address but never accept it.
fn isatap(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    match v6.segments() {
        [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => Some(v4(high, low)),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

const fn four(
    (octets, prefix): ([u8; 4], u8),
    opening: Opening,
    name: &'static str,
    document: &'static str,
) -> Range {
    let net = IpNet::new_assert(IpAddr::V4(Ipv4Addr::from_octets(octets)), prefix);
    Range { net, name, document, opening }
}

const fn six(
    (segments, prefix): ([u16; 8], u8),
    opening: Opening,
    name: &'static str,
    document: &'static str,
) -> Range {
    let net = IpNet::new_assert(IpAddr::V6(Ipv6Addr::from_segments(segments)), prefix);
    Range { net, name, document, opening }
}

use Opening::{Entry, ExactEntry, Sandbox};

/// IPv4; the metadata addresses stand first because other ranges contain them.
static V4: [Range; 28] = [
    four(([169, 254, 169, 254], 32), ExactEntry, METADATA, "AWS, Google Cloud, Azure and others"),
    four(([169, 254, 169, 253], 32), ExactEntry, METADATA, "AWS resolver"),
    four(([169, 254, 169, 123], 32), ExactEntry, METADATA, "AWS time service"),
    four(([169, 254, 170, 2], 32), ExactEntry, METADATA, "AWS container credentials"),
    four(([169, 254, 170, 23], 32), ExactEntry, METADATA, "AWS pod identity"),
    four(([169, 254, 42, 42], 32), ExactEntry, METADATA, "Scaleway"),
    four(([100, 100, 100, 200], 32), ExactEntry, METADATA, "Alibaba Cloud"),
    four(([168, 63, 129, 16], 32), ExactEntry, METADATA, "Azure WireServer"),
    four(([192, 0, 0, 192], 32), ExactEntry, METADATA, "Oracle Cloud"),
    four(([127, 0, 0, 0], 8), Sandbox, "loopback", "RFC 1122"),
    four(([10, 0, 0, 0], 8), Sandbox, "private network", "RFC 1918"),
    four(([172, 16, 0, 0], 12), Sandbox, "private network", "RFC 1918"),
    four(([192, 168, 0, 0], 16), Sandbox, "private network", "RFC 1918"),
    four(([0, 0, 0, 0], 8), Entry, "this network", "RFC 791"),
    four(([100, 64, 0, 0], 10), Entry, "carrier-grade NAT", "RFC 6598"),
    four(([169, 254, 0, 0], 16), Entry, "link-local", "RFC 3927"),
    four(([192, 0, 0, 0], 24), Entry, "IETF protocol assignments", "RFC 6890"),
    four(([192, 0, 2, 0], 24), Entry, "documentation", "RFC 5737"),
    four(([192, 88, 99, 0], 24), Entry, "6to4 relay anycast", "RFC 7526"),
    four(([198, 18, 0, 0], 15), Entry, "benchmarking", "RFC 2544"),
    four(([198, 51, 100, 0], 24), Entry, "documentation", "RFC 5737"),
    four(([203, 0, 113, 0], 24), Entry, "documentation", "RFC 5737"),
    four(([192, 31, 196, 0], 24), Entry, "AS112 redirection", "RFC 7535"),
    four(([192, 175, 48, 0], 24), Entry, "AS112 direct delegation", "RFC 7534"),
    four(([192, 52, 193, 0], 24), Entry, "multicast tunnelling", "RFC 7450"),
    four(([224, 0, 0, 0], 4), Entry, "multicast", "RFC 5771"),
    four(([255, 255, 255, 255], 32), Entry, "broadcast", "RFC 919"),
    four(([240, 0, 0, 0], 4), Entry, "reserved", "RFC 1112"),
];

/// IPv6; the metadata addresses stand first because other ranges contain them.
static V6: [Range; 25] = [
    six(([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), ExactEntry, METADATA, "AWS"),
    six(([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253], 128), ExactEntry, METADATA, "AWS resolver"),
    six(([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128), ExactEntry, METADATA, "AWS pod identity"),
    six(([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), ExactEntry, METADATA, "Google Cloud"),
    six(([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), ExactEntry, METADATA, "Scaleway"),
    six(([0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128), ExactEntry, METADATA, "Oracle Cloud"),
    six(([0, 0, 0, 0, 0, 0, 0, 1], 128), Sandbox, "loopback", "RFC 4291"),
    six(([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Sandbox, "unique local network", "RFC 4193"),
    six(([0, 0, 0, 0, 0, 0, 0, 0], 128), Entry, "unspecified", "RFC 4291"),
    six(([0, 0, 0, 0, 0, 0, 0, 0], 96), Entry, "IPv4-compatible", "RFC 4291"),
    six(([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Entry, "local-use NAT64", "RFC 8215"),
    six(([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Entry, "discard only", "RFC 6666"),
    six(([0x100, 0, 0, 1, 0, 0, 0, 0], 64), Entry, "dummy prefix", "RFC 9780"),
    six(([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Entry, "Teredo", "RFC 4380"),
    six(([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Entry, "benchmarking", "RFC 5180"),
    six(([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28), Entry, "ORCHID", "RFC 4843"),
    six(([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28), Entry, "ORCHIDv2", "RFC 7343"),
    six(([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Entry, "IETF protocol assignments", "RFC 2928"),
    six(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Entry, "documentation", "RFC 3849"),
    six(([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Entry, "AS112 direct delegation", "RFC 7534"),
    six(([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Entry, "documentation", "RFC 9637"),
    six(([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Entry, "SRv6 segments", "RFC 9602"),
    six(([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Entry, "link-local", "RFC 4291"),
    six(([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Entry, "site-local", "RFC 3879"),
    six(([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Entry, "multicast", "RFC 4291"),
];

/// The only IPv6 block from which hosts on the internet get their addresses.
static GLOBAL_UNICAST: Range =
    six(([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), Entry, "global unicast", "RFC 4291");

/// Everything outside [`GLOBAL_UNICAST`] that no narrower entry names.
static GLOBAL_UNICAST_REST: Range =
    six(([0, 0, 0, 0, 0, 0, 0, 0], 0), Entry, "not global unicast (2000::/3)", "RFC 4291");

const METADATA: &str = "cloud metadata";
