//! "How do I process payments in my integration?", whole: a page of a shop's own origin in a real browser (Debian's Chromium,
//! which `./x test` installs) makes a token of a card as the guide prints it, and the shop's server, a program of Node's, pays
//! with it as the guide prints that.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::posthorn::{ADMIN_KEY, Api, Posthorn, text};
use crate::receiver::{Answer, Receiver};

/// The guide's card.
const NUMBER: &str = "4242424242424242";

/// The shop's page: first the guide's call, letter by letter, then what goes wrong.
const PAGE: &str = r#"<!doctype html>
<meta charset="utf-8">
<title>Checkout</title>
<script>
  const report = (seen) => fetch('/seen', { method: 'POST', body: JSON.stringify(seen) });
  window.addEventListener('error', (event) => report({ failed: event.message }));
  window.addEventListener('unhandledrejection', (event) => report({ failed: String(event.reason) }));
</script>
<script src="$BASE/v1/sdk/techcorp-pay.js" data-publishable-key="$KEY"></script>
<script type="module">
// Frontend: Tokenize card
const token = await TechCorpPay.createToken({
  number: '4242424242424242',
  exp_month: 12,
  exp_year: 2025,
  cvv: '123'
});

const card = { number: '4242 4242 4242 4241', exp_month: 12, exp_year: 2025, cvv: '123' };
const refused = async (settings) => {
  TechCorpPay.configure(settings);
  try {
    return { made: await TechCorpPay.createToken(card) };
  } catch (error) {
    const { name, code, field, message, requestId, retryAfter, stack } = error;
    const own = error instanceof TechCorpPay.TechCorpPayError;
    return { own, name, code, field, message, stack, retryAfter, traced: typeof requestId === 'string' };
  }
};
const publishableKey = '$KEY';
await report({
  token,
  mistyped: await refused({}),
  stranger: await refused({ publishableKey: 'pk_test_of_nobody' }),
  secret: await refused({ publishableKey: 'sk_test_that_is_not_for_pages' }),
  nowhere: await refused({ publishableKey, baseUrl: '$NOWHERE' }),
  back: await refused({ baseUrl: '$BASE' }),
});
</script>
"#;

/// The shop's server: the guide's request, letter by letter, with a `fetch` that knows the host and the merchant's key.
const SHOP: &str = r"
const { BASE, KEY, TOKEN, ORDER } = process.env;
const token = { id: TOKEN };
const order = (body) => body.replace('uuid', ORDER);
{
  const fetch = (path, { method, body }) =>
    globalThis.fetch(BASE + path, { method, body: order(body), headers: { authorization: `Bearer ${KEY}` } });

// Backend: Process payment
const payment = await fetch('/api/payments/process', {
  method: 'POST',
  body: JSON.stringify({
    order_id: 'uuid',
    amount: 29990,
    card_token: token.id
  })
});

  console.log(await payment.text());
}
";

/// A browser at a page, which ends with this value.
struct Browser {
    child: Child,
    _profile: TempDir,
}

impl Browser {
    fn at(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts; `./x test` installs it, or: apt-get install chromium");
        Self { child, _profile: profile }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A new merchant of TechCorp: its own test key, and the one for its pages.
fn merchant(server: &Posthorn) -> (Api, String) {
    let draft = json!({"name": "Shop", "contract": "techcorp"});
    let made = server.known(ADMIN_KEY).post("/v1/merchants", &draft);
    let key = text(&made, "/keys/test/publishable_key");
    (server.known(&text(&made, "/keys/test/api_key")), key)
}

/// What a page of the shop tells of what it saw.
fn seen_in_a_browser(page: String) -> Value {
    let shop = Receiver::answering(move |asked| match &*asked.path {
        "/" => Answer::status(200).with("content-type", "text/html").saying(&page),
        "/seen" => Answer::status(204),
        _ => Answer::status(404),
    });
    let _browser = Browser::at(&shop.url("/"));
    loop {
        let told = shop.request();
        assert!(!String::from_utf8_lossy(&told.body).contains(NUMBER), "the shop gets no card");
        if told.path == "/seen" {
            return serde_json::from_slice(&told.body).expect("JSON");
        }
    }
}

/// What the shop's server is answered.
fn paid_by_node(api: &Api, token: &str, order: &str) -> Value {
    let base = format!("{}/techcorp", api.base);
    let done = Command::new("node")
        .args(["--input-type=module", "--eval", SHOP])
        .envs([("BASE", &*base), ("KEY", &api.key), ("TOKEN", token), ("ORDER", order)])
        .output()
        .expect("node starts; `./x test` installs it, or: apt-get install nodejs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

#[test]
fn the_guides_page_makes_a_token_in_a_browser_and_the_guides_server_pays_with_it() {
    // Given a shop with an order, and a page on another origin than the server's
    let server = Posthorn::start();
    let (api, key) = merchant(&server);
    let items = json!([{"product_id": "9b2d", "quantity": 1, "price": 299.90}]);
    let order = text(&api.post("/techcorp/v1/orders", &json!({"items": items})), "/id");
    let page = PAGE.replace("$BASE", &format!("{}/techcorp", api.base)).replace("$KEY", &key);
    // When a payer's browser opens it
    let seen = seen_in_a_browser(page.replace("$NOWHERE", "http://127.0.0.1:9/"));
    // Then the page has a token, and an error of the script's own for whatever goes wrong, without the number
    assert_eq!(seen["failed"], Value::Null, "{seen:#}");
    assert_eq!(seen["token"]["card"]["last4"], "4242", "{seen:#}");
    assert!(text(&seen, "/token/expires_at").ends_with('Z'), "{seen:#}");
    for (case, code, field, traced) in [
        ("mistyped", "invalid_field", json!("number"), true),
        ("stranger", "unknown_key", Value::Null, true),
        ("secret", "not_configured", Value::Null, false),
        ("nowhere", "unreachable", Value::Null, false),
        ("back", "invalid_field", json!("number"), true),
    ] {
        let told = &seen[case];
        assert_eq!((&told["own"], &told["name"]), (&json!(true), &json!("TechCorpPayError")));
        assert_eq!((&told["code"], &told["field"]), (&json!(code), &field), "{case}: {told:#}");
        assert_eq!(told["traced"], traced, "{case}: {told:#}");
        assert!(!told.to_string().contains("4242"), "{case}: {told:#}");
    }
    // And the guide's server pays the order with it, once
    let paid = paid_by_node(&api, &text(&seen, "/token/id"), &order);
    assert_eq!((&paid["status"], &paid["amount"]), (&json!("APPROVED"), &json!(29_990)));
    assert_eq!(paid["card"]["last4"], "4242", "{paid:#}");
    assert_eq!(paid_by_node(&api, &text(&seen, "/token/id"), &order), paid);
    let order = api.get(&format!("/techcorp/v1/orders/{order}"));
    assert_eq!((&order["status"], &order["payment_id"]), (&json!("PAID"), &paid["id"]));
}
