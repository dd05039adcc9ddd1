//! "Firewall? Whitelist our IPs" (TechCorp, "Webhook is not arriving, what do I check?"): the whole way from the setting to the
//! receiver's socket.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use crate::posthorn::Posthorn;
use crate::receiver::{Answer, Receiver};

#[test]
fn every_try_leaves_from_an_address_that_integrators_were_told_to_let_in() {
    // Given a server that is to leave from two addresses of this machine, and says so to integrators
    let listed = ["127.0.0.2", "127.0.0.3"];
    let server = Posthorn::start_with(&[("POSTHORN_EGRESS_ADDRESSES", &listed.join(","))]);
    let merchant = server.merchant("techcorp");
    let told = merchant.get("/v1/webhooks/addresses");
    assert_eq!(told["addresses"], json!(listed), "{told:#}");
    // When an event is delivered to endpoints of its own receivers, with a retry
    let receivers =
        [200, 500, 200].map(|status| Receiver::answering(move |_| Answer::status(status)));
    for receiver in &receivers {
        merchant.post("/v1/endpoints", &json!({"url": receiver.url("/"), "events": ["*"]}));
    }
    merchant.event("order.paid", r#"{"order": 1}"#);
    merchant.advance("1s");
    assert_eq!(merchant.advance("3m"), 1, "the one that was answered 500");
    // Then each try came from one of them, and both were used
    let mut from: Vec<IpAddr> = Vec::new();
    for receiver in &receivers {
        from.extend(receiver.requests().iter().map(|seen| seen.from));
    }
    assert_eq!(from.len(), 4, "{from:?}");
    from.sort_unstable();
    from.dedup();
    assert_eq!(from, [2, 3].map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))));
}
