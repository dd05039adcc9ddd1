//! Contracts, to read.

use serde_json::Value;

use crate::harness::TestApp;

#[tokio::test]
async fn the_contracts_in_force_are_listed() {
    let app = TestApp::new().await;
    let got = app.get("/v1/contracts").await.json();
    let names: Vec<&str> =
        got["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let all = ["techcorp", "payqi", "sentinelgate", "krxscale", "pagtracker", "standard"];
    assert_eq!(names, all);
    assert_eq!(got["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_contract_shows_its_schedule_its_catalogue_and_its_file() {
    let app = TestApp::new().await;
    let got = app.get("/v1/contracts/payqi").await;
    let mut value = got.json();
    assert!(value["source"].as_str().unwrap().contains("name = \"payqi\""));
    value["source"] = "[toml]".into();
    let first = value["events"][0].take();
    value["events"] = "[catalogue]".into();
    assert!(first["sample"].is_object(), "{first}");
    assert!(!first["description"].as_str().unwrap().is_empty());
    assert_eq!(first["type"], "payment.created");
    insta::assert_json_snapshot!(value, @r#"
    {
      "body_bytes_max": 2097152,
      "events": "[catalogue]",
      "exhausted": "failed",
      "headers": [
        "Content-Type",
        "User-Agent",
        "X-PayQI-Signature",
        "X-PayQI-Timestamp",
        "X-Event-Id",
        "X-Event-Type",
        "X-Delivery-Id",
        "X-Delivery-Attempt",
        "X-Event-Sequence"
      ],
      "https_only": true,
      "language": "en",
      "name": "payqi",
      "secret_optional": false,
      "source": "[toml]",
      "timeout": "15s",
      "title": "PayQI",
      "tries": 10,
      "types": [
        "payment.created",
        "payment.pending",
        "payment.completed",
        "payment.failed",
        "payment.expired"
      ],
      "waits": [
        "1m",
        "5m",
        "15m",
        "1h",
        "6h",
        "1d",
        "2d",
        "3d",
        "4d"
      ]
    }
    "#);
}
