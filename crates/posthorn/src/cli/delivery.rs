//! `posthorn delivery`: one event on its way to one endpoint, and every try.

use posthorn_core::json::Json;

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, card, shown, table, text};

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("STATE", "state"),
    ("EVENT", "event"),
    ("ENDPOINT", "endpoint"),
    ("NEXT", "next_at"),
    ("WHY", "why"),
];
const ATTEMPTS: [Column; 6] = [
    ("RUN", "run"),
    ("TRY", "number"),
    ("AT", "at"),
    ("STATUS", "status"),
    ("ERROR", "error"),
    ("MS", "duration_ms"),
];

/// Look at deliveries and attempts; send again
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn delivery list --state exhausted\n  \
    posthorn delivery show dlv_…                 # with every attempt\n  \
    posthorn delivery request dlv_… --attempt 2  # what was sent, as a curl command\n  \
    posthorn delivery resend dlv_…")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// List deliveries, newest first
    List {
        /// To this endpoint
        #[arg(long)]
        endpoint: Option<String>,
        /// Of this event
        #[arg(long)]
        event: Option<String>,
        /// `due`, `leased`, `delivered`, `exhausted`, `parked` or `will_not_send`
        #[arg(long)]
        state: Option<String>,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a delivery with its attempts
    Show {
        /// Its id
        id: String,
    },
    /// Try again, now: a new run of the whole schedule
    Resend {
        /// Its id
        id: String,
    },
    /// Show an attempt's request as it was sent, as a curl command
    Request {
        /// The delivery's id
        id: String,
        /// Which attempt, counted from 1 over all runs [default: the last]
        #[arg(long)]
        attempt: Option<usize>,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let path = |id: &str| format!("/v1/deliveries/{}", segment(id));
    match args.what {
        What::List { endpoint, event, state, limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[
                ("endpoint", endpoint.as_deref()),
                ("event", event.as_deref()),
                ("state", state.as_deref()),
                ("limit", limit.as_deref()),
                ("cursor", cursor.as_deref()),
            ]);
            let reply = client.get(As::Merchant, &format!("/v1/deliveries{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no deliveries"));
        }
        What::Show { id } => {
            let reply = client.get(As::Merchant, &path(&id))?;
            client.show(&reply, |reply| show(&reply.value));
        }
        What::Resend { id } => {
            let url = format!("{}/resend", path(&id));
            let reply = client.post(As::Merchant, &url, &serde_json::json!({}))?;
            client.show(&reply, |reply| show(&reply.value));
        }
        What::Request { id, attempt } => {
            let attempt = match attempt {
                Some(attempt) => attempt,
                None => attempts(&client.get(As::Merchant, &path(&id))?.value).len().max(1),
            };
            let url = format!("{}/attempts/{attempt}/request", path(&id));
            let reply = client.get(As::Merchant, &url)?;
            let curl = |value: &Json| value.get("curl").and_then(Json::as_str).map(str::to_owned);
            client.show(&reply, |reply| match curl(&reply.value) {
                None => card(&reply.value),
                Some(curl) => curl.lines().for_each(|line| say(shown(line))),
            });
        }
    }
    Ok(())
}

fn attempts(value: &Json) -> &[Json] {
    value.get("attempts").and_then(Json::as_array).unwrap_or_default()
}

fn show(value: &Json) {
    let state = text(value, "state");
    let inked = match state.as_str() {
        "delivered" => ink(Ink::Good, &state),
        "exhausted" | "will_not_send" => ink(Ink::Bad, &state),
        _ => ink(Ink::Wait, &state),
    };
    say(format_args!("{}  {inked}  {}", ink(Ink::Bold, text(value, "id")), text(value, "why")));
    say(format_args!("  event     {}", text(value, "event")));
    say(format_args!("  endpoint  {}", text(value, "endpoint")));
    let next = text(value, "next_at");
    if !next.is_empty() {
        say(format_args!("  next try  {next}"));
    }
    say("");
    table(&ATTEMPTS, attempts(value), "not tried yet");
}
