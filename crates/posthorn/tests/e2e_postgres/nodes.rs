//! Several servers on one database, behind any load balancer: one product.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posthorn_store::conformance::throw_away::run;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database;
use crate::posthorn::{ADMIN_KEY, Api, PATIENT, Posthorn, text};
use crate::receiver::{Answer, Receiver};

/// What all servers of a deployment must have in common, beside the database.
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// How soon every server knows what one was told.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn first() -> Posthorn {
    Posthorn::start_with(&[("POSTHORN_MASTER_KEY", MASTER_KEY)])
}

/// One more server on the database of another.
pub(crate) fn beside(other: &Posthorn) -> Posthorn {
    let data = Arc::new(TempDir::new().expect("a temporary directory"));
    database::shared(other.data.path(), data.path());
    Posthorn::start_in(data, &[("POSTHORN_MASTER_KEY", MASTER_KEY)])
}

/// A merchant, made through one server and seen through another.
pub(crate) fn seen_through(api: &Api, server: &Posthorn) -> Api {
    server.known(&api.key)
}

fn endpoint_at(merchant: &Api, receiver: &Receiver) -> String {
    let draft = json!({"url": receiver.url("/"), "events": ["*"]});
    text(&merchant.post("/v1/endpoints", &draft), "/id")
}

fn signal(server: &Posthorn, signal: &str) {
    let kill = format!("kill {signal} {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
}

#[expect(clippy::disallowed_methods, reason = "a promise about real time is measured by it")]
fn started() -> Instant {
    Instant::now()
}

/// Asks until an answer is as it should be; answers how long that took.
fn until(what: &str, so: impl Fn() -> bool) -> Duration {
    let began = started();
    while !so() {
        assert!(began.elapsed() < PATIENT, "never: {what}");
        std::thread::yield_now();
    }
    began.elapsed()
}

#[test]
fn what_is_made_through_one_server_can_be_used_through_another_at_once() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let one = first();
    let other = beside(&one);
    let merchant = one.merchant("techcorp");
    let endpoint = endpoint_at(&merchant, &receiver);
    let there = seen_through(&merchant, &other);
    assert_eq!(text(&there.get(&format!("/v1/endpoints/{endpoint}")), "/id"), endpoint);
    let event = there.event("order.paid", r#"{"order": 1}"#);
    assert_eq!(receiver.request().header("x-event-id"), text(&event, "/id"));
    let path = format!("/v1/endpoints/{endpoint}");
    let changed = there.send("PATCH", &path, r#"{"description": "there"}"#, None);
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = merchant.send("PATCH", &path, r#"{"events": ["order.*"]}"#, None);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["description"], "there", "the change was made to what stood then");
}

#[test]
fn a_merchant_made_through_one_server_is_there_through_another_at_once() {
    let one = first();
    let other = beside(&one);
    let (here, there) = (one.known(ADMIN_KEY), other.known(ADMIN_KEY));
    for number in 0..6 {
        let draft = json!({"name": format!("Shop {number}"), "contract": "techcorp"});
        let id = text(&here.post("/v1/merchants", &draft), "/id");
        let path = format!("/v1/merchants/{id}");
        let made = there.send("POST", &format!("{path}/keys"), r#"{"mode": "test"}"#, None);
        assert!(made.status < 300, "{made:?}");
        assert_eq!(text(&there.get(&path), "/id"), id);
        let held = there.send("PATCH", &path, r#"{"legal_hold": true}"#, None);
        assert_eq!(held.status, 200, "{held:?}");
    }
}

#[test]
fn a_clock_advanced_through_one_server_goes_on_from_there_through_another() {
    let one = first();
    let other = beside(&one);
    let merchant = one.merchant("techcorp");
    let there = seen_through(&merchant, &other);
    let day = |api: &Api| {
        let now = text(&api.get("/v1/sandbox/clock"), "/now");
        now.parse::<jiff::Timestamp>().expect("a time")
    };
    let began = day(&merchant);
    let mut before = began;
    for (number, api) in
        [&merchant, &there, &merchant, &there, &there, &merchant].into_iter().enumerate()
    {
        api.advance("1d");
        let seen = [day(&merchant), day(&there)];
        assert!(seen.iter().all(|now| *now > before), "day {number}: {before}, then {seen:?}");
        before = seen[0].min(seen[1]);
    }
    let days = before.duration_since(began).as_hours() / 24;
    assert_eq!(days, 6, "from {began} to {before}");
}

#[test]
fn every_server_knows_within_a_second_what_one_was_told() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let one = first();
    let other = beside(&one);
    let merchant = one.merchant("techcorp");
    let there = seen_through(&merchant, &other);
    let endpoint = endpoint_at(&merchant, &receiver);
    let path = format!("/v1/endpoints/{endpoint}");
    until("it is known there", || there.get(&path)["events"] == json!(["*"]));
    let patch = |events: &str| {
        let reply = merchant.send("PATCH", &path, &format!(r#"{{"events": ["{events}"]}}"#), None);
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    for events in ["order.*", "*", "payment.*", "order.paid"] {
        patch(events);
        let took = until("it changed", || there.get(&path)["events"] == json!([events]));
        assert!(took < SOON, "{took:?}");
    }
    merchant.post(&format!("{path}/disable"), &json!({}));
    let took = until("it is disabled", || there.get(&path)["status"] == "disabled");
    assert!(took < SOON, "{took:?}");
    let gone = merchant.send("DELETE", &path, "", None);
    assert_eq!(gone.status, 204, "{gone:?}");
    let took = until("it is gone", || there.send("GET", &path, "", None).status == 404);
    assert!(took < SOON, "{took:?}");
}

/// Sends a batch through each of these servers; answers the ids of the events.
fn batches(merchant: &Api, servers: &[&Posthorn], size: usize) -> Vec<String> {
    let event = json!({"type": "order.paid", "data": {"order": 1}});
    let mut ids = Vec::new();
    for server in servers {
        let batch = json!({"events": vec![event.clone(); size]});
        let reply = seen_through(merchant, server).post("/v1/events/batch", &batch);
        let results = reply["data"].as_array().expect("a result for each");
        ids.extend(results.iter().map(|result| text(result, "/id")));
    }
    ids
}

/// How often each event came, once every one of them has come.
fn arrivals(receiver: &Receiver, ids: &[String]) -> BTreeMap<String, u32> {
    let mut came: BTreeMap<String, u32> = ids.iter().map(|id| (id.clone(), 0)).collect();
    while came.values().any(|count| *count == 0) {
        let seen = receiver.request();
        *came.entry(seen.header("x-event-id").to_owned()).or_default() += 1;
    }
    came
}

#[test]
fn what_a_server_that_dies_was_sending_the_others_send() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let dies = first();
    let lives = beside(&dies);
    let merchant = dies.merchant("techcorp");
    endpoint_at(&merchant, &receiver);
    until("it is known there", || endpoints(&seen_through(&merchant, &lives)) == 1);
    let ids = batches(&merchant, &[&dies, &lives, &dies], 500);
    signal(&dies, "-KILL");
    let came = arrivals(&receiver, &ids);
    assert_eq!(came.len(), ids.len(), "nothing else came");
    let merchant = seen_through(&merchant, &lives);
    until("all of it is on record as delivered", || {
        ["due", "leased"].iter().all(|state| {
            let waiting = merchant.get(&format!("/v1/deliveries?state={state}&limit=1"));
            waiting["data"] == json!([])
        })
    });
}

#[test]
fn a_server_that_was_frozen_past_its_leases_loses_nothing_and_goes_on() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let freezes = first();
    let lives = beside(&freezes);
    let merchant = freezes.merchant("techcorp");
    endpoint_at(&merchant, &receiver);
    until("it is known there", || endpoints(&seen_through(&merchant, &lives)) == 1);
    let ids = batches(&merchant, &[&freezes, &freezes], 500);
    signal(&freezes, "-STOP");
    // Its leases run out, and the other sends what they held.
    arrivals(&receiver, &ids);
    signal(&freezes, "-CONT");
    // It begins anew, and says so to whoever asks in that moment; the same request is good a little later.
    let awake = seen_through(&merchant, &freezes);
    let event = r#"{"type": "order.paid", "data": {"order": 2}}"#;
    until("it accepts again", || {
        awake.send("POST", "/v1/events", event, Some("after-the-freeze")).status == 202
    });
    let more = batches(&merchant, &[&freezes, &lives], 100);
    arrivals(&receiver, &more);
}

fn endpoints(merchant: &Api) -> usize {
    merchant.get("/v1/endpoints")["data"].as_array().map_or(0, Vec::len)
}

#[test]
fn connections_that_are_cut_cost_nobody_an_event() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let one = first();
    let other = beside(&one);
    let merchant = one.merchant("techcorp");
    endpoint_at(&merchant, &receiver);
    until("it is known there", || endpoints(&seen_through(&merchant, &other)) == 1);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.extend(batches(&merchant, &[&one, &other], 50));
        run(
            &database::url(one.data.path()),
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and application_name = 'posthorn'",
        );
    }
    arrivals(&receiver, &ids);
}

#[test]
fn an_event_that_a_program_emits_is_sent_if_and_only_if_its_transaction_commits() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let one = first();
    let _other = beside(&one);
    let operator = one.known(ADMIN_KEY);
    let draft = json!({"name": "A shop", "contract": "techcorp", "reference": "shop"});
    let made = operator.post("/v1/merchants", &draft);
    let merchant = one.known(&text(&made, "/keys/test/api_key"));
    endpoint_at(&merchant, &receiver);
    let url = database::url(one.data.path());
    let emit = |whose: &str, order: u32| {
        let data = format!("{{\"order\": {order}}}");
        format!("select posthorn.emit('{whose}', 'test', 'order.paid', '{data}', 'order-{order}')")
    };
    run(&url, "create table orders(number integer primary key)");
    let id = text(&made, "/id");
    run(&url, &format!("begin; insert into orders values (1); {}; rollback", emit("shop", 1)));
    run(&url, &format!("begin; insert into orders values (2); {}; commit", emit("shop", 2)));
    assert_eq!(receiver.request().header("x-event-id"), "order-2");
    run(&url, &emit(&id, 3));
    run(&url, &emit(&id, 3));
    assert_eq!(receiver.request().header("x-event-id"), "order-3");
    let other = emit(&id, 3).replace("order.paid", "order.refunded");
    run(&url, &other);
    run(&url, &emit(&id, 4));
    assert_eq!(receiver.request().header("x-event-id"), "order-4");
    let page = merchant.get("/v1/events?limit=100");
    let known: Vec<&Value> =
        page["data"].as_array().expect("a list").iter().map(|event| &event["id"]).collect();
    assert_eq!(known, ["order-4", "order-3", "order-2"], "said twice it is one event");
    // What cannot be an event is left for the operator, with the reason.
    let left = "do $$ begin assert (select refused like '%id%' from posthorn.outbox); end $$";
    run(&url, left);
}

#[test]
fn a_program_that_emits_nonsense_is_told_so_in_its_own_transaction() {
    let one = first();
    let url = database::url(one.data.path());
    let draft = json!({"name": "A shop", "contract": "techcorp", "reference": "shop"});
    one.known(ADMIN_KEY).post("/v1/merchants", &draft);
    for (call, told) in [
        ("'nobody', 'test', 'order.paid', '{}'", "there is no merchant 'nobody'"),
        ("'mer_zzz', 'test', 'order.paid', '{}'", "there is no merchant 'mer_zzz'"),
        ("'shop', 'prod', 'order.paid', '{}'", "must be test or live"),
        ("'shop', 'test', 'order..paid', '{}'", "is not an event type"),
        ("'shop', 'test', 'posthorn.x', '{}'", "is not an event type"),
        ("'shop', 'test', 'order.paid', '[]'", "must be a JSON object"),
        ("'shop', 'test', 'order.paid', '{}', 'a b'", "cannot be used"),
    ] {
        let told = told.replace('\'', "''");
        run(
            &url,
            &format!(
                "do $$ begin perform posthorn.emit({call}); raise 'it was taken'; \
                 exception when sqlstate 'PH400' then assert sqlerrm like '%{told}%', sqlerrm; end $$"
            ),
        );
    }
}
