//! The API describes itself, completely, and the repository holds what it says.

use axum::body::Body;
use http::Method;
use serde_json::Value;

use crate::harness::TestApp;

fn document() -> Value {
    serde_json::to_value(posthorn_server::openapi()).unwrap()
}

fn committed(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_committed_document_is_what_the_program_says() {
    let now = posthorn_server::openapi().to_pretty_json().unwrap();
    assert!(committed("openapi.json").trim_end() == now, "run ./x gen, and review the difference");
    let now = posthorn_server::api_markdown();
    assert!(
        committed("api.md").trim_end() == now.trim_end(),
        "run ./x gen, and review the difference"
    );
}

fn operations(document: &Value) -> Vec<(String, Method, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((path.clone(), method, operation));
        }
    }
    all
}

#[tokio::test]
async fn every_operation_of_the_document_is_served() {
    let app = TestApp::new().await;
    let document = document();
    for (path, method, _) in operations(&document) {
        if path == "/v1/listen" {
            continue;
        }
        let filled = path.replace("{id}", "x").replace("{key}", "x").replace("{n}", "1");
        let filled = filled.replace("{name}", "x");
        let got = app.call(method.clone(), &filled).no_key().send(Body::empty()).await;
        let expected = if path.starts_with("/v1/") { 401 } else { 200 };
        assert_eq!(got.status.as_u16(), expected, "{method} {path}");
    }
}

#[test]
fn every_operation_says_who_may_what_it_does_and_how_it_fails() {
    let document = document();
    let operations = operations(&document);
    assert!(operations.len() > 40, "{}", operations.len());
    let mut ids = Vec::new();
    for (path, method, operation) in operations {
        let place = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{place} has no summary");
        assert!(operation["tags"].is_array(), "{place} has no tag");
        let keys = operation["security"].as_array().unwrap();
        assert_eq!(keys.is_empty(), !path.starts_with("/v1/"), "{place}");
        let problem = &operation["responses"]["default"]["$ref"];
        assert_eq!(problem, "#/components/responses/Problem", "{place}");
        ids.push(operation["operationId"].as_str().unwrap().to_owned());
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "operation ids are unique");
}

#[test]
fn everything_that_is_referred_to_is_there() {
    let text = document().to_string();
    let document = document();
    let named = text.split("\"#").skip(1);
    for pointer in named.map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(pointer).is_some(), "nothing at {pointer}");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_page_needs_nothing_from_anywhere() {
    let app = TestApp::new().await;
    let page = app.get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for needed in ["<html lang=\"en\">", "/v1/events/{id}/explain", "idempotency_key_reused"] {
        assert!(page.text.contains(needed), "{needed}");
    }
    for foreign in ["<script", "http://", "https://", "<link"] {
        let found = page.text.replace("https://example.com", "").contains(foreign);
        assert!(!found, "{foreign}");
    }
    let served = app.get("/openapi.json").await;
    assert_eq!(served.json(), document());
}
