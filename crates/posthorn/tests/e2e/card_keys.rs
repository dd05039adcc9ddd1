//! Card tokens and the master key: a token that was sealed with a key before pays while that one is known, and is told to have
//! expired when it is not. Nothing about it is ever our fault.

use std::process::Command;
use std::sync::Arc;

use serde_json::json;

use crate::posthorn::{ADMIN_KEY, Api, Posthorn, Reply, text};

fn token(api: &Api) -> String {
    let card =
        json!({"number": "4242424242424242", "exp_month": 12, "exp_year": 2025, "cvv": "123"});
    text(&api.post("/techcorp/v1/cards/tokens", &card), "/id")
}

fn pay(api: &Api, token: &str, order: &str) -> Reply {
    let wish = json!({"order_id": order, "amount": 29_990, "card_token": token});
    api.send("POST", "/techcorp/v1/payments/process", &wish.to_string(), None)
}

#[test]
fn a_token_outlives_a_rotation_of_the_master_key_while_the_old_one_is_known() {
    // Given two tokens, and a master key that is rotated
    let server = Posthorn::start();
    let (data, key) = (Arc::clone(&server.data), server.merchant("techcorp").key);
    let (first, second) = (token(&server.known(&key)), token(&server.known(&key)));
    drop(server);
    let file = data.path().join("master.key");
    let old = std::fs::read_to_string(&file).expect("the key");
    let rotated = Command::new(env!("CARGO_BIN_EXE_posthorn"))
        .args(["master-key", "rotate", "--data"])
        .arg(data.path())
        .env("POSTHORN_ADMIN_KEY", ADMIN_KEY)
        .output()
        .expect("the program runs");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    assert_ne!(std::fs::read_to_string(&file).expect("the key"), old);
    // When the old key is gone, then its token has expired, and a new one is good
    let server = Posthorn::start_in(Arc::clone(&data), &[]);
    let api = server.known(&key);
    let late = pay(&api, &first, "o-1");
    assert_eq!((late.status, text(&late.body, "/code")), (422, "card_token_expired".into()));
    assert_eq!(pay(&api, &token(&api), "o-1").status, 201);
    drop(server);
    // When it is among those that are still known, then its tokens pay
    let old = old.lines().find(|line| !line.starts_with('#')).expect("a key").trim();
    let server = Posthorn::start_in(data, &[("POSTHORN_MASTER_KEYS_OLD", old)]);
    let paid = pay(&server.known(&key), &second, "o-2");
    assert_eq!((paid.status, text(&paid.body, "/status")), (201, "APPROVED".into()));
    assert_eq!(pay(&server.known(&key), &first, "o-3").status, 201);
}
