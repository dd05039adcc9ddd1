//! The page that a payment's link leads to.

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_core::event::Mode;
use posthorn_core::payment::Instrument;
use posthorn_engine::{ForcedOutcome, Options};
use serde_json::json;

use crate::facade_pagtracker::{Loja, wish};
use crate::harness::{Got, TestApp};

const BASE: &str = "https://pay.example";

/// A server that knows its public URL.
async fn public() -> TestApp {
    let options = Options { public_url: Some(BASE.to_owned()), ..Options::default() };
    TestApp::bounded(options).await
}

/// Follows a link.
async fn open(app: &TestApp, link: &str, language: &str) -> Got {
    let call = app.call(Method::GET, link.strip_prefix(BASE).unwrap()).no_key();
    call.header("accept-language", language).send(Body::empty()).await
}

#[tokio::test]
async fn the_link_opens_a_page_with_the_qr_code_and_nothing_from_elsewhere() {
    let loja = Loja::new().await;
    let charge = loja.charge().await.json();
    let (id, code) = (charge["id"].as_str().unwrap(), charge["qr_code"].as_str().unwrap());
    let link = charge["link_pagamento"].as_str().unwrap().rsplit_once('/').unwrap().1;
    let page = loja.pay_page(link, "pt-BR").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for part in ["<svg", "R$ 100,50", "Pagamento do Pedido #12345", "Aguardando", code] {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
    for part in ["João", "12345\"", "src=", "href=", "<script", "url("] {
        assert!(!page.text.contains(part), "{part} is in {}", page.text);
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let english = loja.pay_page(link, "en").await;
    assert!(english.text.contains("BRL 100.50") && english.text.contains("lang=\"en\""));
    loja.force(id, ForcedOutcome::Succeed).await;
    let paid = loja.pay_page(link, "pt").await.text;
    assert!(paid.contains("Pago") && !paid.contains("<svg"), "{paid}");
    // An id alone opens nothing, and neither does one with another proof.
    let (ours, _) = link.split_once('.').unwrap();
    for guessed in ["x", "pay_7zzzzzzzzzzzz", id, ours, &format!("{ours}.00"), &format!("{link}0")]
    {
        let nobody = loja.pay_page(guessed, "en").await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{guessed}: {}", nobody.text);
    }
}

#[tokio::test]
async fn a_description_cannot_write_into_the_page() {
    let loja = Loja::new().await;
    let mut wish = wish();
    wish["descricao"] = json!("<script>alert('x')</script>&\"");
    let link = loja.post("/api/charges", &wish).await.at("/link_pagamento");
    let page = loja.pay_page(link.rsplit_once('/').unwrap().1, "pt").await.text;
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"), "{page}");
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn the_link_of_a_payment_in_xrp_shows_its_address_and_its_tag() {
    let app = public().await;
    let wish = json!({"amount": 10.5, "currency": "XRP", "metadata": {"order_id": "12345"}});
    let made = app.post("/payqi/api/payments", &wish).await;
    let link = made.at("/checkout_url");
    let page = open(&app, &link, "en").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let [address, tag] =
        ["/pay_address", "/destination_tag"].map(|at| format!("<code>{}</code>", made.at(at)));
    for part in ["<svg", "XRP 10.5", "Destination tag", &address, &tag] {
        assert!(page.text.contains(part), "{part} is not in {}", page.text);
    }
    assert!(!page.text.contains("order_id"), "{}", page.text);
    // A server that knows no address of its own leads whoever asks to where they asked
    let asked = TestApp::new().await;
    let call = asked.call(Method::POST, "/payqi/api/payments").header("host", "10.0.0.7:8080");
    let local = call.json(&wish).await.at("/checkout_url");
    assert!(local.starts_with("http://10.0.0.7:8080/pay/pay_"), "{local}");
    let portuguese = open(&app, &link, "pt-BR").await.text;
    assert!(portuguese.contains("Tag de destino") && portuguese.contains(&tag), "{portuguese}");
}

#[tokio::test]
async fn the_link_of_a_bank_transfer_shows_what_to_write_into_it_and_not_whose_account_it_is() {
    let app = public().await;
    let made = app.merchant(&json!({"name": "Duka", "contract": "standard"})).await;
    let bank = json!({"account": "0123456789", "bank": "01"});
    let wish =
        json!({"amount": 10_000, "currency": "KES", "method": "bank_transfer", "bank": bank});
    let call = app.call(Method::POST, "/v1/payments").key(&made.at("/keys/test/api_key"));
    let id = call.json(&wish).await.at("/id").parse().unwrap();
    let engine = app.app.engine();
    let place = (made.at("/id").parse().unwrap(), Mode::Test);
    let payment = engine.payment(place, id).await.unwrap();
    let page = open(&app, &engine.payment_link(&payment).unwrap(), "en").await.text;
    let Some(Instrument::Bank { reference }) = &payment.instrument else { panic!("{payment:?}") };
    assert!(page.contains("Reference") && page.contains(&format!("<code>{reference}</code>")));
    assert!(!page.contains("0123456789"), "the payer's own account is nobody's business: {page}");
}
