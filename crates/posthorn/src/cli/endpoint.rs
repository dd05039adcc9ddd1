//! `posthorn endpoint`: where a merchant's events go.

mod settings;
mod trial;

use serde_json::{Map, Value};

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, card, text};
use settings::{Recovery, Settings};
use trial::Trial;

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("STATUS", "status"),
    ("URL", "url"),
    ("EVENTS", "events"),
    ("CONTRACT", "contract"),
    ("DESCRIPTION", "description"),
];

/// Create and look after endpoints
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn endpoint create https://example.com/webhooks --events 'payment.*'\n  \
    posthorn endpoint test ep_… --type payment.completed\n  \
    posthorn endpoint test https://example.com/webhooks --type payment.completed\n  \
    posthorn endpoint rotate ep_… --overlap 24h\n  \
    posthorn endpoint recover ep_… --since 2026-11-20T00:00:00Z --states exhausted")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Create an endpoint; a secret that is made for it is shown once
    Create {
        /// Where deliveries are sent
        url: String,
        /// The secret [default: one is made]
        #[arg(long)]
        secret: Option<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// List endpoints
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show an endpoint
    Show {
        /// Its id
        id: String,
    },
    /// Change an endpoint's settings
    Update {
        /// Its id
        id: String,
        /// A new URL
        #[arg(long)]
        url: Option<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Delete an endpoint; what still waits for it will not be sent
    Delete {
        /// Its id
        id: String,
    },
    /// Enable an endpoint; what was parked is sent first, in order
    Enable {
        /// Its id
        id: String,
    },
    /// Disable an endpoint: what arrives is parked, running schedules run on
    Disable {
        /// Its id
        id: String,
    },
    /// Make a new secret the current one
    Rotate {
        /// Its id
        id: String,
        /// The new secret [default: one is made]
        #[arg(long)]
        secret: Option<String>,
        /// How long the old secret goes on signing, as in 24h
        #[arg(long)]
        overlap: Option<String>,
    },
    /// Send a test event with the catalogue's sample data
    Test(Trial),
    /// Send again what did not arrive, as a job
    Recover {
        /// Its id
        id: String,
        #[command(flatten)]
        recovery: Recovery,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let path = |id: &str| format!("/v1/endpoints/{}", segment(id));
    let act = |id: &str, verb: &str, body: Map<String, Value>| {
        client.post(As::Merchant, &format!("{}/{verb}", path(id)), &body.into())
    };
    let reply = match args.what {
        What::Create { url, secret, settings } => {
            let mut body = settings.into_body()?;
            set(&mut body, "url", Some(url));
            set(&mut body, "secret", secret);
            client.post(As::Merchant, "/v1/endpoints", &body.into())?
        }
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("/v1/endpoints{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no endpoints yet"));
            return Ok(());
        }
        What::Show { id } => client.get(As::Merchant, &path(&id))?,
        What::Update { id, url, settings } => {
            let mut body = settings.into_body()?;
            set(&mut body, "url", url);
            client.patch(As::Merchant, &path(&id), &body.into())?
        }
        What::Delete { id } => {
            let reply = client.delete(As::Merchant, &path(&id))?;
            deleted(&client, &reply, &id);
            return Ok(());
        }
        What::Enable { id } => act(&id, "enable", Map::new())?,
        What::Disable { id } => act(&id, "disable", Map::new())?,
        What::Rotate { id, secret, overlap } => {
            let mut body = Map::new();
            set(&mut body, "secret", secret);
            set(&mut body, "overlap", overlap);
            act(&id, "rotate", body)?
        }
        What::Test(trial) => {
            let (path, body) = trial.into_call()?;
            client.post(As::Merchant, &path, &body)?
        }
        What::Recover { id, recovery } => act(&id, "recover", recovery.into_body())?,
    };
    client.show(&reply, |reply| show(&reply.value));
    Ok(())
}

/// Says that it is gone; the answer itself has no text.
fn deleted(client: &Client, reply: &super::api::Reply, id: &str) {
    if client.wants_json() {
        return say(serde_json::json!({"id": id, "deleted": true}));
    }
    show(&reply.value);
}

fn set(body: &mut Map<String, Value>, member: &str, value: Option<String>) {
    if let Some(value) = value {
        body.insert(member.to_owned(), value.into());
    }
}

/// Whatever came of it, with a word about a secret that stands in it.
fn show(value: &posthorn_core::json::Json) {
    if value.is_null() {
        return say(ink(Ink::Good, "done"));
    }
    card(value);
    if !text(value, "secret").is_empty() {
        say(ink(Ink::Wait, "\nThe secret is shown this once: keep it."));
    }
}
