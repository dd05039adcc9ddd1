//! Signing and the receiving side: what is accepted, what is refused, and how it is said.

use jiff::Timestamp;
use posthorn_core::contract::{
    BadSecret, Contract, NotGenuine, Sending, Signed, SigningKey, Tolerance, Unsendable, embedded,
};
use posthorn_core::json::Style;

const SECRET: &str = "whsec_fake_0123456789abcdef";
const NOW: i64 = 1_795_305_600;

fn contract(name: &str) -> &'static Contract {
    embedded().iter().find(|contract| contract.name == name).expect("one of the six")
}

fn sending(attempt: u32, data: &[u8]) -> Sending<'_> {
    Sending {
        id: "evt_1",
        kind: "payment.confirmed",
        created: Timestamp::from_second(NOW).expect("a time of this century"),
        merchant: "mer_1",
        delivery: "dlv_1",
        attempt,
        sequence: None,
        timestamp: NOW,
        data,
        style: Style::Js,
    }
}

fn sign(contract: &Contract, secrets: &[&str]) -> Signed {
    let keys: Vec<SigningKey> =
        secrets.iter().map(|secret| contract.key(secret).expect("a sound secret")).collect();
    contract.sign(&sending(1, b"{\"amount\":10}"), &keys).expect("a small body")
}

fn header<'s>(signed: &'s Signed, name: &str) -> Option<&'s str> {
    signed.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

fn without(signed: &Signed, name: &str) -> Vec<(String, String)> {
    signed.headers.iter().filter(|(other, _)| other != name).cloned().collect()
}

fn with(signed: &Signed, name: &str, value: &str) -> Vec<(String, String)> {
    let mut headers = without(signed, name);
    headers.push((name.into(), value.into()));
    headers
}

// === signing ===

#[test]
fn every_contract_sends_the_event_its_type_the_delivery_and_the_attempt() {
    for contract in embedded() {
        let secret = contract.secret.make(&[7; 32]);
        let key = contract.key(secret.expose()).unwrap();
        let signed = contract.sign(&sending(3, b"{}"), &[key]).unwrap();
        assert_eq!(header(&signed, "X-Event-Id"), Some("evt_1"), "{}", contract.name);
        assert_eq!(header(&signed, "X-Event-Type"), Some("payment.confirmed"));
        assert_eq!(header(&signed, "X-Delivery-Id"), Some("dlv_1"));
        assert_eq!(header(&signed, "X-Delivery-Attempt"), Some("3"));
        assert_eq!(header(&signed, "Content-Type"), Some("application/json"));
        assert!(header(&signed, "User-Agent").is_some());
    }
}

#[test]
fn a_second_attempt_at_krxscale_has_other_bytes_and_everywhere_else_the_same() {
    for contract in embedded() {
        let body = |attempt| contract.body(&sending(attempt, b"{}"), None).unwrap();
        assert_eq!(body(1) == body(2), contract.name != "krxscale", "{}", contract.name);
    }
}

#[test]
fn without_a_secret_nothing_that_carries_a_signature_is_sent() {
    let signed = sign(contract("pagtracker"), &[]);
    assert_eq!(header(&signed, "X-PagTracker-Signature"), None);
    assert_eq!(header(&signed, "X-Event-Id"), Some("evt_1"));
    assert!(!String::from_utf8(signed.body).unwrap().contains("signature"));
}

#[test]
fn where_there_is_room_for_one_signature_the_first_secret_makes_it() {
    let payqi = contract("payqi");
    assert!(!payqi.signs_with_all_keys());
    let signed = sign(payqi, &["old", "new"]);
    assert_eq!(payqi.verify(&signed.headers, &signed.body, "old", Tolerance::new(NOW, 0)), Ok(()));
    let new = payqi.verify(&signed.headers, &signed.body, "new", Tolerance::new(NOW, 0));
    assert_eq!(new, Err(NotGenuine::Mismatch));
}

#[test]
fn where_there_is_room_for_all_both_secrets_of_a_rotation_verify() {
    let standard = contract("standard");
    assert!(standard.signs_with_all_keys());
    let old = standard.secret.make(&[1; 32]);
    let new = standard.secret.make(&[2; 32]);
    let signed = sign(standard, &[old.expose(), new.expose()]);
    for secret in [&old, &new] {
        let genuine =
            standard.verify(&signed.headers, &signed.body, secret.expose(), Tolerance::new(NOW, 0));
        assert_eq!(genuine, Ok(()));
    }
    let stranger = standard.secret.make(&[3; 32]);
    let stranger =
        standard.verify(&signed.headers, &signed.body, stranger.expose(), Tolerance::new(NOW, 0));
    assert_eq!(stranger, Err(NotGenuine::Mismatch));
}

#[test]
fn a_body_at_the_limit_is_sent_and_one_byte_more_is_not() {
    let krxscale = contract("krxscale");
    let empty = krxscale.body(&sending(10, b"{\"a\":\"\"}"), None).unwrap().len();
    let filled = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes));
    let limit = krxscale.body_bytes_max;
    let fits = filled(limit - empty);
    assert_eq!(krxscale.body(&sending(10, fits.as_bytes()), None).unwrap().len(), limit);
    let over = filled(limit - empty + 1);
    let refused = krxscale.body(&sending(10, over.as_bytes()), None);
    assert_eq!(refused, Err(Unsendable::TooLarge { bytes: limit + 1, limit }));
}

#[test]
fn a_body_that_only_the_tenth_attempt_makes_too_large_is_refused_at_the_first() {
    let krxscale = contract("krxscale");
    let empty = krxscale.body(&sending(1, b"{\"a\":\"\"}"), None).unwrap().len();
    let limit = krxscale.body_bytes_max;
    let data = format!("{{\"a\":\"{}\"}}", "x".repeat(limit - empty));
    let refused = krxscale.body(&sending(1, data.as_bytes()), None);
    assert_eq!(refused, Err(Unsendable::TooLarge { bytes: limit + 1, limit }));
}

#[test]
fn a_made_secret_has_its_contracts_form() {
    let made = |name: &str| contract(name).secret.make(&[0xff; 32]).expose().to_owned();
    assert_eq!(made("krxscale"), format!("whsec_{}", "ff".repeat(32)));
    assert_eq!(made("pagtracker"), "ff".repeat(32));
    assert_eq!(made("standard"), "whsec_//////////////////////////////////////////8=");
    assert!(contract("pagtracker").secret.optional);
    assert!(!contract("payqi").secret.optional);
}

// === schedules ===

#[test]
fn each_contract_tries_as_often_and_as_patiently_as_its_guide_says() {
    let waits_min = |name: &str| -> Vec<i64> {
        contract(name).retry.waits.iter().map(jiff::SignedDuration::as_mins).collect()
    };
    assert_eq!(waits_min("techcorp"), [1, 5, 30, 120]);
    assert_eq!(waits_min("sentinelgate"), [1, 5, 15, 60]);
    let krxscale = [1, 5, 15, 60, 360, 1440, 2880, 4320, 5760];
    assert_eq!(waits_min("krxscale"), krxscale);
    assert_eq!(krxscale.iter().sum::<i64>(), 247 * 60 + 21, "the guide's last row");
    assert_eq!(waits_min("payqi"), krxscale);
    assert_eq!(waits_min("pagtracker"), [5, 15, 30, 60, 180, 360]);
    assert_eq!(waits_min("standard"), [0, 5, 30, 120, 300, 600, 840, 1200, 1440]);
    assert_eq!(contract("standard").retry.waits[0].as_secs(), 5);
    let timeouts: Vec<u64> = embedded().iter().map(|c| c.retry.timeout.as_secs()).collect();
    assert_eq!(timeouts, [5, 15, 15, 15, 5, 20]);
    let exhausted: Vec<&str> = embedded().iter().map(|c| c.retry.exhausted.as_str()).collect();
    assert_eq!(exhausted, ["DLQ", "failed", "failed", "FAILED", "falho", "failed"]);
    let pauses: Vec<bool> = embedded().iter().map(|c| c.retry.pause_after.is_some()).collect();
    assert_eq!(pauses, [false, false, false, false, false, true]);
}

// === receiving ===

#[test]
fn a_request_is_genuine_within_the_tolerance_and_stale_beyond_it() {
    for name in ["payqi", "krxscale"] {
        let contract = contract(name);
        let signed = sign(contract, &[SECRET]);
        let at =
            |now| contract.verify(&signed.headers, &signed.body, SECRET, Tolerance::new(now, 300));
        assert_eq!(at(NOW + 300), Ok(()));
        assert_eq!(at(NOW - 300), Ok(()));
        assert_eq!(at(NOW + 301), Err(NotGenuine::Stale { age_s: 301, tolerance_s: 300 }));
        assert_eq!(at(NOW - 301), Err(NotGenuine::Stale { age_s: -301, tolerance_s: 300 }));
    }
}

#[test]
fn krxscales_two_timestamps_must_agree() {
    let krxscale = contract("krxscale");
    let signed = sign(krxscale, &[SECRET]);
    let refreshed = with(&signed, "X-Webhook-Timestamp", &(NOW + 900).to_string());
    let refused = krxscale.verify(&refreshed, &signed.body, SECRET, Tolerance::new(NOW + 900, 300));
    let header = "X-Webhook-Timestamp".to_owned();
    assert_eq!(refused, Err(NotGenuine::Contradiction { header, hole: "{timestamp}" }));
    let alone = without(&signed, "X-Webhook-Timestamp");
    assert_eq!(krxscale.verify(&alone, &signed.body, SECRET, Tolerance::new(NOW, 300)), Ok(()));
}

#[test]
fn a_missing_or_misshapen_header_is_named() {
    let techcorp = contract("techcorp");
    let signed = sign(techcorp, &[SECRET]);
    let verify = |headers: &[(String, String)]| {
        techcorp
            .verify(headers, &signed.body, SECRET, Tolerance::new(NOW, 300))
            .unwrap_err()
            .to_string()
    };
    let name = "X-Webhook-Signature";
    assert_eq!(verify(&without(&signed, name)), "header `X-Webhook-Signature` is missing");
    assert_eq!(
        verify(&with(&signed, name, "md5=00")),
        "header `X-Webhook-Signature` does not have the contract's form"
    );
    let upper = header(&signed, name).unwrap().to_uppercase().replace("SHA256", "sha256");
    assert_eq!(
        techcorp.verify(&with(&signed, name, &upper), &signed.body, SECRET, Tolerance::new(NOW, 0)),
        Err(NotGenuine::Mismatch),
        "the guide's verifier compares lower-case text"
    );
}

#[test]
fn a_headers_name_is_known_in_any_case() {
    let payqi = contract("payqi");
    let signed = sign(payqi, &[SECRET]);
    let lower: Vec<_> =
        signed.headers.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    assert_eq!(payqi.verify(&lower, &signed.body, SECRET, Tolerance::new(NOW, 0)), Ok(()));
}

#[test]
fn pagtrackers_body_carries_its_own_signature_in_every_style() {
    let pagtracker = contract("pagtracker");
    let key = [pagtracker.key(SECRET).unwrap()];
    for style in Style::ALL {
        let sending = Sending { style, ..sending(1, "{\"nome\":\"João\"}".as_bytes()) };
        let sealed = pagtracker.sign(&sending, &key).unwrap();
        assert_eq!(
            pagtracker.verify(&sealed.headers, &sealed.body, SECRET, Tolerance::new(NOW, 0)),
            Ok(())
        );
        // Somebody who has the secret, but leaves the inner signature out.
        let bare = pagtracker.body(&sending, None).unwrap();
        let headers = pagtracker.headers(&sending, &bare, &key);
        let refused = pagtracker.verify(&headers, &bare, SECRET, Tolerance::new(NOW, 0));
        assert_eq!(refused, Err(NotGenuine::BodyMismatch), "{style:?}");
    }
}

#[test]
fn a_public_key_is_all_that_a_receiver_of_ed25519_needs() {
    let standard = contract("standard");
    let secret = "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let public = standard.key(secret).unwrap().public().unwrap();
    let signed = sign(standard, &[secret]);
    assert_eq!(
        standard.verify(&signed.headers, &signed.body, &public, Tolerance::new(NOW, 0)),
        Ok(())
    );
    let changed = with(&signed, "webhook-id", "evt_2");
    let changed = without(&Signed { headers: changed, body: Vec::new() }, "X-Event-Id");
    let refused = standard.verify(&changed, &signed.body, &public, Tolerance::new(NOW, 0));
    assert_eq!(refused, Err(NotGenuine::Mismatch), "the id is signed too");
    assert_eq!(standard.key(&public).err(), Some(BadSecret::PublicKey));
}

#[test]
fn a_signature_of_a_scheme_that_the_key_does_not_have_is_no_signature() {
    let standard = contract("standard");
    let hmac = standard.secret.make(&[7; 32]);
    let signed = sign(standard, &[hmac.expose()]);
    let as_ed25519 = header(&signed, "webhook-signature").unwrap().replace("v1,", "v1a,");
    let headers = with(&signed, "webhook-signature", &as_ed25519);
    let refused = standard.verify(&headers, &signed.body, hmac.expose(), Tolerance::new(NOW, 0));
    assert_eq!(refused, Err(NotGenuine::Mismatch));
}
