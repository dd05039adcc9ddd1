//! What most of these stories begin with: a server, a merchant, an endpoint and its receiver.

use jiff::Timestamp;
use posthorn_engine::clock::{Clock as _, RealClock};
use serde_json::{Value, json};

use crate::posthorn::{Api, Posthorn, text};
use crate::receiver::{Answer, Receiver, Seen};

/// A server, a merchant with one endpoint for everything, and the receiver behind it.
pub(crate) struct Stage {
    pub(crate) merchant: Api,
    pub(crate) receiver: Receiver,
    pub(crate) endpoint: String,
    pub(crate) secret: String,
    pub(crate) server: Posthorn,
}

impl Stage {
    /// Sets it up; the endpoint's path is `/deliveries`.
    pub(crate) fn new(
        contract: &str,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let receiver = Receiver::answering(script);
        let server = Posthorn::start();
        let merchant = server.merchant(contract);
        let draft = json!({"url": receiver.url("/deliveries"), "events": ["*"]});
        let made = merchant.post("/v1/endpoints", &draft);
        let (endpoint, secret) = (text(&made, "/id"), text(&made, "/secret"));
        Self { merchant, receiver, endpoint, secret, server }
    }

    /// A further endpoint of the same merchant and receiver; answers its id.
    pub(crate) fn endpoint(&self, path: &str, events: &[&str]) -> String {
        let draft = json!({"url": self.receiver.url(path), "events": events});
        text(&self.merchant.post("/v1/endpoints", &draft), "/id")
    }

    /// Accepts an event and answers the id of the event and of its delivery to the endpoint.
    pub(crate) fn accept(&self, kind: &str) -> (String, String) {
        let accepted = self.merchant.event(kind, r#"{"order": 1}"#);
        let deliveries = accepted["deliveries"].as_array().expect("a list");
        let own = deliveries.iter().find(|delivery| delivery["endpoint"] == self.endpoint.as_str());
        let own = own.unwrap_or_else(|| panic!("not for the endpoint: {accepted:#}"));
        (text(&accepted, "/id"), text(own, "/id"))
    }

    /// Lets everything happen that is due now, and waits until it has.
    pub(crate) fn settle(&self) {
        self.merchant.advance("1s");
    }

    /// A delivery with its attempts.
    pub(crate) fn delivery(&self, id: &str) -> Value {
        self.merchant.get(&format!("/v1/deliveries/{id}"))
    }

    /// The endpoint's deliveries, newest first.
    pub(crate) fn deliveries(&self) -> Vec<Value> {
        let path = format!("/v1/deliveries?endpoint={}&limit=100", self.endpoint);
        self.merchant.get(&path)["data"].as_array().expect("a list").clone()
    }

    /// Changes the endpoint's settings.
    pub(crate) fn change(&self, settings: &Value) {
        let path = format!("/v1/endpoints/{}", self.endpoint);
        let changed = self.merchant.send("PATCH", &path, &settings.to_string(), None);
        assert_eq!(changed.status, 200, "{changed:#?}");
    }

    /// Tells the endpoint to do something.
    pub(crate) fn tell(&self, verb: &str, body: &Value) -> Value {
        self.merchant.post(&format!("/v1/endpoints/{}/{verb}", self.endpoint), body)
    }

    /// The data of the newest event of this type, which may be a notice.
    pub(crate) fn newest(&self, kind: &str) -> Option<Value> {
        let page = self.merchant.get("/v1/events?limit=100");
        let events = page["data"].as_array().expect("a list");
        let found = events.iter().find(|event| event["type"] == kind)?;
        let whole = self.merchant.get(&format!("/v1/events/{}", text(found, "/id")));
        Some(whole["data"].clone())
    }
}

/// The attempts of a delivery.
pub(crate) fn attempts(delivery: &Value) -> Vec<Value> {
    delivery["attempts"].as_array().unwrap_or_else(|| panic!("no attempts: {delivery:#}")).clone()
}

/// A time of the API's answers.
pub(crate) fn time(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Real time, in Unix seconds.
pub(crate) fn now_unix() -> i64 {
    RealClock::new().now().as_second()
}
