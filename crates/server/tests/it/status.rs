//! `/status`: what anybody sees of it, and what operators say of trouble.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

async fn seen(app: &TestApp) -> Value {
    app.call(Method::GET, "/status.json").no_key().send(Body::empty()).await.json()
}

async fn says(app: &TestApp, path: &str, body: &Value) -> Got {
    app.call(Method::POST, path).key(ADMIN).json(body).await
}

fn slow() -> Value {
    json!({"title": "Deliveries are <slow>", "impact": "degraded", "components": ["deliveries"], "text": "We look into it."})
}

/// The page, in a language.
async fn page(app: &TestApp, language: &str) -> Got {
    let call = app.call(Method::GET, "/status").no_key().header("accept-language", language);
    call.header("accept", "text/html,application/xhtml+xml,*/*").send(Body::empty()).await
}

#[tokio::test]
async fn anybody_sees_how_well_it_works_and_what_waits() {
    let app = TestApp::new().await;
    let now = seen(&app).await;
    assert_eq!(now["status"], "operational");
    let all = ["api", "database", "deliveries", "payments"];
    let well = all.map(|name| json!({"name": name, "status": "operational"}));
    assert_eq!(now["components"], json!(well));
    assert_eq!((&now["queue"]["waiting"], &now["incidents"]), (&json!(0), &json!([])));
    let call = app.call(Method::GET, "/status").no_key().header("accept", "application/json");
    assert_eq!(call.send(Body::empty()).await.json()["status"], "operational");
    let told = page(&app, "pt-BR,pt;q=0.9").await;
    assert_eq!(told.header("content-language"), "pt-BR");
    assert!(told.text.contains("Tudo funcionando"), "{}", told.text);
    assert!(page(&app, "de").await.text.contains("All systems operational"));
}

#[tokio::test]
async fn an_incident_stands_on_the_page_until_a_week_after_it_was_over() {
    let app = TestApp::new().await;
    let made = says(&app, "/v1/incidents", &slow()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let now = seen(&app).await;
    assert_eq!((&now["status"], &now["incidents"][0]["id"]), (&json!("degraded"), &json!("inc_1")));
    assert_eq!(now["components"][2], json!({"name": "deliveries", "status": "degraded"}));
    let told = page(&app, "en").await.text;
    assert!(
        told.contains("Deliveries are &lt;slow&gt;") && told.contains("Investigating"),
        "{told}"
    );
    // It is over: all is well again, and it is still told of.
    let path = format!("/v1/incidents/{}/notices", made.at("/id"));
    let over = json!({"status": "resolved", "text": "All is delivered."});
    assert_eq!(says(&app, &path, &over).await.status, 201);
    let now = seen(&app).await;
    assert_eq!(
        (&now["status"], now["incidents"].as_array().unwrap().len()),
        (&json!("operational"), 1)
    );
    assert_eq!(now["incidents"][0]["notices"][1]["text"], "All is delivered.");
    app.clock.advance(std::time::Duration::from_hours(8 * 24));
    assert_eq!(seen(&app).await["incidents"], json!([]));
    let listed = app.call(Method::GET, "/v1/incidents").key(ADMIN).send(Body::empty()).await;
    assert_eq!(listed.at("/data/0/title"), "Deliveries are <slow>");
}

#[tokio::test]
async fn without_its_database_it_says_so_and_what_it_knew() {
    let app = TestApp::new().await;
    says(&app, "/v1/incidents", &slow()).await;
    assert_eq!(seen(&app).await["status"], "degraded");
    app.database_fails.store(true, std::sync::atomic::Ordering::Relaxed);
    app.clock.advance(std::time::Duration::from_secs(5));
    let now = seen(&app).await;
    assert_eq!(
        (&now["status"], &now["components"][1]["status"]),
        (&json!("outage"), &json!("outage"))
    );
    assert_eq!(now["components"][3], json!({"name": "payments", "status": "outage"}));
    assert_eq!(now["incidents"][0]["title"], "Deliveries are <slow>");
}

#[tokio::test]
async fn only_an_operator_tells_of_trouble_and_says_what_is_affected() {
    let app = TestApp::new().await;
    assert_eq!(app.post("/v1/incidents", &slow()).await.status, 403);
    for (member, value, field) in [
        ("title", json!(""), "title"),
        ("impact", json!("operational"), "impact"),
        ("components", json!([]), "components"),
        ("components", json!(["api", "api"]), "components"),
        ("text", json!("x".repeat(4_001)), "text"),
    ] {
        let mut wish = slow();
        wish[member] = value;
        let refused = says(&app, "/v1/incidents", &wish).await;
        assert_eq!((refused.status.as_u16(), refused.at("/field")), (422, field.into()), "{wish}");
    }
    let notice = json!({"status": "resolved", "text": "Over."});
    assert_eq!(says(&app, "/v1/incidents/inc_9/notices", &notice).await.status, 404);
    // The same request once more is the same incident.
    let call = || app.call(Method::POST, "/v1/incidents").key(ADMIN).header("idempotency-key", "k");
    let first = call().json(&slow()).await;
    let again = call().json(&slow()).await;
    assert_eq!(
        (again.at("/id"), again.header("idempotent-replayed")),
        (first.at("/id"), "true".into())
    );
    let path = format!("/v1/incidents/{}/notices", first.at("/id"));
    let call = || app.call(Method::POST, &path).key(ADMIN).header("idempotency-key", "n");
    call().json(&notice).await;
    let told = call().json(&notice).await.json();
    assert_eq!(told["notices"].as_array().unwrap().len(), 2, "{told}");
}
