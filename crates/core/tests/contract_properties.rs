//! Bodies hold for any data: they are fixed points of the language they are printed for, and the
//! fast way to render one gives what the slow way gives.

use jiff::Timestamp;
use posthorn_core::contract::{Contract, Sending, Tolerance, embedded};
use posthorn_core::json::{Json, Style, parse};
use proptest::prelude::*;

/// Every way an envelope can be shaped, in one.
const SHAPES: &str = r#"
name = "shapes"
title = "Shapes"
language = "en"
body_bytes_max = 16777216
envelope = '''
{
  "optional_first": "$data.a",
  "nested": {"deep": {"x": "$data.b.c"}, "list": [1, "$id", {"t": "$type"}], "…": null},
  "all": {"...": "$data"},
  "named": {"a": "$data.a", "...": "$data", "é": 1.50},
  "when": ["$created", "$created_unix", "$attempt", "$merchant", "R$ 10"],
  "...": "$data",
  "sealed": "$signature"
}
'''
headers = [["X-Signature", "{signature}"]]
[signature]
content = "{body}"
key = "utf8"
encoding = "base64"
[secret]
bytes = 32
encoding = "hex"
[retry]
waits = []
timeout = "5s"
exhausted = "failed"
pause_after = "never"
[[event]]
type = "a.b"
description = "Anything"
sample = "{}"
"#;

fn contracts() -> Vec<Contract> {
    let shapes = Contract::parse("shapes.toml", SHAPES).expect("a sound contract");
    embedded().iter().map(|contract| (**contract).clone()).chain([shapes]).collect()
}

fn sending<'a>(data: &'a [u8], merchant: &'a str, style: Style) -> Sending<'a> {
    Sending {
        id: "evt_\"1\\",
        kind: "a.b",
        created: Timestamp::from_millisecond(1_795_305_600_999).expect("this century"),
        merchant,
        delivery: "dlv_1",
        attempt: 3,
        sequence: None,
        timestamp: 1_795_305_600,
        data,
        style,
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        "[{}\\[\\]\",:\\\\é/ ]{0,6}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            object_of(inner),
        ]
    })
}

/// Names that meet those in the envelopes, that JavaScript reorders, and any others.
fn object_of(values: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    let name = prop_oneof![
        "[a-c]",
        "[0-9]{1,3}",
        Just("payment_id".to_owned()),
        Just("metadata".to_owned()),
        Just("timestamp".to_owned()),
        Just("sealed".to_owned()),
        Just("...".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec((name, values), 0..6).prop_map(Json::object)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("bodies are UTF-8")
}

proptest! {
    #[test]
    fn a_body_is_what_each_language_prints_after_reading_javascripts(
        data in object_of(any_json()),
        merchant in any::<String>(),
    ) {
        let data = data.to_vec(Style::Js);
        for contract in contracts() {
            let body = |style| contract.body(&sending(&data, &merchant, style), None).unwrap();
            let copied = body(Style::Js);
            let read = parse(&copied).unwrap();
            prop_assert_eq!(text(read.to_vec(Style::Js)), text(copied));
            prop_assert_eq!(text(read.to_vec(Style::Python)), text(body(Style::Python)));
            prop_assert_eq!(text(read.to_vec(Style::Php)), text(body(Style::Php)));
        }
    }

    #[test]
    fn what_is_signed_verifies_in_every_style_and_a_changed_byte_does_not(
        data in object_of(any_json()),
        at in any::<prop::sample::Index>(),
    ) {
        let data = data.to_vec(Style::Js);
        for contract in contracts() {
            let secret = contract.secret.make(&[7; 32]);
            let key = contract.key(secret.expose()).unwrap();
            for style in Style::ALL {
                let sending = sending(&data, "mer_1", style);
                let mut signed = contract.sign(&sending, std::slice::from_ref(&key)).unwrap();
                let verify = |body: &[u8]| {
                    contract.verify(&signed.headers, body, secret.expose(), Tolerance::new(sending.timestamp, 0))
                };
                prop_assert_eq!(verify(&signed.body), Ok(()));
                let at = at.index(signed.body.len());
                let mut changed = std::mem::take(&mut signed.body);
                changed[at] ^= 1;
                prop_assert!(verify(&changed).is_err());
            }
        }
    }

    #[test]
    fn a_bodys_own_signature_is_its_last_member_in_every_language(
        data in object_of(any_json()),
    ) {
        let data = data.to_vec(Style::Js);
        for contract in contracts().iter().filter(|c| c.name == "pagtracker" || c.name == "shapes") {
            let key = contract.key("whsec_fake").unwrap();
            for style in Style::ALL {
                let sending = sending(&data, "mer_1", style);
                let sealed = contract.body(&sending, Some(&key)).unwrap();
                let mut read = parse(&sealed).unwrap();
                prop_assert_eq!(text(read.to_vec(style)), text(sealed));
                let members = read.as_object_mut().unwrap();
                let last = members.names().last().unwrap().to_owned();
                members.remove(&last);
                let unsigned = contract.body(&sending, None).unwrap();
                prop_assert_eq!(text(read.to_vec(style)), text(unsigned));
            }
        }
    }
}

#[test]
fn data_as_deep_as_it_may_be_is_still_printed_in_every_style() {
    let depth = posthorn_core::json::DEPTH_MAX;
    let data = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(parse(data.as_bytes()).is_ok());
    for contract in contracts() {
        for style in Style::ALL {
            let body = contract.body(&sending(data.as_bytes(), "mer_1", style), None).unwrap();
            assert!(body.len() > data.len(), "{} {style:?}", contract.name);
        }
    }
}
