//! The address guard as tables and as laws: every form of a forbidden place that we know of, every
//! form of a public one that must keep working, and what holds for any address. All forms go through
//! the same URL parser as an endpoint's.

mod accepted;
mod answers;
mod forms;
mod laws;
mod public;
mod refused;

use std::net::IpAddr;

use ipnet::IpNet;
use posthorn_engine::guard::{Guard, Refused};
use posthorn_engine::transport::Reach;
use url::Url;

fn judge(guard: &Guard, url: &str, reach: Reach) -> Result<(), Refused> {
    let url = Url::parse(url).unwrap_or_else(|error| panic!("{url:?}: {error}"));
    guard.url(&url, reach)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("the table holds addresses")
}

fn opened(nets: &[&str]) -> Guard {
    let nets = nets.iter().map(|net| net.parse::<IpNet>().expect("the table holds networks"));
    Guard::new(nets.collect(), false)
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
fn a_refusal_names_the_range_its_source_and_the_way_in() {
    let why = Guard::default().address(ip("64:ff9b::10.1.2.3"), Reach::Public).unwrap_err();
    assert_eq!(
        why.to_string(),
        "address 64:ff9b::a01:203 (which means 10.1.2.3) is refused: private network (10.0.0.0/8, \
         RFC 1918); the operator can open it by listing 10.1.2.3/32 or its network in \
         `allow_cidrs`"
    );
}
