//! `posthorn payout`: what a merchant has, sent to its bank or its telephone.

use serde_json::{Map, Value};

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::payment::{object, set, show};
use super::table::Column;

const COLUMNS: [Column; 8] = [
    ("ID", "id"),
    ("STATE", "state"),
    ("AMOUNT", "amount"),
    ("CURRENCY", "currency"),
    ("DESTINATION", "destination"),
    ("PROVIDER", "provider"),
    ("REFERENCE", "reference"),
    ("CREATED", "created"),
];

/// Send a merchant's money to its bank or its telephone
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn payout create 5000 KES 254712345678 --reference salary-1\n  \
    posthorn payout list\n  \
    posthorn payout get po_…\n\n\
    Amounts are in minor units: cents, drops.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a payout; what is not there is refused
    Create(Box<Draft>),
    /// List payouts, newest first
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a payout
    Get {
        /// Its id
        id: String,
    },
}

#[derive(clap::Args)]
struct Draft {
    /// How much, in minor units (cents, drops)
    amount: i64,
    /// The currency, as in KES
    currency: String,
    /// Where to: a telephone, an account, a PIX key
    destination: String,
    /// Through whom, in the contract's own word [default: its usual provider in this currency]
    #[arg(long)]
    provider: Option<String>,
    /// What you call it: there is no second one
    #[arg(long)]
    reference: Option<String>,
    /// What the recipient reads
    #[arg(long)]
    description: Option<String>,
    /// Your own notes: a JSON object, @FILE or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    metadata: Option<String>,
    /// Where its events go besides the endpoints
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    /// An Idempotency-Key, so that a repeated command makes one payout
    #[arg(long, value_name = "KEY")]
    once: Option<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let reply = match args.what {
        What::Create(draft) => create(&client, *draft)?,
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("/v1/payouts{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no payouts yet"));
            return Ok(());
        }
        What::Get { id } => client.get(As::Merchant, &format!("/v1/payouts/{}", segment(&id)))?,
    };
    client.show(&reply, |reply| show(&reply.value));
    Ok(())
}

fn create(client: &Client, draft: Draft) -> anyhow::Result<super::api::Reply> {
    let mut body = Map::new();
    set(&mut body, "amount", Some(draft.amount));
    set(&mut body, "currency", Some(draft.currency));
    set(&mut body, "destination", Some(draft.destination));
    set(&mut body, "provider", draft.provider);
    set(&mut body, "reference", draft.reference);
    set(&mut body, "description", draft.description);
    set(&mut body, "metadata", draft.metadata.as_deref().map(object).transpose()?);
    set(&mut body, "callback_url", draft.callback_url);
    let body = Value::from(body).to_string();
    client.send(As::Merchant, ("POST", "/v1/payouts"), body, draft.once.as_deref())
}
