//! PagTracker's API as its guide's programs use it.

mod once;

use axum::body::Body;
use http::{Method, StatusCode};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_engine::{ForcedOutcome, Options};
use serde_json::{Value, json};

use crate::harness::{Call, Got, TestApp};

/// A merchant who speaks PagTracker.
pub(crate) struct Loja {
    pub(crate) app: TestApp,
    merchant: MerchantId,
    live: String,
}

impl Loja {
    pub(crate) async fn new() -> Self {
        Self::over(TestApp::in_real_time().await).await
    }

    async fn over(mut app: TestApp) -> Self {
        let made = app.merchant(&json!({"name": "Loja", "contract": "pagtracker"})).await;
        app.test = made.at("/keys/test/api_key");
        let merchant = made.at("/id").parse().unwrap();
        Self { app, merchant, live: made.at("/keys/live/api_key") }
    }

    fn call(&self, method: Method, path: &str) -> Call {
        self.app.call(method, &format!("/pagtracker{path}")).header("host", "pix.example:8080")
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path).send(Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        self.call(Method::POST, path).json(body).await
    }

    /// The guide's charge.
    pub(crate) async fn charge(&self) -> Got {
        let made = self.post("/api/charges", &wish()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made
    }

    pub(crate) async fn force(&self, id: &str, outcome: ForcedOutcome) {
        let engine = self.app.app.engine();
        let payment = engine.payment_id(self.merchant, id).unwrap();
        engine.force_payment((self.merchant, Mode::Test), payment, outcome).await.unwrap();
    }

    /// The data of the only event of a type, with the names in its order.
    pub(crate) async fn told(&self, kind: &str) -> (Value, String) {
        let listed = self.app.get(&format!("/v1/events?type={kind}")).await;
        let id = listed.at("/data/0/id");
        assert_eq!(listed.json()["data"].as_array().unwrap().len(), 1, "{}", listed.text);
        let event = self.app.get(&format!("/v1/events/{id}")).await.json();
        let data = event["data"].clone();
        let names: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
        (data, names.join(" "))
    }

    /// Whether the first delivery carries a signature.
    async fn is_signed(&self) -> bool {
        for _ in 0..100 {
            self.app.settle_down().await;
            if let Some(sent) = self.app.receiver.got().first() {
                let mut names = sent.headers.iter().map(|(name, _)| name);
                return names.any(|name| name.eq_ignore_ascii_case("x-pagtracker-signature"));
            }
        }
        panic!("nothing was delivered");
    }

    pub(crate) async fn pay_page(&self, id: &str, language: &str) -> Got {
        let call = self.app.call(Method::GET, &format!("/pay/{id}")).no_key();
        call.header("accept-language", language).send(Body::empty()).await
    }
}

pub(crate) fn wish() -> Value {
    json!({"valor": 100.50, "descricao": "Pagamento do Pedido #12345",
        "cliente": {"nome": "João Silva", "email": "joao@exemplo.com"},
        "metadata": {"pedido_id": "12345"}})
}

/// Status, code and field of an error; its sentence is for people.
pub(crate) fn fault(got: &Got) -> String {
    let error = &got.json()["erro"];
    assert_eq!(got.header("content-type"), "application/json", "{}", got.text);
    assert!(error["mensagem"].as_str().is_some_and(|text| !text.is_empty()), "{}", got.text);
    let code = error["codigo"].as_str().unwrap();
    format!("{} {code} {}", got.status.as_u16(), error["campo"].as_str().unwrap_or("-"))
}

/// CRC-16/CCITT-FALSE, bit by bit: polynomial 0x1021, from 0xFFFF, nothing reflected.
fn crc16(text: &str) -> u16 {
    text.bytes().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// The fields of an EMV code: two digits of tag, two of length, and the value.
fn emv(code: &str) -> Vec<(&str, &str)> {
    let (mut rest, mut fields) = (code, Vec::new());
    while !rest.is_empty() {
        let length: usize = rest[2..4].parse().unwrap();
        fields.push((&rest[..2], &rest[4..4 + length]));
        rest = &rest[4 + length..];
    }
    fields
}

#[tokio::test]
async fn a_charge_is_answered_as_the_guide_shows_it_and_its_code_can_be_paid() {
    let loja = Loja::new().await;
    let made = loja.charge().await;
    let charge = made.json();
    let id = charge["id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    let txid = charge["txid"].as_str().unwrap();
    assert!((26..=35).contains(&txid.len()) && txid.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(made.text.contains("\"valor\":100.5,"), "{}", made.text);
    assert_eq!(charge["status"], "pendente");
    assert_eq!(charge["metadata"], json!({"pedido_id": "12345"}));
    let time = |name: &str| charge[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(time("expires_at").duration_since(time("created_at")).as_secs(), 3600);
    let code = charge["qr_code"].as_str().unwrap();
    let (body, crc) = code.split_at(code.len() - 4);
    assert_eq!(format!("{:04X}", crc16(body)), crc);
    let fields = emv(code);
    assert_eq!(fields[0], ("00", "01"));
    assert!(fields.contains(&("53", "986")) && fields.contains(&("58", "BR")), "{fields:?}");
    let amount = fields.iter().find(|(tag, _)| *tag == "54");
    assert!(amount.is_none_or(|(_, amount)| *amount == "100.50"), "{fields:?}");
    let link = charge["link_pagamento"].as_str().unwrap();
    assert!(link.starts_with("http://pix.example:8080/pay/pay_"), "{link}");
    assert_eq!(loja.get(&format!("/api/charges/{id}")).await.text, made.text);
}

#[tokio::test]
async fn a_payment_is_told_of_with_the_guides_members() {
    let loja = Loja::new().await;
    let mut wish = json!({"valor": 100.50, "descricao": "Pagamento do Pedido #12345"});
    let charge = loja.post("/api/charges", &wish).await.json();
    let id = charge["id"].as_str().unwrap();
    let (created, names) = loja.told("payment.created").await;
    assert_eq!(names, "created_at descricao expires_at id qr_code status txid valor");
    for name in
        ["id", "txid", "valor", "descricao", "status", "qr_code", "created_at", "expires_at"]
    {
        assert_eq!(created[name], charge[name], "{name}");
    }
    loja.force(id, ForcedOutcome::Succeed).await;
    let (confirmed, names) = loja.told("payment.confirmed").await;
    assert_eq!(names, "created_at descricao id paid_at status txid valor");
    assert_eq!((&confirmed["status"], &confirmed["valor"]), (&json!("pago"), &json!(100.5)));
    let got = loja.get(&format!("/api/charges/{id}")).await.json();
    assert_eq!((&got["status"], &got["paid_at"]), (&json!("pago"), &confirmed["paid_at"]));
    wish["cliente"] = json!({"nome": "João Silva"});
    let other = loja.post("/api/charges", &wish).await.at("/id");
    loja.force(&other, ForcedOutcome::Succeed).await;
    let listed = loja.app.get("/v1/events?type=payment.confirmed").await;
    let data = loja.app.get(&format!("/v1/events/{}", listed.at("/data/0/id"))).await;
    assert_eq!(data.json()["data"]["cliente"], json!({"nome": "João Silva"}));
}

#[tokio::test]
async fn with_a_public_url_a_new_charges_event_has_every_member_that_the_guide_prints() {
    let public_url = Some("https://pix.pagtracker.com.br/".to_owned());
    let options = Options { public_url, ..Options::default() };
    let loja = Loja::over(TestApp::bounded(options).await).await;
    let charge = loja.charge().await.json();
    let (told, names) = loja.told("payment.created").await;
    assert_eq!(
        names,
        "created_at descricao expires_at id link_pagamento qr_code status txid valor"
    );
    let link = told["link_pagamento"].as_str().unwrap();
    assert!(link.starts_with("https://pix.pagtracker.com.br/pay/pay_"), "{link}");
    assert_eq!(charge["link_pagamento"], link);
}

#[tokio::test]
async fn a_charge_is_refunded_in_parts_and_never_beyond_what_was_paid() {
    let loja = Loja::new().await;
    let id = loja.charge().await.at("/id");
    let refund = format!("/api/charges/{id}/refund");
    assert_eq!(fault(&loja.post(&refund, &json!({})).await), "409 conflito -");
    loja.force(&id, ForcedOutcome::Succeed).await;
    let part = loja.post(&refund, &json!({"valor": 40.25})).await;
    assert_eq!(part.status, StatusCode::OK, "{}", part.text);
    let beyond = loja.post(&refund, &json!({"valor": 60.26})).await;
    assert_eq!(fault(&beyond), "422 valor_invalido valor");
    loja.app.post("/v1/sandbox/clock", &json!({"advance": "1m"})).await;
    let (told, _) = loja.told("payment.refunded").await;
    assert_eq!((&told["valor"], &told["valor_reembolsado"]), (&json!(100.5), &json!(40.25)));
    assert_eq!(told["status"], "reembolsado");
    assert!(told["refunded_at"].is_string() && told["paid_at"].is_string());
    let rest = loja.call(Method::POST, &format!("/api/charges/{id}/reembolsar"));
    assert_eq!(rest.send(Body::empty()).await.status, StatusCode::OK);
    loja.app.post("/v1/sandbox/clock", &json!({"advance": "1m"})).await;
    let got = loja.get(&format!("/api/charges/{id}")).await.json();
    assert_eq!(got["valor_reembolsado"], json!(100.5));
}

#[tokio::test]
async fn a_charge_that_nobody_pays_expires_and_one_that_is_called_off_is_canceled() {
    let loja = Loja::new().await;
    let mut wish = wish();
    let canceled = loja.charge().await.at("/id");
    let path = format!("/api/charges/{canceled}/cancelar");
    let got = loja.call(Method::POST, &path).send(Body::empty()).await;
    assert_eq!(got.at("/status"), "cancelado", "{}", got.text);
    let (told, names) = loja.told("payment.canceled").await;
    assert_eq!((&told["id"], &told["status"]), (&json!(canceled), &json!("cancelado")));
    assert_eq!(names, "canceled_at cliente created_at descricao id metadata status txid valor");
    let again = loja.call(Method::POST, &format!("/api/charges/{canceled}/cancel"));
    assert_eq!(fault(&again.send(Body::empty()).await), "409 conflito -");
    wish["expira_em"] = json!(60);
    let made = loja.post("/api/charges", &wish).await;
    let (expired, link) = (made.at("/id"), made.at("/link_pagamento"));
    loja.app.post("/v1/sandbox/clock", &json!({"advance": "61s"})).await;
    let (told, names) = loja.told("payment.expired").await;
    assert_eq!((&told["id"], &told["status"]), (&json!(expired), &json!("expirado")));
    assert_eq!(names, "cliente created_at descricao expires_at id metadata status txid valor");
    let link = link.rsplit_once('/').unwrap().1;
    assert!(loja.pay_page(link, "en").await.text.contains("Expired"));
}

#[tokio::test]
async fn a_split_is_sent_once_the_charge_is_paid() {
    let loja = Loja::new().await;
    let wish = json!({"valor": 100.50, "splits": [
        {"nome": "Destinatário 1", "chave_pix": "um@exemplo.com", "tipo": "fixo", "valor": 80.40},
        {"nome": "Destinatário 2", "chave_pix": "dois@exemplo.com", "tipo": "percentual", "valor": 20}]});
    let made = loja.post("/api/charges", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let splits = &made.json()["splits"];
    assert_eq!((&splits[0]["valor"], &splits[1]["valor"]), (&json!(80.4), &json!(20.1)));
    assert_eq!(splits[1]["chave_pix"], "dois@exemplo.com");
    assert_eq!(splits[0]["status"], "pendente");
    let id = made.at("/id");
    loja.force(&id, ForcedOutcome::Succeed).await;
    loja.app.post("/v1/sandbox/clock", &json!({"advance": "2d"})).await;
    let (told, names) = loja.told("split.processed").await;
    assert_eq!(names, "destinatarios payment_id processed_at split_id valor_total");
    assert_eq!((&told["payment_id"], &told["valor_total"]), (&json!(id), &json!(100.5)));
    let leg = told["destinatarios"][0].as_object().unwrap();
    assert_eq!(leg.keys().collect::<Vec<_>>(), ["id", "nome", "status", "txid", "valor"]);
    assert_eq!((&leg["nome"], &leg["status"]), (&json!("Destinatário 1"), &json!("processado")));
    let got = loja.get(&format!("/api/charges/{id}")).await.json();
    assert_eq!(got["splits"][0]["txid"], leg["txid"]);
}

#[tokio::test]
async fn a_wish_that_cannot_be_met_is_refused_by_its_member() {
    let loja = Loja::new().await;
    let split = |tipo: &str, valor: f64| json!([{"nome": "A", "chave_pix": "a@exemplo.com", "tipo": tipo, "valor": valor}]);
    let wishes = [
        json!({}),
        json!({"valor": "100.50"}),
        json!({"valor": 0}),
        json!({"valor": 1.001}),
        json!({"valor": 1, "expira_em": 0}),
        json!({"valor": 1, "metadata": []}),
        json!({"valor": 1, "splits": split("tudo", 1.0)}),
        json!({"valor": 1, "splits": split("fixo", 1.01)}),
        json!({"valor": 1, "splits": split("percentual", 100.01)}),
    ];
    let mut told = Vec::new();
    for wish in &wishes {
        told.push(fault(&loja.post("/api/charges", wish).await));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    400 requisicao_invalida valor
    422 valor_invalido valor
    422 valor_invalido valor
    422 valor_invalido valor
    422 valor_invalido expira_em
    422 valor_invalido metadata
    422 valor_invalido splits[0].tipo
    422 valor_invalido splits
    422 valor_invalido splits
    ");
    let broken = loja.call(Method::POST, "/api/charges").send(Body::from("{\"valor\": 1,")).await;
    assert_eq!(fault(&broken), "400 requisicao_invalida -");
}

#[tokio::test]
async fn keys_that_are_not_good_here_are_told_so() {
    let loja = Loja::new().await;
    let none = loja.call(Method::GET, "/api/charges").no_key().send(Body::empty()).await;
    assert_eq!(fault(&none), "401 nao_autorizado -");
    let unknown = loja.call(Method::GET, "/api/charges").key("sk_test_x").send(Body::empty()).await;
    assert_eq!(fault(&unknown), "401 nao_autorizado -");
    let foreign = loja.app.merchant(&json!({"name": "Outra", "contract": "payqi"})).await;
    let key = foreign.at("/keys/test/api_key");
    let foreign = loja.call(Method::GET, "/api/charges").key(&key).send(Body::empty()).await;
    assert_eq!(fault(&foreign), "401 nao_autorizado -");
    let live = loja.call(Method::POST, "/api/charges").key(&loja.live).json(&wish()).await;
    assert_eq!(fault(&live), "422 provedor_nao_configurado -");
    assert!(live.at("/erro/mensagem").contains("nenhum provedor configurado para o modo live"));
    let missing = loja.get("/api/charges/5f3c8a10-7b1e-4a52-9d2f-0c6e4b7a9f31").await;
    assert_eq!(fault(&missing), "404 nao_encontrado -");
}

#[tokio::test]
async fn charges_are_listed_by_the_contracts_status_words() {
    let loja = Loja::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(loja.charge().await.at("/id"));
    }
    loja.force(&ids[1], ForcedOutcome::Succeed).await;
    let first = loja.get("/api/charges?limit=1&status=pendente").await;
    assert_eq!(first.at("/data/0/id"), ids[2]);
    let cursor = first.at("/next_cursor");
    let second = loja.get(&format!("/api/charges?limit=1&status=pendente&cursor={cursor}")).await;
    assert_eq!(
        (second.at("/data/0/id"), second.at("/next_cursor")),
        (ids[0].clone(), "null".into())
    );
    assert_eq!(loja.get("/api/charges?status=pago").await.at("/data/0/id"), ids[1]);
    assert_eq!(loja.get("/api/charges").await.json()["data"].as_array().unwrap().len(), 3);
    let unknown = loja.get("/api/charges?status=paid").await;
    assert_eq!(fault(&unknown), "400 requisicao_invalida status");
    assert!(unknown.at("/erro/mensagem").contains("pendente, pago"), "{}", unknown.text);
}

#[tokio::test]
async fn a_webhook_is_set_up_as_the_guide_does_and_its_secret_never_told() {
    let loja = Loja::new().await;
    let wish = json!({"url": "https://seusistema.com/webhooks/pagtracker",
        "eventos": ["payment.created", "payment.confirmed", "payment.expired"],
        "segredo": "seu_segredo_webhook_muito_seguro",
        "descricao": "Webhook para sistema de pedidos"});
    let made = loja.post("/api/webhooks", &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("segredo_webhook"), "{}", made.text);
    let webhook = made.json();
    let id = webhook["id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    for name in ["url", "eventos", "descricao"] {
        assert_eq!(webhook[name], wish[name], "{name}");
    }
    assert_eq!(webhook["ativo"], true);
    let path = format!("/api/webhooks/{id}");
    assert_eq!(loja.get(&path).await.json(), webhook);
    assert_eq!(loja.get("/api/webhooks").await.json()["data"], json!([webhook]));
    loja.charge().await;
    assert!(loja.is_signed().await);
    let gone = loja.call(Method::DELETE, &path).send(Body::empty()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(fault(&loja.get(&path).await), "404 nao_encontrado -");
}

#[tokio::test]
async fn a_webhook_without_a_secret_is_not_signed_and_unknown_events_are_refused_with_the_list() {
    let loja = Loja::new().await;
    let wish = json!({"url": "https://seusistema.com/w", "eventos": ["payment.created"]});
    assert_eq!(loja.post("/api/webhooks", &wish).await.status, StatusCode::CREATED);
    loja.charge().await;
    assert!(!loja.is_signed().await);
    let misnamed = json!({"url": "https://a.com/", "eventos": ["payment.paid"]});
    let unknown = loja.post("/api/webhooks", &misnamed).await;
    assert_eq!(fault(&unknown), "422 valor_invalido eventos");
    assert!(unknown.at("/erro/mensagem").contains("payment.confirmed, payment.expired"));
}
