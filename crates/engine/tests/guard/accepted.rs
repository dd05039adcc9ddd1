//! Everything that a public endpoint may be.

use posthorn_engine::guard::Guard;
use posthorn_engine::transport::Reach;

use crate::judge;

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
    "https://example.com./",
    "https://example.com#@127.0.0.1/",
    "https://example.com?@127.0.0.1/",
    "https://example.com/@127.0.0.1/",
    "https://example.com/%2e%2e//127.0.0.1/",
    "https://straße.example/",
    "https://日本語.example/",
    "https://Ｅｘａｍｐｌｅ.com/",
    "https://example。com/",
    "https://exam%70le.com/",
    "https://xn--fsq.example/",
    "https://8.8.8.8./",
    "https://8.8.2056/",
    "https://8.526344/",
    "https://0x8.0x8.010.8/",
    "https://８.８.８.８/",
    "https://[::FFFF:8.8.8.8]:8443/",
    "https://[2606:4700:4700:0000:0000:0000:0000:1111]/",
    "https://[2002:808:808::5efe:8.8.4.4]/",
    "https://[2620:4f:7fff::1]/",
    "https://[2620:4f:8001::1]/",
    "https://192.175.47.255/",
    "https://192.175.49.0/",
    "https://localhost.localdomain.example/",
    "https://1.example.com/",
    "https://0x7f000001.example.com/",
];

#[test]
fn every_accepted_form_is_accepted() {
    let guard = Guard::default();
    assert!(ACCEPTED.len() >= 40, "{}", ACCEPTED.len());
    for url in ACCEPTED {
        assert_eq!(judge(&guard, url, Reach::Public), Ok(()), "{url}");
    }
}
