//! `posthorn request`: the request history from a terminal.

use super::api::{As, Client, Connection, query, segment};
use super::merchant::list;
use super::table::{Column, card};

const COLUMNS: [Column; 7] = [
    ("ID", "id"),
    ("AT", "at"),
    ("BY", "by"),
    ("METHOD", "method"),
    ("PATH", "path"),
    ("STATUS", "status"),
    ("CODE", "code"),
];

/// Look for calls of the last days: what was sent, what was answered
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn request list --status 4xx\n  \
    posthorn request list --all --q 203.0.113.7\n  \
    posthorn request get req_…             # as in the answer's X-Request-Id")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    /// With the admin key: the calls of everybody
    #[arg(long, global = true)]
    all: bool,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// List calls, newest first
    List(Listed),
    /// Show a call with its bodies
    Get {
        /// Its id, as in `X-Request-Id`
        id: String,
    },
}

#[derive(clap::Args)]
struct Listed {
    /// Answered with this status (`404`), or one of this class (`4xx`)
    #[arg(long)]
    status: Option<String>,
    /// With this method
    #[arg(long)]
    method: Option<String>,
    /// To a path that begins so
    #[arg(long)]
    path: Option<String>,
    /// Refused with this code
    #[arg(long)]
    code: Option<String>,
    /// Begun at or after this time, RFC 3339
    #[arg(long)]
    after: Option<String>,
    /// Begun before this time
    #[arg(long)]
    before: Option<String>,
    /// With this text in the path, a body, the code, the id or the user agent
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// How many
    #[arg(long)]
    limit: Option<u32>,
    /// Where the page before ended
    #[arg(long)]
    cursor: Option<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let who = if args.all { As::Operator } else { As::Merchant };
    match args.what {
        What::List(asked) => {
            let limit = asked.limit.map(|limit| limit.to_string());
            let query = query(&[
                ("status", asked.status.as_deref()),
                ("method", asked.method.as_deref()),
                ("path", asked.path.as_deref()),
                ("code", asked.code.as_deref()),
                ("after", asked.after.as_deref()),
                ("before", asked.before.as_deref()),
                ("q", asked.q.as_deref()),
                ("limit", limit.as_deref()),
                ("cursor", asked.cursor.as_deref()),
            ]);
            let reply = client.get(who, &format!("/v1/requests{query}"))?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no such calls"));
        }
        What::Get { id } => {
            let reply = client.get(who, &format!("/v1/requests/{}", segment(&id)))?;
            client.show(&reply, |reply| card(&reply.value));
        }
    }
    Ok(())
}
