//! What holds for any address. The oracle is `public.rs`, which shares nothing with the guard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posthorn_engine::guard::{Guard, Refused};
use posthorn_engine::transport::Reach;
use proptest::prelude::*;

use crate::forms::{hosts, hosts_v4, isatap, wrapped};
use crate::public::{RESERVED_V4, RESERVED_V6, ends, is_public};
use crate::{judge, opened};

fn is_open(address: IpAddr) -> bool {
    Guard::default().address(address, Reach::Public).is_ok()
}

fn url(host: &str) -> String {
    format!("https://{host}/webhooks")
}

/// Refused because of its address, and not because the form is not understood.
fn refused_for_its_address(host: &str) -> bool {
    matches!(judge(&Guard::default(), &url(host), Reach::Public), Err(Refused::Address { .. }))
}

fn v4_between((first, last): (IpAddr, IpAddr), at: u32) -> Ipv4Addr {
    let (IpAddr::V4(first), IpAddr::V4(last)) = (first, last) else { panic!("an IPv4 network") };
    let size = u64::from(last.to_bits() - first.to_bits()) + 1;
    let offset = u32::try_from(u64::from(at) % size).expect("less than a network's size");
    Ipv4Addr::from_bits(first.to_bits() + offset)
}

fn v6_between((first, last): (IpAddr, IpAddr), at: u128) -> Ipv6Addr {
    let (IpAddr::V6(first), IpAddr::V6(last)) = (first, last) else { panic!("an IPv6 network") };
    let size = (last.to_bits() - first.to_bits()).saturating_add(1);
    Ipv6Addr::from_bits(first.to_bits() + at % size)
}

fn reserved_v4() -> impl Strategy<Value = Ipv4Addr> {
    let net = prop::sample::select(RESERVED_V4);
    (net, any::<u32>()).prop_map(|(net, at)| v4_between(ends(net), at))
}

/// Anywhere, and just as often right beside the edge of a reserved range.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let edges = RESERVED_V4.iter().flat_map(|net| {
        let ends = ends(net);
        let (first, last) = (v4_between(ends, 0).to_bits(), v4_between(ends, u32::MAX).to_bits());
        [first.wrapping_sub(1), first, last, last.wrapping_add(1)]
    });
    let edges: Vec<u32> = edges.collect();
    prop_oneof![any::<u32>(), prop::sample::select(edges)].prop_map(Ipv4Addr::from_bits)
}

fn any_v6() -> impl Strategy<Value = Ipv6Addr> {
    let reserved = (prop::sample::select(RESERVED_V6), any::<u128>())
        .prop_map(|(net, at)| v6_between(ends(net), at));
    let edges = prop::sample::select(RESERVED_V6).prop_flat_map(|net| {
        let (IpAddr::V6(first), IpAddr::V6(last)) = ends(net) else { panic!("an IPv6 network") };
        let (first, last) = (first.to_bits(), last.to_bits());
        let edges = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
        prop::sample::select(edges.to_vec()).prop_map(Ipv6Addr::from_bits)
    });
    let unicast = any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(1 << 125 | bits >> 3));
    let carries = (any_v4(), 0..8_usize).prop_map(|(v4, form)| {
        *wrapped(v4).iter().chain(&isatap(v4)).nth(form).expect("eight forms")
    });
    prop_oneof![any::<u128>().prop_map(Ipv6Addr::from_bits), unicast, reserved, edges, carries]
}

/// The first, the last and one in the middle of every reserved range, in every form.
#[test]
fn every_reserved_range_is_refused_in_every_form() {
    let mut forms = 0;
    for net in RESERVED_V4 {
        for at in [0, u32::MAX / 2, u32::MAX] {
            let v4 = v4_between(ends(net), at);
            for host in hosts_v4(v4).into_iter().chain(isatap(v4).map(|v6| format!("[{v6}]"))) {
                assert!(refused_for_its_address(&host), "{v4} of {net} as {host:?}");
                forms += 1;
            }
        }
    }
    for net in RESERVED_V6 {
        let (first, last) = ends(net);
        for host in hosts(first).into_iter().chain(hosts(last)) {
            assert!(refused_for_its_address(&host), "{net} as {host:?}");
            forms += 1;
        }
    }
    assert!(forms > 3_000, "{forms}");
}

#[test]
fn every_form_with_a_user_name_is_refused_whoever_it_names() {
    for v4 in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(8, 8, 8, 8)] {
        for host in hosts_v4(v4) {
            for user in ["user@", "user:pass@", ":pass@", "example.com@", "%40@"] {
                let url = url(&format!("{user}{host}"));
                let why = judge(&Guard::default(), &url, Reach::Public);
                assert_eq!(why, Err(Refused::Credentials), "{url:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_reserved_address_is_refused_in_every_form(v4 in reserved_v4()) {
        for host in hosts_v4(v4).into_iter().chain(isatap(v4).map(|v6| format!("[{v6}]"))) {
            prop_assert!(refused_for_its_address(&host), "{} as {:?}", v4, host);
        }
    }

    #[test]
    fn a_public_address_is_accepted_in_every_form(v4 in any_v4().prop_filter("public", |v4| is_public((*v4).into()))) {
        for host in hosts_v4(v4) {
            let verdict = judge(&Guard::default(), &url(&host), Reach::Public);
            prop_assert_eq!(verdict, Ok(()), "{} as {:?}", v4, host);
        }
    }

    #[test]
    fn the_guard_and_the_registries_agree_on_ipv4(v4 in any_v4()) {
        prop_assert_eq!(is_open(v4.into()), is_public(v4.into()), "{}", v4);
    }

    #[test]
    fn the_guard_and_the_registries_agree_on_ipv6(v6 in any_v6()) {
        prop_assert_eq!(is_open(v6.into()), is_public(v6.into()), "{}", v6);
    }

    #[test]
    fn a_url_has_the_verdict_of_the_address_that_it_leads_to(v6 in any_v6(), v4 in any_v4()) {
        for address in [IpAddr::from(v6), IpAddr::from(v4)] {
            for host in hosts(address) {
                let verdict = judge(&Guard::default(), &url(&host), Reach::Public);
                let meant: url::Url = url(&host).parse().unwrap();
                let meant: IpAddr = match meant.host() {
                    Some(url::Host::Ipv4(v4)) => v4.into(),
                    Some(url::Host::Ipv6(v6)) => v6.into(),
                    other => panic!("{host:?} is {other:?}"),
                };
                prop_assert_eq!(&verdict, &Guard::default().address(meant, Reach::Public));
                prop_assert_eq!(verdict.is_ok(), is_public(address), "{} as {:?}", address, host);
            }
        }
    }

    #[test]
    fn an_answer_is_dialled_exactly_if_every_address_in_it_is_public(
        answer in prop::collection::vec(
            prop_oneof![any_v4().prop_map(IpAddr::from), any_v6().prop_map(IpAddr::from)], 0..5),
    ) {
        let vetted = Guard::default().vet(&answer, Reach::Public);
        let good = !answer.is_empty() && answer.iter().all(|address| is_public(*address));
        prop_assert_eq!(vetted.is_ok(), good, "{:?}", answer);
        if let Ok(vetted) = vetted {
            prop_assert_eq!(vetted, answer);
        }
    }

    #[test]
    fn ipv4_inside_ipv6_has_the_verdict_of_the_ipv4(v4 in any_v4(), sandbox: bool, open: bool) {
        let reach = if sandbox { Reach::Sandbox } else { Reach::Public };
        let guard = if open { opened(&["10.0.0.0/8", "224.0.0.0/4"]) } else { Guard::default() };
        let verdict = guard.address(v4.into(), reach).is_ok();
        for form in wrapped(v4) {
            prop_assert_eq!(guard.address(form.into(), reach).is_ok(), verdict, "{}", form);
        }
    }

    #[test]
    fn what_is_public_is_open_to_the_sandbox_too(v6 in any_v6()) {
        if is_open(v6.into()) {
            prop_assert_eq!(Guard::default().address(v6.into(), Reach::Sandbox), Ok(()));
        }
    }
}
