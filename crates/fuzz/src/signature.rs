//! Signing and verifying, over every embedded contract: what was signed verifies, and after any
//! change to it does not.

use std::sync::Arc;

use posthorn_core::contract::{Contract, Sending, Signed, SigningKey, Tolerance, embedded};
use posthorn_core::event::Payload;
use posthorn_core::json::Style;

use crate::line;

/// One secret for every contract, should the input's not do.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Lines: contract, secret, id, timestamp, style, where to tamper; then the data.
pub(crate) fn signature(bytes: &[u8]) {
    let (name, rest) = line(bytes);
    let (secret, rest) = line(rest);
    let (id, rest) = line(rest);
    let (timestamp, rest) = line(rest);
    let (style, rest) = line(rest);
    let (tampering, data) = line(rest);
    let contract = contract(name);
    let (secret, key) = match contract.key(secret) {
        Ok(key) => (secret, key),
        Err(_) => (SECRET, contract.key(SECRET).expect("a secret for any contract")),
    };
    let Ok((data, _)) = Payload::parse(data) else { return };
    let visible = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
    let timestamp = timestamp.parse().unwrap_or(1_795_305_600);
    let sending = Sending {
        id: if visible { id } else { "evt_1" },
        kind: "payment.confirmed",
        created: "2026-11-22T00:00:00Z".parse().expect("a time"),
        merchant: "mer_1",
        delivery: "dlv_1",
        attempt: 1,
        sequence: None,
        timestamp,
        data: data.as_bytes(),
        style: Style::from_name(style).unwrap_or_default(),
    };
    let Ok(signed) = contract.sign(&sending, &[key]) else { return };
    let sent = Sent { contract: &contract, secret, timestamp };
    assert_eq!(sent.verify(&signed), Ok(()), "{}", contract.name);
    let at = tampering.bytes().fold(7_usize, |at, byte| at.wrapping_mul(31) + usize::from(byte));
    sent.refuses_a_changed_body(&signed, at);
    sent.refuses_a_changed_header(&signed, &sending, at);
    sent.refuses_another_secret_and_another_time(&signed);
}

/// The contract of that name, or one that the name's length chooses.
pub(crate) fn contract(name: &str) -> Arc<Contract> {
    let all = embedded();
    let named = all.iter().find(|contract| contract.name == name);
    let any = || all.get(name.len() % all.len()).expect("there are six");
    Arc::clone(named.unwrap_or_else(any))
}

struct Sent<'a> {
    contract: &'a Contract,
    secret: &'a str,
    timestamp: i64,
}

impl Sent<'_> {
    fn verify(&self, signed: &Signed) -> Result<(), posthorn_core::contract::NotGenuine> {
        let clock = Tolerance::new(self.timestamp, 300);
        self.contract.verify(&signed.headers, &signed.body, self.secret, clock)
    }

    fn refuses_a_changed_body(&self, signed: &Signed, at: usize) {
        let mut changed = signed.clone();
        let length = changed.body.len();
        if let Some(byte) = changed.body.get_mut(at % length) {
            *byte ^= 1 << (at % 7);
        }
        assert!(self.verify(&changed).is_err(), "{}: a changed body", self.contract.name);
        let body = signed.body.iter().take(at % length).copied().collect();
        let shorter = Signed { body, ..signed.clone() };
        assert!(self.verify(&shorter).is_err(), "{}: a shorter body", self.contract.name);
        let mut longer = signed.clone();
        longer.body.push(b' ');
        assert!(self.verify(&longer).is_err(), "{}: a longer body", self.contract.name);
    }

    /// The headers that carry the signature are those that another key makes different.
    fn refuses_a_changed_header(&self, signed: &Signed, sending: &Sending<'_>, at: usize) {
        let other = self.other_key();
        let others = self.contract.headers(sending, &signed.body, &[other]);
        for (index, (ours, theirs)) in signed.headers.iter().zip(&others).enumerate() {
            if ours == theirs {
                continue;
            }
            let mut changed = signed.clone();
            let (_, value) = changed.headers.get_mut(index).expect("the same headers");
            let mut letters: Vec<char> = value.chars().collect();
            let length = letters.len();
            if let Some(letter) = letters.get_mut(at % length) {
                *letter = if *letter == '0' { '1' } else { '0' };
            }
            *value = letters.into_iter().collect();
            assert!(self.verify(&changed).is_err(), "{changed:?}");
            changed.headers.remove(index);
            assert!(self.verify(&changed).is_err(), "{}: unsigned", self.contract.name);
        }
    }

    fn refuses_another_secret_and_another_time(&self, signed: &Signed) {
        let clock = Tolerance::new(self.timestamp, 300);
        let (headers, body) = (&signed.headers, &signed.body);
        let other = self.contract.verify(headers, body, &self.other_secret(), clock);
        assert!(other.is_err(), "{}: another secret", self.contract.name);
        let carries = self.contract.verify(headers, body, self.secret, Tolerance::new(0, -1));
        for late in [301, -301] {
            let clock = Tolerance::new(self.timestamp.saturating_add(late), 300);
            let verdict = self.contract.verify(headers, body, self.secret, clock);
            let moved = clock.now_unix.abs_diff(self.timestamp) > 300;
            assert_eq!(verdict.is_err(), moved && carries.is_err(), "{}", self.contract.name);
        }
    }

    /// Base64 of other bytes, and as text another key in every form. One that begins alike would
    /// not do: HMAC pads a key with zeros, so zeros behind a key are the same key (RFC 2104,
    /// section 2).
    fn other_secret(&self) -> String {
        let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        if self.secret.starts_with("whsec_AAEC") { SECRET.to_owned() } else { other.to_owned() }
    }

    fn other_key(&self) -> SigningKey {
        self.contract.key(&self.other_secret()).expect("a secret for any contract")
    }
}
