//! An event that happens because something happens to a payment.

use anyhow::bail;
use posthorn_core::json::Json;
use serde_json::{Value, json};

use crate::cli::api::{As, Client, Reply};
use crate::cli::out::{Ink, ink, say};
use crate::cli::payment::path;
use crate::cli::table::text;

/// What is done to a payment: the verb in its path, and the body.
type Deed = (&'static str, Value);

/// Does to a payment what causes an event of the catalogue.
pub(super) fn cause(client: &Client, event: &Json, payment: &str) -> anyhow::Result<()> {
    let kind = text(event, "type");
    let before = client.get(As::Merchant, &path(payment))?;
    let causes = event.get("on").and_then(Json::as_array).unwrap_or_default();
    let causes: Vec<&str> = causes.iter().filter_map(Json::as_str).collect();
    let reply = bring_about(client, &before, &causes, &kind)?;
    if reply.value.get("sequence") == before.value.get("sequence") {
        bail!("payment {payment} is {}; no event came of it", text(&reply.value, "state"));
    }
    client.show(&reply, |reply| {
        let (id, state) = (text(&reply.value, "id"), text(&reply.value, "state"));
        say(format_args!("{} {kind}  {} is {state}", ink(Ink::Good, "caused"), ink(Ink::Bold, id)));
    });
    Ok(())
}

fn bring_about(
    client: &Client,
    before: &Reply,
    causes: &[&str],
    kind: &str,
) -> anyhow::Result<Reply> {
    let state = text(&before.value, "state");
    let Some((cause, (verb, body))) =
        causes.iter().find_map(|cause| Some((*cause, deed(cause, &state)?)))
    else {
        bail!("{}", nothing(causes, kind));
    };
    let url = path(&text(&before.value, "id"));
    let reply = client.post(As::Merchant, &format!("{url}/{verb}"), &body)?;
    // What an XRP payer sends is seen first, and counts when it is validated.
    let is_seen = cause == "payment.succeeded" && text(&reply.value, "method") == "xrp";
    if is_seen && text(&reply.value, "state") != "succeeded" {
        return client.post(As::Merchant, &format!("{url}/{verb}"), &body);
    }
    Ok(reply)
}

/// What makes a transition happen to a payment that stands there.
fn deed(transition: &str, state: &str) -> Option<Deed> {
    let force = |outcome: &str| Some(("force", json!({"outcome": outcome})));
    match transition {
        "payment.succeeded" if state == "authorized" => Some(("capture", json!({}))),
        "payment.succeeded" | "payment.seen" | "payment.authorized" => force("succeed"),
        "payment.failed" => force("fail"),
        "payment.canceled" => force("cancel"),
        "payment.expired" => force("expire"),
        "payment.processing" => force("process"),
        "payment.requires_action" => force("require_action"),
        "payment.disputed" => force("dispute"),
        "payment.refunded" => Some(("refunds", json!({}))),
        _ => None,
    }
}

fn nothing(causes: &[&str], kind: &str) -> String {
    if causes.contains(&"payment.partially_refunded") {
        return format!("`{kind}` takes an amount: posthorn payment refund ID --amount MINOR");
    }
    if causes.iter().any(|cause| ["payment.created", "payment.pending"].contains(cause)) {
        return format!("`{kind}` happens when a payment is made: posthorn payment create");
    }
    format!(
        "nothing that is done to a payment causes `{kind}`; without --payment its sample is sent"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_that_is_reserved_succeeds_by_its_capture() {
        assert_eq!(deed("payment.succeeded", "authorized").unwrap().0, "capture");
        assert_eq!(deed("payment.succeeded", "pending").unwrap().1, json!({"outcome": "succeed"}));
    }

    #[test]
    fn what_no_deed_causes_is_said_with_what_would() {
        let said = |cause: &str| nothing(&[cause], "x");
        assert!(said("payment.partially_refunded").contains("--amount"));
        assert!(said("payment.pending").contains("payment create"));
        assert!(said("order.shipped").contains("without --payment"));
    }
}
