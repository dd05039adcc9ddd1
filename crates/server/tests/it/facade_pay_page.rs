//! The page that a payment's link leads to.

use http::StatusCode;
use posthorn_engine::ForcedOutcome;
use serde_json::json;

use crate::facade_pagtracker::{Loja, wish};

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
