//! Who says that it is busy is asked less at once, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

use crate::posthorn::PATIENT;
use crate::receiver::{Answer, Seen};
use crate::stage::Stage;

/// Tries that a new endpoint gets at once.
const AT_ONCE: usize = 16;

/// How many requests are being answered at each path, and how many were at most.
#[derive(Default)]
struct Crowds {
    now: Mutex<HashMap<String, (usize, usize)>>,
    grew: Condvar,
}

impl Crowds {
    fn enter(&self, path: &str) {
        let mut now = self.now.lock().expect("nobody panics with it");
        let (under_way, most) = now.entry(path.to_owned()).or_default();
        *under_way += 1;
        *most = (*most).max(*under_way);
        self.grew.notify_all();
    }

    fn leave(&self, path: &str) {
        let mut now = self.now.lock().expect("nobody panics with it");
        now.entry(path.to_owned()).or_default().0 -= 1;
    }

    /// Waits until so many were at a path at once.
    fn wait_for(&self, path: &str, many: usize) {
        let now = self.now.lock().expect("nobody panics with it");
        let fewer = |now: &mut HashMap<String, (usize, usize)>| {
            now.get(path).is_none_or(|(_, most)| *most < many)
        };
        let (now, waited) = self.grew.wait_timeout_while(now, PATIENT, fewer).expect("the same");
        assert!(!waited.timed_out(), "never {many} at once at {path}: {now:?}");
    }

    /// The most that were at a path at once since this was asked last.
    fn most(&self, path: &str) -> usize {
        let mut now = self.now.lock().expect("nobody panics with it");
        std::mem::take(&mut now.entry(path.to_owned()).or_default().1)
    }
}

/// At `/busy` there is no time for anything; at `/well` everybody is answered as soon as a crowd has
/// come together.
fn script(crowds: Arc<Crowds>) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| {
        crowds.enter(&seen.path);
        let answer = if seen.path == "/well" {
            crowds.wait_for("/well", AT_ONCE);
            Answer::status(200)
        } else {
            Answer::status(if seen.header("x-event-type") == "busy.first" { 429 } else { 503 })
        };
        crowds.leave(&seen.path);
        answer
    }
}

fn send(stage: &Stage, kind: &str, many: usize) {
    let event = json!({"type": kind, "data": {}});
    stage.merchant.post("/v1/events/batch", &json!({"events": vec![event; many]}));
}

#[test]
fn a_receiver_that_answers_429_and_503_gets_one_try_at_a_time_and_the_others_as_many_as_before() {
    let crowds = Arc::new(Crowds::default());
    let stage = Stage::new("techcorp", script(Arc::clone(&crowds)));
    stage.endpoint("/busy", &["busy.*", "both.*"]);
    stage.endpoint("/well", &["both.*"]);
    stage.tell("disable", &json!({}));
    // Sixteen at once, halved by each busy answer.
    send(&stage, "busy.first", 4);
    stage.settle();
    assert_eq!(stage.receiver.requests().len(), 4);
    crowds.most("/busy");

    send(&stage, "both.then", 40);
    let (mut busy, mut well) = (0, 0);
    while (busy, well) != (40, 40) {
        match stage.receiver.request().path.as_str() {
            "/busy" => busy += 1,
            "/well" => well += 1,
            other => panic!("nothing goes to {other}"),
        }
    }
    assert_eq!(crowds.most("/busy"), 1);
    let most = crowds.most("/well");
    assert!(most >= AT_ONCE, "{most}");
}
