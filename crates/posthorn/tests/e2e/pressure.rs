//! Who says that it is busy is asked less at once, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

use crate::posthorn::PATIENT;
use crate::receiver::{Answer, Seen};
use crate::stage::Stage;

/// Tries that a new endpoint gets at once.
const AT_ONCE: usize = 16;

/// Events for both.
const MANY: usize = 40;

/// The requests at one path.
#[derive(Debug, Default, Clone, Copy)]
struct Crowd {
    came: usize,
    under_way: usize,
    most_at_once: usize,
}

/// The requests at each path.
#[derive(Default)]
struct Crowds {
    at: Mutex<HashMap<String, Crowd>>,
    grew: Condvar,
}

impl Crowds {
    fn change(&self, path: &str, change: impl FnOnce(&mut Crowd)) {
        change(self.at.lock().expect("nobody panics with it").entry(path.to_owned()).or_default());
        self.grew.notify_all();
    }

    fn enter(&self, path: &str) {
        self.change(path, |crowd| {
            crowd.came += 1;
            crowd.under_way += 1;
            crowd.most_at_once = crowd.most_at_once.max(crowd.under_way);
        });
    }

    fn leave(&self, path: &str) {
        self.change(path, |crowd| crowd.under_way -= 1);
    }

    /// Waits until the crowd at a path is like that.
    fn wait(&self, path: &str, is: impl Fn(&Crowd) -> bool) {
        let at = self.at.lock().expect("nobody panics with it");
        let is_not = |at: &mut HashMap<String, Crowd>| !at.get(path).is_some_and(&is);
        let (at, waited) = self.grew.wait_timeout_while(at, PATIENT, is_not).expect("the same");
        assert!(!waited.timed_out(), "{at:?}");
    }

    /// The most that were at a path at once.
    fn most(&self, path: &str) -> usize {
        self.at.lock().expect("nobody panics with it")[path].most_at_once
    }
}

/// At `/busy` there is never time, and each is told so when everything at `/well` has come; there,
/// everybody is answered as soon as a crowd has come together.
fn script(crowds: Arc<Crowds>) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| {
        let (path, kind) = (seen.path.as_str(), seen.header("x-event-type"));
        if kind == "busy.first" {
            return Answer::status(429);
        }
        crowds.enter(path);
        let status = if path == "/well" {
            crowds.wait("/well", |well| well.most_at_once >= AT_ONCE);
            200
        } else {
            crowds.wait("/well", |well| well.came >= MANY);
            503
        };
        crowds.leave(path);
        Answer::status(status)
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

    send(&stage, "both.then", MANY);
    let (mut busy, mut well) = (0, 0);
    while (busy, well) != (MANY, MANY) {
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
