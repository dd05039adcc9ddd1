//! `posthorn login`: users of a merchant's account, who can let applications in.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, ensure};

use serde_json::json;

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::out::remark;
use super::table::{Column, card};

const COLUMNS: [Column; 4] =
    [("ID", "id"), ("E-MAIL", "email"), ("MODE", "mode"), ("CREATED", "created")];

const LET_IN: [Column; 5] = [
    ("APPLICATION", "application"),
    ("NAME", "name"),
    ("CLIENT", "client_id"),
    ("SCOPE", "scope"),
    ("SINCE", "since"),
];

/// Invite, list and delete users, who can let applications in
#[derive(clap::Args)]
#[command(
    after_help = "A user sets its password itself, on the page that an invitation links to. One that you give it is read from \
                        standard input, one line; as an argument other users of the machine could see it.\n\nExamples:\n  \
    posthorn login create ana@loja.example --invite --key sk_live_…\n  \
    posthorn login create ana@loja.example <password.txt\n  \
    posthorn login invite login_…\n  \
    posthorn login applications login_…\n  \
    posthorn login shut-out login_… app_…\n  \
    posthorn login delete login_…"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Register a user in the mode of the key; its password is a line of standard input
    Create {
        /// Its e-mail address
        email: String,
        /// Read no password: show a link by which the user sets it
        #[arg(long)]
        invite: bool,
    },
    /// Show a link by which a user sets its password, its first or another
    Invite {
        /// Its id
        id: String,
    },
    /// List the applications that a user has let in
    Applications {
        /// The user's id
        id: String,
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// End what a user lets an application do
    ShutOut {
        /// The user's id
        id: String,
        /// The application's id
        application: String,
    },
    /// List the users of the key's mode
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Delete a user: what it let applications do ends with it
    Delete {
        /// Its id
        id: String,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let path = "/v1/logins";
    match args.what {
        What::Create { email, invite } => {
            let body = if invite {
                json!({"email": email})
            } else {
                json!({"email": email, "password": password()?})
            };
            let reply = client.post(As::Merchant, path, &body)?;
            client.show(&reply, |reply| card(&reply.value));
        }
        What::Invite { id } => {
            let path = format!("{path}/{}/invitation", segment(&id));
            let reply = client.post(As::Merchant, &path, &json!({}))?;
            client.show(&reply, |reply| card(&reply.value));
        }
        What::Applications { id, limit, cursor } => {
            let path =
                format!("{path}/{}/applications{}", segment(&id), page(limit, cursor.as_deref()));
            let reply = client.get(As::Merchant, &path)?;
            client.show(&reply, |reply| list(reply, &LET_IN, "this user lets no application in"));
        }
        What::ShutOut { id, application } => {
            client.deletes(&format!("{path}/{}/applications", segment(&id)), &application)?;
        }
        What::List { limit, cursor } => {
            let reply =
                client.get(As::Merchant, &format!("{path}{}", page(limit, cursor.as_deref())))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no users yet"));
        }
        What::Delete { id } => client.deletes(path, &id)?,
    }
    Ok(())
}

fn page(limit: Option<u32>, cursor: Option<&str>) -> String {
    let limit = limit.map(|limit| limit.to_string());
    query(&[("limit", limit.as_deref()), ("cursor", cursor)])
}

/// A line of standard input, without its end.
fn password() -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        remark("the password, which is seen as you type it:");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).context("cannot read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "there is no password on standard input");
    Ok(password.to_owned())
}
