//! Lists: a page at a time, stable while rows are added, and no cursor but their own.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, TestApp};

async fn ids(app: &TestApp, key: &str, path: &str) -> (Vec<String>, Option<String>) {
    let got = app.call(Method::GET, path).key(key).send(Body::empty()).await.json();
    let rows = got["data"].as_array().unwrap_or_else(|| panic!("{got}"));
    let ids = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    (ids, got["next_cursor"].as_str().map(ToOwned::to_owned))
}

async fn send(app: &TestApp, count: usize) -> Vec<String> {
    let events: Value = (0..count).map(|n| json!({"type": "a.b", "data": {"n": n}})).collect();
    let got = app.post("/v1/events/batch", &events).await.json();
    let results = got["data"].as_array().unwrap().iter();
    results.map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_a_row_while_rows_are_added() {
    let app = TestApp::new().await;
    let mut expected = send(&app, 7).await;
    expected.reverse();
    let (mut all, mut cursor) = ids(&app, &app.test, "/v1/events?limit=3").await;
    while let Some(next) = cursor {
        send(&app, 2).await;
        let (page, more) = ids(&app, &app.test, &format!("/v1/events?limit=3&cursor={next}")).await;
        all.extend(page);
        cursor = more;
    }
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_page_that_is_just_full_is_the_last() {
    let app = TestApp::new().await;
    send(&app, 3).await;
    assert_eq!(ids(&app, &app.test, "/v1/events?limit=3").await.1, None);
    assert!(ids(&app, &app.test, "/v1/events?limit=2").await.1.is_some());
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_and_filters_alone() {
    let app = TestApp::new().await;
    send(&app, 3).await;
    let (_, cursor) = ids(&app, &app.test, "/v1/events?limit=1").await;
    let cursor = cursor.unwrap();
    let same = app.get(&format!("/v1/events?cursor={cursor}&limit=2")).await;
    assert_eq!(same.status, 200, "another limit is no other list");
    let filtered = app.get(&format!("/v1/events?cursor={cursor}&type=a.b")).await;
    insta::assert_snapshot!(filtered.problem(), @"400 invalid_cursor [cursor] this `cursor` is not one of this list with these filters; pass `next_cursor` of the page before with the same parameters, or leave it out to begin anew");
    let path = format!("/v1/events?cursor={cursor}");
    let live = app.call(Method::GET, &path).key(&app.live).send(Body::empty()).await;
    assert_eq!(live.json()["code"], "invalid_cursor");
    let jobs = app.get(&format!("/v1/jobs?cursor={cursor}")).await;
    assert_eq!(jobs.json()["code"], "invalid_cursor");
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_is_refused() {
    let app = TestApp::new().await;
    send(&app, 2).await;
    let cursor = ids(&app, &app.test, "/v1/events?limit=1").await.1.unwrap();
    for at in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        let got = app.get(&format!("/v1/events?cursor={tampered}")).await;
        assert_eq!(got.status, 400, "{tampered}");
    }
    for odd in ["", "AA", &format!("{cursor}AA"), "%20", "é"] {
        let got = app.get(&format!("/v1/events?cursor={odd}")).await;
        assert_eq!(got.json()["code"], "invalid_cursor", "{odd}");
    }
}

#[tokio::test]
async fn lists_in_memory_are_paged_alike() {
    let app = TestApp::new().await;
    for n in 0..3 {
        app.endpoint(&json!({"description": n.to_string()})).await;
        app.merchant(&json!({"name": n.to_string(), "contract": "standard"})).await;
    }
    let cases = [
        ("/v1/endpoints", app.test.clone(), 3),
        ("/v1/merchants", ADMIN.into(), 4),
        ("/v1/keys", app.test.clone(), 3),
    ];
    for (path, key, total) in cases {
        let (first, cursor) = ids(&app, &key, &format!("{path}?limit=2")).await;
        let next = format!("{path}?limit=2&cursor={}", cursor.unwrap());
        let (second, end) = ids(&app, &key, &next).await;
        let (whole, _) = ids(&app, &key, path).await;
        assert_eq!([first, second].concat(), whole, "{path}");
        assert_eq!((whole.len(), end), (total, None), "{path}");
    }
}
