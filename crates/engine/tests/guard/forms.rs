//! Every way of writing an address as a URL's host that the URL standard reads as that address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All of them, for either family.
pub(crate) fn hosts(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(v4) => hosts_v4(v4),
        IpAddr::V6(v6) => hosts_v6(v6),
    }
}

/// An IPv4 address as a host: by itself, and inside an IPv6 address.
pub(crate) fn hosts_v4(v4: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = v4.octets();
    let all = v4.to_bits();
    let (last_two, last_three) = (all & 0xffff, all & 0x00ff_ffff);
    let dotted = v4.to_string();
    let mut hosts = vec![
        dotted.clone(),
        format!("{dotted}."),
        format!("{all}"),
        format!("{all}."),
        format!("{all:#x}"),
        format!("{all:#010X}").replace("0X", "0x"),
        format!("0X{all:X}"),
        format!("0{all:o}"),
        format!("{a}.{last_three}"),
        format!("{a}.{b}.{last_two}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.{b}.{c:#x}.0{d:o}."),
        format!("{a:#x}.{last_three:#x}"),
        percent_encoded(&dotted),
        percent_encoded(&format!("{all:#x}")),
        dotted.replace('.', "%2e"),
        dotted.replace('.', "\u{3002}"),
        dotted.replace('.', "\u{ff0e}"),
        dotted.replace('.', "\u{ff61}"),
        wide(&dotted),
        wide(&format!("{all}")),
        circled(&dotted),
        // Tabs and line ends vanish, a soft hyphen is mapped to nothing.
        dotted.replace('.', "\t.\n"),
        dotted.replace('.', "\u{ad}."),
    ];
    for wrapped in wrapped(v4) {
        hosts.extend(hosts_v6(wrapped));
    }
    hosts.push(format!("[::ffff:{dotted}]"));
    hosts.push(format!("[0:0:0:0:0:FFFF:{dotted}]"));
    hosts.push(format!("[64:ff9b::{dotted}]"));
    hosts
}

/// An IPv6 address as a host.
pub(crate) fn hosts_v6(v6: Ipv6Addr) -> Vec<String> {
    let groups = v6.segments();
    let tail = Ipv4Addr::from_bits(u32::from(groups[6]) << 16 | u32::from(groups[7]));
    let short = groups.map(|group| format!("{group:x}"));
    let long = groups.map(|group| format!("{group:04X}"));
    vec![
        format!("[{v6}]"),
        format!("[{v6}]").to_uppercase(),
        format!("[{}]", short.join(":")),
        format!("[{}]", long.join(":")),
        format!("[{}:{tail}]", short[..6].join(":")),
    ]
}

/// The IPv6 addresses that mean this IPv4 address: IPv4-mapped, NAT64 and 6to4.
pub(crate) fn wrapped(v4: Ipv4Addr) -> [Ipv6Addr; 4] {
    let bits = u128::from(v4.to_bits());
    let at = |bits| Ipv6Addr::from_bits(bits);
    [
        at(0xffff << 32 | bits),
        at(0x64 << 112 | 0xff9b << 96 | bits),
        at(0x2002 << 112 | bits << 80),
        at(0x2002 << 112 | bits << 80 | 1),
    ]
}

/// The IPv6 addresses in whose tail an ISATAP host would find this IPv4 address.
pub(crate) fn isatap(v4: Ipv4Addr) -> [Ipv6Addr; 4] {
    let tail = 0x5efe << 32 | u128::from(v4.to_bits());
    let at = |bits| Ipv6Addr::from_bits(bits);
    let cloudflare = 0x2606_4700 << 96;
    let public_6to4 = 0x2002_0808_0808_u128 << 80;
    [
        at(cloudflare | tail),
        at(cloudflare | 0x0200 << 48 | tail),
        at(public_6to4 | tail),
        at(public_6to4 | 0x0200 << 48 | tail),
    ]
}

fn percent_encoded(host: &str) -> String {
    let bytes: Vec<String> = host.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

/// In full-width digits, which IDNA maps to ASCII ones.
fn wide(host: &str) -> String {
    let widened = |letter: char| match letter.to_digit(10) {
        Some(digit) => char::from_u32(0xff10 + digit).expect("a full-width digit"),
        None => letter,
    };
    host.chars().map(widened).collect()
}

/// In circled digits, which IDNA maps to ASCII ones too.
fn circled(host: &str) -> String {
    let in_a_circle = |letter: char| match letter.to_digit(10) {
        Some(0) => '\u{24ea}',
        Some(digit) => char::from_u32(0x2460 + digit - 1).expect("a circled digit"),
        None => letter,
    };
    host.chars().map(in_a_circle).collect()
}
