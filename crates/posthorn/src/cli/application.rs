//! `posthorn application`: programs that get access tokens by OAuth 2.

use super::api::{As, Client, Connection, query};
use super::merchant::list;
use super::out::{Ink, ink, say};
use super::table::{Column, card, text};

const COLUMNS: [Column; 7] = [
    ("ID", "id"),
    ("NAME", "name"),
    ("KIND", "kind"),
    ("MODE", "mode"),
    ("CLIENT ID", "client_id"),
    ("SECRET", "hint"),
    ("CREATED", "created"),
];

/// Create, list and delete applications that use OAuth 2
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn application create ERP --key sk_live_…\n  \
    posthorn application create 'My app' --public --redirect-uri https://app.example/back\n  \
    posthorn application list\n  \
    posthorn application delete app_…")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Create an application in the mode of the key; its secret is shown once
    Create {
        /// What people call it: it stands on the page where users consent
        name: String,
        /// It runs at its user's, in a browser or on a phone, and has no secret
        #[arg(long)]
        public: bool,
        /// Where its users are sent back to; once for each place
        #[arg(long = "redirect-uri", value_name = "URI")]
        redirect_uris: Vec<String>,
    },
    /// List the applications of the key's mode
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Delete an application: what it was granted ends with it
    Delete {
        /// Its id
        id: String,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let path = "/v1/applications";
    match args.what {
        What::Create { name, public, redirect_uris } => {
            let kind = if public { "public" } else { "confidential" };
            let body =
                serde_json::json!({"name": name, "kind": kind, "redirect_uris": redirect_uris});
            let reply = client.post(As::Merchant, path, &body)?;
            client.show(&reply, |reply| {
                card(&reply.value);
                if !text(&reply.value, "client_secret").is_empty() {
                    say(ink(Ink::Wait, "\nThe secret is shown this once: keep it."));
                }
            });
        }
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("{path}{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no applications yet"));
        }
        What::Delete { id } => client.deletes(path, &id)?,
    }
    Ok(())
}
