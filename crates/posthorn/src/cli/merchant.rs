//! `posthorn merchant`: the operator's view of integrators' accounts.

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::api::{As, Client, Connection, Reply, query, segment};
use super::out::{Ink, ink, say};
use super::table::{Column, card, table};

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("NAME", "name"),
    ("CONTRACT", "contract"),
    ("REFERENCE", "reference"),
    ("STRICT", "strict_catalogue"),
    ("CREATED", "created"),
];
const KEY_COLUMNS: [Column; 4] = [
    ("ID", "id"),
    ("CONTRACT", "contract"),
    ("TEST KEY", "keys.test.api_key"),
    ("TEST WEBHOOK SECRET", "keys.test.webhook_secret"),
];

/// Create, list and change merchants
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn merchant create --name 'Acme' --contract standard\n  \
    posthorn merchant list --show-keys            # the test keys of a sandbox, again\n  \
    posthorn merchant update mer_… --strict-catalogue true\n  \
    posthorn merchant update mer_… --legal-hold true   # nothing of it is forgotten")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Create a merchant; its keys are shown once
    Create(Draft),
    /// List merchants
    List {
        /// With the test keys of the merchants that `serve --sandbox` made
        #[arg(long)]
        show_keys: bool,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a merchant; without an id, the one whose key this is
    Show {
        /// Its id
        id: Option<String>,
    },
    /// Change a merchant
    Update(Change),
}

#[derive(clap::Args)]
struct Draft {
    /// What people call it
    #[arg(long)]
    name: String,
    /// The contract it speaks (posthorn contract list)
    #[arg(long)]
    contract: String,
    /// Your own id for it
    #[arg(long)]
    reference: Option<String>,
    /// Refuse event types outside the contract's catalogue
    #[arg(long)]
    strict_catalogue: bool,
    /// How long its events are kept, like 365d, where that is longer than those of all others
    #[arg(long, value_name = "DURATION")]
    retention: Option<String>,
    /// Forget nothing of it, however old
    #[arg(long)]
    legal_hold: bool,
}

#[derive(clap::Args)]
struct Change {
    /// Its id
    id: String,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// Another contract, for endpoints that name none
    #[arg(long)]
    contract: Option<String>,
    /// Your own id for it; an empty one takes it away
    #[arg(long)]
    reference: Option<String>,
    /// Whether event types outside the catalogue are refused
    #[arg(long, value_name = "BOOL")]
    strict_catalogue: Option<bool>,
    /// How long its events are kept, like 365d; an empty one: as long as those of all others
    #[arg(long, value_name = "DURATION")]
    retention: Option<String>,
    /// Whether nothing of it is forgotten, however old
    #[arg(long, value_name = "BOOL")]
    legal_hold: Option<bool>,
    /// Requests a minute that its platform's own API takes, like `writes_per_minute=300` (also `requests_per_minute` and
    /// `searches_per_minute`); all that differ from the contract's, and none when empty
    #[arg(long, value_name = "LIMIT=N", value_delimiter = ',')]
    rate_limits: Option<Vec<String>>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    match args.what {
        What::Create(draft) => create(&client, draft)?,
        What::List { show_keys, limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[
                ("show_keys", show_keys.then_some("true")),
                ("limit", limit.as_deref()),
                ("cursor", cursor.as_deref()),
            ]);
            let reply = client.get(As::Operator, &format!("/v1/merchants{query}"))?;
            let columns: &[Column] = if show_keys { &KEY_COLUMNS } else { &COLUMNS };
            client.show(&reply, |reply| list(reply, columns, "no merchants yet"));
        }
        What::Show { id } => {
            let reply = match id {
                Some(id) => client.get(As::Operator, &format!("/v1/merchants/{}", segment(&id)))?,
                None => client.get(As::Merchant, "/v1/merchant")?,
            };
            client.show(&reply, |reply| card(&reply.value));
        }
        What::Update(change) => update(&client, change)?,
    }
    Ok(())
}

fn create(client: &Client, draft: Draft) -> anyhow::Result<()> {
    let mut body = Map::new();
    body.insert("name".into(), draft.name.into());
    body.insert("contract".into(), draft.contract.into());
    body.extend(draft.reference.map(|reference| ("reference".to_owned(), reference.into())));
    body.insert("strict_catalogue".into(), draft.strict_catalogue.into());
    body.extend(draft.retention.map(|retention| ("retention".to_owned(), retention.into())));
    body.insert("legal_hold".into(), draft.legal_hold.into());
    let reply = client.post(As::Operator, "/v1/merchants", &body.into())?;
    client.show(&reply, |reply| {
        card(&reply.value);
        say(ink(Ink::Wait, "\nThe keys are shown this once: keep them."));
    });
    Ok(())
}

fn update(client: &Client, change: Change) -> anyhow::Result<()> {
    let mut body = Map::new();
    let mut set = |member: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(member.to_owned(), value);
        }
    };
    let some = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    set("name", change.name.map(Value::from));
    set("contract", change.contract.map(Value::from));
    set("reference", change.reference.map(some));
    set("strict_catalogue", change.strict_catalogue.map(Value::from));
    set("retention", change.retention.map(some));
    set("legal_hold", change.legal_hold.map(Value::from));
    set("rate_limits", change.rate_limits.map(|given| limits(&given)).transpose()?);
    let path = format!("/v1/merchants/{}", segment(&change.id));
    let reply = client.patch(As::Operator, &path, &body.into())?;
    client.show(&reply, |reply| card(&reply.value));
    Ok(())
}

/// Prints a page of a list, and how to get the next.
pub(crate) fn list(reply: &Reply, columns: &[Column], nothing: &str) {
    table(columns, reply.rows(), nothing);
    let next = super::table::text(&reply.value, "next_cursor");
    if !next.is_empty() {
        say(ink(Ink::Dim, format_args!("\nmore: --cursor {next}")));
    }
}

/// Limits as they are written on a command line.
fn limits(given: &[String]) -> anyhow::Result<Value> {
    let given: Vec<&String> = given.iter().filter(|one| !one.is_empty()).collect();
    if given.is_empty() {
        return Ok(Value::Null);
    }
    let limit = |one: &&String| {
        let (name, count) =
            one.split_once('=').context("a limit is written like writes_per_minute=300")?;
        let count: u32 =
            count.parse().with_context(|| format!("`{count}` is no number of requests"))?;
        Ok((name.to_owned(), Value::from(count)))
    };
    Ok(Value::Object(given.iter().map(limit).collect::<anyhow::Result<_>>()?))
}
