//! A platform's rate limit, met by the program that its guide prints for it.

use std::process::Command;

use serde_json::{Value, json};

use crate::posthorn::Posthorn;
use crate::program::{folder, missing};

#[test]
fn the_guides_call_with_retry_gets_through_after_a_429() {
    // Given a merchant of TechCorp, whose searches are limited to 60 a minute
    let server = Posthorn::start();
    let merchant = server.merchant("techcorp");
    let base = format!("{}/techcorp", server.base);
    // When a program searches until it is refused, by way of the guide's function, which waits a second and tries again
    let ended = Command::new("python3")
        .arg(folder().join("python/techcorp_retry.py"))
        .args([&base, &merchant.key])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", missing("python3".as_ref())));
    let said = String::from_utf8_lossy(&ended.stdout);
    let seen: Value = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&ended.stderr)));
    // Then a minute's searches were answered before the first refusal, and the first wait was enough
    let statuses = seen["statuses"].as_array().expect("a list");
    let refused = statuses.iter().position(|status| *status == 429).expect("a refusal");
    assert!(refused >= 60, "refused after {refused}");
    assert_eq!(statuses.get(refused + 1..), Some(&[json!(200)][..]), "{seen}");
    assert_eq!((&seen["waits"], &seen["found"]), (&json!([1]), &json!([])));
}
