//! Payments and payouts on the native API, from a wish to the ledger.

mod once;
mod refused;

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

/// A merchant who speaks the standard contract, which has every way to pay.
struct Shop {
    app: TestApp,
    key: String,
    live: String,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::in_real_time().await;
        let made = app.merchant(&json!({"name": "Shop", "contract": "standard"})).await;
        let (key, live) = (made.at("/keys/test/api_key"), made.at("/keys/live/api_key"));
        Self { app, key, live }
    }

    async fn post(&self, path: &str, body: &Value) -> Got {
        self.app.call(Method::POST, path).key(&self.key).json(body).await
    }

    async fn get(&self, path: &str) -> Got {
        self.app.call(Method::GET, path).key(&self.key).send(Body::empty()).await
    }

    /// A payment that is made; its id.
    async fn pays(&self, wish: &Value) -> String {
        let made = self.post("/v1/payments", wish).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made.at("/id")
    }

    /// Something is done to a payment; where it stands then.
    async fn does(&self, id: &str, verb: &str, body: &Value) -> String {
        let got = self.post(&format!("/v1/payments/{id}/{verb}"), body).await;
        assert!(got.status.is_success(), "{}", got.text);
        got.at("/state")
    }

    /// KES that can be paid out.
    async fn earns(&self, minor: i64) {
        let id = self.pays(&by_phone(minor)).await;
        assert_eq!(self.does(&id, "force", &json!({"outcome": "succeed"})).await, "succeeded");
        let advance = json!({"advance": "40d"});
        let moved = self.post("/v1/sandbox/clock", &advance).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }

    async fn proof(&self) -> Value {
        let call = self.app.call(Method::GET, "/v1/ledger/proof").key(ADMIN);
        call.send(Body::empty()).await.json()
    }
}

fn pix() -> Value {
    json!({"amount": 10_000, "currency": "BRL", "method": "pix"})
}

fn by_card() -> Value {
    let card = json!({"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2040});
    json!({"amount": 10_000, "currency": "USD", "method": "card", "card": card})
}

fn by_phone(minor: i64) -> Value {
    let phone = "254712345678";
    json!({"amount": minor, "currency": "KES", "method": "mobile_money", "phone": phone})
}

#[tokio::test]
async fn every_way_to_pay_goes_to_its_usual_provider_and_shows_what_its_payer_needs() {
    let shop = Shop::new().await;
    let bank = json!({"account": "0123456789", "bank": "01"});
    let wishes = [
        by_card(),
        pix(),
        json!({"amount": 10_000, "currency": "BRL", "method": "boleto"}),
        by_phone(10_000),
        json!({"amount": 10_000, "currency": "KES", "method": "bank_transfer", "bank": bank}),
        json!({"amount": 10_000_000, "currency": "XRP", "method": "xrp"}),
    ];
    let mut told = Vec::new();
    for wish in wishes {
        let made = shop.post("/v1/payments", &wish).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let read = shop.get(&format!("/v1/payments/{}", made.at("/id"))).await.json();
        assert_eq!(read, made.json());
        assert!(!made.text.contains("4242424242424242"), "{}", made.text);
        let instrument = read["instrument"].is_object();
        told.push(format!(
            "{} {} {} {instrument}",
            made.at("/method"),
            made.at("/provider"),
            made.at("/state")
        ));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    card stripe succeeded false
    pix efi pending true
    boleto efi pending true
    mobile_money mpesa pending true
    bank_transfer bank pending true
    xrp xrpl pending true
    ");
    let listed = shop.get("/v1/payments?limit=4").await;
    let methods = |got: &Got| -> Vec<String> {
        let rows = got.json()["data"].as_array().unwrap().clone();
        rows.iter().map(|row| row["method"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(methods(&listed), ["xrp", "bank_transfer", "mobile_money", "boleto"]);
    let next = listed.at("/next_cursor");
    let rest = shop.get(&format!("/v1/payments?limit=4&cursor={next}")).await;
    assert_eq!(methods(&rest), ["pix", "card"]);
    assert_eq!(methods(&shop.get("/v1/payments?state=succeeded").await), ["card"]);
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_with_its_reason() {
    let shop = Shop::new().await;
    let with = |wish: Value, name: &str, value: Value| {
        let mut wish = wish;
        wish[name] = value;
        wish
    };
    let wishes = [
        with(pix(), "amount", json!(0)),
        with(pix(), "amount", json!(10.5)),
        with(pix(), "amount", json!("10000")),
        with(pix(), "currency", json!("QQQ")),
        with(pix(), "currency", json!("USD")),
        with(pix(), "fee", json!(10_000)),
        with(pix(), "reference", json!("")),
        with(pix(), "metadata", json!([])),
        with(pix(), "provider", json!("adyen")),
        with(pix(), "expires_in", json!("soon")),
        with(by_card(), "card", Value::Null),
        with(by_phone(10_000), "phone", json!("12")),
        with(by_phone(10_000), "amount", json!(10_050)),
    ];
    for wish in wishes {
        let got = shop.post("/v1/payments", &wish).await;
        assert!(got.status.is_client_error(), "{wish} was taken: {}", got.text);
        assert!(!got.problem().contains("[-]"), "{wish}: {}", got.problem());
    }
    let call = shop.app.call(Method::POST, "/v1/payments").key(&shop.live);
    assert_eq!(call.json(&pix()).await.json()["code"], "no_live_provider");
    assert_eq!(shop.get("/v1/payments").await.json()["data"], json!([]));
}

#[tokio::test]
async fn what_is_reserved_is_taken_once_and_called_off_no_more() {
    let shop = Shop::new().await;
    let mut hold = by_card();
    hold["hold"] = true.into();
    let id = shop.pays(&hold).await;
    assert_eq!(shop.get(&format!("/v1/payments/{id}")).await.at("/state"), "authorized");
    assert_eq!(shop.does(&id, "capture", &json!({})).await, "succeeded");
    for verb in ["capture", "cancel"] {
        let late = shop.post(&format!("/v1/payments/{id}/{verb}"), &json!({})).await;
        assert_eq!((late.status.as_u16(), late.at("/code")), (409, "payment_state".into()));
    }
    let released = shop.pays(&hold).await;
    assert_eq!(shop.does(&released, "cancel", &json!({})).await, "canceled");
}

#[tokio::test]
async fn money_goes_back_in_parts_and_never_more_than_there_is() {
    let shop = Shop::new().await;
    let id = shop.pays(&by_card()).await;
    let path = format!("/v1/payments/{id}/refunds");
    let call = || shop.app.call(Method::POST, &path).key(&shop.key).header("idempotency-key", "r");
    let part = json!({"amount": 4_000, "reason": "one of two"});
    let first = call().json(&part).await;
    let again = call().json(&part).await;
    assert_eq!((first.status.as_u16(), first.at("/amount_refunded")), (201, "4000".into()));
    assert_eq!(again.at("/amount_refunded"), "4000");
    assert_eq!(again.at("/state"), "partially_refunded");
    for none in [0, -1] {
        let none = shop.post(&path, &json!({"amount": none})).await;
        assert_eq!((none.status, none.at("/field")), (StatusCode::BAD_REQUEST, "amount".into()));
    }
    let long = shop.post(&path, &json!({"amount": 1, "reason": "x".repeat(1_025)})).await;
    assert_eq!((long.status.as_u16(), long.at("/field")), (422, "reason".into()));
    let too_much = shop.post(&path, &json!({"amount": 6_001})).await;
    assert_eq!(too_much.status, StatusCode::CONFLICT, "{}", too_much.text);
    assert_eq!(shop.does(&id, "refunds", &json!({})).await, "refunded");
    let nothing = shop.post(&path, &json!({})).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT, "{}", nothing.text);
    let refunds = shop.get(&format!("/v1/payments/{id}")).await.json()["refunds"].clone();
    assert_eq!(refunds.as_array().map(Vec::len), Some(2));
    assert_eq!(shop.proof().await["holds"], true);
}

#[tokio::test]
async fn a_sandboxs_payer_does_what_it_is_told_and_nothing_impossible() {
    let shop = Shop::new().await;
    let force = |outcome: &str| json!({"outcome": outcome});
    let id = shop.pays(&pix()).await;
    assert_eq!(shop.does(&id, "force", &force("succeed")).await, "succeeded");
    let again = shop.post(&format!("/v1/payments/{id}/force"), &force("succeed")).await;
    assert_eq!(again.problem(), "409 conflict [-] it was paid before");

    let why = json!({"outcome": "fail", "code": "insufficient_funds"});
    let id = shop.pays(&by_phone(10_000)).await;
    assert_eq!(shop.does(&id, "force", &why).await, "failed");
    let failed = shop.get(&format!("/v1/payments/{id}")).await;
    assert_eq!(failed.at("/refusal/code"), "insufficient_funds");
    let id = shop.pays(&pix()).await;
    assert_eq!(shop.does(&id, "force", &force("expire")).await, "expired");

    let id = shop.pays(&by_card()).await;
    assert_eq!(shop.does(&id, "force", &force("dispute")).await, "disputed");
    assert_eq!(shop.does(&id, "force", &force("dispute_lost")).await, "charged_back");
    assert_eq!(shop.proof().await["holds"], true);
}

#[tokio::test]
async fn what_is_forced_is_well_formed_and_in_test_mode() {
    let shop = Shop::new().await;
    let id = shop.pays(&pix()).await;
    let path = format!("/v1/payments/{id}/force");
    let mut told = Vec::new();
    for body in [
        json!({"outcome": "explode"}),
        json!({"outcome": "succeed", "code": "x"}),
        json!({"outcome": "fail", "minor": 5}),
        json!({"outcome": "pay_partly"}),
    ] {
        let got = shop.post(&path, &body).await;
        told.push(format!("{} [{}]", got.at("/code"), got.at("/field")));
    }
    assert_eq!(
        told,
        [
            "invalid_field [outcome]",
            "invalid_field [code]",
            "invalid_field [minor]",
            "missing_field [minor]"
        ]
    );
    let live = shop.app.call(Method::POST, &path).key(&shop.live);
    let live = live.json(&json!({"outcome": "succeed"})).await;
    assert_eq!(live.at("/code"), "wrong_mode");
    let others = shop.app.post(&path, &json!({"outcome": "succeed"})).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND, "{}", others.text);
}

#[tokio::test]
async fn a_provider_that_is_down_takes_nothing_until_it_is_well() {
    let shop = Shop::new().await;
    let mood = async |provider: &str, mood: &str| {
        let path = format!("/v1/sandbox/rails/{provider}");
        let call = shop.app.call(Method::PUT, &path).key(&shop.key);
        call.json(&json!({"mood": mood})).await
    };
    assert_eq!(mood("nobody", "down").await.status, StatusCode::NOT_FOUND);
    assert_eq!(mood("efi", "moody").await.at("/field"), "mood");
    let set = mood("efi", "down").await;
    assert_eq!(set.json(), json!({"provider": "efi", "mood": "down"}));
    let id = shop.pays(&pix()).await;
    let stands = shop.get(&format!("/v1/payments/{id}")).await;
    assert_eq!(stands.at("/refusal/code"), "provider_unreachable");
    mood("efi", "well").await;
    let id = shop.pays(&pix()).await;
    assert_eq!(shop.get(&format!("/v1/payments/{id}")).await.at("/state"), "pending");
}

#[tokio::test]
async fn a_payout_takes_what_is_there_and_no_more() {
    let shop = Shop::new().await;
    let wish = |minor: i64| json!({"amount": minor, "currency": "KES", "destination": "254712345678", "reference": "salary"});
    let refused = shop.post("/v1/payouts", &wish(5_000)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.at("/code")),
        (402, "insufficient_balance".into())
    );
    shop.earns(10_000).await;
    let made = shop.post("/v1/payouts", &wish(6_000)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.at("/provider"), "mpesa");
    // The same reference is the same payout; of another amount it is refused.
    let again = shop.post("/v1/payouts", &wish(6_000)).await;
    assert_eq!(
        (again.at("/id"), again.header("idempotent-replayed")),
        (made.at("/id"), "true".into())
    );
    let read = shop.get(&format!("/v1/payouts/{}", made.at("/id"))).await;
    assert_eq!(read.at("/destination"), "254712345678");
    let listed = shop.get("/v1/payouts").await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    let mut more = wish(6_000);
    more["reference"] = "bonus".into();
    assert_eq!(shop.post("/v1/payouts", &more).await.status, StatusCode::PAYMENT_REQUIRED);
    let moved = shop.get("/v1/ledger").await.json()["data"].as_array().unwrap().clone();
    let of_payout = moved.iter().filter(|one| one["subject"] == made.at("/id"));
    assert!(of_payout.count() >= 1, "{moved:?}");
    let proof = shop.proof().await;
    assert_eq!((&proof["holds"], &proof["differences"]), (&json!(true), &json!([])));
    assert_eq!(proof["sums"], json!({"KES": 0}));
}

#[tokio::test]
async fn a_payout_is_told_of_from_its_making_to_its_end() {
    let shop = Shop::new().await;
    shop.earns(10_000).await;
    let wish = |to: &str| json!({"amount": 1_000, "currency": "KES", "destination": to, "provider": "bank", "metadata": {"a": 1}});
    let made = shop.post("/v1/payouts", &wish("0123456789")).await;
    shop.post("/v1/payouts", &wish("fail")).await;
    let moved = shop.post("/v1/sandbox/clock", &json!({"advance": "1m"})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let listed = shop.get("/v1/events?limit=20").await.json();
    let told: Vec<&str> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    let told: Vec<&str> = told.into_iter().filter(|kind| kind.starts_with("payout.")).collect();
    assert_eq!(told, ["payout.created", "payout.created", "payout.completed", "payout.failed"]);
    let of = |kind: &str| {
        let rows = listed["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["type"] == kind).unwrap();
        format!("/v1/events/{}", row["id"].as_str().unwrap())
    };
    let whole = shop.get(&of("payout.completed")).await.json();
    assert_eq!(whole["sequence"], 2, "made, then completed");
    let completed = whole["data"].clone();
    assert_eq!(
        (&completed["id"], &completed["status"]),
        (&json!(made.at("/id")), &json!("completed"))
    );
    assert_eq!((&completed["amount"], &completed["metadata"]), (&json!(1_000), &json!({"a": 1})));
    assert!(
        completed["transaction"].is_string() && completed.get("error").is_none(),
        "{completed}"
    );
    let failed = shop.get(&of("payout.failed")).await.json()["data"].clone();
    assert_eq!(failed["error"], "destination_refused");
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page_and_proved_by_the_operator_alone() {
    let shop = Shop::new().await;
    shop.earns(10_000).await;
    let first = shop.get("/v1/ledger?limit=1").await;
    assert_eq!(first.json()["data"].as_array().map(Vec::len), Some(1));
    let next = first.at("/next_cursor");
    let older = shop.get(&format!("/v1/ledger?limit=1&cursor={next}")).await;
    let id = |got: &Got| got.at("/data/0/id").parse::<i64>().unwrap();
    assert!(id(&older) < id(&first));
    assert_eq!(shop.get("/v1/ledger/proof").await.at("/code"), "wrong_key");
    assert_eq!(shop.app.get("/v1/ledger").await.json()["data"], json!([]));
}
