//! Customers, products, offers and checkouts on the native API.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Got, TestApp};

/// A merchant with something to sell.
pub(crate) struct Shop {
    pub(crate) app: TestApp,
    pub(crate) customer: String,
    pub(crate) product: String,
    pub(crate) offer: String,
}

impl Shop {
    pub(crate) async fn speaking(contract: &str) -> Self {
        let mut app = TestApp::in_real_time().await;
        let draft = json!({"name": "Clínica", "contract": contract, "reference": "clinic_xyz"});
        let made = app.merchant(&draft).await;
        app.test = made.at("/keys/test/api_key");
        let [customer, product, offer] = [const { String::new() }; 3];
        let mut shop = Self { app, customer, product, offer };
        let person = json!({"name": "João Silva", "email": "cliente@example.com", "phone": "+5511999999999"});
        shop.customer = shop.makes("customers", &person).await.at("/id");
        let product = json!({"name": "Consulta Médica", "type": "SERVICE"});
        shop.product = shop.makes("products", &product).await.at("/id");
        shop.offer = shop.offer("Consulta - Plano Básico", 10_000).await;
        shop
    }

    /// Something that is made.
    pub(crate) async fn makes(&self, what: &str, draft: &Value) -> Got {
        let made = self.app.post(&format!("/v1/{what}"), draft).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made
    }

    /// An offer of its product; its id.
    pub(crate) async fn offer(&self, name: &str, price: i64) -> String {
        let draft =
            json!({"product": self.product, "name": name, "price": price, "currency": "BRL"});
        self.makes("offers", &draft).await.at("/id")
    }

    /// A checkout of its offer for its customer; its id.
    pub(crate) async fn checkout(&self) -> String {
        let draft = json!({"offer": self.offer, "customer": self.customer});
        self.makes("checkouts", &draft).await.at("/id")
    }

    /// What happens to a payment in the sandbox.
    pub(crate) async fn force(&self, payment: &str, outcome: &str) {
        let path = format!("/v1/payments/{payment}/force");
        let got = self.app.post(&path, &json!({"outcome": outcome})).await;
        assert!(got.status.is_success(), "{}", got.text);
    }

    pub(crate) async fn wait(&self, by: &str) {
        let moved = self.app.post("/v1/sandbox/clock", &json!({"advance": by})).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    }

    pub(crate) async fn state(&self, checkout: &str) -> String {
        self.app.get(&format!("/v1/checkouts/{checkout}")).await.at("/state")
    }

    /// The events of a type that were told so far, oldest first.
    pub(crate) async fn events_of(&self, kind: &str) -> Vec<Value> {
        let listed = self.app.get("/v1/events?limit=100").await.json();
        let rows = listed["data"].as_array().unwrap().iter().rev();
        let mut events = Vec::new();
        for row in rows.filter(|row| row["type"] == kind) {
            let path = format!("/v1/events/{}", row["id"].as_str().unwrap());
            events.push(self.app.get(&path).await.json());
        }
        events
    }

    /// The types of the events that were told so far, oldest first.
    pub(crate) async fn told(&self) -> Vec<String> {
        let listed = self.app.get("/v1/events?limit=100").await.json();
        let rows = listed["data"].as_array().unwrap().iter().rev();
        rows.map(|row| row["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn pix(checkout: &str) -> Value {
    json!({"checkout": checkout, "method": "pix"})
}

#[tokio::test]
async fn what_a_merchant_keeps_is_shown_listed_and_changed() {
    let shop = Shop::speaking("standard").await;
    let path = format!("/v1/customers/{}", shop.customer);
    let changed = json!({"phone": null, "email": "outro@example.com", "metadata": {"vip": true}});
    let now = shop.app.patch(&path, &changed).await;
    assert_eq!(now.status, StatusCode::OK, "{}", now.text);
    let read = shop.app.get(&path).await.json();
    assert_eq!(read, now.json());
    assert_eq!((&read["name"], &read["phone"]), (&json!("João Silva"), &Value::Null));
    assert_eq!(read["metadata"], json!({"vip": true}));
    let path = format!("/v1/offers/{}", shop.offer);
    assert_eq!(shop.app.patch(&path, &json!({"price": 12_000})).await.at("/price"), "12000");
    let second = shop.offer("Retorno", 5_000).await;
    let listed = shop.app.get("/v1/offers?limit=1").await;
    assert_eq!(listed.at("/data/0/id"), second);
    let next = listed.at("/next_cursor");
    let rest = shop.app.get(&format!("/v1/offers?limit=1&cursor={next}")).await;
    assert_eq!((rest.at("/data/0/id"), rest.at("/data/0/product")), (shop.offer, shop.product));
    let mut told = Vec::new();
    for (what, draft) in [
        ("products", json!({"name": ""})),
        ("products", json!({"nome": "x"})),
        ("offers", json!({"product": "prod_0", "name": "x", "price": 1, "currency": "BRL"})),
        ("offers", json!({"product": second, "name": "x", "price": 1, "currency": "BRL"})),
        ("offers", json!({"product": "x", "name": "x", "price": 0, "currency": "BRL"})),
    ] {
        let got = shop.app.post(&format!("/v1/{what}"), &draft).await;
        told.push(format!("{} {}", got.status.as_u16(), got.at("/code")));
    }
    assert_eq!(
        told,
        [
            "422 invalid_setting",
            "400 unknown_field",
            "404 not_found",
            "404 not_found",
            "400 invalid_field"
        ]
    );
}

#[tokio::test]
async fn a_key_makes_one_of_each_and_nobody_sees_anothers() {
    let shop = Shop::speaking("standard").await;
    let post = async |what: &str, draft: &Value| {
        let path = format!("/v1/{what}");
        let call = || shop.app.call(Method::POST, &path).header("idempotency-key", "k1");
        let (first, again) = (call().json(draft).await, call().json(draft).await);
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        assert_eq!(again.json(), first.json());
        assert_eq!(again.header("idempotent-replayed"), "true");
        first.at("/id")
    };
    let customer = post("customers", &json!({"name": "Ana"})).await;
    let other = shop.app.merchant(&json!({"name": "Other", "contract": "standard"})).await;
    let key = other.at("/keys/test/api_key");
    let call = shop.app.call(Method::GET, &format!("/v1/customers/{customer}")).key(&key);
    assert_eq!(call.send(Body::empty()).await.status, StatusCode::NOT_FOUND);
    let theirs = json!({"offer": shop.offer});
    let call = shop.app.call(Method::POST, "/v1/checkouts").key(&key);
    assert_eq!(call.json(&theirs).await.problem(), "404 not_found [-] there is no such offer");
}

#[tokio::test]
async fn a_checkout_says_what_is_sold_and_to_whom_as_it_was_when_it_was_opened() {
    let shop = Shop::speaking("standard").await;
    let draft = json!({"offer": shop.offer, "customer": shop.customer, "name": "J. Silva", "metadata": {"pedido": 7}});
    let made = shop.makes("checkouts", &draft).await;
    let path = format!("/v1/offers/{}", shop.offer);
    shop.app.patch(&path, &json!({"price": 99_000, "name": "Caro"})).await;
    let read = shop.app.get(&format!("/v1/checkouts/{}", made.at("/id"))).await;
    let mut shown = read.shown()["body"].clone();
    for (name, id) in [("offer", &shop.offer), ("product", &shop.product)] {
        assert_eq!(shown[name]["id"], json!(id));
        shown[name]["id"] = "[id]".into();
    }
    assert_eq!(shown["customer"], json!(shop.customer));
    let url = shown["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://localhost/checkout/{}.", made.at("/id"))), "{url}");
    for name in ["id", "customer", "url"] {
        shown.as_object_mut().unwrap().remove(name);
    }
    insta::assert_json_snapshot!(shown, @r#"
    {
      "amount": 10000,
      "created": "[time]",
      "currency": "BRL",
      "email": "cliente@example.com",
      "expires": "[time]",
      "metadata": {
        "pedido": 7
      },
      "name": "J. Silva",
      "offer": {
        "id": "[id]",
        "name": "Consulta - Plano Básico",
        "price": 10000
      },
      "phone": "+5511999999999",
      "product": {
        "id": "[id]",
        "name": "Consulta Médica",
        "type": "SERVICE"
      },
      "state": "open",
      "updated": "[time]"
    }
    "#);
    assert_eq!(made.at("/state"), "open");
}

#[tokio::test]
async fn a_checkout_that_cannot_be_is_refused_with_its_reason() {
    let shop = Shop::speaking("standard").await;
    let mut told = Vec::new();
    for draft in [
        json!({}),
        json!({"amount": 1}),
        json!({"amount": 9_999, "currency": "BRL", "offer": shop.offer}),
        json!({"amount": 1, "currency": "BRL", "expires_in": "400d"}),
        json!({"amount": 1, "currency": "BRL", "email": ""}),
        json!({"offer": shop.customer}),
    ] {
        let got = shop.app.post("/v1/checkouts", &draft).await;
        let problem = got.problem();
        told.push(problem.split("] ").next().unwrap().to_owned());
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    422 invalid_setting [amount
    400 missing_field [currency
    422 invalid_setting [amount
    422 invalid_setting [expires_in
    422 invalid_setting [email
    404 not_found [-
    ");
}

#[tokio::test]
async fn a_checkout_is_paid_once_and_its_payment_has_what_it_is_about() {
    let shop = Shop::speaking("standard").await;
    let checkout = shop.checkout().await;
    let other = json!({"checkout": checkout, "method": "pix", "amount": 1, "currency": "BRL"});
    let refused = shop.app.post("/v1/payments", &other).await;
    assert_eq!(refused.at("/field"), "amount", "{}", refused.text);
    let first = shop.makes("payments", &pix(&checkout)).await;
    assert_eq!((first.at("/amount"), first.at("/checkout")), ("10000".into(), checkout.clone()));
    assert_eq!(first.at("/description"), "Consulta - Plano Básico");
    assert_eq!(first.at("/customer/id"), shop.customer);
    let second = shop.app.post("/v1/payments", &pix(&checkout)).await;
    assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.text);
    assert_eq!(second.at("/code"), "checkout_state");
    assert!(second.at("/detail").contains(&first.at("/id")), "{}", second.text);
    // After one that has failed for certain another may be tried.
    shop.force(&first.at("/id"), "expire").await;
    let second = shop.makes("payments", &pix(&checkout)).await;
    assert_eq!(shop.state(&checkout).await, "open");
    shop.force(&second.at("/id"), "succeed").await;
    assert_eq!(shop.state(&checkout).await, "completed");
    let third = shop.app.post("/v1/payments", &pix(&checkout)).await;
    assert_eq!((third.status.as_u16(), third.at("/code")), (409, "checkout_state".into()));
    let read = shop.app.get(&format!("/v1/checkouts/{checkout}")).await;
    assert_eq!(read.at("/payment"), second.at("/id"));
    let told = shop.told().await;
    let of_checkout = told.iter().filter(|kind| kind.starts_with("checkout.")).count();
    assert_eq!(of_checkout, 1, "{told:?}");
    shop.wait("40d").await;
    assert_eq!(shop.state(&checkout).await, "completed");
    assert!(!shop.told().await.contains(&"checkout.abandoned".to_owned()));
}

#[tokio::test]
async fn a_checkout_that_nobody_touches_is_abandoned_once_and_may_be_paid_for_a_day() {
    let shop = Shop::speaking("standard").await;
    let checkout = shop.checkout().await;
    shop.wait("29m").await;
    let fill = json!({"email": "novo@example.com"});
    let filled = shop.app.patch(&format!("/v1/checkouts/{checkout}"), &fill).await;
    assert_eq!(filled.at("/email"), "novo@example.com");
    shop.wait("29m").await;
    assert_eq!(shop.state(&checkout).await, "open", "filling it in began the wait anew");
    shop.wait("1m").await;
    assert_eq!(shop.state(&checkout).await, "abandoned");
    shop.wait("10h").await;
    assert_eq!(shop.told().await, ["checkout.abandoned"]);
    let payment = shop.makes("payments", &pix(&checkout)).await;
    shop.force(&payment.at("/id"), "succeed").await;
    assert_eq!(shop.state(&checkout).await, "completed");
    let late = shop.checkout().await;
    shop.wait("25h").await;
    let refused = shop.app.post("/v1/payments", &pix(&late)).await;
    assert_eq!(refused.at("/code"), "checkout_state", "{}", refused.text);
    let ids = shop.app.get("/v1/checkouts?state=abandoned").await;
    assert_eq!(ids.at("/data/0/id"), late);
}

#[tokio::test]
async fn a_payment_that_may_still_be_paid_keeps_its_checkout_open() {
    let shop = Shop::speaking("standard").await;
    let checkout = shop.checkout().await;
    let mut wish = pix(&checkout);
    wish["expires_in"] = "5h".into();
    let payment = shop.makes("payments", &wish).await;
    shop.wait("4h").await;
    assert_eq!(shop.state(&checkout).await, "open");
    let canceled = shop.app.post(&format!("/v1/checkouts/{checkout}/cancel"), &json!({})).await;
    assert_eq!(canceled.status, StatusCode::CONFLICT, "{}", canceled.text);
    // It expires at five hours; half an hour later the checkout is abandoned.
    shop.wait("89m").await;
    assert_eq!(
        shop.app.get(&format!("/v1/payments/{}", payment.at("/id"))).await.at("/state"),
        "expired"
    );
    assert_eq!(shop.state(&checkout).await, "open");
    shop.wait("1m").await;
    assert_eq!(shop.state(&checkout).await, "abandoned");
}

#[tokio::test]
async fn a_checkout_that_was_called_off_is_paid_no_more() {
    let shop = Shop::speaking("standard").await;
    let checkout = shop.checkout().await;
    let path = format!("/v1/checkouts/{checkout}/cancel");
    assert_eq!(shop.app.post(&path, &json!({})).await.at("/state"), "canceled");
    assert_eq!(shop.app.post(&path, &json!({})).await.at("/state"), "canceled");
    let refused = shop.app.post("/v1/payments", &pix(&checkout)).await;
    assert!(refused.at("/detail").contains("is canceled"), "{}", refused.text);
    shop.wait("2d").await;
    assert_eq!(shop.told().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_offer_is_paid_for_without_a_checkout_too() {
    let shop = Shop::speaking("standard").await;
    let wish = json!({"offer": shop.offer, "customer": shop.customer, "method": "pix"});
    let made = shop.makes("payments", &wish).await;
    assert_eq!((made.at("/amount"), made.at("/currency")), ("10000".into(), "BRL".into()));
    assert_eq!(made.at("/customer/email"), "cliente@example.com");
    let both = json!({"offer": shop.offer, "checkout": shop.checkout().await, "method": "pix"});
    let both = shop.app.post("/v1/payments", &both).await;
    assert_eq!(
        both.problem(),
        "422 invalid_setting [offer] `offer`: a checkout has its own; leave it out"
    );
    let nothing = shop.app.post("/v1/payments", &json!({"method": "pix"})).await;
    assert_eq!(nothing.problem(), "400 missing_field [amount] `amount` is missing");
}

#[tokio::test]
async fn ids_are_read_in_our_form_and_in_the_contracts() {
    let shop = Shop::speaking("pagtracker").await;
    let checkout = shop.checkout().await;
    assert_eq!((shop.offer.len(), checkout.len()), (36, 36));
    let read = shop.app.get(&format!("/v1/checkouts/{checkout}")).await;
    let link = read.at("/url").rsplit_once('/').unwrap().1.to_owned();
    let ours = link.split_once('.').unwrap().0.to_owned();
    assert!(ours.starts_with("co_"), "{ours}");
    assert_eq!(shop.app.get(&format!("/v1/checkouts/{ours}")).await.json(), read.json());
    let paid = shop.makes("payments", &pix(&ours)).await;
    assert_eq!(paid.at("/checkout"), checkout);
    let wrong = shop.app.get(&format!("/v1/checkouts/{}", shop.offer)).await;
    assert_eq!(wrong.problem(), "404 not_found [-] there is no such checkout");
}
