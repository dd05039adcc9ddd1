//! No card number and no security code is anywhere but in memory: not in the database's files, the log, events, idempotency
//! records, copies or dumps of a run that used each test card in every way there is (DESIGN 6.7). What a token keeps of a number
//! is sealed, and opens for nobody without the master key.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::posthorn::{ADMIN_KEY, Api, text};
use crate::receiver::{Answer, Receiver};

/// Every test card of the guides, and a few more.
const CARDS: [&str; 8] = [
    "4242424242424242",
    "4111111111111111",
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000002500003155",
    "5555555555554444",
    "378282246310005",
];
/// The code of every card; no number, time or id of a run has it by chance.
const CODE: &str = "8031";

/// A server whose log is a file.
struct Logged {
    child: Child,
    base: String,
}

impl Logged {
    fn start(data: &Path, log: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_posthorn"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs([("POSTHORN_ADMIN_KEY", ADMIN_KEY), ("POSTHORN_LOG", "trace"), ("NO_COLOR", "1")])
            .stdout(Stdio::piped())
            .stderr(File::create(log).expect("a log"))
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let base = lines.find_map(|line| {
            let line = line.expect("text");
            line.find("http://").map(|at| line[at..].trim().to_owned())
        });
        std::thread::spawn(move || lines.count());
        Self { child, base: base.expect("it says where it listens") }
    }

    /// A new merchant: its test key, and its secret.
    fn merchant(&self, contract: &str) -> (Api, String) {
        let made = self.made(contract);
        (self.api(&text(&made, "/keys/test/api_key")), text(&made, "/keys/test/api_secret"))
    }

    /// A new merchant of TechCorp: its test key, and the one of its pages.
    fn shop(&self) -> (Api, Api) {
        let made = self.made("techcorp");
        let key = |name: &str| self.api(&text(&made, &format!("/keys/test/{name}")));
        (key("api_key"), key("publishable_key"))
    }

    fn made(&self, contract: &str) -> Value {
        let draft = json!({"name": "Loja", "contract": contract});
        self.api(ADMIN_KEY).post("/v1/merchants", &draft)
    }

    fn api(&self, key: &str) -> Api {
        Api { base: self.base.clone(), key: key.to_owned() }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A request with both headers, as SentinelGate's programs send it.
fn paired((api, secret): &(Api, String), path: &str, body: &Value) {
    let request = http::Request::post(format!("{}{path}", api.base))
        .header("x-api-key", &api.key)
        .header("x-api-secret", secret)
        .header("content-type", "application/json")
        .body(body.to_string())
        .expect("a request");
    let answer = ureq::run(request).expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}

/// The number as people type it.
fn grouped(number: &str, between: &str) -> String {
    let groups: Vec<_> = number.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    groups.join(between)
}

/// What must be nowhere: the number plain, spaced, dashed, and as base64 has it wherever it begins.
fn forms(number: &str) -> Vec<String> {
    let mut forms = vec![number.to_owned(), grouped(number, " "), grouped(number, "-")];
    forms.extend(encoded(number));
    forms
}

/// The text as base64 has it, wherever it begins.
fn encoded(text: &str) -> Vec<String> {
    ["", "x", "xy"]
        .into_iter()
        .map(|before| {
            let whole = format!("{before}{text}");
            // A letter has six bits. Those with bits of what stands beside the text depend on that too.
            let (first, end) = ((before.len() * 8).div_ceil(6), whole.len() * 8 / 6);
            BASE64.encode(whole.as_bytes())[first..end].to_owned()
        })
        .collect()
}

/// As long as the card's brand has it.
fn code(number: &str) -> &'static str {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if digits == 15 { CODE } else { &CODE[..3] }
}

fn card(number: &str) -> Value {
    json!({"number": number, "exp_month": 12, "exp_year": 2040, "cvv": code(number)})
}

/// Each card on the native API and on SentinelGate's: plain, spaced and dashed, with a key, again, where none belongs, and in
/// requests that cannot be read.
fn used_everywhere(server: &Logged, to: &str) {
    let (native, _) = server.merchant("krxscale");
    let gate = server.merchant("sentinelgate");
    for merchant in [&native, &gate.0] {
        merchant.post("/v1/endpoints", &json!({"url": to, "events": ["*"]}));
    }
    for (at, number) in CARDS.into_iter().enumerate() {
        let wish = |number: &str| {
            json!({"amount": 10_000, "currency": "BRL", "method": "card", "card": card(number)})
                .to_string()
        };
        for (way, number) in
            [number.to_owned(), grouped(number, " "), grouped(number, "-")].iter().enumerate()
        {
            let once = format!("key-{at}-{way}");
            for _ in 0..2 {
                let made = native.send("POST", "/v1/payments", &wish(number), Some(&once));
                assert_eq!(made.status, 201, "{made:#?}");
            }
            let wish = json!({
                "amount_cents": 10_000, "currency": "KES", "provider": "BUNI",
                "metadata": {"card_number": number, "expiry_date": "12/40", "cvv": code(number), "order_reference": once},
            });
            paired(&gate, "/sentinelgate/api/payments/create", &wish);
        }
        strayed(&native, number);
    }
    for merchant in [&native, &gate.0] {
        merchant.advance("1h");
    }
    let shop = server.shop();
    shop.0.post("/v1/endpoints", &json!({"url": to, "events": ["*"]}));
    for (at, number) in CARDS.into_iter().enumerate() {
        tokenized(&shop, number, &at.to_string());
    }
}

/// A card as a page gives it: one token of it pays, one expires, one is left; and pages that are wrong about it.
fn tokenized((own, page): &(Api, Api), number: &str, order: &str) {
    let path = "/techcorp/v1/cards/tokens";
    let token = |number: &str| text(&page.post(path, &card(number)), "/id");
    let (used, _expires) = (token(number), token(&grouped(number, " ")));
    let wish = json!({"order_id": order, "amount": 29_990, "card_token": used});
    own.post("/techcorp/api/payments/process", &wish);
    own.advance("16m");
    own.get(&format!("{path}/{}", token(&grouped(number, "-"))));
    let with = |name: &str, value: Value| {
        let mut card = card(number);
        card[name] = value;
        card.to_string()
    };
    let bodies = [
        with("number", json!(number.parse::<i64>().expect("digits"))),
        with("number", json!(format!("{number}x"))),
        with("exp_month", json!(number)),
        with("cvv", json!(number)),
        with(number, json!(1)),
        json!([card(number)]).to_string(),
        format!("{{\"{number}\": 1, \"{number}\": 2}}"),
        format!("{{\"number\": {number}"),
    ];
    for body in bodies {
        let got = page.send("POST", path, &body, Some("stray"));
        assert_eq!(got.status, 400, "{body}: {got:#?}");
        assert!(!got.body.to_string().contains(number), "{got:#?}");
    }
}

/// Where no card belongs: refused.
fn strayed(native: &Api, number: &str) {
    let pix = json!({"amount": 10_000, "currency": "BRL", "method": "pix"});
    let with = |name: &str, value: Value| {
        let mut wish = pix.clone();
        wish[name] = value;
        wish.to_string()
    };
    let bodies = [
        with("description", json!(format!("card {number}"))),
        with("metadata", json!({"deep": [{"note": grouped(number, " ")}]})),
        with("reference", json!(number)),
        with("customer", json!({"name": number})),
        with("card_number", json!(number)),
        with("method", json!(number)),
        format!("{{\"amount\": {number}"),
        number.to_owned(),
    ];
    for body in bodies {
        let got = native.send("POST", "/v1/payments", &body, Some("stray"));
        assert!((400..500).contains(&got.status), "{body}: {got:#?}");
    }
}

/// All calls with their bodies, as the operator reads them: in the database's files they are packed.
fn history(server: &Logged) -> String {
    let operator = server.api(ADMIN_KEY);
    let (mut all, mut cursor) = (String::new(), String::new());
    loop {
        let page = operator.get(&format!("/v1/requests?limit=100{cursor}"));
        for call in page["data"].as_array().expect("a list") {
            let path = format!("/v1/requests/{}", call["id"].as_str().expect("an id"));
            all += &operator.get(&path).to_string();
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Bytes as text; what is no text stays out of the way.
fn ascii_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file of a directory with what is in it.
fn files(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), ascii_of(&bytes)));
        }
    }
}

/// The names a security code goes by.
const CODE_NAMES: [&str; 4] = ["cvv", "cvc", "security_code", "cvv2"];

/// A member named like a security code, with a value (`"cvv":"123"`, `cvc=123`), and what stands there; or the member of these
/// cards in base64. Letters inside a longer word are no name: keys and signatures have any three of them.
fn a_code_in(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let named = CODE_NAMES.iter().find_map(|name| {
        lower.match_indices(name).find_map(|(at, _)| {
            let alone = !lower[..at].ends_with(|last: char| last.is_ascii_alphanumeric());
            let after = &lower[at + name.len()..];
            let value = after.trim_start_matches(['"', ':', '=', ' ', '\'', '\\']);
            let valued =
                value.len() < after.len() && value.starts_with(|c: char| c.is_ascii_digit());
            (alone && valued).then(|| lower[at..].chars().take(24).collect())
        })
    });
    named.or_else(|| {
        encoded(&format!("\"cvv\":\"{}", &CODE[..3])).into_iter().find(|form| text.contains(form))
    })
}

fn run(arguments: &[&str], data: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    let done = command.args(arguments).arg("--data").arg(data).env("POSTHORN_ADMIN_KEY", ADMIN_KEY);
    let done = done.stdout(Stdio::null()).output().expect("the program runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_card_is_nowhere_but_in_memory() {
    // Given a server that logs everything, and a receiver that is told of every payment
    let folder = tempfile::tempdir().expect("a temporary directory");
    let data = tempfile::tempdir().expect("a temporary directory");
    let receiver = Receiver::answering(|_| Answer::status(200));
    let server = Logged::start(data.path(), &folder.path().join("server.log"));
    // When each card is used in every way
    used_everywhere(&server, &receiver.url("/webhooks"));
    let history = history(&server);
    assert!(history.contains("/techcorp/v1/cards/tokens") && history.contains("[redacted]"));
    // And the database is copied while the server runs, and exported when it has stopped
    run(&["backup", folder.path().join("copy.db").to_str().expect("UTF-8")], data.path());
    let while_running = contents(&data, &folder);
    drop(server);
    run(
        &["export", "--output", folder.path().join("dump.jsonl").to_str().expect("UTF-8")],
        data.path(),
    );
    // Then no file has a number in any form, nor a code
    let mut all = contents(&data, &folder);
    all.extend(while_running);
    all.push(("the request history".to_owned(), history));
    all.extend(
        receiver
            .requests()
            .into_iter()
            .map(|request| ("a webhook".to_owned(), ascii_of(&request.body))),
    );
    assert!(
        all.iter().any(|(name, text)| name.ends_with("server.log") && text.contains("ready")),
        "it logs"
    );
    assert!(
        all.iter().any(|(_, text)| text.contains("424242") && text.contains("\"last4\"")),
        "it keeps what it may"
    );
    let sealed = all.iter().filter(|(_, text)| text.contains("\"name\":\"ready\",\"number\":\""));
    assert!(sealed.count() > 0, "tokens that nobody used yet have their number, sealed");
    for (name, text) in &all {
        for number in CARDS {
            for form in forms(number) {
                assert!(!text.contains(&form), "{name} has {form}");
            }
        }
        assert_eq!(a_code_in(text), None, "{name} has a security code");
    }
}

fn contents(data: &TempDir, folder: &TempDir) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(data.path(), &mut found);
    files(folder.path(), &mut found);
    found
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let number = CARDS[0];
    for text in [
        format!("x{number}y"),
        format!("\"{}\"", grouped(number, " ")),
        BASE64.encode(format!("{{\"n\":\"{number}\"}}").as_bytes()),
        BASE64.encode(format!("-{number}--").as_bytes()),
        BASE64.encode(format!("--{number}").as_bytes()),
    ] {
        let found = forms(number).iter().any(|form| text.contains(form));
        assert!(found, "{text}");
    }
    for text in [
        r#"{"cvv": "123"}"#.to_owned(),
        "cvc=1234".to_owned(),
        r#"{\"CVV2\":\"1\"}"#.to_owned(),
        BASE64.encode(card(number).to_string().as_bytes()),
        BASE64.encode(format!("-{}", card(number)).as_bytes()),
        BASE64.encode(format!("--{}", card(number)).as_bytes()),
    ] {
        assert!(a_code_in(&text).is_some(), "{text}");
    }
    for text in ["the cvv is never kept", r#"{"cvv": null}"#, "q1cVc7Zz+A==", "q1/cvv7Zz+A=="] {
        assert_eq!(a_code_in(text), None, "{text}");
    }
}
