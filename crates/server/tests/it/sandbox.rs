//! The sandbox clock: a schedule of days in a moment.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use posthorn_engine::Options;
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
    // What could not go on would be taken up again an hour later.
    let job_round = SignedDuration::from_hours(1);
    let app = TestApp::in_real_time_with(Options { job_round, ..Options::default() }).await;
    app.endpoint(&json!({})).await;
    app.receiver.answers(&[500; 40]);
    let delivery = app.delivery().await;
    app.until(&format!("/v1/deliveries/{delivery}"), |it| it["attempts_made"] == 1).await;
    let day = json!({"advance": "1d"});
    let began = app.app.engine().now();
    let both = [(); 2].map(|()| app.post("/v1/sandbox/clock", &day));
    for advanced in futures::future::join_all(both).await {
        assert_eq!(advanced.status, 200, "{}", advanced.text);
    }
    let now = time(&app.get("/v1/sandbox/clock").await.json()["now"]);
    assert!(now >= began + SignedDuration::from_hours(48), "each takes it a day forward");
    let took = app.app.engine().now().duration_since(began);
    assert!(took < job_round, "{took:#}");
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// An event at each of three days of a sandbox, and the ids of the three, the first one first.
async fn three_days(app: &TestApp) -> Vec<(String, Timestamp)> {
    let mut days = Vec::new();
    for _ in 0..3 {
        let sent = app.post("/v1/events", &json!({"type": "a.b", "data": {}})).await;
        let event = app.get(&format!("/v1/events/{}", sent.at("/id"))).await;
        days.push((sent.at("/id"), time(&event.json()["created"])));
        app.post("/v1/sandbox/clock", &json!({"advance": "1d"})).await;
    }
    days
}

#[tokio::test]
async fn a_stop_does_not_wait_for_an_advance_but_leaves_it_as_a_job() {
    let app = TestApp::new().await;
    let hour = json!({"advance": "1h"});
    let advance = app.post("/v1/sandbox/clock", &hour);
    futures::pin_mut!(advance);
    assert!(futures::poll!(&mut advance).is_pending(), "the clock stands still");
    app.app.engine().stop();
    app.clock.advance(Duration::from_millis(10));
    let answer = futures::poll!(&mut advance);
    let std::task::Poll::Ready(answer) = answer else { panic!("it still waits") };
    assert_eq!(answer.status, 202, "{}", answer.text);
}

#[tokio::test]
async fn events_are_found_by_the_times_that_they_show() {
    let app = TestApp::in_real_time().await;
    let days = three_days(&app).await;
    let found = async |query: String| {
        let page = app.get(&format!("/v1/events?{query}")).await.json();
        let events = page["data"].as_array().unwrap().iter().rev();
        events.map(|event| event["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (n, (_, at)) in days.iter().enumerate() {
        let [since, until]: [Vec<String>; 2] =
            [&days[n..], &days[..n]].map(|part| part.iter().map(|(id, _)| id.clone()).collect());
        assert_eq!(found(format!("since={at}")).await, since);
        assert_eq!(found(format!("until={at}")).await, until);
    }
    assert_eq!(found("since=2020-01-01T00:00:00Z".into()).await.len(), 3);
    assert_eq!(found("since=2099-01-01T00:00:00Z".into()).await.len(), 0);
}

#[tokio::test]
async fn what_ended_is_recovered_by_the_times_that_it_shows() {
    let app = TestApp::in_real_time().await;
    let id = app.endpoint(&json!({})).await;
    app.receiver.answers(&[500; 40]);
    let days = three_days(&app).await;
    app.post("/v1/sandbox/clock", &json!({"advance": "9d"})).await;
    let recovery = json!({"since": days[1].1.to_string(), "until": days[2].1.to_string()});
    let job = app.post(&format!("/v1/endpoints/{id}/recover"), &recovery).await;
    assert_eq!(job.at("/total"), "1", "{}", job.text);
    let job = app.until(&format!("/v1/jobs/{}", job.at("/id")), |it| it["state"] == "ended").await;
    assert_eq!(time(&job.json()["since"]), days[1].1);
    assert!(time(&job.json()["created"]) > days[2].1 + SignedDuration::from_hours(24 * 9));
    assert!(time(&job.json()["ended"]) >= time(&job.json()["created"]));
    let recovered = app.get(&format!("/v1/deliveries?event={}", days[1].0)).await;
    assert_eq!(recovered.at("/data/0/run"), "2", "{}", recovered.text);
}

#[tokio::test]
async fn the_overlap_of_a_rotation_ends_by_the_sandbox_clock() {
    let app = TestApp::in_real_time().await;
    let id = app.endpoint(&json!({"contract": "standard"})).await;
    app.post(&format!("/v1/endpoints/{id}/rotate"), &json!({"overlap": "24h"})).await;
    let signatures = async || {
        let delivery = app.delivery().await;
        app.until_state(&delivery, "delivered").await;
        let got = app.receiver.got();
        let headers = &got.last().unwrap().headers;
        let signature =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("webhook-signature"));
        signature.unwrap().1.split(' ').count()
    };
    assert_eq!(signatures().await, 2);
    app.post("/v1/sandbox/clock", &json!({"advance": "1d"})).await;
    assert_eq!(signatures().await, 1);
}
