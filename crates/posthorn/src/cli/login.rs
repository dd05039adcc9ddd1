//! `posthorn login`: users of a merchant's account, who can let applications in.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, ensure};

use super::api::{As, Client, Connection, query};
use super::merchant::list;
use super::out::remark;
use super::table::{Column, card};

const COLUMNS: [Column; 4] =
    [("ID", "id"), ("E-MAIL", "email"), ("MODE", "mode"), ("CREATED", "created")];

/// Create, list and delete users, who can let applications in
#[derive(clap::Args)]
#[command(after_help = "The password is read from standard input, one line; as an argument \
                        other users of the machine could see it.\n\nExamples:\n  \
    posthorn login create ana@loja.example --key sk_live_… <password.txt\n  \
    posthorn login list\n  \
    posthorn login delete login_…")]
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
        What::Create { email } => {
            let body = serde_json::json!({"email": email, "password": password()?});
            let reply = client.post(As::Merchant, path, &body)?;
            client.show(&reply, |reply| card(&reply.value));
        }
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("{path}{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no users yet"));
        }
        What::Delete { id } => client.deletes(path, &id)?,
    }
    Ok(())
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
