//! `posthorn job`: long work that survives restarts: recoveries, drains, advances of the clock.

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::table::{Column, card};

const COLUMNS: [Column; 6] = [
    ("ID", "id"),
    ("KIND", "kind"),
    ("STATE", "state"),
    ("DONE", "done"),
    ("OF", "total"),
    ("CREATED", "created"),
];

/// Watch and cancel recoveries and other long work
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// List jobs, newest first
    List {
        /// How many
        #[arg(long)]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a job
    Show {
        /// Its id
        id: String,
    },
    /// Ask a job to stop; what it did stays done
    Cancel {
        /// Its id
        id: String,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let reply = match args.what {
        What::List { limit, cursor } => {
            let limit = limit.map(|limit| limit.to_string());
            let query = query(&[("limit", limit.as_deref()), ("cursor", cursor.as_deref())]);
            let reply = client.get(As::Merchant, &format!("/v1/jobs{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no jobs"));
            return Ok(());
        }
        What::Show { id } => client.get(As::Merchant, &format!("/v1/jobs/{}", segment(&id)))?,
        What::Cancel { id } => {
            let path = format!("/v1/jobs/{}/cancel", segment(&id));
            client.post(As::Merchant, &path, &serde_json::json!({}))?
        }
    };
    client.show(&reply, |reply| card(&reply.value));
    Ok(())
}
