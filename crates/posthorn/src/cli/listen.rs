//! `posthorn listen`: forwards a merchant's test events to a local program, no tunnel needed, and
//! prints each with the answer it got.

mod forward;
mod stream;

use anyhow::bail;
use posthorn_core::endpoint::Pattern;
use url::Url;

use super::api::{As, Client, Connection};
use super::out::{Ink, ink, say};
use super::table::text;
use forward::{Answered, Forwarder};
use stream::{Entry, Stream};

/// Forward a merchant's test events to a local URL
#[derive(clap::Args)]
#[command(
    long_about = "Forward a merchant's test events to a local URL, with the headers and the body that an \
                  endpoint would get, and print each with the answer. Nothing has to be reachable from \
                  outside. It survives restarts of the server and misses nothing meanwhile; it does \
                  not retry, and what it forwards changes no delivery.",
    after_help = "Examples:\n  \
        posthorn listen --forward-to http://127.0.0.1:4000/webhooks --key sk_test_…\n  \
        posthorn listen --forward-to http://127.0.0.1:4000/webhooks --events 'payment.*' --json"
)]
pub(crate) struct Args {
    /// Where to POST each event
    #[arg(long, value_name = "URL")]
    forward_to: Url,

    /// Only events of these types, as in 'payment.*'; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    events: Vec<Pattern>,

    /// Begin after this event, not with the next one
    #[arg(long, value_name = "EVENT")]
    after: Option<String>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.connection.key.as_deref().is_some_and(|key| key.starts_with("sk_live_")) {
        bail!("this is a live key; listen forwards test events, so it takes `sk_test_…`");
    }
    let client = Client::new(&args.connection);
    let forwarder = Forwarder::new(args.forward_to.clone());
    greet(&client, args);
    let patterns: Vec<String> = args.events.iter().map(ToString::to_string).collect();
    let mut stream = Stream::new(&args.connection, args.after.clone(), &patterns.join(","))?;
    loop {
        let entry = stream.next()?;
        let answered = forwarder.send(&entry);
        if args.connection.json {
            say(as_json(&entry, &answered));
        } else {
            say(as_line(&entry, &answered));
        }
    }
}

/// Says where events go, and with which secret they are signed.
fn greet(client: &Client, args: &Args) {
    if client.wants_json() {
        return;
    }
    say(format_args!(
        "Forwarding test events to {}; Ctrl-C ends",
        ink(Ink::Name, &args.forward_to)
    ));
    let Ok(merchant) = client.get(As::Merchant, "/v1/merchant") else { return };
    let (name, contract) = (text(&merchant.value, "name"), text(&merchant.value, "contract"));
    say(format_args!("merchant  {name}, speaks {contract}"));
    say(
        "secret    signed with the merchant's test webhook_secret, which stood in the answer to its \
         creation\n          (of a sandbox's merchants: posthorn merchant list --show-keys)\n",
    );
}

fn as_line(entry: &Entry, answered: &Answered) -> String {
    let took = format!("{} ms", answered.took.as_millis());
    let what = match &answered.result {
        Ok(status) if (200..300).contains(status) => ink(Ink::Good, status),
        Ok(status) => ink(Ink::Bad, status),
        Err(why) => ink(Ink::Bad, why),
    };
    let id = ink(Ink::Dim, &entry.id);
    format!("{id}  {:<40}  {what}  {}", entry.kind, ink(Ink::Dim, took))
}

fn as_json(entry: &Entry, answered: &Answered) -> String {
    let took = u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX);
    let line = serde_json::json!({
        "id": entry.id,
        "type": entry.kind,
        "status": answered.result.as_ref().ok(),
        "error": answered.result.as_ref().err(),
        "duration_ms": took,
        "body": entry.body,
    });
    line.to_string()
}
