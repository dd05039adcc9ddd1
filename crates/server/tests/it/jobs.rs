//! Jobs: recover many, look how far it is, stop it.

use std::time::Duration;

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn a_recovery_sends_again_what_ended() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let delivery = app.delivery().await;
    app.until_state(&delivery, "delivered").await;
    app.clock.advance(Duration::from_mins(1));
    let wish = json!({"since": "2026-11-21T00:00:00Z", "states": ["delivered"],
        "types": ["payment.completed"]});
    let job = app.post(&format!("/v1/endpoints/{id}/recover"), &wish).await;
    insta::assert_json_snapshot!(job.shown(), @r#"
    {
      "body": {
        "created": "[time]",
        "done": 0,
        "endpoint": "ep_…",
        "id": "job_…",
        "kind": "recover",
        "since": "[time]",
        "state": "running",
        "states": [
          "delivered"
        ],
        "total": 1,
        "types": [
          "payment.completed"
        ],
        "until": "[time]"
      },
      "status": 202
    }
    "#);
    let path = format!("/v1/jobs/{}", job.at("/id"));
    app.until(&path, |value| value["done"] == 1).await;
    app.clock.advance(Duration::from_secs(1));
    let ended = app.until(&path, |value| value["state"] == "ended").await.json();
    assert_eq!((&ended["done"], &ended["total"]), (&json!(1), &json!(1)));
    let path = format!("/v1/deliveries/{delivery}");
    app.until(&path, |value| value["run"] == 2).await;
    let listed = app.get("/v1/jobs").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_that_was_cancelled_can_be_cancelled_again_and_one_that_ended_cannot() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    app.clock.advance(Duration::from_mins(1));
    let wish = json!({"since": "2026-11-21T00:00:00Z"});
    let job = app.post(&format!("/v1/endpoints/{id}/recover"), &wish).await.at("/id");
    let cancel = format!("/v1/jobs/{job}/cancel");
    let cancelled = app.post(&cancel, &json!({})).await;
    assert_eq!(cancelled.at("/state"), "cancelled");
    assert_eq!(app.post(&cancel, &json!({})).await.at("/state"), "cancelled");
    let job = app.post(&format!("/v1/endpoints/{id}/recover"), &wish).await.at("/id");
    app.until(&format!("/v1/jobs/{job}"), |value| value["state"] == "ended").await;
    let late = app.post(&format!("/v1/jobs/{job}/cancel"), &json!({})).await;
    insta::assert_snapshot!(late.problem(), @"409 conflict [-] the job has ended already");
}
