//! A deployment moves from the embedded database to PostgreSQL, and nobody it serves notices.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use posthorn_store::conformance::throw_away;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database;
use crate::posthorn::{ADMIN_KEY, Api, Posthorn, text};
use crate::receiver::{Answer, Receiver, Seen};

/// A merchant with receivers of every temper, and what was shown once.
struct Merchant {
    api: Api,
    secrets: [String; 2],
    endpoint: String,
}

fn embedded() -> Posthorn {
    let data = Arc::new(TempDir::new().expect("a temporary directory"));
    database::embedded(data.path());
    Posthorn::start_in(data, &[])
}

/// One that answers what its path says.
fn receiver() -> Receiver {
    Receiver::answering(|seen| match &*seen.path {
        "/gone" => Answer::status(410),
        "/broken" => Answer::status(503).saying("não ☕"),
        _ => Answer::status(200).saying("obrigado"),
    })
}

fn merchant(server: &Posthorn, receiver: &Receiver) -> Merchant {
    let api = server.merchant("standard");
    let at = |path: &str, events: &str| {
        let draft =
            json!({"url": receiver.url(path), "events": [events], "description": "São João"});
        api.post("/v1/endpoints", &draft)
    };
    let made = at("/", "*");
    let endpoint = text(&made, "/id");
    let rotated = api.post(&format!("/v1/endpoints/{endpoint}/rotate"), &json!({"overlap": "30d"}));
    let secrets = [text(&made, "/secret"), text(&rotated, "/secret")];
    at("/gone", "order.gone");
    at("/broken", "order.broken");
    let disabled = text(&at("/disabled", "order.*"), "/id");
    api.post(&format!("/v1/endpoints/{disabled}/disable"), &json!({}));
    Merchant { api, secrets, endpoint }
}

const ONCE: &str = "the-same-thing-again";
const EVENT: &str =
    r#"{"type":"order.paid","id":"pedido-1","data":{"descrição":"pão ☕","total":1e2}}"#;

/// Has events delivered, refused, parked and given up.
fn lives(merchant: &Merchant) -> Value {
    for kind in ["order.gone", "order.broken", "other.kind"] {
        merchant.api.event(kind, r#"{"n":1.50}"#);
    }
    let first = merchant.api.send("POST", "/v1/events", EVENT, Some(ONCE));
    assert_eq!(first.status, 202, "{first:?}");
    // The schedule of a broken receiver runs out.
    merchant.api.advance("20d");
    for (state, some) in [
        ("due", false),
        ("leased", false),
        ("delivered", true),
        ("exhausted", true),
        ("parked", true),
    ] {
        let found = merchant.api.get(&format!("/v1/deliveries?state={state}&limit=1"));
        assert_eq!(found["data"] != json!([]), some, "{state}: {found}");
    }
    first.body
}

fn stop(server: &mut Posthorn) {
    let term = format!("kill -TERM {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &term]).status().expect("a shell").success());
    assert!(server.child.wait().expect("it was started here").success());
}

fn posthorn(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    command.args(arguments).env("NO_COLOR", "1").output().expect("the program runs")
}

fn sound(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// All lists of a merchant, and each delivery with its attempts.
fn everything(api: &Api) -> Vec<Value> {
    let mut all: Vec<Value> = ["events", "deliveries", "endpoints"]
        .iter()
        .map(|list| api.get(&format!("/v1/{list}?limit=100")))
        .collect();
    for list in ["events", "deliveries", "endpoints"] {
        let ids = api.get(&format!("/v1/{list}?limit=100"));
        let ids = ids["data"].as_array().expect("a list").clone();
        all.extend(ids.iter().map(|one| api.get(&format!("/v1/{list}/{}", text(one, "/id")))));
    }
    all
}

/// The next request for an event that came to the endpoint that takes everything.
fn delivered(receiver: &Receiver, event: &str) -> Seen {
    loop {
        let seen = receiver.request();
        if seen.path == "/" && seen.header("webhook-id") == event {
            return seen;
        }
    }
}

fn takes_for_genuine(secret: &str, seen: &Seen) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).expect("a secret of its form");
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, seen.header(name).parse().expect("a header's value"));
    }
    webhook.verify(&seen.body, &headers).is_ok()
}

#[test]
fn whoever_used_the_embedded_database_finds_everything_in_postgresql() {
    let receiver = receiver();
    let mut server = embedded();
    let merchant = merchant(&server, &receiver);
    let first = lives(&merchant);
    let original = delivered(&receiver, "pedido-1");
    let before = everything(&merchant.api);
    let busy = posthorn(&["export", "--data", shown(server.data.path())]);
    let said = String::from_utf8_lossy(&busy.stderr).into_owned();
    assert!(said.contains("another posthorn uses the data directory"), "{said}");
    assert!(busy.stdout.is_empty());
    stop(&mut server);

    let (old, new) = (server.data.path(), Arc::new(TempDir::new().expect("a directory")));
    let file = old.join("posthorn.jsonl");
    let said = sound(&posthorn(&["export", "--data", shown(old), "--output", shown(&file)]));
    assert!(said.starts_with("exported: 25 tables, "), "{said}");
    let stream = std::fs::read_to_string(&file).expect("it was written");
    for secret in merchant.secrets.iter().chain([&merchant.api.key]) {
        assert!(!stream.contains(secret.as_str()), "{secret} stands in the export");
    }
    database::arguments(new.path());
    let url = database::url(new.path());
    let moved = posthorn(&["import", "--database", &url, "--input", shown(&file)]);
    assert!(sound(&moved).is_empty());
    let table = String::from_utf8_lossy(&moved.stdout).into_owned();
    assert!(table.contains("rows, read again and the same"), "{table}");
    std::fs::copy(old.join("master.key"), new.path().join("master.key")).expect("a copy");

    let server = Posthorn::start_in(new, &[]);
    let api = server.known(&merchant.api.key);
    assert_eq!(everything(&api), before);
    let again = api.send("POST", "/v1/events", EVENT, Some(ONCE));
    assert_eq!((again.status, &again.body), (202, &first), "it was accepted before");
    assert!(receiver.requests().iter().all(|seen| seen.header("webhook-id") != "pedido-1"));
    let all = format!("/v1/deliveries?event=pedido-1&endpoint={}", merchant.endpoint);
    let delivery = text(&api.get(&all), "/data/0/id");
    api.post(&format!("/v1/deliveries/{delivery}/resend"), &json!({}));
    assert_eq!(delivered(&receiver, "pedido-1").body, original.body);

    let event = text(&api.event("order.paid", r#"{"new":true}"#), "/id");
    let seen = delivered(&receiver, &event);
    assert!(merchant.secrets.iter().all(|secret| takes_for_genuine(secret, &seen)));
    let known = before.iter().filter(|known| known["id"] == event.as_str()).count();
    assert_eq!(known, 0, "its id is new");
    let made = api.post("/v1/endpoints", &json!({"url": receiver.url("/new"), "events": ["x.y"]}));
    assert!(before.iter().all(|known| known["id"] != made["id"]), "so is that of an endpoint");
    server.known(ADMIN_KEY).post("/v1/merchants", &json!({"name": "B", "contract": "payqi"}));
}

#[test]
fn one_pipe_moves_a_deployment_and_no_server_starts_on_half_of_it() {
    let mut server = embedded();
    stop(&mut server);
    let data = shown(server.data.path()).to_owned();
    let url = throw_away::database();
    let out = posthorn(&["export", "--data", &data]);
    sound(&out);
    let half = server.data.path().join("half");
    std::fs::write(&half, &out.stdout[..out.stdout.len() - 200]).expect("ours");
    let import = ["import", "--database", &url, "--input", shown(&half)];
    let cut = posthorn(&import);
    let said = String::from_utf8_lossy(&cut.stderr).into_owned();
    assert!(said.contains("the export ends too early") && said.contains("goes on"), "{said}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", &data, "--database", &url];
    let said = String::from_utf8_lossy(&posthorn(&serve).stderr).into_owned();
    assert!(said.contains("an import into this database is not finished"), "{said}");

    let program = env!("CARGO_BIN_EXE_posthorn");
    let pipe = format!(
        "set -e; {program} export --data {data} 2>/dev/null | {program} import --json --database {url}"
    );
    let piped = Command::new("sh").args(["-c", &pipe]).output().expect("a shell");
    sound(&piped);
    let told: Value = serde_json::from_slice(&piped.stdout).expect("JSON");
    assert_eq!(told["tables"].as_array().map(Vec::len), Some(25), "{told}");
    assert_eq!(text(&told, "/tables/0/sha256").len(), 64);
}
