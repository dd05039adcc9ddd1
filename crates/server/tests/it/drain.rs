//! An endpoint that is enabled gets what waited for it at the operator's pace.

use std::time::Duration;

use posthorn_engine::Options;
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn what_was_parked_goes_out_at_so_many_a_second_and_no_faster() {
    let app = TestApp::bounded(Options { drain_per_second: 4, ..Options::default() }).await;
    let endpoint = app.endpoint(&json!({})).await;
    app.post(&format!("/v1/endpoints/{endpoint}/disable"), &json!({})).await;
    let events: Vec<Value> = (0..20).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    app.post("/v1/events/batch", &json!(events)).await;
    app.settle_down().await;
    assert_eq!(app.receiver.got().len(), 0);

    app.post(&format!("/v1/endpoints/{endpoint}/enable"), &json!({})).await;
    app.settle_down().await;
    let mut got = vec![app.receiver.got().len()];
    for _ in 0..24 {
        app.clock.advance(Duration::from_millis(250));
        app.settle_down().await;
        got.push(app.receiver.got().len());
    }
    let evenly: Vec<usize> = (1..=25).map(|quarters: usize| quarters.min(20)).collect();
    assert_eq!(got, evenly, "one each quarter of a second");
}
