//! Contract files, which operators write: what loads, loads again as the same and verifies what it
//! signs; what does not is told by line.

use posthorn_core::contract::{Contract, Sending, Tolerance, Unsendable};
use posthorn_core::json::{Json, Style, parse};

/// The largest secret that is made here.
const SECRET_BYTES_MAX: usize = 1_024;
const SIGNED_AT: i64 = 1_795_305_600;

/// A contract's text.
pub(crate) fn contract(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let contract = match Contract::parse("a.toml", text) {
        Ok(contract) => contract,
        Err(faults) => {
            let lines = 1 + text.matches('\n').count();
            assert!(!faults.is_empty(), "refused without a word");
            for fault in faults {
                assert!((1..=lines).contains(&fault.line) && fault.column > 0, "{fault}");
            }
            return;
        }
    };
    assert_eq!(&*contract.source, text);
    assert_eq!(Contract::parse("a.toml", &contract.source).as_ref(), Ok(&contract));
    assert_eq!(contract.prove(), contract.prove());
    for style in Style::ALL {
        verifies_what_it_signs(&contract, style);
    }
}

fn verifies_what_it_signs(contract: &Contract, style: Style) {
    if contract.secret.bytes > SECRET_BYTES_MAX {
        return;
    }
    let secret = contract.secret.make(&vec![7; contract.secret.bytes]);
    let key = contract.key(secret.expose()).expect("the secrets that we make can sign");
    let sending = Sending {
        id: "evt_1",
        kind: "payment.confirmed",
        created: "2026-11-22T00:00:00Z".parse().expect("a time"),
        merchant: "mer_1",
        delivery: "dlv_1",
        attempt: 3,
        sequence: None,
        timestamp: SIGNED_AT,
        data: r#"{"id":"pay_1","name":"Café"}"#.as_bytes(),
        style,
    };
    let signed = match contract.sign(&sending, &[key]) {
        Ok(signed) => signed,
        Err(Unsendable::TooLarge { bytes, limit }) => return assert!(bytes > limit),
    };
    assert!(signed.body.len() <= contract.body_bytes_max);
    assert!(matches!(parse(&signed.body), Ok(Json::Object(_))), "the body is no object");
    let clock = Tolerance::new(SIGNED_AT, 0);
    let genuine = contract.verify(&signed.headers, &signed.body, secret.expose(), clock);
    assert_eq!(genuine, Ok(()), "{:?}", String::from_utf8_lossy(&signed.body));
}
