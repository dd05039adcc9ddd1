//! DNS answers: what may be dialled of them, and answers that are refused whole.

use std::net::IpAddr;

use posthorn_engine::guard::{Guard, Refused};
use posthorn_engine::transport::Reach;

use crate::ip;

/// Answers that mix public addresses with one that is not, in every position and every disguise.
const MIXED: &[&[&str]] = &[
    &["8.8.8.8", "127.0.0.1"],
    &["127.0.0.1", "8.8.8.8"],
    &["8.8.8.8", "10.0.0.1", "1.1.1.1"],
    &["8.8.8.8", "169.254.169.254"],
    &["8.8.8.8", "100.64.0.1"],
    &["8.8.8.8", "192.175.48.1"],
    &["8.8.8.8", "0.0.0.0"],
    &["8.8.8.8", "255.255.255.255"],
    &["2606:4700::1111", "::1"],
    &["2606:4700::1111", "fe80::1"],
    &["2606:4700::1111", "fd00:ec2::254"],
    &["2606:4700::1111", "::ffff:10.0.0.1"],
    &["2606:4700::1111", "64:ff9b::127.0.0.1"],
    &["2606:4700::1111", "2002:7f00:1::"],
    &["2606:4700::1111", "2606:4700::5efe:10.0.0.1"],
    &["2606:4700::1111", "2002:808:808::5efe:10.0.0.1"],
    &["2606:4700::1111", "2620:4f:8000::1"],
    &["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::10.0.0.1"],
];

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| ip(text)).collect()
}

#[test]
fn an_answer_that_mixes_public_and_refused_addresses_is_refused_whole() {
    let guard = Guard::default();
    for answer in MIXED {
        let all = answer.len();
        match guard.vet(&ips(answer), Reach::Public) {
            Err(Refused::Mixed { accepted, .. }) => assert_eq!(accepted, all - 1, "{answer:?}"),
            other => panic!("{answer:?}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_of_public_addresses_alone_is_dialled_in_its_order() {
    let guard = Guard::default();
    let public = ips(&["8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "8.8.8.8"]);
    assert_eq!(guard.vet(&public, Reach::Public), Ok(public));
}

#[test]
fn an_answer_without_any_good_address_says_why_and_an_empty_one_that_it_is_empty() {
    let guard = Guard::default();
    let private = guard.vet(&ips(&["10.0.0.1", "10.0.0.2"]), Reach::Public);
    assert!(matches!(&private, Err(Refused::Address { .. })), "{private:?}");
    assert_eq!(guard.vet(&[], Reach::Public), Err(Refused::NoAddress));
}
