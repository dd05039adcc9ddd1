//! Bad input gets a clear error, and nothing is kept of it.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Got, TestApp};

async fn sent(app: &TestApp, body: impl Into<Body>) -> Got {
    app.call(Method::POST, "/v1/events").send(body.into()).await
}

async fn nothing_is_kept(app: &TestApp) {
    assert_eq!(app.get("/v1/events").await.json()["data"], json!([]));
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let got = sent(&app, "{\"type\": \"a.b\",\n \"data\": {\"x\": 1,}}").await;
    insta::assert_snapshot!(got.problem(), @"400 malformed_json [-] malformed body: a comma after the last element: remove it, at line 2, column 18");
    let got = sent(&app, "").await;
    insta::assert_snapshot!(got.problem(), @"400 malformed_json [-] malformed body: the text ends too soon: send one whole value, every string, array and object closed, at line 1, column 1");
    let got = sent(&app, b"{\"type\":\"a.b\",\"data\":{\"x\":\"\xff\"}}".to_vec()).await;
    insta::assert_snapshot!(got.problem(), @"400 malformed_json [-] malformed body: not UTF-8: send the text encoded as UTF-8, at line 1, column 28");
    nothing_is_kept(&app).await;
}

#[tokio::test]
async fn a_duplicate_name_is_refused_wherever_it_stands() {
    let app = TestApp::new().await;
    let got = sent(&app, "{\"type\":\"a.b\",\"data\":{\"deep\":[{\"x\":1,\n\"x\":2}]}}").await;
    insta::assert_snapshot!(got.problem(), @r#"400 malformed_json [-] malformed body: duplicate name "x" in one object: keep one of the two, at line 2, column 3"#);
    let got = sent(&app, r#"{"type":"a.b","type":"a.c","data":{}}"#).await;
    insta::assert_snapshot!(got.problem(), @r#"400 malformed_json [-] malformed body: duplicate name "type" in one object: keep one of the two, at line 1, column 20"#);
    nothing_is_kept(&app).await;
}

#[tokio::test]
async fn deep_json_is_refused_and_harms_nobody() {
    let app = TestApp::new().await;
    let deep = format!("{}1{}", "[".repeat(900_000), "]".repeat(900_000));
    let got = sent(&app, format!("{{\"type\":\"a.b\",\"data\":{{\"x\":{deep}}}}}")).await;
    assert_eq!(got.json()["code"], "too_large", "1.8 MB of brackets are too large first");
    let deep = format!("{}1{}", "[".repeat(400_000), "]".repeat(400_000));
    let got = sent(&app, format!("{{\"type\":\"a.b\",\"data\":{{\"x\":{deep}}}}}")).await;
    insta::assert_snapshot!(got.problem(), @"400 malformed_json [-] malformed body: more than 64 arrays and objects inside each other: make the value flatter, at line 1, column 89");
    let got = app.call(Method::POST, "/v1/endpoints").send(Body::from(deep)).await;
    insta::assert_snapshot!(got.problem(), @"400 malformed_json [-] malformed body: more than 64 arrays and objects inside each other: make the value flatter, at line 1, column 65");
}

#[tokio::test]
async fn data_may_have_a_mebibyte_and_not_a_byte_more() {
    let app = TestApp::new().await;
    let data = format!("{{\"x\":\"{}\"}}", "y".repeat(1024 * 1024 - 8));
    assert_eq!(data.len(), 1024 * 1024);
    let got = sent(&app, format!("{{\"type\":\"a.b\",\"data\":{data}}}")).await;
    assert_eq!(got.status, 202, "{}", got.text);
    let got = sent(&app, format!("{{\"type\":\"a.b\",\"data\":{} }}", data.replacen('y', "yy", 1)));
    insta::assert_snapshot!(got.await.problem(), @"413 too_large [data] `data` has 1048577 bytes; at most 1048576 (1 MiB) are allowed");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_announced_or_not() {
    let app = TestApp::new().await;
    let large = vec![b' '; 2 * 1024 * 1024 + 1];
    let announced = app.call(Method::POST, "/v1/events");
    let announced = announced.header("content-length", &large.len().to_string());
    let got = announced.send(Body::from(large.clone())).await;
    insta::assert_snapshot!(got.problem(), @"413 too_large [-] the body has more than 2097152 bytes, the most this route takes");
    let chunks = large.chunks(100_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let chunks: Vec<_> = chunks.collect();
    let got = sent(&app, Body::from_stream(futures::stream::iter(chunks))).await;
    assert_eq!((got.status.as_u16(), got.json()["code"].as_str()), (413, Some("too_large")));
}

#[tokio::test]
async fn a_body_that_comes_in_pieces_is_read_like_any_other() {
    let app = TestApp::new().await;
    let pieces = ["{\"type\":", "\"a.b\",", "\"data\":{}}"];
    let pieces = pieces.map(Ok::<_, std::io::Error>);
    let got = sent(&app, Body::from_stream(futures::stream::iter(pieces))).await;
    assert_eq!(got.status, 202, "{}", got.text);
}

#[tokio::test]
async fn an_event_is_refused_for_what_is_wrong_with_it() {
    let app = TestApp::new().await;
    let cases = [
        json!({"data": {}}),
        json!({"type": "a.b"}),
        json!({"type": "a b", "data": {}}),
        json!({"type": "posthorn.x", "data": {}}),
        json!({"type": "a.b", "data": []}),
        json!({"type": "a.b", "data": null}),
        json!({"type": "a.b", "data": {}, "id": "with space"}),
        json!({"type": 5, "data": {}}),
        json!({"type": "a.b", "dat": {}}),
    ];
    let mut told = Vec::new();
    for case in cases {
        told.push(sent(&app, case.to_string()).await.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 missing_field [type] `type` is missing
    400 missing_field [data] `data` is missing
    422 invalid_event [type] `a b` is not an event type: use segments of letters, digits, `_` and `-` with dots between them, as in `payment.confirmed`
    422 invalid_event [type] types that begin with `posthorn.` are Posthorn's own notices; choose another
    422 invalid_event [data] `data` must be a JSON object, as in {"amount": 1000}
    422 invalid_event [data] `data` must be a JSON object, as in {"amount": 1000}
    422 invalid_event [id] `id` must be 1 to 128 visible ASCII characters without spaces; leave it out to have one made
    400 invalid_field [type] `type`: must be a string; this is the number `5`, at line 1, column 19
    400 unknown_field [dat] there is no field `dat` here; did you mean `data`?
    "#);
    nothing_is_kept(&app).await;
}

#[tokio::test]
async fn an_unknown_type_is_refused_only_where_the_merchant_asked_for_it() {
    let app = TestApp::new().await;
    let event = json!({"type": "payment.complete", "data": {}});
    assert_eq!(app.post("/v1/events", &event).await.status, 202);
    let path = format!("/v1/merchants/{}", app.merchant);
    let strict = json!({"strict_catalogue": true});
    let changed = app.call(Method::PATCH, &path).key(ADMIN).json(&strict).await;
    assert_eq!(changed.json()["strict_catalogue"], true);
    insta::assert_snapshot!(app.post("/v1/events", &event).await.problem(), @"422 not_in_catalogue [type] `payment.complete` is not in the catalogue of contract `payqi`; did you mean `payment.completed`?; this merchant accepts catalogued types only (`strict_catalogue`)");
    let known = json!({"type": "payment.completed", "data": {}});
    assert_eq!(app.post("/v1/events", &known).await.status, 202);
}

#[tokio::test]
async fn endpoint_settings_are_refused_one_by_one() {
    let app = TestApp::new().await;
    let with = |name: &str, value: Value| {
        let mut draft = json!({"url": "https://example.com/"});
        draft[name] = value;
        draft
    };
    let cases = [
        json!({}),
        with("evnts", json!(["*"])),
        with("rate_limt", json!(5)),
        with("events", json!(["pay*"])),
        with("events", json!([])),
        with("events", json!("payment.*")),
        with("filter", json!({"amount": {"$gtt": 5}})),
        with("json", json!("ruby")),
        with("contract", json!("kxrscale")),
        with("rate_limit", json!(0)),
        with("rate_limit", json!(-1)),
        with("rate_limit", json!(1.5)),
        with("concurrency", json!(-1)),
        with("concurrency", json!("5")),
        with("concurrency", json!(u64::MAX)),
        with("headers", json!({"Host": "x"})),
        with("headers", json!({"X-A": 5})),
        with("headers", json!([["X-A", "1"]])),
        with("secret", json!("short")),
        with("description", json!("x".repeat(1025))),
    ];
    let mut told = Vec::new();
    for case in cases {
        told.push(app.post("/v1/endpoints", &case).await.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 missing_field [url] `url` is missing
    400 unknown_field [evnts] there is no field `evnts` here; did you mean `events`?
    400 unknown_field [rate_limt] there is no field `rate_limt` here; did you mean `rate_limit`?
    400 invalid_field [events] `events`: `pay*` is not an event pattern: use a type, `*`, or a `*` as its last segment, as in `payment.*`, at line 1, column 18
    422 invalid_setting [events] `events`: must have 1 to 100 patterns
    400 invalid_field [events] `events`: must be an array; this is the string "payment.*", at line 1, column 21
    400 invalid_field [filter] `filter`: unknown operator `$gtt`: the nearest one is `$gt`, at /amount/$gtt, at line 1, column 31
    400 invalid_field [json] `json`: must be one of `js`, `python`, `php`; this is `ruby`, at line 1, column 14
    422 invalid_setting [contract] `contract`: `kxrscale` is not a contract here; choose from techcorp, payqi, sentinelgate, krxscale, pagtracker, standard
    400 invalid_field [rate_limit] `rate_limit`: must be a whole number from 1 to 10000, or `null` for no limit of its own; this is the number `0`, at line 1, column 15
    400 invalid_field [rate_limit] `rate_limit`: must be a whole number from 1 to 10000, or `null` for no limit of its own; this is the number `-1`, at line 1, column 16
    400 invalid_field [rate_limit] `rate_limit`: must be a whole number from 1 to 10000, or `null` for no limit of its own; this is the number `1.5`, at line 1, column 17
    400 invalid_field [concurrency] `concurrency`: must be a whole number from 1 to 1000, or `null` for no limit of its own; this is the number `-1`, at line 1, column 17
    400 invalid_field [concurrency] `concurrency`: must be a whole number from 1 to 1000, or `null` for no limit of its own; this is the string "5", at line 1, column 18
    400 invalid_field [concurrency] `concurrency`: must be a whole number from 1 to 1000, or `null` for no limit of its own; this is the number `18446744073709551615`, at line 1, column 35
    422 invalid_setting [headers] `headers`: `Host` is set by Posthorn
    400 invalid_field [headers] `headers`: must be a string; this is the number `5`, at line 1, column 19
    400 invalid_field [headers] `headers`: must be an object of header names and values; this is an array, at line 1, column 11
    422 invalid_setting [secret] `secret`: must have 8 to 512 characters (32 random ones are recommended), or be left out to have one made
    422 invalid_setting [description] `description`: at most 1024 bytes
    "#);
    assert_eq!(app.get("/v1/endpoints").await.json()["data"], json!([]));
}

#[tokio::test]
async fn urls_that_lead_nowhere_or_inside_are_refused() {
    let app = TestApp::new().await;
    let urls = [
        "not a url",
        "/webhooks",
        "ftp://example.com/",
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://user:pass@example.com/",
    ];
    let mut told = Vec::new();
    for url in urls {
        let got = app.post("/v1/endpoints", &json!({"url": url})).await;
        told.push(got.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    422 invalid_setting [url] `url`: must be an absolute URL, as in `https://example.com/webhooks`
    422 invalid_setting [url] `url`: must be an absolute URL, as in `https://example.com/webhooks`
    422 address_refused [url] `url`: scheme `ftp` is refused: use https
    422 address_refused [url] `url`: http is refused: use https (http is for test mode on a sandbox server, or where the operator allows it)
    422 address_refused [url] `url`: address 127.0.0.1 is refused: loopback (127.0.0.0/8, RFC 1122); the operator can open it by listing 127.0.0.1/32 or its network in `allow_cidrs`
    422 address_refused [url] `url`: address ::ffff:10.0.0.1 (which means 10.0.0.1) is refused: private network (10.0.0.0/8, RFC 1918); the operator can open it by listing 10.0.0.1/32 or its network in `allow_cidrs`
    422 address_refused [url] `url`: address 169.254.169.254 is refused: cloud metadata (169.254.169.254/32, AWS, Google Cloud, Azure and others); the operator can open it only by listing 169.254.169.254/32 itself in `allow_cidrs`
    422 address_refused [url] `url`: host `localhost` is refused: it names this machine (RFC 6761); use a public name (the operator can open internal networks with `allow_cidrs`)
    422 address_refused [url] `url`: the URL holds a user name or password: remove it and use the endpoint's headers instead
    "#);
}

#[tokio::test]
async fn parameters_are_refused_by_name() {
    let app = TestApp::new().await;
    let paths = [
        "/v1/events?typ=a",
        "/v1/events?nonsense=1",
        "/v1/events?type=a&type=b",
        "/v1/events?since=yesterday",
        "/v1/events?limit=0",
        "/v1/events?limit=101",
        "/v1/events?limit=many",
        "/v1/events?type=%20",
        "/v1/deliveries?state=lost",
        "/v1/deliveries?endpoint=evt_1",
        "/v1/contracts?limit=1",
    ];
    let mut told = Vec::new();
    for path in paths {
        told.push(app.get(path).await.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 invalid_parameter [typ] there is no parameter `typ` here; did you mean `type`?
    400 invalid_parameter [nonsense] there is no parameter `nonsense` here; this route has `type`, `since`, `until`, `limit`, `cursor`
    400 invalid_parameter [type] `type` stands in the query twice; keep one
    400 invalid_parameter [since] `since`: must be a time as in RFC 3339, such as `2026-11-22T00:00:00Z`
    400 invalid_parameter [limit] `limit`: must be a whole number from 1 to 100
    400 invalid_parameter [limit] `limit`: must be a whole number from 1 to 100
    400 invalid_parameter [limit] `limit`: must be a whole number from 1 to 100
    400 invalid_parameter [type] `type`: ` ` is not an event type: use segments of letters, digits, `_` and `-` with dots between them, as in `payment.confirmed`
    400 invalid_parameter [state] `state`: must be one of `due`, `leased`, `delivered`, `exhausted`, `parked`, `will_not_send`
    400 invalid_parameter [endpoint] `endpoint`: `evt_1` is not an endpoint id; one looks like `ep_01h2x3`
    400 invalid_parameter [limit] there is no parameter `limit` here; this route has none
    "#);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let app = TestApp::new().await;
    let paths = [
        "/v1/endpoints/ep_zzz",
        "/v1/endpoints/evt_1",
        "/v1/events/nobody",
        "/v1/events/nobody/explain",
        "/v1/deliveries/dlv_1",
        "/v1/jobs/job_1",
        "/v1/contracts/kxrscale",
        "/v1/deliveries/dlv_1/attempts/1/request",
        "/v1/deliveries/dlv_1/attempts/one/request",
        "/v1/nothing",
        "/",
    ];
    let mut told = Vec::new();
    for path in paths {
        told.push(app.get(path).await.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    404 not_found [-] there is no such endpoint
    404 not_found [-] `evt_1` is not an endpoint id; one looks like `ep_01h2x3`
    404 not_found [-] there is no such event
    404 not_found [-] there is no such event
    404 not_found [-] there is no such delivery
    404 not_found [-] there is no such job
    404 not_found [-] there is no such contract; choose from techcorp, payqi, sentinelgate, krxscale, pagtracker, standard
    404 not_found [-] there is no such delivery
    404 not_found [-] attempts are counted 1, 2, 3 and so on
    404 not_found [-] there is no route `/v1/nothing`; see `/docs`
    404 not_found [-] there is no route `/`; see `/docs`
    "#);
}

#[tokio::test]
async fn a_method_that_a_route_lacks_is_refused_with_those_it_has() {
    let app = TestApp::new().await;
    let got = app.call(Method::DELETE, "/v1/events").send(Body::empty()).await;
    insta::assert_snapshot!(got.problem(), @"405 method_not_allowed [-] `/v1/events` has no such method; `Allow` lists those it has");
    assert_eq!(got.header("allow"), "POST,GET,HEAD");
    let got = app.get("/v1/endpoints/test").await;
    assert_eq!(got.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn actions_refuse_what_they_cannot_use() {
    let app = TestApp::new().await;
    let id = app.endpoint(&json!({})).await;
    let cases = [
        ("rotate", json!({"overlap": "2 days"})),
        ("rotate", json!({"overlap": "31d"})),
        ("test", json!({"type": "payment.complete"})),
        ("recover", json!({})),
        ("recover", json!({"since": "2026-11-21T00:00:00Z", "states": ["due"]})),
        ("recover", json!({"since": "2036-11-21T00:00:00Z"})),
        ("recover", json!({"since": "2026-11-21"})),
        ("enable", json!({"now": true})),
    ];
    let mut told = Vec::new();
    for (action, body) in cases {
        let got = app.post(&format!("/v1/endpoints/{id}/{action}"), &body).await;
        told.push(got.problem());
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 invalid_field [overlap] `overlap`: `2 days` is not a duration; write a whole number and a unit, like `90s`, `15m`, `6h` or `10d`, at line 1, column 20
    422 invalid_setting [overlap] `overlap`: must be 0s to 30d
    422 invalid_setting [type] `type`: `payment.complete` is not in the catalogue of contract `payqi`; did you mean `payment.completed`?
    400 missing_field [since] `since` is missing
    422 invalid_setting [states] `states`: deliveries that are `due` cannot be recovered; choose from `delivered`, `exhausted`, `parked`
    422 invalid_setting [since] `since`: must lie before `until` and before now
    400 invalid_field [since] `since`: must be a time as in RFC 3339, such as `2026-11-22T00:00:00Z`; this is the string "2026-11-21", at line 1, column 21
    400 unknown_field [now] there is no field `now` here; this request has no fields
    "#);
}
