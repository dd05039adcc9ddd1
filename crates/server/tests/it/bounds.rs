//! Bounds on what is held: memory for payloads.

use std::sync::atomic::Ordering;

use http::StatusCode;
use serde_json::json;

use crate::harness::TestApp;

/// Payload bytes that may be held for deliveries under way, and one event over it.
const HELD_BYTES_MAX: usize = 65 * 1024 * 1024;

#[tokio::test]
async fn what_is_claimed_for_slow_receivers_is_held_in_bounded_memory() {
    let app = TestApp::new().await;
    app.receiver.silent.store(true, Ordering::Relaxed);
    for _ in 0..6 {
        app.endpoint(&json!({"concurrency": 1})).await;
    }
    let text = "x".repeat(1_000_000);
    for _ in 0..14 {
        let sent = app.post("/v1/events", &json!({"type": "a.b", "data": {"text": text}})).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let held = app.app.engine().held().payload_bytes;
    assert!(held <= HELD_BYTES_MAX, "{held} bytes are held");
    assert!(held > HELD_BYTES_MAX / 2, "only {held} bytes are held");
}
