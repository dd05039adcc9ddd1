//! The daily feed of TechCorp's products: made on schedule and on demand, downloaded with its tag.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

const FEED: &str = "/techcorp/v1/products/feed";
const CSV: &str = "/techcorp/products/feed.csv";

async fn store() -> TestApp {
    let mut app = TestApp::in_real_time().await;
    let made = app.merchant(&json!({"name": "Store", "contract": "techcorp"})).await;
    app.test = made.at("/keys/test/api_key");
    let raised = json!({"rate_limits": {"writes_per_minute": 1000}});
    let path = format!("/v1/merchants/{}", made.at("/id"));
    assert_eq!(app.call(Method::PATCH, &path).key(ADMIN).json(&raised).await.status, 200);
    app
}

async fn sells(app: &TestApp, products: usize) {
    let mut left = products;
    while left > 0 {
        let some = left.min(100);
        let items: Vec<Value> = (0..some)
            .map(|number| json!({"name": format!("Nº {}, \"new\"", left - number), "price": 9.9}))
            .collect();
        let got = app.post("/techcorp/v1/products/batch", &json!(items)).await;
        assert_eq!(got.status, 200, "{}", got.text);
        left -= some;
    }
}

async fn a_day_passes(app: &TestApp) {
    let moved = app.post("/v1/sandbox/clock", &json!({"advance": "1d"})).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
}

async fn download(app: &TestApp, known: Option<&str>) -> Got {
    let call = app.call(Method::GET, CSV);
    let call = match known {
        Some(tag) => call.header("if-none-match", tag),
        None => call,
    };
    call.send(axum::body::Body::empty()).await
}

#[tokio::test]
async fn the_feed_is_made_every_day_from_the_first_product_on() {
    let app = store().await;
    let none = download(&app, None).await;
    assert_eq!((none.status.as_u16(), none.at("/code")), (404, "not_found".into()));
    sells(&app, 2).await;
    let got = app.get(FEED).await;
    assert_eq!((got.at("/status"), got.at("/made_at")), ("NONE".into(), "null".into()));
    assert!(got.at("/next_at").ends_with("T03:00:00.000Z"), "{}", got.text);
    a_day_passes(&app).await;
    let got = app.get(FEED).await;
    assert_eq!((got.at("/status"), got.at("/products")), ("READY".into(), "2".into()));
    let csv = download(&app, None).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(csv.header("content-length"), csv.text.len().to_string());
    let lines: Vec<&str> = csv.text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "id,name,description,sku,price,currency,stock,status,created_at,updated_at"
    );
    assert!(lines[1].contains(",\"Nº 1, \"\"new\"\"\",,,9.90,BRL,,ACTIVE,"), "{}", csv.text);
    assert_eq!(lines.len(), 4, "each line is ended");
    sells(&app, 1).await;
    assert_eq!(app.get(FEED).await.at("/products"), "2");
    a_day_passes(&app).await;
    assert_eq!(app.get(FEED).await.at("/products"), "3");
}

#[tokio::test]
async fn whoever_has_it_is_not_sent_it_again_until_it_changes() {
    let app = store().await;
    sells(&app, 3).await;
    a_day_passes(&app).await;
    let tag = download(&app, None).await.header("etag");
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let got = download(&app, Some(&known)).await;
        assert_eq!(
            (got.status.as_u16(), got.header("etag"), got.text.len()),
            (304, tag.clone(), 0)
        );
    }
    assert_eq!(download(&app, Some("\"x\"")).await.status, 200);
    a_day_passes(&app).await;
    assert_eq!(download(&app, Some(&tag)).await.status, 304, "nothing has changed");
    sells(&app, 1).await;
    a_day_passes(&app).await;
    assert_eq!(download(&app, Some(&tag)).await.status, 200);
}

#[tokio::test]
async fn it_is_made_when_asked_for_and_has_more_pages_than_one() {
    let app = store().await;
    sells(&app, 2001).await;
    let asked = app.post(FEED, &json!({})).await;
    assert_eq!((asked.status.as_u16(), asked.at("/status")), (202, "MAKING".into()));
    let ready = app.until(FEED, |feed| feed["status"] == "READY").await;
    assert_eq!(ready.at("/products"), "2001");
    let csv = download(&app, None).await;
    let ids: Vec<&str> =
        csv.text.lines().skip(1).map(|line| &line[..line.find(',').unwrap()]).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((ids.len(), once.len()), (2001, 2001));
    assert_eq!(csv.header("content-length"), csv.text.len().to_string());
    let old = csv.header("etag");
    sells(&app, 1).await;
    app.post("/techcorp/products/feed", &json!({})).await;
    app.until(FEED, |feed| feed["products"] == 2002 && feed["status"] == "READY").await;
    assert_ne!(download(&app, Some(&old)).await.header("etag"), old);
}

#[tokio::test]
async fn a_feed_is_its_merchants_and_its_modes_alone() {
    let app = store().await;
    sells(&app, 1).await;
    a_day_passes(&app).await;
    let other = app.merchant(&json!({"name": "Other", "contract": "techcorp"})).await;
    let call = app.call(Method::GET, CSV).key(&other.at("/keys/test/api_key"));
    assert_eq!(call.send(axum::body::Body::empty()).await.status, 404);
    let nobody = app.call(Method::GET, CSV).no_key();
    assert_eq!(nobody.send(axum::body::Body::empty()).await.status, 401);
}
