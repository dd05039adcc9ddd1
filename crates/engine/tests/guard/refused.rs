//! Everything that is refused to a public endpoint, each with a word that the refusal must contain.

use posthorn_engine::guard::Guard;
use posthorn_engine::transport::Reach;
use url::Url;

use crate::judge;

/// Everything refused to a public endpoint, with a word that the refusal must contain.
pub(crate) const REFUSED: &[(&str, &str)] = &[
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
    // More spellings of IPv4.
    ("https://0x7F.0.0.1/", "loopback"),
    ("https://0X7F000001/", "loopback"),
    ("https://0x7f.0x0.0x0.0x1/", "loopback"),
    ("https://0177.0.01/", "loopback"),
    ("https://127.0x1/", "loopback"),
    ("https://2130706433./", "loopback"),
    ("https://0x7f000001./", "loopback"),
    ("https://[::FFFF:7F00:0001]/", "loopback"),
    ("https://[0000:0000:0000:0000:0000:ffff:127.0.0.1]/", "loopback"),
    ("https://127.0.0.1:8443/", "loopback"),
    ("https://[::1]:8443/", "loopback"),
    ("https://127%2E0%2e0.1/", "loopback"),
    ("https://%30%78%37%66.1/", "loopback"),
    ("https://①②⑦.⓪.⓪.①/", "loopback"),
    ("https://127．0．0．1/", "loopback"),
    ("https://127｡0｡0｡1/", "loopback"),
    ("https://127.0.\t0.1/", "loopback"),
    ("https://127.0.0.\u{ad}1/", "loopback"),
    ("https:127.0.0.1/", "loopback"),
    ("https:///127.0.0.1/", "loopback"),
    ("https:\\\\127.0.0.1\\", "loopback"),
    ("https://127.0.0.1\\@example.com/", "loopback"),
    ("https://127.0.0.1#@example.com/", "loopback"),
    ("https://127.0.0.1?@example.com/", "loopback"),
    ("  https://127.0.0.1/  ", "loopback"),
    ("HTTPS://127.0.0.1/", "loopback"),
    ("https://192.168.0.1./", "private"),
    ("https://0300.0250.0.1/", "private"),
    ("https://3232235521/", "private"),
    ("https://0xC0A80001/", "private"),
    ("https://172.1048577/", "private"),
    // The rest of the registries.
    ("https://192.31.196.1/", "AS112"),
    ("https://192.52.193.1/", "multicast tunnelling"),
    ("https://192.175.48.1/", "AS112"),
    ("https://192.0.0.8/", "protocol assignments"),
    ("https://192.0.0.170/", "protocol assignments"),
    ("https://192.88.99.2/", "6to4 relay"),
    ("https://[2620:4f:8000::1]/", "AS112"),
    ("https://[2001:1::3]/", "protocol assignments"),
    ("https://[2001:3::1]/", "protocol assignments"),
    ("https://[2001:4:112::1]/", "protocol assignments"),
    ("https://[2001:30::1]/", "protocol assignments"),
    ("https://[2001:0:808:808::1]/", "Teredo"),
    ("https://[64:ff9b:0:1::8.8.8.8]/", "not global unicast"),
    // Each of the other ranges inside IPv6.
    ("https://[::ffff:0.0.0.0]/", "this network"),
    ("https://[::ffff:100.64.0.1]/", "carrier-grade NAT"),
    ("https://[::ffff:192.0.2.1]/", "documentation"),
    ("https://[::ffff:198.18.0.1]/", "benchmarking"),
    ("https://[::ffff:224.0.0.1]/", "multicast"),
    ("https://[::ffff:240.0.0.1]/", "reserved"),
    ("https://[::ffff:255.255.255.255]/", "broadcast"),
    ("https://[64:ff9b::]/", "this network"),
    ("https://[64:ff9b::6440:1]/", "carrier-grade NAT"),
    ("https://[64:ff9b::172.16.0.1]/", "private"),
    ("https://[2002:a00:1::]/", "private"),
    ("https://[2002:6440:1::]/", "carrier-grade NAT"),
    ("https://[2002:ffff:ffff::]/", "broadcast"),
    // ISATAP below a 6to4 prefix: both addresses count.
    ("https://[2002:808:808::5efe:10.0.0.1]/", "private"),
    ("https://[2002:808:808::200:5efe:169.254.169.254]/", "cloud metadata"),
    // Names that IDNA or percent-decoding turns into ones that mean something only locally.
    ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "RFC 6761"),
    ("https://ｌｏｃａｌｈｏｓｔ/", "RFC 6761"),
    ("https://loc\u{ad}alhost/", "RFC 6761"),
    ("https://%6c%6f%63alhost/", "RFC 6761"),
    ("https://localhost%2e/", "RFC 6761"),
    ("https://LocalHost:8443/", "RFC 6761"),
    ("https://printer。local/", "RFC 6762"),
    ("https://metadata。google。internal/", "metadata service"),
    ("https://metadata.goog/", "metadata service"),
    ("https://instance-data.ec2.internal./", "metadata service"),
    ("https://example.com../", "host name"),
    ("https://./", "host name"),
    ("wss://example.com/", "scheme `wss`"),
    ("https://example.com@127.0.0.1/", "user name"),
    ("https://user@127.0.0.1/", "user name"),
    ("https://%00@[::1]/", "user name"),
];

/// What is no URL at all, with a word of the parser's: an endpoint cannot even be created with it.
pub(crate) const UNREADABLE: &[(&str, &str)] = &[
    ("https://[fe80::1%25eth0]/", "IPv6"),
    ("https://[fe80::1%eth0]/", "IPv6"),
    ("https://[::1%25lo]/", "IPv6"),
    ("https://[::1%lo]/", "IPv6"),
    ("https://[::ffff:127.0.0.1%25lo]/", "IPv6"),
    ("https://[v1.127.0.0.1]/", "IPv6"),
    ("https://[127.0.0.1]/", "IPv6"),
    ("https://[::127.1]/", "IPv6"),
    ("https://[::ffff:0x7f.0.0.1]/", "IPv6"),
    ("https://[::ffff:127.0.0.01]/", "IPv6"),
    ("https://[::1/", "IPv6"),
    ("https://[1::2::3]/", "IPv6"),
    ("https://::1/", "empty host"),
    ("https://256.0.0.1/", "IPv4"),
    ("https://127.0.0.256/", "IPv4"),
    ("https://4294967296/", "IPv4"),
    ("https://0x100000000/", "IPv4"),
    ("https://1.2.3.4.5/", "IPv4"),
    ("https://127.0.0.1.0x/", "IPv4"),
    ("https://08.0.0.1/", "IPv4"),
    ("https://example.com.1/", "IPv4"),
    ("https://127.0.0.1%00.example.com/", "domain"),
    ("https://127.0.0.1%2f.example.com/", "domain"),
    ("https://127.0.0.1 .example.com/", "domain"),
    ("https://local%20host/", "domain"),
    ("https://xn--a/", "domain"),
    ("https://127.0.0.1:99999/", "port"),
    ("https://127.0.0.1:0x50/", "port"),
    ("https://", "empty host"),
    ("https://user@/", "empty host"),
    ("//127.0.0.1/", "relative"),
    ("127.0.0.1", "relative"),
];

#[test]
fn every_refused_form_is_refused_and_says_why() {
    let guard = Guard::default();
    assert!(REFUSED.len() >= 120, "{}", REFUSED.len());
    for (url, word) in REFUSED {
        let why = judge(&guard, url, Reach::Public).expect_err(url).to_string();
        assert!(why.contains(word), "{url}: {why}");
    }
}

#[test]
fn no_form_is_counted_twice() {
    let mut forms: Vec<&str> = REFUSED.iter().chain(UNREADABLE).map(|(url, _)| *url).collect();
    let all = forms.len();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms.len(), all);
}

#[test]
fn what_is_no_url_is_refused_before_the_guard_sees_it() {
    for (text, word) in UNREADABLE {
        let why = Url::parse(text).expect_err(text).to_string();
        assert!(why.contains(word), "{text}: {why}");
    }
}
