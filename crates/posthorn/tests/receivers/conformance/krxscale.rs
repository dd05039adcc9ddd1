//! "Guia de Integração: Outbound Webhooks" of KrxScale. It prints no request: what its screens do is the native API's.

use serde_json::{Value, json};

use super::page::Page;
use crate::program::Program;

const AUTH: &str = r#"-H "Authorization: Bearer $KEY""#;
const JSON: &str = "-H 'Content-Type: application/json'";
const SECRET: &str = "obviously-fake-secret-0123456789abcdef";

/// The guide's verifiers: file, name, and the JSON that the language prints.
const VERIFIERS: [(&str, &str, &str); 3] = [
    ("node/krxscale.js", "the guide's verifier, Node", "js"),
    ("python/krxscale.py", "the guide's verifier, Python (`json: python`)", "python"),
    ("php/krxscale.php", "the guide's verifier, PHP (`json: php`)", "php"),
];

pub(crate) fn page() -> Page {
    let mut page = Page::open("KrxScale: Guia de Integração: Outbound Webhooks", "krxscale", false);
    let mut programs = Vec::new();
    for (file, _, style) in VERIFIERS {
        let mut program = Program::start(file);
        program.verify_with(SECRET);
        page.call("URL", &program.url());
        let create = format!(
            r#"$NATIVE/v1/endpoints {AUTH} {JSON} -d '{{"url":"'"$URL"'","events":["payment.transaction.*"],"secret":"{SECRET}","json":"{style}"}}'"#
        );
        let made = page.asks("1. Criar Endpoint", &create, 201, &Value::Null);
        page.call("ENDPOINT", made["id"].as_str().expect("an id"));
        programs.push(program);
    }
    let test = format!(
        r#"$NATIVE/v1/endpoints/$ENDPOINT/test {AUTH} {JSON} -d '{{"type":"payment.transaction.succeeded"}}'"#
    );
    page.asks("Botão \"Testar Endpoint\"", &test, 202, &Value::Null);
    page.hears(VERIFIERS[2].1, &mut programs[2], &["payment.transaction.succeeded"]);
    transactions(&mut page, &mut programs);
    let log = format!(r#""$NATIVE/v1/deliveries?endpoint=$ENDPOINT&limit=100" {AUTH}"#);
    let deliveries = page.asks("Verificar Logs: últimas 100 entregas", &log, 200, &Value::Null);
    page.call("DELIVERY", deliveries["data"][0]["id"].as_str().expect("a delivery"));
    let resend = format!("-X POST $NATIVE/v1/deliveries/$DELIVERY/resend {AUTH}");
    page.asks("Reenviar Webhook", &resend, 202, &Value::Null);
    page
}

fn all(page: &mut Page, programs: &mut [Program], types: &[&str]) {
    let types: Vec<String> =
        types.iter().map(|kind| format!("payment.transaction.{kind}")).collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    for ((_, who, _), program) in VERIFIERS.iter().zip(programs) {
        page.hears(who, program, &types);
    }
}

/// Makes a payment; its id.
fn pays(page: &Page, wish: &Value) -> String {
    page.natively("payments", wish)["id"].as_str().expect("an id").to_owned()
}

fn card(number: &str) -> Value {
    json!({
        "amount": 10000, "currency": "BRL", "method": "card", "installments": 3,
        "card": {"number": number, "exp_month": 12, "exp_year": 2040, "cvv": "123"},
    })
}

/// "Eventos Disponíveis": each of the ten.
fn transactions(page: &mut Page, programs: &mut [Program]) {
    let refunded = pays(page, &card("4242424242424242"));
    page.advance("10s");
    all(page, programs, &["created", "processing", "succeeded"]);
    page.natively(&format!("payments/{refunded}/refunds"), &json!({"amount": 4000}));
    page.advance("10s");
    all(page, programs, &["partially_refunded"]);
    page.natively(&format!("payments/{refunded}/refunds"), &json!({}));
    page.advance("10s");
    all(page, programs, &["refunded"]);

    pays(page, &card("4000000000000002"));
    page.advance("10s");
    all(page, programs, &["created", "processing", "failed"]);

    // A card that asks for 3-D Secure, and whose holder disputes the charge later.
    let challenged = pays(page, &card("4000002500003155"));
    page.force(&challenged, "succeed");
    page.force(&challenged, "dispute");
    all(page, programs, &["created", "requires_action", "succeeded", "chargeback"]);

    let pix = json!({"amount": 10000, "currency": "BRL", "method": "pix"});
    let canceled = pays(page, &pix);
    page.natively(&format!("payments/{canceled}/cancel"), &json!({}));
    all(page, programs, &["created", "pending", "canceled"]);
}
