//! `posthorn incident`: what the status page tells of trouble.

use serde_json::json;

use super::api::{As, Client, Connection, segment};
use super::merchant::list;
use super::table::{Column, card};

const COLUMNS: [Column; 5] = [
    ("ID", "id"),
    ("IMPACT", "impact"),
    ("TITLE", "title"),
    ("OPENED", "opened"),
    ("RESOLVED", "resolved"),
];

/// Tell of trouble on the status page (`/status`)
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn incident open 'Deliveries are slow' --impact degraded --component deliveries --text 'We look into it.'\n  \
    posthorn incident tell inc_1 --status identified --text 'A disk is full.'\n  \
    posthorn incident tell inc_1 --status resolved --text 'All is delivered.'")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand)]
enum What {
    /// Tell of an incident
    Open(Opened),
    /// Tell what is known next, or that it is over
    Tell {
        /// Its id
        id: String,
        /// `investigating`, `identified`, `monitoring` or `resolved`
        #[arg(long)]
        status: String,
        /// What is told
        #[arg(long)]
        text: String,
    },
    /// List the last hundred, newest first
    List,
}

#[derive(clap::Args)]
struct Opened {
    /// In one line
    title: String,
    /// `maintenance`, `degraded` or `outage`
    #[arg(long)]
    impact: String,
    /// What it affects: `api`, `database`, `deliveries`, `payments`
    #[arg(long = "component", value_delimiter = ',', required = true)]
    components: Vec<String>,
    /// What is told
    #[arg(long)]
    text: String,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    let reply = match args.what {
        What::List => {
            let reply = client.get(As::Operator, "/v1/incidents")?;
            client.show(&reply, |reply| list(reply, &COLUMNS, "no incidents"));
            return Ok(());
        }
        What::Open(Opened { title, impact, components, text }) => {
            let body =
                json!({"title": title, "impact": impact, "components": components, "text": text});
            client.post(As::Operator, "/v1/incidents", &body)?
        }
        What::Tell { id, status, text } => {
            let path = format!("/v1/incidents/{}/notices", segment(&id));
            client.post(As::Operator, &path, &json!({"status": status, "text": text}))?
        }
    };
    client.show(&reply, |reply| card(&reply.value));
    Ok(())
}
