//! "Integration FAQ" of TechCorp: its commands as printed, on the sandbox's own base. Its Python verifier hears what follows; its
//! JavaScript runs in `e2e::card_page`.

use serde_json::{Value, json};

use super::page::Page;
use crate::program::Program;

/// "`client_credentials` example".
const TOKEN: &str = "-X POST $BASE/v1/auth/oauth/token -d grant_type=client_credentials \
                 -d client_id=$CLIENT_ID -d client_secret=$CLIENT_SECRET";
const PYTHON: &str = "the guide's verifier, Python";
const BEARER: &str = r#"-H "Authorization: Bearer $TOKEN""#;
const JSON: &str = r#"-H "Content-Type: application/json""#;

pub(crate) fn page() -> Page {
    let mut page = Page::open("TechCorp: Integration FAQ", "techcorp", true);
    let mut python = Program::start("python/techcorp.py");
    page.call("URL", &python.url());
    let endpoint = page.natively("endpoints", &json!({"url": python.url(), "events": ["*"]}));
    python.verify_with(endpoint["secret"].as_str().expect("a secret"));
    tokens(&mut page);
    payments(&mut page, &mut python);
    orders(&mut page, &mut python);
    products(&mut page, &mut python);
    debugging(&mut page);
    page
}

fn named(page: &mut Page, name: &'static str, value: &Value) {
    page.call(name, value.as_str().expect("a text"));
}

fn tokens(page: &mut Page) {
    let application = page.natively("applications", &json!({"name": "ERP"}));
    named(page, "CLIENT_ID", &application["client_id"]);
    named(page, "CLIENT_SECRET", &application["client_secret"]);
    let given = json!({"access_token": "…", "token_type": "Bearer", "expires_in": 1800, "scope": "read write"});
    let got = page.asks("client_credentials example", TOKEN, 200, &given);
    named(page, "TOKEN", &got["access_token"]);
    let refresh_token = consent(page);
    named(page, "REFRESH_TOKEN", &refresh_token);
    let refresh = format!(
        r#"-X POST $BASE/v1/auth/refresh {JSON} -d '{{"refresh_token": "'"$REFRESH_TOKEN"'"}}'"#
    );
    let mut given = given;
    given["refresh_token"] = "…".into();
    page.asks("My token expired, what do I do?", &refresh, 200, &given);
}

/// What a user's browser and an application do to get a refresh token (RFC 6749, section 4.1; the keys are those of RFC 7636, appendix B).
fn consent(page: &mut Page) -> Value {
    page.natively("logins", &json!({"email": "ana@example.com", "password": "correct horse"}));
    let draft =
        json!({"name": "App", "kind": "public", "redirect_uris": ["https://app.example/back"]});
    let application = page.natively("applications", &draft);
    named(page, "PUBLIC_ID", &application["client_id"]);
    let pressed = "-o /dev/null -w '{\"at\": \"%{redirect_url}\"}\\n%{http_code}' $BASE/v1/auth/oauth/authorize \
                   -d response_type=code -d client_id=$PUBLIC_ID -d redirect_uri=https://app.example/back \
                   -d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM -d code_challenge_method=S256 \
                   -d decision=allow -d email=ana@example.com --data-urlencode 'password=correct horse'";
    let (code, got) = page.curl(pressed);
    assert_eq!(code, 303, "{got}");
    let back = url::Url::parse(got["at"].as_str().expect("an address")).expect("an address");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    page.call("CODE", &code);
    let exchange = "$BASE/v1/auth/oauth/token -d grant_type=authorization_code -d client_id=$PUBLIC_ID -d code=$CODE \
                    -d redirect_uri=https://app.example/back -d code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    page.quietly(exchange)["refresh_token"].clone()
}

/// A card token of a payer's browser.
fn tokenize(page: &mut Page, number: &str) {
    let card = json!({"number": number, "exp_month": 12, "exp_year": 2025, "cvv": "123"});
    let token = page.quietly(&format!(
        r#"$BASE/v1/cards/tokens -H "Authorization: Bearer $PUBLISHABLE" {JSON} -d '{card}'"#
    ));
    named(page, "CARD_TOKEN", &token["id"]);
}

fn process(with: &str) -> String {
    format!(
        r#"-X POST $BASE/api/payments/process {BEARER} -d '{{"order_id": "'"$ORDER"'", "amount": 29990, {with}}}'"#
    )
}

const CARD: &str = r#""card_token": "'"$CARD_TOKEN"'""#;

fn payments(page: &mut Page, python: &mut Program) {
    let paid = ["order.paid", "payment.confirmed"];
    for (order, number, status, kinds) in [
        ("a-1", "4242424242424242", "APPROVED", &paid[..]),
        ("a-2", "4000000000000002", "DECLINED", &["payment.failed"]),
        ("a-3", "4000000000009995", "DECLINED", &["payment.failed"]),
        ("a-4", "4000000000000069", "DECLINED", &["payment.failed"]),
    ] {
        tokenize(page, number);
        page.call("ORDER", order);
        let section = format!("How do I test payments in sandbox? {number}");
        let got = page.asks(&section, &process(CARD), 201, &Value::Null);
        assert_eq!(got["status"], status, "{got:#}");
        page.note(&format!("`status` is `{status}`"));
        page.hears(PYTHON, python, kinds);
        if status == "APPROVED" {
            named(page, "PAYMENT", &got["id"]);
        }
    }
    let refund = format!("-X POST $BASE/v1/payments/$PAYMENT/refund {BEARER} {JSON} -d '{{}}'");
    page.asks("What webhook events are available? a refund", &refund, 201, &Value::Null);
    page.hears(PYTHON, python, &["payment.refunded"]);
    page.call("ORDER", "a-5");
    let pix = page.asks("For test PIX", &process(r#""method": "pix""#), 201, &Value::Null);
    assert_eq!(pix["status"], "PENDING", "{pix:#}");
    page.advance("5s");
    page.note("confirmed 5 s later");
    page.hears(PYTHON, python, &paid);
}

fn orders(page: &mut Page, python: &mut Program) {
    let draft = json!({"items": [{"product_id": "kb-1", "name": "Keyboard", "quantity": 1, "price": 299.9}]});
    let create = format!("-X POST $BASE/api/orders {BEARER} {JSON} -d '{draft}'");
    let made = page.asks("Orders", &create, 201, &Value::Null);
    named(page, "ORDER", &made["id"]);
    page.hears(PYTHON, python, &["order.created"]);
    tokenize(page, "4242424242424242");
    page.asks("How do I process payments in my integration?", &process(CARD), 201, &Value::Null);
    page.hears(PYTHON, python, &["order.paid", "payment.confirmed"]);
    for (verb, kind) in [("ship", "order.shipped"), ("deliver", "order.delivered")] {
        let done = format!("-X POST $BASE/api/orders/$ORDER/{verb} {BEARER} {JSON} -d '{{}}'");
        page.asks("What webhook events are available?", &done, 200, &Value::Null);
        page.hears(PYTHON, python, &[kind]);
    }
    let other = page.quietly(&create);
    named(page, "OTHER", &other["id"]);
    let cancel = format!("-X POST $BASE/api/orders/$OTHER/cancel {BEARER} {JSON} -d '{{}}'");
    page.asks("What webhook events are available?", &cancel, 200, &Value::Null);
    page.hears(PYTHON, python, &["order.created", "order.cancelled"]);
    pages(page, python, &made["id"]);
}

/// "How do I paginate correctly?", as printed, over a hundred and two orders.
fn pages(page: &mut Page, python: &mut Program, oldest: &Value) {
    let item = json!({"product_id": "kb-1", "name": "Keyboard", "quantity": 1, "price": 299.9});
    let hundred = json!({"data": vec![json!({"items": [item]}); 100]});
    page.quietly(&format!("-X POST $BASE/api/orders/batch {BEARER} {JSON} -d '{hundred}'"));
    page.hears(PYTHON, python, &["order.created"; 100]);
    let section = "How do I paginate correctly?";
    let first = format!(r#"-X GET "$BASE/api/orders?limit=100" {BEARER}"#);
    let got = page.asks(section, &first, 200, &Value::Null);
    assert_eq!(got["data"].as_array().map(Vec::len), Some(100), "{got:#}");
    named(page, "CURSOR", &got["next_cursor"]);
    let next = format!(r#"-X GET "$BASE/api/orders?limit=100&cursor=$CURSOR" {BEARER}"#);
    let last = page.asks(section, &next, 200, &Value::Null);
    assert_eq!((&last["data"][1]["id"], &last["next_cursor"]), (oldest, &Value::Null));
    assert_eq!(last["data"].as_array().map(Vec::len), Some(2), "{last:#}");
}

fn products(page: &mut Page, python: &mut Program) {
    let section = "How do I sync products with my system?";
    let draft = json!({"name": "Keyboard", "sku": "KB-1", "price": 299.9, "stock": 3});
    let create = format!("-X POST $BASE/products {BEARER} {JSON} -d '{draft}'");
    let product = json!({
        "id": "…", "name": "Keyboard", "description": null, "sku": "KB-1", "price": 299.9, "currency": "BRL",
        "stock": 3, "status": "ACTIVE", "created_at": "…", "updated_at": "…",
    });
    let made = page.asks(section, &create, 201, &product);
    named(page, "PRODUCT", &made["id"]);
    let pull = json!({"data": [product], "next_cursor": null});
    page.asks(section, &format!("$BASE/products {BEARER}"), 200, &pull);
    let push = format!(r#"-X PATCH $BASE/products/$PRODUCT {BEARER} {JSON} -d '{{"stock": 2}}'"#);
    page.asks(section, &push, 200, &Value::Null);
    page.hears(PYTHON, python, &["product.updated"]);
    page.advance("24h");
    // The token's half hour is over, too.
    let token = page.quietly(TOKEN);
    named(page, "TOKEN", &token["access_token"]);
    let feed = page.asks(section, &format!("$BASE/products/feed {BEARER}"), 200, &Value::Null);
    assert_eq!((&feed["status"], &feed["products"]), (&json!("READY"), &json!(1)), "{feed:#}");
    let users = format!(
        r#"-X POST $BASE/v1/users {BEARER} {JSON} -d '{{"email": "joao@example.com", "name": "João"}}'"#
    );
    let user = page.asks("What webhook events are available?", &users, 201, &Value::Null);
    named(page, "USER", &user["id"]);
    page.hears(PYTHON, python, &["user.created"]);
    let change =
        format!(r#"-X PATCH $BASE/v1/users/$USER {BEARER} {JSON} -d '{{"name": "João Silva"}}'"#);
    page.asks("What webhook events are available?", &change, 200, &Value::Null);
    page.hears(PYTHON, python, &["user.updated"]);
}

fn debugging(page: &mut Page) {
    let wrong = format!(r#"$BASE/api/orders/nothing {BEARER} -H "X-Request-Id: support-7""#);
    let section = "How do I debug integration errors?";
    let got = page.asks(section, &wrong, 404, &Value::Null);
    assert_eq!((&got["code"], &got["request_id"]), (&json!("not_found"), &json!("support-7")));
    let call = r#"$NATIVE/v1/requests/support-7 -H "Authorization: Bearer $KEY""#;
    let call = page.asks(section, call, 200, &Value::Null);
    assert_eq!(call["status"], 404, "{call:#}");
}
