//! What stands in the data directory: no secret that could be used.

use std::path::Path;
use std::process::Command;

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use crate::posthorn::{ADMIN_KEY, Api, Posthorn, text};
use crate::receiver::{Answer, Receiver};

/// Every file of a directory with its bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).expect("ours")));
        }
    }
    // The ballast.
    files.retain(|(_, file)| file.iter().any(|byte| *byte != 0));
    files
}

/// The files that hold these bytes.
fn holding(files: &[(String, Vec<u8>)], bytes: &[u8]) -> Vec<String> {
    let holds = |file: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    files.iter().filter(|(_, file)| holds(file)).map(|(name, _)| name.clone()).collect()
}

/// A secret as it is shown, without its prefix, and the raw bytes behind it.
fn forms(shown: &str) -> Vec<Vec<u8>> {
    let bare = shown.rsplit('_').next().unwrap_or(shown);
    let raw = HEXLOWER.decode(bare.as_bytes()).or_else(|_| BASE64.decode(bare.as_bytes()));
    let mut forms = vec![shown.as_bytes().to_vec(), bare.as_bytes().to_vec()];
    forms.extend(raw);
    forms.retain(|form| form.len() >= 16);
    forms
}

/// Makes one of everything that has a secret, with and without an idempotency key, and answers what
/// was shown.
fn secrets(server: &Posthorn, receiver: &Receiver) -> Vec<String> {
    let operator = server.known(ADMIN_KEY);
    let once = |api: &Api, path: &str, body: &Value| {
        let made = api.send("POST", path, &body.to_string(), Some(path));
        assert!((200..300).contains(&made.status), "{path}: {made:#?}");
        made.body
    };
    let mut secrets = vec![ADMIN_KEY.to_owned()];
    for contract in ["standard", "krxscale", "payqi"] {
        let draft = json!({"name": contract, "contract": contract});
        let made = operator.post("/v1/merchants", &draft);
        let (id, key) = (text(&made, "/id"), text(&made, "/keys/test/api_key"));
        secrets.extend([key.clone(), text(&made, "/keys/live/api_key")]);
        let further =
            once(&operator, &format!("/v1/merchants/{id}/keys"), &json!({"mode": "test"}));
        secrets.push(text(&further, "/key"));
        let merchant = server.known(&key);
        let endpoint =
            once(&merchant, "/v1/endpoints", &json!({"url": receiver.url("/"), "events": ["*"]}));
        secrets.push(text(&endpoint, "/secret"));
        let rotate = format!("/v1/endpoints/{}/rotate", text(&endpoint, "/id"));
        secrets.push(text(&once(&merchant, &rotate, &json!({})), "/secret"));
        merchant.event("payment.created", r#"{"marker": "this stands in the file"}"#);
        receiver.request();
        merchant.advance("1s");
    }
    secrets
}

#[test]
fn no_api_key_and_no_signing_secret_stands_in_the_data_directory() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let mut server = Posthorn::start();
    let secrets = secrets(&server, &receiver);
    assert_eq!(secrets.len(), 16, "{secrets:#?}");
    let running = files(server.data.path());
    let term = format!("kill -TERM {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &term]).status().expect("a shell").success());
    assert!(server.child.wait().expect("it was started here").success());
    let stopped = files(server.data.path());

    for (when, files) in [("while it ran", running), ("after the stop", stopped)] {
        assert!(!holding(&files, b"this stands in the file").is_empty(), "{when}");
        for secret in &secrets {
            for form in forms(secret) {
                let found = holding(&files, &form);
                assert!(found.is_empty(), "{when}: {secret} ({} bytes) in {found:?}", form.len());
            }
        }
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let server = Posthorn::start();
    let second = Command::new(env!("CARGO_BIN_EXE_posthorn"))
        .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data.path())
        .args(crate::database::arguments(server.data.path()))
        .output()
        .expect("the program runs");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another"), "{said}");
}
