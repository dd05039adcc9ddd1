//! "Documentação de Webhooks do PagTracker".

use serde_json::{Value, json};

use super::page::Page;
use crate::program::Program;

const AUTH: &str = r#"-H "Authorization: Bearer $KEY""#;
const JSON: &str = "-H 'Content-Type: application/json'";
const NODE: &str = "the guide's verifier, Node";
const PHP: &str = "the guide's verifier, PHP";
const SECRET: &str = "seu_segredo_webhook_muito_seguro";

fn charge(status: &str) -> Value {
    let mut charge = json!({
        "id": "…", "txid": "…", "valor": 100.5, "descricao": "Pagamento do Pedido #12345", "status": status,
        "cliente": {"nome": "João Silva", "email": "joao@exemplo.com"}, "metadata": {"pedido_id": "12345"},
        "qr_code": "00020…", "link_pagamento": "http…", "created_at": "…", "expires_at": "…",
    });
    if ["pago", "reembolsado"].contains(&status) {
        charge["paid_at"] = "…".into();
    }
    if status == "reembolsado" {
        charge["valor_reembolsado"] = 100.5.into();
    }
    charge
}

fn wish() -> Value {
    json!({
        "valor": 100.50, "descricao": "Pagamento do Pedido #12345",
        "cliente": {"nome": "João Silva", "email": "joao@exemplo.com"}, "metadata": {"pedido_id": "12345"},
    })
}

fn create(wish: &Value) -> String {
    format!("$BASE/api/charges {AUTH} {JSON} -d '{wish}'")
}

fn refused(code: &str, field: Option<&str>) -> Value {
    let mut error = json!({"codigo": code, "mensagem": "…"});
    if let Some(field) = field {
        error["campo"] = field.into();
    }
    json!({"erro": error})
}

pub(crate) fn page() -> Page {
    let mut page =
        Page::open("PagTracker: Documentação de Webhooks do PagTracker", "pagtracker", true);
    let mut node = Program::start("node/pagtracker.js");
    let mut php = Program::start("php/pagtracker.php");
    node.verify_with(SECRET);
    php.verify_with(SECRET);
    webhooks(&mut page, (&node.url(), &php.url()));
    charges(&mut page, &mut node, &mut php);
    split(&mut page, &mut node, &mut php);
    errors(&mut page);
    page
}

/// "Via API", as it is printed but for the URL; a second one for the other language, with every event.
fn webhooks(page: &mut Page, (node, php): (&str, &str)) {
    page.call("URL", "https://seusistema.com/webhooks/pagtracker");
    let create = format!(
        r#"$BASE/api/webhooks {AUTH} {JSON} -d '{{"url":"'"$URL"'","eventos":["payment.created","payment.confirmed","payment.expired"],"segredo":"{SECRET}","descricao":"Webhook para sistema de pedidos"}}'"#
    );
    let shown = json!({
        "id": "…", "url": "https://seusistema.com/webhooks/pagtracker",
        "eventos": ["payment.created", "payment.confirmed", "payment.expired"],
        "descricao": "Webhook para sistema de pedidos", "ativo": true, "created_at": "…",
    });
    let made = page.asks("Configuração de Webhooks: Via API", &create, 201, &shown);
    page.call("WEBHOOK", made["id"].as_str().expect("an id"));
    let list = json!({"data": [shown], "next_cursor": null});
    page.asks("Via API: listar", &format!("$BASE/api/webhooks {AUTH}"), 200, &list);
    let delete = format!("-X DELETE $BASE/api/webhooks/$WEBHOOK {AUTH}");
    page.asks("Via API: remover", &delete, 204, &Value::Null);
    let all = json!([
        "payment.created",
        "payment.confirmed",
        "payment.expired",
        "payment.canceled",
        "payment.refunded",
        "split.processed",
        "split.failed",
        "checkout.completed",
        "checkout.abandoned",
    ]);
    for url in [node, php] {
        let wish = json!({"url": url, "eventos": all, "segredo": SECRET});
        page.quietly(&format!("$BASE/api/webhooks {AUTH} {JSON} -d '{wish}'"));
    }
}

fn both(page: &mut Page, node: &mut Program, php: &mut Program, types: &[&str]) {
    page.hears(NODE, node, types);
    page.hears(PHP, php, types);
}

fn charges(page: &mut Page, node: &mut Program, php: &mut Program) {
    let section = "Detalhes do Payload: a cobrança";
    let made = page.asks(section, &create(&wish()), 201, &charge("pendente"));
    let id = made["id"].as_str().expect("an id").to_owned();
    page.call("CHARGE", &id);
    both(page, node, php, &["payment.created"]);
    page.force(&id, "succeed");
    both(page, node, php, &["payment.confirmed"]);
    let get = format!("$BASE/api/charges/$CHARGE {AUTH}");
    page.asks(section, &get, 200, &charge("pago"));
    let refund = format!("-X POST $BASE/api/charges/$CHARGE/refund {AUTH} {JSON} -d '{{}}'");
    page.quietly(&refund);
    page.advance("1m");
    both(page, node, php, &["payment.refunded"]);
    page.asks("Tipos de Eventos: reembolso", &get, 200, &charge("reembolsado"));

    let canceled = page.quietly(&create(&wish()));
    page.call("CHARGE", canceled["id"].as_str().expect("an id"));
    let cancel = format!("-X POST $BASE/api/charges/$CHARGE/cancel {AUTH}");
    page.asks("Tipos de Eventos: cancelamento", &cancel, 200, &charge("cancelado"));
    both(page, node, php, &["payment.created", "payment.canceled"]);
    page.quietly(&create(&wish()));
    page.advance("2h");
    both(page, node, php, &["payment.created", "payment.expired"]);
}

/// Two recipients; one of them cannot be paid.
fn split(page: &mut Page, node: &mut Program, php: &mut Program) {
    for (second, ends) in
        [("ana@exemplo.com", "split.processed"), ("falha@exemplo.com", "split.failed")]
    {
        let mut wish = wish();
        wish["splits"] = json!([
            {"nome": "Destinatário 1", "chave_pix": "joao@exemplo.com", "tipo": "percentual", "valor": 80},
            {"nome": "Destinatário 2", "chave_pix": second, "tipo": "percentual", "valor": 20},
        ]);
        let mut shown = charge("pendente");
        let leg = |name: &str, key: &str, valor: f64| json!({"id": "…", "nome": name, "valor": valor, "status": "pendente", "chave_pix": key});
        shown["splits"] = json!([
            leg("Destinatário 1", "joao@exemplo.com", 80.4),
            leg("Destinatário 2", second, 20.1)
        ]);
        let made = page.asks("split.processed, split.failed", &create(&wish), 201, &shown);
        page.force(made["id"].as_str().expect("an id"), "succeed");
        page.advance("10d");
        both(page, node, php, &["payment.created", "payment.confirmed", ends]);
    }
}

fn errors(page: &mut Page) {
    let wrong = "$BASE/api/charges -H 'Authorization: Bearer sk_test_errada'";
    page.asks("Segurança: 401", wrong, 401, &refused("nao_autorizado", None));
    let nowhere = format!("$BASE/api/charges/nada {AUTH}");
    page.asks("erros: 404", &nowhere, 404, &refused("nao_encontrado", None));
    let text = create(&json!({"valor": "100,50"}));
    page.asks("erros: 422", &text, 422, &refused("valor_invalido", Some("valor")));
}
