//! The sandbox clock: a schedule of days in a moment.

use axum::body::Body;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn an_advance_runs_the_whole_schedule_in_its_order() {
    let app = TestApp::in_real_time().await;
    let id = app.endpoint(&json!({})).await;
    app.receiver.answers(&[500; 20]);
    let delivery = app.delivery().await;
    let path = format!("/v1/deliveries/{delivery}");
    app.until(&path, |value| value["attempts_made"] == 1).await;
    let before: jiff::Timestamp = app.get("/v1/sandbox/clock").await.at("/now").parse().unwrap();
    let advanced = app.post("/v1/sandbox/clock", &json!({"advance": "30d"})).await;
    assert_eq!(advanced.status, 200, "{}", advanced.text);
    let after: jiff::Timestamp = advanced.at("/now").parse().unwrap();
    assert!(after.duration_since(before) >= jiff::SignedDuration::from_hours(30 * 24));
    let got = app.get(&path).await.json();
    assert_eq!((&got["state"], &got["why"]), (&json!("exhausted"), &json!("schedule")));
    let tries = app.get("/v1/contracts/payqi").await.json()["tries"].clone();
    assert_eq!(got["attempts_made"], tries);
    assert_eq!(advanced.json()["attempted"], tries.as_u64().unwrap() - 1);
    let times = got["attempts"].as_array().unwrap().iter().map(|attempt| attempt["at"].as_str());
    assert!(times.is_sorted());
    assert_eq!(app.get(&format!("/v1/endpoints/{id}")).await.at("/status"), "active");
}

#[tokio::test]
async fn live_time_cannot_be_moved() {
    let app = TestApp::new().await;
    let call = |method| app.call(method, "/v1/sandbox/clock").key(&app.live);
    let got = call(Method::POST).json(&json!({"advance": "1d"})).await;
    insta::assert_snapshot!(got.problem(), @"403 wrong_mode [-] live mode has no sandbox clock; use a test key (`sk_test_…`)");
    assert_eq!(call(Method::GET).send(Body::empty()).await.json()["code"], "wrong_mode");
}

#[tokio::test]
async fn a_clock_goes_forward_only_and_not_forever() {
    let app = TestApp::new().await;
    let mut told = Vec::new();
    for advance in ["-1d", "1 day", "36500d", "99999999d"] {
        let got = app.post("/v1/sandbox/clock", &json!({"advance": advance})).await;
        told.push(got.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 invalid_field [advance] `advance`: `-1d` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`, at line 1, column 17
    400 invalid_field [advance] `advance`: `1 day` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`, at line 1, column 19
    422 invalid_setting [advance] `advance`: a clock goes forward only, at most ten years ahead of real time
    400 invalid_field [advance] `advance`: `99999999d` is too long; a duration is at most 36500d, at line 1, column 23
    "#);
}

#[tokio::test]
async fn two_advances_of_one_clock_are_carried_out_one_after_the_other() {
    let app = TestApp::in_real_time().await;
    app.endpoint(&json!({})).await;
    app.receiver.answers(&[500; 40]);
    let delivery = app.delivery().await;
    app.until(&format!("/v1/deliveries/{delivery}"), |it| it["attempts_made"] == 1).await;
    let day = json!({"advance": "1d"});
    let both = [(); 2].map(|()| app.post("/v1/sandbox/clock", &day));
    for advanced in futures::future::join_all(both).await {
        assert_eq!(advanced.status, 200, "{}", advanced.text);
    }
    // One that could not go on would be taken up again a second later.
    let jobs = app.get("/v1/jobs").await.json();
    let time = |job: &Value, name: &str| job[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    for job in jobs["data"].as_array().unwrap() {
        let took = time(job, "ended").duration_since(time(job, "created"));
        assert!(took < SignedDuration::from_secs(1), "{took:#}: {job}");
    }
}
