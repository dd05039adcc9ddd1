//! The address guard as tables: every form of a forbidden place that we know of, and every form of
//! a public one that must keep working. All forms go through the same URL parser as an endpoint's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use posthorn_engine::guard::{Guard, Refused};
use posthorn_engine::transport::Reach;
use proptest::prelude::*;
use url::Url;

fn judge(guard: &Guard, url: &str, reach: Reach) -> Result<(), Refused> {
    guard.url(&Url::parse(url).expect("the table holds valid URLs"), reach)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("the table holds addresses")
}

fn opened(nets: &[&str]) -> Guard {
    let nets = nets.iter().map(|net| net.parse::<IpNet>().expect("the table holds networks"));
    Guard::new(nets.collect(), false)
}

/// Everything refused to a public endpoint, with a word that the refusal must contain.
const REFUSED: &[(&str, &str)] = &[
    // Loopback, in every spelling that a URL parser understands.
    ("https://127.0.0.1/", "loopback"),
    ("https://127.255.255.254/", "loopback"),
    ("https://2130706433/", "loopback"),
    ("https://0x7f000001/", "loopback"),
    ("https://0x7f.1/", "loopback"),
    ("https://0177.0.0.1/", "loopback"),
    ("https://017700000001/", "loopback"),
    ("https://127.1/", "loopback"),
    ("https://127.0.1/", "loopback"),
    ("https://127.0.0.1./", "loopback"),
    ("https://%31%32%37.0.0.1/", "loopback"),
    ("https://１２７.0.0.1/", "loopback"),
    ("https://127。0。0。1/", "loopback"),
    ("https://[::1]/", "loopback"),
    ("https://[0:0:0:0:0:0:0:1]/", "loopback"),
    ("https://[::ffff:127.0.0.1]/", "loopback"),
    ("https://[::ffff:7f00:1]/", "loopback"),
    ("https://[::127.0.0.1]/", "IPv4-compatible"),
    ("https://[64:ff9b::127.0.0.1]/", "loopback"),
    ("https://[2002:7f00:1::]/", "loopback"),
    // Private networks.
    ("https://10.0.0.1/", "private"),
    ("https://10.255.255.255/", "private"),
    ("https://167772161/", "private"),
    ("https://0xa.0.0.1/", "private"),
    ("https://012.0.0.1/", "private"),
    ("https://172.16.0.1/", "private"),
    ("https://172.31.255.255/", "private"),
    ("https://192.168.0.1/", "private"),
    ("https://192.168.257/", "private"),
    ("https://[::ffff:10.0.0.1]/", "private"),
    ("https://[64:ff9b::192.168.1.1]/", "private"),
    ("https://[2002:c0a8:101::1]/", "private"),
    ("https://[fc00::1]/", "unique local"),
    ("https://[fdff:ffff::1]/", "unique local"),
    // An ISATAP interface identifier under a public prefix.
    ("https://[2606:4700::5efe:10.0.0.1]/", "private"),
    ("https://[2606:4700::200:5efe:127.0.0.1]/", "loopback"),
    // Other places that are not on the internet.
    ("https://0.0.0.0/", "this network"),
    ("https://0/", "this network"),
    ("https://0.1.2.3/", "this network"),
    ("https://100.64.0.1/", "carrier-grade NAT"),
    ("https://100.127.255.255/", "carrier-grade NAT"),
    ("https://169.254.0.1/", "link-local"),
    ("https://192.0.0.1/", "protocol assignments"),
    ("https://192.0.2.1/", "documentation"),
    ("https://192.88.99.1/", "6to4 relay"),
    ("https://198.18.0.1/", "benchmarking"),
    ("https://198.19.255.255/", "benchmarking"),
    ("https://198.51.100.7/", "documentation"),
    ("https://203.0.113.7/", "documentation"),
    ("https://224.0.0.1/", "multicast"),
    ("https://239.255.255.255/", "multicast"),
    ("https://240.0.0.1/", "reserved"),
    ("https://255.255.255.255/", "broadcast"),
    ("https://[::]/", "unspecified"),
    ("https://[::8.8.8.8]/", "IPv4-compatible"),
    ("https://[::ffff:0:8.8.8.8]/", "not global unicast"),
    ("https://[64:ff9b:1::1]/", "NAT64"),
    ("https://[100::1]/", "discard"),
    ("https://[100:0:0:1::1]/", "dummy"),
    ("https://[2001::1]/", "Teredo"),
    ("https://[2001:2::1]/", "benchmarking"),
    ("https://[2001:10::1]/", "ORCHID"),
    ("https://[2001:20::1]/", "ORCHIDv2"),
    ("https://[2001:1::1]/", "protocol assignments"),
    ("https://[2001:db8::1]/", "documentation"),
    ("https://[3fff::1]/", "documentation"),
    ("https://[5f00::1]/", "SRv6"),
    ("https://[4000::1]/", "not global unicast"),
    ("https://[fe80::1]/", "link-local"),
    ("https://[fec0::1]/", "site-local"),
    ("https://[ff02::1]/", "multicast"),
    // Cloud metadata.
    ("https://169.254.169.254/latest/meta-data/", "cloud metadata"),
    ("https://2852039166/", "cloud metadata"),
    ("https://0xa9fea9fe/", "cloud metadata"),
    ("https://0251.0376.0251.0376/", "cloud metadata"),
    ("https://[::ffff:169.254.169.254]/", "cloud metadata"),
    ("https://[64:ff9b::a9fe:a9fe]/", "cloud metadata"),
    ("https://[2002:a9fe:a9fe::]/", "cloud metadata"),
    ("https://169.254.170.2/", "cloud metadata"),
    ("https://[fd00:ec2::254]/", "cloud metadata"),
    ("https://100.100.100.200/", "cloud metadata"),
    ("https://168.63.129.16/", "cloud metadata"),
    ("https://192.0.0.192/", "cloud metadata"),
    ("https://metadata.google.internal/", "metadata service"),
    ("https://METADATA.google.internal./", "metadata service"),
    // Names that mean something only locally.
    ("https://localhost/", "RFC 6761"),
    ("https://LOCALHOST./", "RFC 6761"),
    ("https://a.b.localhost/", "RFC 6761"),
    ("https://intranet/", "one label"),
    ("https://printer.local/", "RFC 6762"),
    ("https://db.prod.internal/", "private-use"),
    ("https://nas.home.arpa/", "RFC 8375"),
    ("https://x.onion/", "RFC 7686"),
    ("https://a..example.com/", "host name"),
    // Schemes, credentials, ports.
    ("http://example.com/", "use https"),
    ("ftp://example.com/", "scheme `ftp`"),
    ("file:///etc/passwd", "scheme `file`"),
    ("gopher://example.com/", "scheme `gopher`"),
    ("data:text/plain,hi", "scheme `data`"),
    ("https://user@example.com/", "user name"),
    ("https://user:pass@example.com/", "user name"),
    ("https://:pass@example.com/", "user name"),
    ("https://example.com:0/", "port 0"),
    ("https://example.com:22/", "port 22"),
    ("https://example.com:25/", "port 25"),
    ("https://example.com:587/", "port 587"),
    ("https://example.com:2049/", "port 2049"),
    ("https://example.com:6667/", "port 6667"),
    ("https://example.com:10080/", "port 10080"),
];

/// Everything a public endpoint may be.
const ACCEPTED: &[&str] = &[
    "https://example.com/",
    "https://example.com./hooks",
    "https://EXAMPLE.com/Hooks?x=1&y=%20#part",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://a.b.c.d.e.example.com/",
    "https://example.com:443/",
    "https://example.com:80/",
    "https://example.com:3000/",
    "https://example.com:8080/",
    "https://example.com:8443/",
    "https://example.com:65535/",
    "https://notlocalhost.com/",
    "https://localhost.example.com/",
    "https://internal.example.com/",
    "https://127.0.0.1.example.com/",
    "https://metadata.google.internal.example.com/",
    "https://hooks.site/@not-a-user",
    "https://1.1.1.1/",
    "https://8.8.8.8/",
    "https://134744072/",
    "https://0x08080808/",
    "https://010.010.010.010/",
    "https://9.255.255.255/",
    "https://11.0.0.0/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://126.255.255.255/",
    "https://128.0.0.0/",
    "https://169.253.255.255/",
    "https://169.255.0.0/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://192.0.1.0/",
    "https://192.0.3.0/",
    "https://192.88.98.255/",
    "https://192.167.255.255/",
    "https://192.169.0.0/",
    "https://198.17.255.255/",
    "https://198.20.0.0/",
    "https://203.0.112.255/",
    "https://203.0.114.0/",
    "https://223.255.255.255/",
    "https://168.63.129.17/",
    "https://[2606:4700:4700::1111]/",
    "https://[2001:200::1]/",
    "https://[2001:4860:4860::8888]/",
    "https://[2a00:1450::1]/",
    "https://[2003::1]/",
    "https://[3ffe:ffff::1]/",
    "https://[2606:4700::5efe:8.8.8.8]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::8.8.8.8]/",
    "https://[2002:808:808::1]/",
];

#[test]
fn every_refused_form_is_refused_and_says_why() {
    let guard = Guard::default();
    assert!(REFUSED.len() >= 60);
    for (url, word) in REFUSED {
        let why = judge(&guard, url, Reach::Public).expect_err(url).to_string();
        assert!(why.contains(word), "{url}: {why}");
    }
}

#[test]
fn every_accepted_form_is_accepted() {
    let guard = Guard::default();
    assert!(ACCEPTED.len() >= 40);
    for url in ACCEPTED {
        assert_eq!(judge(&guard, url, Reach::Public), Ok(()), "{url}");
    }
}

#[test]
fn the_sandbox_opens_http_loopback_and_private_networks() {
    let guard = Guard::default();
    for url in [
        "http://localhost:3000/",
        "http://127.0.0.1:3000/",
        "http://[::1]:3000/",
        "http://receiver:8080/hook",
        "http://app.local/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://[fd12::1]/",
        "https://[::ffff:127.0.0.1]/",
        "http://example.com/",
    ] {
        assert_eq!(judge(&guard, url, Reach::Sandbox), Ok(()), "{url}");
    }
}

#[test]
fn the_sandbox_keeps_metadata_and_everything_else_shut() {
    let guard = Guard::default();
    for url in [
        "http://169.254.169.254/",
        "http://169.254.0.1/",
        "http://100.100.100.200/",
        "http://100.64.0.1/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://192.0.0.192/",
        "http://168.63.129.16/",
        "http://metadata.google.internal/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[ff02::1]/",
        "http://localhost:22/",
        "http://user@localhost/",
        "ftp://localhost/",
    ] {
        assert!(judge(&guard, url, Reach::Sandbox).is_err(), "{url}");
    }
}

#[test]
fn an_operators_entry_opens_its_range_in_live_mode_and_nothing_beside_it() {
    let guard = opened(&["10.1.0.0/16", "fd12::/16", "169.254.0.0/16"]);
    assert_eq!(judge(&guard, "https://10.1.2.3/", Reach::Public), Ok(()));
    assert_eq!(judge(&guard, "https://[::ffff:10.1.2.3]/", Reach::Public), Ok(()));
    assert_eq!(judge(&guard, "https://[fd12::1]/", Reach::Public), Ok(()));
    assert_eq!(judge(&guard, "https://169.254.1.1/", Reach::Public), Ok(()));
    assert!(judge(&guard, "https://10.2.0.1/", Reach::Public).is_err());
    assert!(judge(&guard, "https://[fd13::1]/", Reach::Public).is_err());
    assert_eq!(judge(&guard, "http://10.1.2.3/", Reach::Public), Err(Refused::PlainHttp));
}

#[test]
fn metadata_opens_only_to_an_entry_that_is_the_very_address() {
    let wide = opened(&["0.0.0.0/0", "::/0"]);
    for address in ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254"]
    {
        let why = wide.address(ip(address), Reach::Sandbox).unwrap_err();
        assert!(why.to_string().contains("only by listing"), "{why}");
    }
    let exact = opened(&["169.254.169.254/32"]);
    assert_eq!(exact.address(ip("169.254.169.254"), Reach::Public), Ok(()));
    assert!(exact.address(ip("169.254.169.253"), Reach::Public).is_err());
}

#[test]
fn an_operator_with_an_open_network_may_use_internal_names() {
    let guard = opened(&["10.0.0.0/8"]);
    assert_eq!(judge(&guard, "https://hooks.corp.internal/", Reach::Public), Ok(()));
    assert!(judge(&guard, "https://metadata.google.internal/", Reach::Public).is_err());
}

#[test]
fn an_operator_may_allow_plain_http() {
    let guard = Guard::new(Vec::new(), true);
    assert_eq!(judge(&guard, "http://example.com/", Reach::Public), Ok(()));
    assert!(judge(&guard, "http://127.0.0.1/", Reach::Public).is_err());
}

#[test]
fn a_url_has_at_most_2048_bytes() {
    let guard = Guard::default();
    let fits = format!("https://example.com/{}", "a".repeat(2_048 - 20));
    assert_eq!(judge(&guard, &fits, Reach::Public), Ok(()));
    let over = judge(&guard, &format!("{fits}a"), Reach::Public);
    assert_eq!(over, Err(Refused::Length { bytes: 2_049 }));
}

#[test]
fn an_answer_that_mixes_public_and_refused_addresses_is_refused_whole() {
    let guard = Guard::default();
    let public = [ip("8.8.8.8"), ip("2606:4700::1111")];
    assert_eq!(guard.vet(&public, Reach::Public), Ok(public.to_vec()));
    let mixed = guard.vet(&[ip("8.8.8.8"), ip("10.0.0.1"), ip("1.1.1.1")], Reach::Public);
    assert!(matches!(&mixed, Err(Refused::Mixed { accepted: 2, .. })), "{mixed:?}");
    let wrapped = guard.vet(&[ip("8.8.8.8"), ip("64:ff9b::10.0.0.1")], Reach::Public);
    assert!(matches!(&wrapped, Err(Refused::Mixed { accepted: 1, .. })), "{wrapped:?}");
    let private = guard.vet(&[ip("10.0.0.1"), ip("10.0.0.2")], Reach::Public);
    assert!(matches!(&private, Err(Refused::Address { .. })), "{private:?}");
    assert_eq!(guard.vet(&[], Reach::Public), Err(Refused::NoAddress));
}

#[test]
fn a_refusal_names_the_range_its_source_and_the_way_in() {
    let why = Guard::default().address(ip("64:ff9b::10.1.2.3"), Reach::Public).unwrap_err();
    assert_eq!(
        why.to_string(),
        "address 64:ff9b::a01:203 (which means 10.1.2.3) is refused: private network (10.0.0.0/8, \
         RFC 1918); the operator can open it by listing 10.1.2.3/32 or its network in \
         `allow_cidrs`"
    );
}

fn forms(v4: Ipv4Addr) -> [IpAddr; 3] {
    let [a, b, c, d] = v4.octets();
    let high = u16::from_be_bytes([a, b]);
    let low = u16::from_be_bytes([c, d]);
    [
        IpAddr::V6(v4.to_ipv6_mapped()),
        IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low)),
        IpAddr::V6(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1)),
    ]
}

/// Half of the addresses at random, half near the edges of the ranges that matter.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let edges = [
        "9.255.255.255/30",
        "127.0.0.0/30",
        "169.254.169.252/30",
        "172.31.255.252/30",
        "192.0.0.192/31",
        "198.19.255.252/30",
        "224.0.0.0/30",
        "255.255.255.252/30",
    ];
    let edges: Vec<Ipv4Addr> = edges
        .iter()
        .flat_map(|net| net.parse::<ipnet::Ipv4Net>().expect("a network").hosts())
        .collect();
    prop_oneof![any::<u32>().prop_map(Ipv4Addr::from_bits), prop::sample::select(edges)]
}

proptest! {
    #[test]
    fn ipv4_inside_ipv6_has_the_verdict_of_the_ipv4(v4 in any_v4(), sandbox: bool, open: bool) {
        let reach = if sandbox { Reach::Sandbox } else { Reach::Public };
        let guard = if open { opened(&["10.0.0.0/8", "224.0.0.0/4"]) } else { Guard::default() };
        let verdict = guard.address(v4.into(), reach).is_ok();
        for form in forms(v4) {
            prop_assert_eq!(guard.address(form, reach).is_ok(), verdict, "{} as {}", v4, form);
        }
    }

    #[test]
    fn what_is_public_is_open_to_the_sandbox_too(bits: u128) {
        let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
        let guard = Guard::default();
        if guard.address(address, Reach::Public).is_ok() {
            prop_assert_eq!(guard.address(address, Reach::Sandbox), Ok(()));
        }
    }

    #[test]
    fn nothing_outside_the_global_unicast_block_is_public_unless_it_wraps_ipv4(bits: u128) {
        let v6 = Ipv6Addr::from_bits(bits);
        if Guard::default().address(v6.into(), Reach::Public).is_ok() {
            let first = v6.segments()[0];
            prop_assert!((first & 0xe000) == 0x2000 || first == 0x64 || first == 0, "{}", v6);
        }
    }
}
