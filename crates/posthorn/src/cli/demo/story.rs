//! The story of one contract, told as it happens.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use posthorn_core::contract::{CatalogueEvent, Contract, Transition};
use posthorn_core::duration;
use posthorn_core::json::Json;

use super::flow;
use super::receiver::{Arrived, Receiver};
use crate::cli::api::{As, Client};
use crate::cli::out::{Ink, ink, say};
use crate::cli::table::text;

/// How often one looks whether a try was recorded.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often one looks before giving up: ten seconds.
const LOOKS_MAX: u32 = 1000;
/// How much of a body or a header's value is shown, in characters.
const SHOWN: usize = 88;

/// What is left to say at the end.
pub(super) struct Told {
    /// The contract's name.
    pub(super) contract: String,
    /// The event's type.
    pub(super) event: String,
    /// What the receiver answered, in order.
    pub(super) answers: String,
    /// How long the schedule waited between, on the sandbox clock.
    pub(super) waited: String,
    /// Bytes of the last body.
    pub(super) body_bytes: usize,
}

/// Tells it; fails when anything is not as promised.
pub(super) fn tell(
    contract: &Contract,
    (operator, as_merchant): (&Client, &dyn Fn(String, String) -> Client),
    receiver: &Receiver,
) -> anyhow::Result<Told> {
    say(format_args!("{} {}", ink(Ink::Bold, &contract.title), ink(Ink::Dim, &contract.name)));
    let name = &contract.name;
    let draft = serde_json::json!({"name": format!("{} demo", contract.title), "contract": name});
    let merchant = operator.post(As::Operator, "/v1/merchants", &draft)?;
    let key = |kind: &str| text(&merchant.value, &format!("keys.test.{kind}"));
    let merchant = as_merchant(key("api_key"), key("api_secret"));
    let event = chosen(contract)?;
    let kind = event.kind.as_str();
    let draft = serde_json::json!({"url": receiver.url(name), "events": [kind]});
    let endpoint = merchant.post(As::Merchant, "/v1/endpoints", &draft)?;
    receiver.trust(name, &text(&endpoint.value, "secret"));

    flow::pay(contract, &merchant)?;
    let delivery = flow::delivery(&merchant, kind)?;
    say(format_args!("  event {}  {}", ink(Ink::Name, kind), event.description));

    wait_for(&merchant, &delivery, 1)?;
    let first = arrival(receiver, name, (1, 500))?;
    say("  first try");
    show(&first, contract, None);

    let wait = *contract.retry.waits.first().context("the contract never retries")?;
    let advance = serde_json::json!({"advance": duration::print(wait)});
    let advanced = merchant.post(As::Merchant, "/v1/sandbox/clock", &advance)?;
    let tries = text(&advanced.value, "attempted");
    ensure!(tries == "1", "advancing by the first wait made {tries} tries instead of 1");
    say(format_args!("  the sandbox clock goes forward {}", ink(Ink::Wait, duration::print(wait))));

    let record = wait_for(&merchant, &delivery, 2)?;
    let second = arrival(receiver, name, (2, 200))?;
    say("  second try, what differs");
    show(&second, contract, Some(&first));
    check(&record, wait)?;
    log(&record);
    let answers = format!("{}, {}", first.status, second.status);
    let (contract, event) = (name.clone(), kind.to_owned());
    let waited = duration::print(wait);
    Ok(Told { contract, event, answers, waited, body_bytes: second.body.len() })
}

/// The event of a payment that succeeded, or whatever comes first.
fn chosen(contract: &Contract) -> anyhow::Result<&CatalogueEvent> {
    let succeeded = |event: &&CatalogueEvent| event.on.contains(&Transition::PaymentSucceeded);
    let found = contract.events.iter().find(succeeded).or(contract.events.first());
    found.context("the contract has no event")
}

/// Waits until a delivery has so many attempts on record and is not being tried.
fn wait_for(merchant: &Client, delivery: &str, attempts: usize) -> anyhow::Result<Json> {
    for _ in 0..LOOKS_MAX {
        let reply = merchant.get(As::Merchant, &format!("/v1/deliveries/{delivery}"))?;
        let made = reply.value.get("attempts").and_then(Json::as_array).unwrap_or_default().len();
        if made >= attempts && text(&reply.value, "state") != "leased" {
            return Ok(reply.value);
        }
        pause();
    }
    bail!("after ten seconds {delivery} still has fewer than {attempts} attempts on record")
}

#[expect(clippy::disallowed_methods, reason = "a person at a terminal waits in real time")]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}

/// What arrived last, if it is the request and the answer one expects.
fn arrival(
    receiver: &Receiver,
    contract: &str,
    (count, status): (usize, u16),
) -> anyhow::Result<Arrived> {
    let arrived = receiver.arrived(contract);
    ensure!(arrived.len() == count, "{} requests arrived instead of {count}", arrived.len());
    let last = arrived.last().cloned().context("nothing arrived")?;
    if let Err(why) = &last.verdict {
        bail!("the receiver does not take request {count} for genuine: {why}");
    }
    ensure!(last.status == status, "the receiver answered {} instead of {status}", last.status);
    Ok(last)
}

/// The request and the answer; of a later try only what differs from the one before.
fn show(arrived: &Arrived, contract: &Contract, before: Option<&Arrived>) {
    for name in contract.header_names() {
        let Some(value) = arrived.header(name) else { continue };
        let same = before.is_some_and(|before| before.header(name) == Some(value));
        let plain = ["content-type", "user-agent"].contains(&name.to_ascii_lowercase().as_str());
        if !same && !plain {
            say(ink(Ink::Dim, format_args!("    {name}: {}", clipped(value))));
        }
    }
    let body = String::from_utf8_lossy(&arrived.body);
    let same = before.is_some_and(|before| before.body == arrived.body);
    let body = if same { "(the same body)" } else { &clipped(&body) };
    say(ink(Ink::Dim, format_args!("    {body}")));
    let status = arrived.status;
    let status = if status < 300 { ink(Ink::Good, status) } else { ink(Ink::Bad, status) };
    say(format_args!("    {} by the receiver, which answers {status}", ink(Ink::Good, "verified")));
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

/// Whether the record says what happened: a failure, the schedule's wait, a success.
fn check(record: &Json, wait: SignedDuration) -> anyhow::Result<()> {
    let state = text(record, "state");
    ensure!(state == "delivered", "the delivery is {state} instead of delivered");
    let at = |number: &str| -> anyhow::Result<jiff::Timestamp> {
        let at = text(record, &format!("attempts.{number}.at"));
        at.parse().with_context(|| format!("`{at}` is no time"))
    };
    let passed = at("1")?.duration_since(at("0")?);
    let late = passed - wait;
    ensure!(!late.is_negative(), "the second try came after {passed:#}, before its time");
    ensure!(late < SignedDuration::from_secs(5), "the second try came {late:#} too late");
    Ok(())
}

fn log(record: &Json) {
    say("  attempt log");
    for attempt in record.get("attempts").and_then(Json::as_array).unwrap_or_default() {
        say(format_args!(
            "    #{}  {}  {}  {} ms",
            text(attempt, "number"),
            text(attempt, "at"),
            text(attempt, "status"),
            text(attempt, "duration_ms")
        ));
    }
    say("");
}
