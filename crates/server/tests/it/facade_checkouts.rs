//! PagTracker's checkouts, and the page on which a payer pays one.

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_engine::ForcedOutcome;
use serde_json::{Value, json};

use crate::facade_pagtracker::{Loja, fault};
use crate::harness::Got;

async fn opened(loja: &Loja) -> Value {
    let wish = json!({"valor": 100.50, "descricao": "Pedido #12345",
        "cliente": {"nome": "João Silva", "email": "joao@exemplo.com"}, "metadata": {"pedido_id": "12345"}});
    let made = loja.post("/api/checkouts", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn id(checkout: &Value) -> &str {
    checkout["id"].as_str().unwrap()
}

async fn wait(loja: &Loja, by: &str) {
    let moved = loja.app.post("/v1/sandbox/clock", &json!({"advance": by})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
}

async fn status(loja: &Loja, checkout: &Value) -> String {
    loja.get(&format!("/api/checkouts/{}", id(checkout))).await.at("/status")
}

#[tokio::test]
async fn a_checkout_is_completed_when_its_charge_is_paid() {
    let loja = Loja::new().await;
    let checkout = opened(&loja).await;
    let names: Vec<_> = checkout.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "cliente created_at descricao expires_at id link_checkout metadata status valor"
    );
    assert_eq!((&checkout["status"], &checkout["valor"]), (&json!("aberto"), &json!(100.5)));
    let wish = json!({"checkout_id": id(&checkout)});
    let charge = loja.post("/api/charges", &wish).await;
    assert_eq!(charge.status, StatusCode::CREATED, "{}", charge.text);
    assert_eq!(
        (charge.at("/valor"), charge.at("/descricao")),
        ("100.5".into(), "Pedido #12345".into())
    );
    assert_eq!(
        charge.json()["cliente"],
        json!({"nome": "João Silva", "email": "joao@exemplo.com"})
    );
    assert_eq!(fault(&loja.post("/api/charges", &wish).await), "409 conflito -");
    loja.force(&charge.at("/id"), ForcedOutcome::Succeed).await;
    let (told, names) = loja.told("checkout.completed").await;
    assert_eq!(names, "checkout_id completed_at payment_id status valor");
    assert_eq!(
        (&told["checkout_id"], &told["payment_id"]),
        (&checkout["id"], &json!(charge.at("/id")))
    );
    assert_eq!((&told["valor"], &told["status"]), (&json!(100.5), &json!("pago")));
    let now = loja.get(&format!("/api/checkouts/{}", id(&checkout))).await;
    assert_eq!((now.at("/status"), now.at("/payment_id")), ("concluido".into(), charge.at("/id")));
    assert_eq!(now.at("/completed_at"), told["completed_at"].as_str().unwrap());
}

#[tokio::test]
async fn a_checkout_that_is_left_alone_is_abandoned_and_told_of_once() {
    let loja = Loja::new().await;
    let checkout = opened(&loja).await;
    wait(&loja, "29m").await;
    assert_eq!(status(&loja, &checkout).await, "aberto");
    wait(&loja, "10d").await;
    let (told, names) = loja.told("checkout.abandoned").await;
    assert_eq!(names, "abandoned_at checkout_id status valor");
    assert_eq!((&told["checkout_id"], &told["status"]), (&checkout["id"], &json!("pendente")));
    let now = loja.get(&format!("/api/checkouts/{}", id(&checkout))).await;
    assert_eq!(
        (now.at("/status"), &now.json()["abandoned_at"]),
        ("abandonado".into(), &told["abandoned_at"])
    );
    let listed = loja.get("/api/checkouts?status=abandonado").await;
    assert_eq!(listed.json()["data"], json!([now.json()]));
    let unknown = loja.get("/api/checkouts?status=open").await;
    assert_eq!(fault(&unknown), "400 requisicao_invalida status");
}

#[tokio::test]
async fn a_checkout_whose_charge_expires_may_be_tried_again_or_called_off() {
    let loja = Loja::new().await;
    let checkout = opened(&loja).await;
    let wish = json!({"checkout_id": id(&checkout), "expira_em": 60});
    loja.post("/api/charges", &wish).await;
    let cancel = format!("/api/checkouts/{}/cancelar", id(&checkout));
    let cancel = async || {
        loja.app.call(Method::POST, &format!("/pagtracker{cancel}")).send(Body::empty()).await
    };
    assert_eq!(fault(&cancel().await), "409 conflito -");
    wait(&loja, "2m").await;
    assert_eq!(status(&loja, &checkout).await, "aberto");
    assert_eq!(cancel().await.at("/status"), "cancelado");
    assert_eq!(fault(&loja.post("/api/charges", &wish).await), "409 conflito -");
    let other = json!({"checkout_id": id(&opened(&loja).await), "valor": 1});
    assert_eq!(fault(&loja.post("/api/charges", &other).await), "422 valor_invalido valor");
    let nothing = loja.post("/api/charges", &json!({"checkout_id": "co_0"})).await;
    assert_eq!(fault(&nothing), "404 nao_encontrado -");
}

/// A page by its path, as a browser asks for it.
async fn page(loja: &Loja, path: &str, language: &str) -> Got {
    let call = loja.app.call(Method::GET, path).no_key();
    call.header("accept-language", language).send(Body::empty()).await
}

async fn sends(loja: &Loja, path: &str, form: &'static str) -> Got {
    let call = loja.app.call(Method::POST, path).no_key();
    call.header("content-type", "application/x-www-form-urlencoded").send(Body::from(form)).await
}

#[tokio::test]
async fn a_payer_fills_the_page_in_and_is_led_to_the_code() {
    let loja = Loja::new().await;
    let checkout = opened(&loja).await;
    let link = checkout["link_checkout"].as_str().unwrap();
    let path = link.strip_prefix("http://pix.example:8080").unwrap();
    let shown = page(&loja, path, "pt-BR").await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    for part in ["R$ 100,50", "Pedido #12345", "<form method=\"post\">", "Pagar com PIX"] {
        assert!(shown.text.contains(part), "{part} is not in {}", shown.text);
    }
    for part in ["João", "joao@", "12345\"", "src=", "<script", "url("] {
        assert!(!shown.text.contains(part), "{part} is in {}", shown.text);
    }
    assert!(shown.header("content-security-policy").contains("form-action 'self'"));
    let sent = sends(&loja, path, "name=Maria+L%C3%BAcia&email=&phone=%2B5511999999999").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let pays = sent.header("location");
    assert!(page(&loja, &pays, "pt").await.text.contains("<svg"), "{pays}");
    let again = sends(&loja, path, "").await;
    assert_eq!(again.header("location"), pays, "the same payment, not a second one");
    let english = page(&loja, path, "en").await.text;
    assert!(english.contains(&format!("<a href=\"{pays}\">Continue the payment</a>")), "{english}");
    let now = loja.get(&format!("/api/checkouts/{}", id(&checkout))).await.json();
    assert_eq!(
        now["cliente"],
        json!({"nome": "João Silva", "email": "joao@exemplo.com", "telefone": "+5511999999999"}),
        "what the merchant knows of its payer is not a stranger's to change"
    );
    loja.force(now["payment_id"].as_str().unwrap(), ForcedOutcome::Succeed).await;
    let paid = sends(&loja, path, "").await;
    assert!(paid.text.contains("<p>Pago</p>") && !paid.text.contains("<form"), "{}", paid.text);
    let (proven, _) = path.split_once('.').unwrap();
    for guessed in
        ["/checkout/co_7zzzzzzzzzzzz", proven, &format!("{proven}.00"), &format!("{path}0")]
    {
        let nobody = page(&loja, guessed, "en").await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{guessed}: {}", nobody.text);
        let nobody = sends(&loja, guessed, "name=x").await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{guessed}: {}", nobody.text);
    }
    let other = page(&loja, &format!("/checkout/{}", pays.rsplit_once('/').unwrap().1), "en").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "a payment is no checkout");
}

#[tokio::test]
async fn what_a_checkout_says_cannot_write_into_its_page_and_a_form_has_a_bound() {
    let loja = Loja::new().await;
    let wish = json!({"valor": 1, "descricao": "<script>alert('x')</script>"});
    let checkout = loja.post("/api/checkouts", &wish).await.json();
    let link = checkout["link_checkout"].as_str().unwrap();
    let path = link.strip_prefix("http://pix.example:8080").unwrap().to_owned();
    let shown = page(&loja, &path, "pt").await.text;
    assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script"), "{shown}");
    let call = loja.app.call(Method::POST, &path).no_key();
    let long = call.send(Body::from(format!("name={}", "x".repeat(20_000)))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", long.text);
    let card = sends(&loja, &path, "name=4242424242424242").await;
    assert_eq!(card.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", card.text);
    for told in [long, card] {
        assert!(told.header("content-type").starts_with("text/html"), "{}", told.text);
        assert!(told.text.contains("<h1>Não foi possível aceitar estes dados"), "{}", told.text);
    }
    assert_eq!(status(&loja, &checkout).await, "aberto");
}
