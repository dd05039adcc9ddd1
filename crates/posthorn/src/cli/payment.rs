//! `posthorn payment`: payments made, looked at, and taken where they should go.

mod draft;

use posthorn_core::json::Json;
use serde_json::{Map, Value, json};

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, card, text};
use draft::Draft;
pub(crate) use draft::object;

const COLUMNS: [Column; 8] = [
    ("ID", "id"),
    ("STATE", "state"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("METHOD", "method"),
    ("PROVIDER", "provider"),
    ("REFERENCE", "reference"),
    ("CREATED", "created"),
];

/// Make payments, capture, cancel and refund them
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn payment create 10000 BRL --method pix --reference order-1\n  \
    posthorn payment create 10000 USD --method card --card 4242424242424242 --card-expires 12/2030\n  \
    posthorn payment force pay_… succeed               # what its payer would do, in test mode\n  \
    posthorn payment force pay_… fail --code insufficient_funds\n  \
    posthorn payment refund pay_… --amount 2500\n  \
    posthorn payment list --state succeeded\n\n\
    Amounts are in minor units: cents, drops.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a payment and take it to its provider
    Create(Box<Draft>),
    /// List payments, newest first
    List {
        /// Only those that stand there, as in `pending` or `succeeded`
        #[arg(long)]
        state: Option<String>,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a payment
    Get {
        /// Its id: ours, or the contract's form of it
        id: String,
    },
    /// Take what a payment has reserved
    Capture {
        /// Its id
        id: String,
    },
    /// Call a payment off that was not paid yet
    Cancel {
        /// Its id
        id: String,
    },
    /// Send money back to the payer
    Refund {
        /// Its id
        id: String,
        /// How much, in minor units [default: all that is left]
        #[arg(long, value_name = "MINOR")]
        amount: Option<i64>,
        /// Why, in your words
        #[arg(long)]
        reason: Option<String>,
        /// An Idempotency-Key, so that a repeated command sends nothing back twice
        #[arg(long, value_name = "KEY")]
        once: Option<String>,
    },
    /// Make something happen to a test payment at its simulated provider
    Force {
        /// Its id
        id: String,
        /// `succeed`, `fail`, `cancel`, `expire`, `process`, `require_action`, `pay_partly`,
        /// `pay_twice`, `dispute`, `dispute_won` or `dispute_lost`
        outcome: String,
        /// With `fail`: why, as in `insufficient_funds`
        #[arg(long)]
        code: Option<String>,
        /// With `pay_partly`: how much comes, in minor units
        #[arg(long)]
        minor: Option<i64>,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let act = |id: &str, verb: &str, body: &Value| {
        client.post(As::Merchant, &format!("{}/{verb}", path(id)), body)
    };
    let reply = match args.what {
        What::List { state, limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[
                ("state", state.as_deref()),
                ("limit", limit.as_deref()),
                ("cursor", cursor.as_deref()),
            ]);
            let reply = client.get(As::Merchant, &format!("/v1/payments{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no payments yet"));
            return Ok(());
        }
        What::Create(draft) => {
            let once = draft.once.clone();
            let body = draft.into_body()?.to_string();
            client.send(As::Merchant, ("POST", "/v1/payments"), body, once.as_deref())?
        }
        What::Get { id } => client.get(As::Merchant, &path(&id))?,
        What::Capture { id } => act(&id, "capture", &json!({}))?,
        What::Cancel { id } => act(&id, "cancel", &json!({}))?,
        What::Refund { id, amount, reason, once } => {
            let mut body = Map::new();
            set(&mut body, "amount", amount);
            set(&mut body, "reason", reason);
            let url = format!("{}/refunds", path(&id));
            let body = Value::from(body).to_string();
            client.send(As::Merchant, ("POST", &url), body, once.as_deref())?
        }
        What::Force { id, outcome, code, minor } => {
            let mut body = Map::new();
            set(&mut body, "outcome", Some(outcome));
            set(&mut body, "code", code);
            set(&mut body, "minor", minor);
            act(&id, "force", &body.into())?
        }
    };
    client.show(&reply, |reply| show(&reply.value));
    Ok(())
}

/// Where a payment is.
pub(crate) fn path(id: &str) -> String {
    format!("/v1/payments/{}", segment(id))
}

/// Sets a member that is there.
pub(crate) fn set<V: Into<Value>>(body: &mut Map<String, Value>, member: &str, value: Option<V>) {
    if let Some(value) = value {
        body.insert(member.to_owned(), value.into());
    }
}

/// A payment or a payout: its headline, then all of it.
pub(crate) fn show(value: &Json) {
    let state = text(value, "state");
    let inked = match state.as_str() {
        "succeeded" | "completed" => ink(Ink::Good, &state),
        "failed" | "canceled" | "expired" | "charged_back" | "disputed" => ink(Ink::Bad, &state),
        _ => ink(Ink::Wait, &state),
    };
    let (id, amount) = (text(value, "id"), text(value, "amount"));
    say(format_args!("{}  {inked}  {amount} {}\n", ink(Ink::Bold, id), text(value, "currency")));
    card(value);
}
