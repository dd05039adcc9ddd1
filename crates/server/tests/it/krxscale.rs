//! KrxScale end to end: what its guide promises, from a customer to the last event.

use http::StatusCode;
use posthorn_engine::transport::{ErrorClass, Unreachable};
use serde_json::{Value, json};

use crate::checkouts::Shop;
use crate::receiver::answer;

/// The guide's body: its members in their order, with the names of those of the objects.
const BODY: &str = "specVersion id type createdAt attempt idempotencyKey clinicId resource data";
const TRANSACTION: &str = "id status status_v2 provider providerOrderId providerChargeId amountCents currency \
    installments paymentMethodType productId customerId paidAt createdAt updatedAt";

struct Clinic {
    shop: Shop,
}

impl Clinic {
    /// With an endpoint that wants everything.
    async fn new() -> Self {
        let shop = Shop::speaking("krxscale").await;
        shop.app.endpoint(&json!({"description": "all"})).await;
        Self { shop }
    }

    /// A card in three instalments pays a checkout; the payment's id.
    async fn pays(&self, checkout: &str, number: &str) -> String {
        let card = json!({"number": number, "exp_month": 12, "exp_year": 2040});
        let wish = json!({"checkout": checkout, "method": "card", "provider": "stripe", "installments": 3, "card": card});
        self.shop.makes("payments", &wish).await.at("/id")
    }

    async fn pix(&self) -> String {
        let wish = json!({"checkout": self.shop.checkout().await, "method": "pix"});
        self.shop.makes("payments", &wish).await.at("/id")
    }

    /// The bodies that came in so far.
    async fn bodies(&self) -> Vec<String> {
        let app = &self.shop.app;
        self.shop.wait("2s").await;
        app.settle_down().await;
        app.until("/v1/deliveries?state=leased", |list| list["data"] == json!([])).await;
        let got = app.receiver.got();
        got.iter().map(|sent| String::from_utf8(sent.body.to_vec()).unwrap()).collect()
    }

    /// Of each: type, both words, what the payment is called there.
    async fn words(&self) -> Vec<String> {
        let show = |body: String| {
            let body: Value = serde_json::from_str(&body).unwrap();
            let transaction = &body["data"]["transaction"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let kind = text(&body["type"]);
            let kind = kind.strip_prefix("payment.transaction.").unwrap();
            format!("{kind} {} {}", text(&transaction["status"]), text(&transaction["status_v2"]))
        };
        self.bodies().await.into_iter().map(show).collect()
    }
}

/// The names of an object's members, in the order of the text.
fn names(object: &str) -> String {
    let mut names = Vec::new();
    let (mut depth, mut rest) = (0, object);
    while let Some(at) = rest.find(['{', '}', '"']) {
        match rest.as_bytes()[at] {
            b'{' => (depth, rest) = (depth + 1, &rest[at + 1..]),
            b'}' => (depth, rest) = (depth - 1, &rest[at + 1..]),
            _ => {
                let (text, after) = rest[at + 1..].split_once('"').unwrap();
                if depth == 1 && after.starts_with(':') {
                    names.push(text);
                }
                rest = after;
            }
        }
        if depth == 0 {
            break;
        }
    }
    names.join(" ")
}

/// The text of a member that is an object.
fn member<'a>(body: &'a str, name: &str) -> &'a str {
    let at = body.find(&format!("\"{name}\":{{")).unwrap_or_else(|| panic!("{name}: {body}"));
    &body[at + name.len() + 3..]
}

#[tokio::test]
async fn a_card_in_three_instalments_is_told_of_as_the_guide_prints_it() {
    let clinic = Clinic::new().await;
    let checkout = clinic.shop.checkout().await;
    clinic.pays(&checkout, "4242424242424242").await;
    let words = clinic.words().await;
    assert_eq!(
        words,
        ["created created CREATED", "processing processing PROCESSING", "succeeded paid SUCCEEDED"]
    );
    let bodies = clinic.bodies().await;
    let told = bodies.last().unwrap();
    assert_eq!(names(told), BODY);
    assert_eq!(names(member(told, "data")), "transaction checkout product offer");
    assert_eq!(names(member(told, "transaction")), TRANSACTION);
    assert_eq!(names(member(told, "checkout")), "id email phone name");
    assert_eq!(names(member(told, "product")), "id name type");
    assert_eq!(names(member(told, "offer")), "id name priceCents");
    let body: Value = serde_json::from_str(told).unwrap();
    assert_eq!(body["clinicId"], "clinic_xyz");
    assert_eq!(body["idempotencyKey"], body["id"]);
    let transaction = &body["data"]["transaction"];
    let text = |name: &str| transaction[name].as_str().unwrap();
    assert!(text("id").starts_with("tx_") && text("providerOrderId").starts_with("pi_"));
    assert!(text("providerChargeId").starts_with("ch_"), "{told}");
    assert_eq!((text("provider"), text("paymentMethodType")), ("stripe", "credit_card"));
    assert_eq!(
        (&transaction["installments"], &transaction["amountCents"]),
        (&json!(3), &json!(10_000))
    );
    assert_eq!(
        (text("customerId"), text("productId")),
        (&*clinic.shop.customer, &*clinic.shop.product)
    );
    assert_eq!(
        body["data"]["checkout"],
        json!({"id": checkout, "email": "cliente@example.com",
        "phone": "+5511999999999", "name": "João Silva"})
    );
    assert_eq!(body["data"]["offer"]["id"], json!(clinic.shop.offer));
    assert_eq!(clinic.shop.state(&checkout).await, "completed");
}

#[tokio::test]
async fn all_ten_events_happen_each_with_both_words() {
    let clinic = Clinic::new().await;
    let shop = &clinic.shop;
    let refund = async |id: &str, body: Value| {
        let got = shop.app.post(&format!("/v1/payments/{id}/refunds"), &body).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
        shop.wait("1s").await;
    };
    let id = clinic.pix().await;
    shop.force(&id, "succeed").await;
    refund(&id, json!({"amount": 4_000})).await;
    refund(&id, json!({})).await;
    let canceled = clinic.pix().await;
    let path = format!("/v1/payments/{canceled}/cancel");
    assert_eq!(shop.app.post(&path, &json!({})).await.at("/state"), "canceled");
    let expired = clinic.pix().await;
    shop.force(&expired, "expire").await;
    clinic.pays(&shop.checkout().await, "4000000000000002").await;
    let challenged = clinic.pays(&shop.checkout().await, "4000002500003155").await;
    shop.force(&challenged, "succeed").await;
    shop.force(&challenged, "dispute").await;
    let mut words = clinic.words().await;
    words.sort_unstable();
    words.dedup();
    insta::assert_snapshot!(words.join("\n"), @r"
    canceled canceled CANCELED
    canceled canceled EXPIRED
    chargeback chargeback CHARGEBACK
    created created CREATED
    failed failed FAILED
    partially_refunded partially_refunded PARTIALLY_REFUNDED
    pending pending PENDING
    processing processing PROCESSING
    refunded refunded REFUNDED
    requires_action requires_action REQUIRES_ACTION
    succeeded paid SUCCEEDED
    ");
}

#[tokio::test]
async fn an_endpoint_filtered_to_one_product_gets_its_events_alone_and_explain_says_why() {
    let shop = Shop::speaking("krxscale").await;
    let filter = json!({"product.id": {"$in": [shop.product]}});
    let endpoint = shop.app.endpoint(&json!({"filter": filter})).await;
    let other = shop.makes("products", &json!({"name": "Exame"})).await.at("/id");
    let draft = json!({"product": other, "name": "Exame", "price": 500, "currency": "BRL"});
    let other = shop.makes("offers", &draft).await.at("/id");
    shop.makes("payments", &json!({"offer": other, "method": "pix"})).await;
    shop.makes("payments", &json!({"offer": shop.offer, "method": "pix"})).await;
    shop.wait("1s").await;
    let got = shop.app.receiver.got();
    let of_product = |body: &str| member(body, "product").contains(&shop.product);
    let bodies: Vec<_> = got.iter().map(|sent| String::from_utf8_lossy(&sent.body)).collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies.iter().all(|body| of_product(body)), "{bodies:?}");
    // The oldest event is of the other product.
    let event = shop.app.get("/v1/events").await.at("/data/3/id");
    let why = shop.app.get(&format!("/v1/events/{event}/explain")).await;
    assert_eq!((why.at("/data/0/endpoint"), why.at("/data/0/sent")), (endpoint, "false".into()));
    assert_eq!(why.at("/data/0/reason"), "filtered_out");
    let wanted = format!("wanted one of \"{}\"", shop.product);
    assert!(why.at("/data/0/detail").contains(&wanted), "{}", why.text);
}

#[tokio::test]
async fn an_endpoints_log_has_status_time_body_and_error_of_its_last_deliveries_in_one_request() {
    let clinic = Clinic::new().await;
    let app = &clinic.shop.app;
    app.receiver.answers_with(Ok(answer(503, b"maintenance")));
    app.receiver
        .answers_with(Err(Unreachable::new(ErrorClass::Tls, "the certificate is not valid")));
    clinic.pix().await;
    app.settle_down().await;
    let endpoint = app.get("/v1/endpoints").await.at("/data/0/id");
    let path = format!("/v1/deliveries?endpoint={endpoint}&attempts=last&limit=100");
    let log = app.until(&path, |log| log["data"][1]["state"] == "due").await.json();
    let rows = log["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let mut tries: Vec<_> = rows.iter().map(|row| row["last_attempt"].clone()).collect();
    tries.sort_by_key(|tried| tried["status"].is_null());
    assert_eq!((&tries[0]["status"], &tries[0]["body"]), (&json!(503), &Value::Null));
    assert_eq!(tries[0]["response"]["body"], "maintenance");
    assert!(tries[0]["duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!((&tries[1]["error"], &tries[1]["response"]), (&json!("tls"), &Value::Null));
    assert_eq!(tries[1]["detail"], "the certificate is not valid");
    // "Reenviar": a new run of the same event.
    let failed = rows[0]["id"].as_str().unwrap();
    let again = app.post(&format!("/v1/deliveries/{failed}/resend"), &json!({})).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    let sent = app.until(&path, |log| log["data"][0]["state"] == "delivered").await;
    assert_eq!(
        (sent.at("/data/0/run"), sent.at("/data/0/last_attempt/status")),
        ("2".into(), "200".into())
    );
    let plain = app.get(&format!("/v1/deliveries?endpoint={endpoint}")).await;
    assert!(plain.json()["data"][0].get("last_attempt").is_none());
    let wrong = app.get("/v1/deliveries?attempts=all").await;
    assert_eq!(
        wrong.problem(),
        "400 invalid_parameter [attempts] `attempts`: must be `last` or `none`"
    );
}

#[tokio::test]
async fn the_test_button_sends_the_guides_sample() {
    let clinic = Clinic::new().await;
    let app = &clinic.shop.app;
    let endpoint = app.get("/v1/endpoints").await.at("/data/0/id");
    let kind = json!({"type": "payment.transaction.succeeded"});
    let sent = app.post(&format!("/v1/endpoints/{endpoint}/test"), &kind).await;
    assert!(sent.status.is_success(), "{}", sent.text);
    let body = clinic.bodies().await.remove(0);
    assert_eq!(names(&body), BODY);
    assert_eq!(names(member(&body, "transaction")), TRANSACTION);
}

/// "Transação criada: ao criar checkout"; what becomes of it goes by the same id.
#[tokio::test]
async fn a_transaction_is_told_of_when_its_checkout_is_opened() {
    let shop = Shop::speaking("krxscale").await;
    let checkout = shop.checkout().await;
    let created = shop.events_of("payment.transaction.created").await;
    let [told] = &created[..] else { panic!("once, not {created:?}") };
    let (id, data) = (told["data"]["transaction"]["id"].clone(), &told["data"]);
    assert_eq!(told["sequence"], 1);
    assert!(id.as_str().unwrap().starts_with("tx_"), "{told}");
    assert_eq!(
        (&data["transaction"]["status"], &data["transaction"]["status_v2"]),
        (&json!("created"), &json!("CREATED"))
    );
    assert_eq!(
        (&data["transaction"]["amountCents"], &data["checkout"]["id"]),
        (&json!(10_000), &json!(checkout))
    );
    assert_eq!(data["offer"]["name"], "Consulta - Plano Básico");
    assert_eq!(data["transaction"]["customerId"], shop.customer);

    shop.wait("20m").await;
    let wish = json!({"checkout": checkout, "method": "pix"});
    let paying = shop.app.post("/v1/payments", &wish).await;
    assert_eq!(paying.status, StatusCode::CREATED, "{}", paying.text);
    assert_eq!(paying.json()["wire"]["transaction"]["id"], id);
    let pending = shop.events_of("payment.transaction.pending").await;
    assert_eq!(
        (&pending[0]["data"]["transaction"]["id"], &pending[0]["sequence"]),
        (&id, &json!(2))
    );
    let began = &data["transaction"]["createdAt"];
    assert_eq!(&pending[0]["data"]["transaction"]["createdAt"], began, "one transaction, one time");
    // A second try is another transaction, and is told of when it is made.
    shop.force(&paying.at("/id"), "fail").await;
    let second = shop.app.post("/v1/payments", &wish).await;
    let second = second.json()["wire"]["transaction"]["id"].clone();
    assert_ne!(second, id);
    let created = shop.events_of("payment.transaction.created").await;
    assert_eq!(created.len(), 2);
    assert_eq!(
        (&created[1]["data"]["transaction"]["id"], &created[1]["sequence"]),
        (&second, &json!(1))
    );
    // Two who come at once are one payment of the checkout.
    let checkout = shop.checkout().await;
    let wish = json!({"checkout": checkout, "method": "pix"});
    let both =
        futures::future::join_all([(); 2].map(|()| shop.app.post("/v1/payments", &wish))).await;
    let made = both.iter().filter(|got| got.status == StatusCode::CREATED).count();
    assert_eq!(made, 1, "{} {}", both[0].text, both[1].text);
}
