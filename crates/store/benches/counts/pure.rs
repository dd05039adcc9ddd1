//! What a delivery costs beside the disk and the network.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use posthorn_core::contract::{Contract, Sending, embedded};
use posthorn_core::delivery;
use posthorn_core::endpoint::{Endpoint, Status};
use posthorn_core::event::{EventType, Mode, Payload};
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::json::Style;
use posthorn_core::outcome::Outcome;
use posthorn_core::route;

use super::measured;

/// 500 bytes as a platform's server sends them: members of every kind, and not in their canonical form.
pub(crate) const DATA: &[u8] = br#"{ "id": "ord_5f2b8c1d", "status": "paid", "amount": 12990.00, "currency": "BRL",
 "customer": { "name": "Jo\u00e3o da Silva", "email": "joao@example.com", "document": "123.456.789-09", "vip": false },
 "items": [ { "sku": "A-1", "quantity": 2, "price": 4.995e3 }, { "sku": "B-2", "quantity": 1, "price": 3000 } ],
 "method": { "type": "pix", "txid": "E12345678202611221530abcdefghijk", "expires": null },
 "metadata": { "campaign": "spring \u2014 \"early\"", "10": "ten", "9": "nine" }, "attempts": 3, "fee": 0.1 }"#;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a bench is short")
}

fn contract() -> Arc<Contract> {
    let found = embedded().iter().find(|contract| contract.name == "techcorp");
    Arc::clone(found.expect("it is embedded"))
}

/// Renders and signs one attempt.
pub(crate) fn sign(times: u64) {
    let contract = contract();
    let key = contract.key("a-fake-key-for-the-bench").expect("a key");
    let (data, _) = Payload::parse(DATA).expect("an object");
    for _ in 0..times {
        let sending = black_box(Sending {
            id: "evt_01jd0000000000000000000000",
            kind: "order.paid",
            created: at(0),
            merchant: "mer_01jd0000000000000000000000",
            delivery: "dlv_01jd0000000000000000000000",
            attempt: 2,
            sequence: None,
            timestamp: 1_800_000_000,
            data: data.as_bytes(),
            style: Style::Js,
        });
        let signed = measured(|| contract.sign(&sending, std::slice::from_ref(&key)));
        black_box(signed).expect("it fits");
    }
}

/// An event of a merchant with a hundred endpoints: some want all, some a type, some go by the data.
pub(crate) fn route(times: u64) {
    let endpoints: Vec<Endpoint> = (0..100).map(endpoint).collect();
    let (_, data) = Payload::parse(DATA).expect("an object");
    let kind: EventType = "order.paid".parse().expect("a type");
    for _ in 0..times {
        let wanted = measured(|| route::route(black_box(&endpoints), &kind, &data, None).len());
        assert_eq!(wanted, 60);
    }
}

fn endpoint(place: i64) -> Endpoint {
    let (events, filter) = match place % 5 {
        0 => ("*", None),
        1 => ("order.*", None),
        2 => ("payment.refunded", None),
        3 => ("order.paid", Some(r#"{"customer.vip": true}"#)),
        _ => (
            "order.paid",
            Some(r#"{"amount": {"$gte": 1000}, "currency": {"$in": ["BRL", "USD"]}}"#),
        ),
    };
    let filter = filter.map(|text| serde_json::from_str(text).expect("a filter"));
    Endpoint {
        id: EndpointId::from_i64(place + 1),
        merchant: MerchantId::from_i64(1),
        mode: Mode::Test,
        version: 1,
        settings: super::stored::settings(events, filter),
        status: Status::Active,
        failing_since: None,
        secrets: Vec::new(),
        created: at(0),
    }
}

/// What follows from a hundred tries' outcomes.
pub(crate) fn settle(times: u64) {
    let contract = contract();
    let wait = Some(Duration::from_secs(7));
    let outcomes = [
        Outcome::Success,
        Outcome::Gone,
        Outcome::Slow { retry_after: wait },
        Outcome::Failure { retry_after: None },
    ];
    for _ in 0..times {
        measured(|| {
            for (number, outcome) in (0..100).zip(black_box(outcomes).into_iter().cycle()) {
                let number = number % 7 + 1;
                black_box(delivery::settle(outcome, number, &contract.retry, at(0)));
            }
        });
    }
}

/// Reads what a caller sent, and prints it as it is stored and signed.
pub(crate) fn canonicalise(times: u64) {
    for _ in 0..times {
        black_box(measured(|| Payload::parse(black_box(DATA)))).expect("an object");
    }
}
