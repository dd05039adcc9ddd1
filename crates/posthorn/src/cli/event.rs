//! `posthorn event`: facts that are sent, and why they were or were not.

use posthorn_core::json::{Json, Style};

use super::api::{As, Client, Connection, Reply, query, segment};
use super::merchant::list;
use super::table::{Column, card, table};
use super::trigger::given;

const COLUMNS: [Column; 4] =
    [("ID", "id"), ("EVENT", "event"), ("TYPE", "type"), ("CREATED", "created")];

/// Send events, and ask why they were or were not sent
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn event send payment.completed --data '{\"id\": \"pay_1\"}'\n  \
    posthorn event send payment.completed --data @payment.json --id pay_1-completed\n  \
    posthorn event batch events.json       # {\"events\": [{\"type\": …, \"data\": …}, …]}, or just the list\n  \
    posthorn event explain evt_…")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Send an event; when this answers, it is on the server's disk
    Send {
        /// Its type
        kind: String,
        /// Its data: JSON, @FILE or - for standard input
        #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}")]
        data: String,
        /// Your own id for it; the same id again changes nothing
        #[arg(long)]
        id: Option<String>,
        /// Makes a repeated call the same call
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Send up to 1,000 events in one transaction, each with its own result
    Batch {
        /// A JSON file, or - for standard input
        file: String,
        /// Makes a repeated call the same call
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// List events, newest first
    List {
        /// Of this type
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Accepted at or after this time, RFC 3339
        #[arg(long)]
        since: Option<String>,
        /// Accepted before this time
        #[arg(long)]
        until: Option<String>,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show an event
    Show {
        /// Its id, ours or yours
        id: String,
    },
    /// Say for each endpoint why it was or was not sent
    Explain {
        /// Its id, ours or yours
        id: String,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    match args.what {
        What::Send { kind, data, id, idempotency_key } => {
            let id = id.map(|id| ("id", Json::from(id.as_str())));
            let members = [("type", Json::from(kind.as_str())), ("data", given(&data)?)];
            let body = printed(&Json::object(members.into_iter().chain(id)));
            let once = idempotency_key.as_deref();
            let reply = client.send(As::Merchant, ("POST", "/v1/events"), body, once)?;
            client.show(&reply, |reply| card(&reply.value));
        }
        What::Batch { file, idempotency_key } => {
            let from = if file == "-" { file } else { format!("@{file}") };
            let once = idempotency_key.as_deref();
            let request = ("POST", "/v1/events/batch");
            let reply = client.send(As::Merchant, request, printed(&given(&from)?), once)?;
            client.show(&reply, |reply| batch(&reply.value));
            refused(&reply.value)?;
        }
        What::List { kind, since, until, limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[
                ("type", kind.as_deref()),
                ("since", since.as_deref()),
                ("until", until.as_deref()),
                ("limit", limit.as_deref()),
                ("cursor", cursor.as_deref()),
            ]);
            let reply = client.get(As::Merchant, &format!("/v1/events{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no events yet"));
        }
        What::Show { id } => {
            let reply = client.get(As::Merchant, &format!("/v1/events/{}", segment(&id)))?;
            client.show(&reply, |reply| card(&reply.value));
        }
        What::Explain { id } => {
            let path = format!("/v1/events/{}/explain", segment(&id));
            let reply = client.get(As::Merchant, &path)?;
            client.show(&reply, explained);
        }
    }
    Ok(())
}

fn printed(body: &Json) -> String {
    String::from_utf8_lossy(&body.to_vec(Style::Js)).into_owned()
}

fn results(value: &Json) -> &[Json] {
    value.get("data").and_then(Json::as_array).unwrap_or_default()
}

fn batch(value: &Json) {
    const RESULTS: [Column; 3] =
        [("EVENT", "id"), ("REFUSED", "error.code"), ("WHY", "error.detail")];
    table(&RESULTS, results(value), "nothing was sent");
}

/// Fails when some of a batch's events were refused, so that a script notices.
fn refused(value: &Json) -> anyhow::Result<()> {
    let results = results(value);
    let bad = results.iter().filter(|result| result.get("error").is_some()).count();
    anyhow::ensure!(bad == 0, "{bad} of {} events were refused", results.len());
    Ok(())
}

fn explained(reply: &Reply) {
    const REASONS: [Column; 5] = [
        ("ENDPOINT", "endpoint"),
        ("SENT", "sent"),
        ("WHY", "detail"),
        ("DELIVERY", "delivery.id"),
        ("CHANGED SINCE", "changed"),
    ];
    list(reply, &REASONS, "the merchant has no endpoint in this mode");
}
