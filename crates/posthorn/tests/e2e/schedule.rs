//! Every row of every retry schedule, as the guides print them: a receiver that always fails, and a
//! clock that is taken forward.

use serde_json::{Value, json};

use crate::posthorn::text;
use crate::receiver::{Answer, Seen};
use crate::stage::{Stage, attempts, now_unix, time};

const S: i64 = 1;
const MIN: i64 = 60;
const H: i64 = 60 * MIN;

/// A guide's promise: what a contract's file says does not count here.
struct Promise {
    contract: &'static str,
    kind: &'static str,
    /// When each try happens, in seconds after the first.
    totals: &'static [i64],
    /// What the platform calls a delivery that used up its tries.
    called: &'static str,
    /// The header with the time at which an attempt was signed.
    signed_at: Option<&'static str>,
    /// The header with the event's id, in the platform's own words.
    id: &'static str,
}

/// "Schedule de Retry", column "Tempo Total".
const KRXSCALE_TOTALS: [i64; 10] = [
    0,
    MIN,
    6 * MIN,
    21 * MIN,
    H + 21 * MIN,
    7 * H + 21 * MIN,
    31 * H + 21 * MIN,
    79 * H + 21 * MIN,
    151 * H + 21 * MIN,
    247 * H + 21 * MIN,
];

const KRXSCALE: Promise = Promise {
    contract: "krxscale",
    kind: "payment.transaction.succeeded",
    totals: &KRXSCALE_TOTALS,
    called: "FAILED",
    signed_at: Some("x-webhook-timestamp"),
    id: "x-webhook-id",
};

/// The guide names no schedule: KrxScale's.
const PAYQI: Promise = Promise {
    contract: "payqi",
    kind: "payment.completed",
    totals: &KRXSCALE_TOTALS,
    called: "failed",
    signed_at: Some("x-payqi-timestamp"),
    id: "x-event-id",
};

/// "What happens if my endpoint is down?": delays before attempts 2 to 5.
const TECHCORP: Promise = Promise {
    contract: "techcorp",
    kind: "order.paid",
    totals: &[0, MIN, 6 * MIN, 36 * MIN, 2 * H + 36 * MIN],
    called: "DLQ",
    signed_at: None,
    id: "x-event-id",
};

/// "Webhook Retry Logic": each so long after the one before.
const SENTINELGATE: Promise = Promise {
    contract: "sentinelgate",
    kind: "payment.completed",
    totals: &[0, MIN, 6 * MIN, 21 * MIN, H + 21 * MIN],
    called: "failed",
    signed_at: None,
    id: "x-event-id",
};

/// "Redundância e Resiliência": the first send, then six more.
const PAGTRACKER: Promise = Promise {
    contract: "pagtracker",
    kind: "payment.confirmed",
    totals: &[0, 5 * MIN, 20 * MIN, 50 * MIN, H + 50 * MIN, 4 * H + 50 * MIN, 10 * H + 50 * MIN],
    called: "falho",
    signed_at: None,
    id: "x-event-id",
};

/// Standard Webhooks 1.0.0, "Retry schedule and backoff": its example.
const STANDARD: Promise = Promise {
    contract: "standard",
    kind: "payment.succeeded",
    totals: &[
        0,
        5 * S,
        5 * MIN + 5 * S,
        35 * MIN + 5 * S,
        2 * H + 35 * MIN + 5 * S,
        7 * H + 35 * MIN + 5 * S,
        17 * H + 35 * MIN + 5 * S,
        31 * H + 35 * MIN + 5 * S,
        51 * H + 35 * MIN + 5 * S,
        75 * H + 35 * MIN + 5 * S,
    ],
    called: "failed",
    signed_at: Some("webhook-timestamp"),
    id: "webhook-id",
};

/// How late a try may be on record: real time passes too, while the clock is stepped.
const LATE_S_MAX: i64 = 30;

impl Promise {
    fn stage(&self) -> Stage {
        let stage = Stage::new(self.contract, |seen| match seen.path.as_str() {
            "/notices" => Answer::status(200),
            _ => Answer::status(500),
        });
        stage.endpoint("/notices", &["posthorn.*"]);
        stage
    }

    /// All tries in one go.
    fn holds_in_one_go(&self) {
        let stage = self.stage();
        let (event, delivery) = stage.accept(self.kind);
        stage.settle();
        let made = stage.merchant.advance("11d");
        // The notice of exhaustion is a delivery of its own.
        assert_eq!(made, self.totals.len() as u64 - 1 + 1);
        self.check_record(&stage, &delivery);
        self.check_wire(&stage, &event);
        assert_eq!(stage.merchant.advance("11d"), 0, "what is exhausted is over");
    }

    /// One row after the other: half a wait makes no try, the other half makes one.
    fn holds_row_by_row(&self) {
        let stage = self.stage();
        let (event, delivery) = stage.accept(self.kind);
        stage.settle();
        for (row, pair) in (1..).zip(self.totals.windows(2)) {
            let &[before, after] = pair else { unreachable!("windows of two") };
            let wait = after - before;
            let now = stage.delivery(&delivery);
            assert_eq!(attempts(&now).len(), row, "{now:#}");
            assert_eq!(now["state"], "due", "{now:#}");
            let last = attempts(&now).pop().expect("a try");
            let due_in = time(&now["next_at"]).duration_since(time(&last["at"])).as_secs();
            assert!((wait..=wait + LATE_S_MAX).contains(&due_in), "row {row}: {due_in} s: {now:#}");
            // A row of seconds is too short to stop in its middle: real time passes as well.
            let half = if wait >= MIN { wait / 2 } else { 0 };
            assert_eq!(stage.merchant.advance(&format!("{half}s")), 0, "row {row}");
            assert!(stage.merchant.advance(&format!("{}s", wait - half)) >= 1, "row {row}");
        }
        self.check_record(&stage, &delivery);
        self.check_wire(&stage, &event);
    }

    /// What the log says.
    fn check_record(&self, stage: &Stage, delivery: &str) {
        let delivery = stage.delivery(delivery);
        assert_eq!(delivery["state"], "exhausted", "{delivery:#}");
        assert_eq!(delivery["why"], "schedule", "{delivery:#}");
        let attempts = attempts(&delivery);
        assert_eq!(attempts.len(), self.totals.len(), "{delivery:#}");
        let first = time(&attempts[0]["at"]);
        for (number, (attempt, total)) in (1_u64..).zip(attempts.iter().zip(self.totals)) {
            assert_eq!(attempt["number"], number, "{attempt:#}");
            assert_eq!(attempt["status"], 500, "{attempt:#}");
            let after = time(&attempt["at"]).duration_since(first).as_secs();
            let promised = *total..=total + LATE_S_MAX;
            assert!(promised.contains(&after), "try {number} came after {after} s, not {total} s");
        }
    }

    /// What the receiver saw.
    fn check_wire(&self, stage: &Stage, event: &str) {
        let seen = stage.receiver.requests();
        let (tries, notices): (Vec<Seen>, Vec<Seen>) =
            seen.into_iter().partition(|seen| seen.path == "/deliveries");
        assert_eq!(tries.len(), self.totals.len());
        for (number, seen) in (1..).zip(&tries) {
            assert_eq!(seen.header("x-delivery-attempt"), number.to_string());
            assert_eq!(seen.header("x-event-id"), event);
            assert_eq!(seen.header(self.id), event);
            assert_eq!(seen.header("x-event-type"), self.kind);
            if let Some(header) = self.signed_at {
                let signed_at: i64 = seen.header(header).parse().expect("Unix seconds");
                let age = now_unix() - signed_at;
                assert!((-1..=MIN).contains(&age), "signed {age} s ago: real time, always");
            }
        }
        let called = format!(r#""called":"{}""#, self.called);
        let notice = notices.iter().find(|seen| {
            seen.header("x-event-type") == "posthorn.delivery.exhausted"
                && String::from_utf8_lossy(&seen.body).contains(&called)
        });
        assert!(notice.is_some(), "no notice calls it {}: {notices:#?}", self.called);
    }
}

#[test]
fn techcorp_keeps_every_row_of_its_schedule_in_one_go() {
    TECHCORP.holds_in_one_go();
}

#[test]
fn techcorp_keeps_every_row_of_its_schedule_step_by_step() {
    TECHCORP.holds_row_by_row();
}

#[test]
fn payqi_keeps_every_row_of_its_schedule_in_one_go() {
    PAYQI.holds_in_one_go();
}

#[test]
fn payqi_keeps_every_row_of_its_schedule_step_by_step() {
    PAYQI.holds_row_by_row();
}

#[test]
fn sentinelgate_keeps_every_row_of_its_schedule_in_one_go() {
    SENTINELGATE.holds_in_one_go();
}

#[test]
fn sentinelgate_keeps_every_row_of_its_schedule_step_by_step() {
    SENTINELGATE.holds_row_by_row();
}

#[test]
fn krxscale_keeps_every_row_of_its_schedule_in_one_go() {
    KRXSCALE.holds_in_one_go();
}

#[test]
fn krxscale_keeps_every_row_of_its_schedule_step_by_step() {
    KRXSCALE.holds_row_by_row();
}

#[test]
fn pagtracker_keeps_every_row_of_its_schedule_in_one_go() {
    PAGTRACKER.holds_in_one_go();
}

#[test]
fn pagtracker_keeps_every_row_of_its_schedule_step_by_step() {
    PAGTRACKER.holds_row_by_row();
}

#[test]
fn standard_webhooks_keeps_every_row_of_its_schedule_in_one_go() {
    STANDARD.holds_in_one_go();
}

#[test]
fn standard_webhooks_keeps_every_row_of_its_schedule_step_by_step() {
    STANDARD.holds_row_by_row();
}

#[test]
fn krxscale_numbers_its_attempts_in_the_body_and_pagtracker_sends_the_same_bytes() {
    let bodies = |contract: &str, kind: &str| {
        let stage = Stage::new(contract, |_| Answer::status(500));
        stage.accept(kind);
        stage.settle();
        stage.merchant.advance("11d");
        stage.receiver.requests().into_iter().map(|seen| seen.body).collect::<Vec<_>>()
    };
    let krxscale = bodies("krxscale", "payment.transaction.succeeded");
    for (number, body) in (1_u64..).zip(&krxscale) {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(body["attempt"], number);
        assert_eq!(text(&body, "/id"), text(&body, "/idempotencyKey"));
    }
    let mut pagtracker = bodies("pagtracker", "payment.confirmed");
    assert_eq!(pagtracker.len(), 7);
    pagtracker.dedup();
    assert_eq!(pagtracker.len(), 1, "timestamp and signature are the event's, not the attempt's");
}

#[test]
fn the_clock_moves_schedules_and_what_is_on_record() {
    let stage = Stage::new("payqi", |_| Answer::status(200));
    let before = stage.merchant.get("/v1/sandbox/clock");
    let moved = stage.merchant.post("/v1/sandbox/clock", &json!({"advance": "10d"}));
    let passed = time(&moved["now"]).duration_since(time(&before["now"])).as_hours();
    assert_eq!(passed, 240);
    stage.accept("payment.completed");
    let seen = stage.receiver.request();
    let body: Value = serde_json::from_slice(&seen.body).expect("JSON");
    let created = body["created"].as_i64().expect("Unix seconds");
    let ahead = created - now_unix();
    assert!((10 * 24 * H - MIN..=10 * 24 * H + MIN).contains(&ahead), "{ahead}");
    let signed_at: i64 = seen.header("x-payqi-timestamp").parse().expect("Unix seconds");
    assert!((now_unix() - signed_at).abs() <= MIN);
}
