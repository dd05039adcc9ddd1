//! `posthorn key`: a merchant's API keys.

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, card};

const COLUMNS: [Column; 7] = [
    ("ID", "id"),
    ("MODE", "mode"),
    ("KIND", "kind"),
    ("HINT", "hint"),
    ("CREATED", "created"),
    ("LAST USED", "last_used"),
    ("REVOKED", "revoked"),
];

/// Create, list and revoke API keys
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn key list --key sk_test_…             # a merchant's own\n  \
    posthorn key list --merchant mer_…            # the operator's view\n  \
    posthorn key create --merchant mer_… --mode live\n  \
    posthorn key revoke key_… --merchant mer_…")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Create a key; it is shown once
    Create {
        /// Whose, for the operator [default: the merchant's whose key asks]
        #[arg(long)]
        merchant: Option<String>,
        /// test or live [default: test, or that of the key that asks]
        #[arg(long)]
        mode: Option<String>,
        /// `api_key`, `api_secret` or `publishable`
        #[arg(long, default_value = "api_key")]
        kind: String,
    },
    /// List a merchant's keys, revoked ones too
    List {
        /// Whose, for the operator [default: the merchant's whose key asks]
        #[arg(long)]
        merchant: Option<String>,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Revoke a key: from now on it is refused
    Revoke {
        /// Its id
        id: String,
        /// Whose, for the operator [default: the merchant's whose key asks]
        #[arg(long)]
        merchant: Option<String>,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let place = |merchant: Option<&str>| match merchant {
        Some(id) => (As::Operator, format!("/v1/merchants/{}/keys", segment(id))),
        None => (As::Merchant, "/v1/keys".to_owned()),
    };
    match args.what {
        What::Create { merchant, mode, kind } => {
            let (who, path) = place(merchant.as_deref());
            let mode = mode.or_else(|| merchant.map(|_| "test".to_owned()));
            let mut body = serde_json::Map::new();
            body.insert("kind".into(), kind.into());
            body.extend(mode.map(|mode| ("mode".to_owned(), mode.into())));
            let reply = client.post(who, &path, &body.into())?;
            client.show(&reply, |reply| {
                card(&reply.value);
                say(ink(Ink::Wait, "\nThe key is shown this once: keep it."));
            });
        }
        What::List { merchant, limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let (who, path) = place(merchant.as_deref());
            let reply = client.get(who, &format!("{path}{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no keys"));
        }
        What::Revoke { id, merchant } => {
            let (who, path) = place(merchant.as_deref());
            let reply = client.delete(who, &format!("{path}/{}", segment(&id)))?;
            if client.wants_json() && reply.text.is_empty() {
                say(serde_json::json!({"id": id, "revoked": true}));
            } else {
                client.show(&reply, |_| say(format_args!("{id} is revoked")));
            }
        }
    }
    Ok(())
}
