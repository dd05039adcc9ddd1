//! A payment as a platform's guide makes one: the request that it prints, and what the sandbox's payer then does.

use anyhow::{bail, ensure};
use posthorn_core::contract::Contract;
use posthorn_core::json::Json;
use serde_json::{Value, json};

use crate::cli::api::{As, Client, segment};
use crate::cli::out::{Ink, ink, say};
use crate::cli::table::text;

/// What a guide's program sends to make a payment: where to, what, and the member of the answer that holds its id.
struct Request {
    path: &'static str,
    body: Value,
    id: &'static str,
}

/// How long a sandbox's payer takes at most who pays by himself.
const PATIENCE: &str = "10s";
/// Times that a payer must be told to pay: XRP is seen before it counts.
const TELLINGS_MAX: u32 = 2;

/// Makes a payment and lets it be paid; its id.
pub(super) fn pay(contract: &Contract, merchant: &Client) -> anyhow::Result<String> {
    let Request { path, body, id } = request(contract);
    say(format_args!("  POST {}", ink(Ink::Name, path)));
    say(ink(Ink::Dim, format_args!("    {}", covered(&body))));
    let made = merchant.post(As::Merchant, path, &body)?;
    let id = text(&made.value, id);
    ensure!(!id.is_empty(), "the answer names no payment: {}", made.text);
    let state = state_of(merchant, &id)?;
    say(format_args!("  payment {}  {}", ink(Ink::Name, &id), ink(Ink::Wait, &state)));
    until_paid(merchant, &id, &state)?;
    Ok(id)
}

/// What makes a request.
type Printed = fn() -> Request;

/// The requests that guides print, by their contract.
const PRINTED: [(&str, Printed); 3] =
    [("sentinelgate", sentinelgate), ("payqi", payqi), ("pagtracker", pagtracker)];

/// The request that the guide prints, or for a guide that prints none the native one.
fn request(contract: &Contract) -> Request {
    let printed = PRINTED.iter().find(|(name, _)| contract.name == **name);
    printed.map_or_else(native, |(_, request)| request())
}

fn sentinelgate() -> Request {
    Request {
        path: "/sentinelgate/api/payments/create",
        body: json!({
            "amount_cents": 10_000, "currency": "KES", "provider": "MPESA_SAFARICOM",
            "metadata": {"phone_number": "254712345678", "description": "Test Payment", "order_reference": "ORDER-1"},
        }),
        id: "payment_id",
    }
}

fn payqi() -> Request {
    Request {
        path: "/payqi/api/payments",
        body: json!({
            "amount": "25.000000", "currency": "XRP", "description": "Order #1234",
            "metadata": {"order_id": "1234"}, "idempotency_key": "order-1234",
        }),
        id: "id",
    }
}

fn pagtracker() -> Request {
    Request {
        path: "/pagtracker/api/charges",
        body: json!({
            "valor": 100.50, "descricao": "Pagamento do Pedido #12345",
            "cliente": {"nome": "João Silva", "email": "joao@exemplo.com"}, "metadata": {"pedido_id": "12345"},
        }),
        id: "id",
    }
}

fn native() -> Request {
    Request {
        path: "/v1/payments",
        body: json!({
            "amount": 10_000, "currency": "BRL", "method": "card", "installments": 1,
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvv": "123"},
        }),
        id: "id",
    }
}

/// A request as it may be shown: a card is nobody's to read.
fn covered(body: &Value) -> String {
    let mut body = body.clone();
    if let Some(card) = body.get_mut("card") {
        *card = json!("…");
    }
    body.to_string()
}

/// The payer pays: by himself after a while, or told to.
fn until_paid(merchant: &Client, id: &str, state: &str) -> anyhow::Result<()> {
    if state == "succeeded" {
        return Ok(());
    }
    merchant.post(As::Merchant, "/v1/sandbox/clock", &json!({"advance": PATIENCE}))?;
    if state_of(merchant, id)? == "succeeded" {
        let waited = ink(Ink::Wait, PATIENCE);
        say(format_args!("  the payer pays while the sandbox clock goes forward {waited}"));
        return Ok(());
    }
    say("  the payer is told to pay");
    for _ in 0..TELLINGS_MAX {
        let path = format!("/v1/payments/{}/force", segment(id));
        let told = merchant.post(As::Merchant, &path, &json!({"outcome": "succeed"}))?;
        if text(&told.value, "state") == "succeeded" {
            return Ok(());
        }
    }
    bail!("the payment is still {}", state_of(merchant, id)?)
}

fn state_of(merchant: &Client, id: &str) -> anyhow::Result<String> {
    let payment = merchant.get(As::Merchant, &format!("/v1/payments/{}", segment(id)))?;
    Ok(text(&payment.value, "state"))
}

/// The delivery of the event of a type that came of it.
pub(super) fn delivery(merchant: &Client, kind: &str) -> anyhow::Result<String> {
    let events = merchant.get(As::Merchant, "/v1/events?limit=20")?;
    let of_kind = |event: &&Json| text(event, "type") == kind;
    let event = events.rows().iter().find(of_kind).map(|event| text(event, "id"));
    let Some(event) = event else { bail!("no `{kind}` came of the payment: {}", events.text) };
    let found = merchant.get(As::Merchant, &format!("/v1/deliveries?event={}", segment(&event)))?;
    let delivery = found.rows().first().map(|delivery| text(delivery, "id"));
    delivery.ok_or_else(|| anyhow::anyhow!("no delivery came of the event: {}", found.text))
}
