//! The contracts' own vectors, and signatures that an independent program made over given bytes.

use jiff::Timestamp;
use posthorn_core::contract::{
    Contract, Fault, NotGenuine, Sending, SigningKey, Tolerance, embedded,
};
use posthorn_core::json::{Style, parse};

const SECRET: &str = "whsec_test_vector_0123456789abcdef";
const NOW: i64 = 1_795_305_600;

fn contract(name: &str) -> &'static Contract {
    embedded().iter().find(|contract| contract.name == name).expect("one of the six")
}

// === the files prove themselves ===

#[test]
fn the_six_are_embedded_in_a_fixed_order() {
    let names: Vec<_> = embedded().iter().map(|contract| contract.name.as_str()).collect();
    assert_eq!(names, ["techcorp", "payqi", "sentinelgate", "krxscale", "pagtracker", "standard"]);
}

#[test]
fn every_embedded_contract_comes_out_as_its_vectors_say() {
    let faults: Vec<String> =
        embedded().iter().flat_map(|contract| contract.prove()).map(|f| f.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_vector_that_does_not_come_out_is_told_with_the_place_where_it_parts() {
    let changed = contract("krxscale").source.replacen(
        "\"createdAt\": \"$created\"",
        "\"createdAt\": \"$type\"",
        1,
    );
    let faults = Contract::parse("krxscale.toml", &changed).unwrap().prove();
    let said: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(said[0].starts_with("krxscale.toml:"), "{said:?}");
    assert!(
        said[0].ends_with(
            "vector \"first attempt\": the body differs at character 92: \
             expected `createdAt\":\"2025-01-15T1`, made `createdAt\":\"payment.tran`"
        ),
        "{said:?}"
    );
    assert!(said[1].contains("header `X-Webhook-Signature` differs"), "{said:?}");
}

#[test]
fn a_contract_without_two_vectors_or_beyond_ascii_is_not_proved() {
    let source = &contract("payqi").source;
    let bare = source.split("[[vector]]").next().unwrap();
    let said: Vec<String> =
        Contract::parse("payqi.toml", bare).unwrap().prove().iter().map(Fault::to_string).collect();
    assert_eq!(
        said,
        [
            "payqi.toml:1:1: 0 vectors prove too little; a contract needs at least two",
            "payqi.toml:1:1: no vector has data with a character that is not ASCII; \
             encoding faults show only there: add one",
        ]
    );
}

#[test]
fn a_contracts_version_changes_with_any_byte_of_its_file() {
    let payqi = contract("payqi");
    let commented = Contract::parse("payqi.toml", &format!("{}# more\n", payqi.source)).unwrap();
    assert_ne!(payqi.version(), commented.version());
    assert_eq!(payqi.version(), Contract::parse("other", &payqi.source).unwrap().version());
}

// === signatures that an independent program made ===

struct Fact {
    contract: &'static str,
    body: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

const FACTS: [Fact; 6] = [
    Fact {
        contract: "techcorp",
        body: r#"{"id":"evt_000001","event":"payment.confirmed","data":{"order_id":"3f1c","amount":29990}}"#,
        headers: &[(
            "X-Webhook-Signature",
            "sha256=ba7821df380b815c899ac1157d432a209337352ef2e5a2b6735a464c149b0c59",
        )],
    },
    Fact {
        contract: "payqi",
        body: r#"{"id":"evt_1234567890","type":"payment.completed","created":1234567890,"data":{"id":"pay_abc123","amount":10.0,"currency":"XRP","status":"completed","pay_address":"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh","destination_tag":"123456","tx_hash":"ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB","metadata":{"order_id":"12345"}}}"#,
        headers: &[
            (
                "X-PayQI-Signature",
                "3201e5070d52147b64d29ff36f05db8c3ef8d4273200a7e6c8648f8f29307616",
            ),
            ("X-PayQI-Timestamp", "1795305600"),
        ],
    },
    Fact {
        contract: "sentinelgate",
        body: r#"{"event":"payment.completed","payment_id":"pay_clx1234567890","merchant_id":"mer_1","status":"COMPLETED","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"UKM1AB2C3D","timestamp":"2026-11-22T00:00:00Z","metadata":{"phone_number":"254712345678"}}"#,
        headers: &[(
            "X-Webhook-Signature",
            "37ef58dae93583de8474f7c2484a35af1134a22e605e8a1d901cde19c86bd0dc",
        )],
    },
    Fact {
        contract: "krxscale",
        body: r#"{"specVersion":"1.0","id":"evt_abc123","type":"payment.transaction.succeeded","createdAt":"2026-11-22T00:00:00Z","attempt":1,"idempotencyKey":"evt_abc123","clinicId":"clinic_xyz","resource":"payment_transaction","data":{"transaction":{"id":"tx_def456","amountCents":10000,"currency":"BRL"},"checkout":{"name":"João Silva"}}}"#,
        headers: &[
            (
                "X-Webhook-Signature",
                "t=1795305600,v1=c98723e508655275d55e967743b8d28c8d3d88e640ac5a9a5afc90c8b187e079",
            ),
            ("X-Webhook-Timestamp", "1795305600"),
        ],
    },
    Fact {
        contract: "krxscale",
        body: r#"{"specVersion":"1.0","id":"evt_abc123","type":"payment.transaction.succeeded","createdAt":"2026-11-22T00:00:00Z","attempt":2,"idempotencyKey":"evt_abc123","clinicId":"clinic_xyz","resource":"payment_transaction","data":{"transaction":{"id":"tx_def456","amountCents":10000,"currency":"BRL"},"checkout":{"name":"João Silva"}}}"#,
        headers: &[
            (
                "X-Webhook-Signature",
                "t=1795305660,v1=f079702e546bf2452daaafaaf94ec98eae931ab9ac58cdedfb98a80628bf97bb",
            ),
            ("X-Webhook-Timestamp", "1795305660"),
        ],
    },
    Fact {
        contract: "pagtracker",
        body: r#"{"event":"payment.confirmed","data":{"id":"5f3c","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"status":"pago"},"timestamp":"2026-11-22T00:00:00Z","signature":"d979c51edc689a08d67124c5b986019fd30fd22af550364085b24337a37f3a8f"}"#,
        headers: &[(
            "X-PagTracker-Signature",
            "ebe0f723b09b217cdb22aefa97145125d42ad0923d9faea702844cfab25eea6d",
        )],
    },
];

#[test]
fn given_bytes_are_signed_as_the_independent_program_signed_them() {
    for fact in &FACTS {
        let contract = contract(fact.contract);
        let timestamp = if fact.body.contains("\"attempt\":2") { NOW + 60 } else { NOW };
        let sending = sending("x", b"{}", 1, timestamp);
        let keys = [contract.key(SECRET).unwrap()];
        let made = contract.headers(&sending, fact.body.as_bytes(), &keys);
        for (name, value) in fact.headers {
            let header = made.iter().find(|(made, _)| made == name);
            assert_eq!(header.map(|(_, value)| value.as_str()), Some(*value), "{}", fact.contract);
        }
    }
}

#[test]
fn what_the_independent_program_signed_is_genuine_and_a_changed_byte_is_not() {
    for fact in &FACTS {
        let contract = contract(fact.contract);
        let verify = |body: &str| {
            contract.verify(fact.headers, body.as_bytes(), SECRET, Tolerance::new(NOW + 30, 300))
        };
        assert_eq!(verify(fact.body), Ok(()), "{}", fact.contract);
        let changed = fact.body.replacen("id\"", "iD\"", 1);
        assert_eq!(verify(&changed), Err(NotGenuine::Mismatch), "{}", fact.contract);
    }
}

#[test]
fn krxscale_renders_and_signs_each_attempt_as_the_independent_program_did() {
    let krxscale = contract("krxscale");
    let key: SigningKey = krxscale.key(SECRET).unwrap();
    for (attempt, fact) in [(1, &FACTS[3]), (2, &FACTS[4])] {
        let data = parse(fact.body.as_bytes()).unwrap().get("data").unwrap().to_vec(Style::Js);
        let timestamp = NOW + 60 * (i64::from(attempt) - 1);
        let sending = Sending {
            id: "evt_abc123",
            merchant: "clinic_xyz",
            ..sending("payment.transaction.succeeded", &data, attempt, timestamp)
        };
        let signed = krxscale.sign(&sending, std::slice::from_ref(&key)).unwrap();
        assert_eq!(String::from_utf8(signed.body).unwrap(), fact.body);
        for (name, value) in fact.headers {
            assert!(signed.headers.contains(&((*name).into(), (*value).into())), "{name}");
        }
    }
}

#[test]
fn pagtracker_and_sentinelgate_render_the_bodies_that_were_signed_elsewhere() {
    let pagtracker = contract("pagtracker");
    let data =
        br#"{"id":"5f3c","txid":"7978c0c97ea847e78e8849634473c1f1","valor":100.5,"status":"pago"}"#;
    let key = pagtracker.key(SECRET).unwrap();
    let signed = pagtracker.sign(&sending("payment.confirmed", data, 4, NOW), &[key]).unwrap();
    assert_eq!(String::from_utf8(signed.body).unwrap(), FACTS[5].body);

    let sentinelgate = contract("sentinelgate");
    let data = br#"{"metadata":{"phone_number":"254712345678"},"payment_id":"pay_clx1234567890","status":"COMPLETED","amount_cents":10000,"currency":"KES","provider":"MPESA_SAFARICOM","provider_reference":"UKM1AB2C3D"}"#;
    let sending = Sending { merchant: "mer_1", ..sending("payment.completed", data, 1, NOW) };
    let key = sentinelgate.key(SECRET).unwrap();
    let signed = sentinelgate.sign(&sending, &[key]).unwrap();
    assert_eq!(String::from_utf8(signed.body).unwrap(), FACTS[2].body);
}

/// The example of the Standard Webhooks reference libraries for Ed25519.
#[test]
fn an_ed25519_signature_is_the_one_that_the_reference_libraries_make() {
    let standard = contract("standard");
    let key = standard.key("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=").unwrap();
    let sending =
        Sending { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", ..sending("test", b"{}", 1, 1_614_265_330) };
    let headers = standard.headers(&sending, br#"{"test": 2432232314}"#, &[key]);
    let expected = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";
    assert!(headers.contains(&("webhook-signature".into(), expected.into())), "{headers:?}");
}

fn sending<'a>(kind: &'a str, data: &'a [u8], attempt: u32, timestamp: i64) -> Sending<'a> {
    Sending {
        id: "evt_1",
        kind,
        created: Timestamp::from_second(NOW).expect("a time of this century"),
        merchant: "mer_1",
        delivery: "dlv_1",
        attempt,
        sequence: None,
        timestamp,
        data,
        style: Style::Js,
    }
}
