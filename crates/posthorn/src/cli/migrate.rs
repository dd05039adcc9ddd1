//! `posthorn migrate`: brings the database up to date, or says what that would do.

use anyhow::Context;
use posthorn_store::Migration;
use posthorn_store::postgres::Postgres;
use posthorn_store::sqlite::Sqlite;
use serde_json::json;

use super::out::{Ink, ink, say};
use crate::config::{self, Config, Flags};
use crate::wiring::{Database, postgres_options};

/// Bring the database up to date, or say what that would do
#[derive(clap::Args)]
#[command(
    long_about = "Bring the database up to date. `serve` does the same on start; this is for those who want \
                  to see it done first. Migrations only go forward: copy the database before an upgrade. \
                  Of several servers on one PostgreSQL one migrates, and the others wait for it.",
    after_help = "Examples:\n  posthorn migrate --plan --data /var/lib/posthorn\n  \
                  posthorn migrate --data /var/lib/posthorn\n  \
                  posthorn migrate --plan --json --database postgres://posthorn@db.internal/posthorn"
)]
pub(crate) struct Args {
    /// Only say what would be done
    #[arg(long)]
    plan: bool,

    /// Print the steps as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    let waiting = waiting(&config)?;
    let apply = !args.plan && !waiting.is_empty();
    if apply {
        Database::open(&config).context("the database was not brought up to date")?;
    }
    if args.json {
        say(as_json(&waiting, apply));
    } else {
        tell(&waiting, apply);
    }
    Ok(())
}

/// What would be done. Nothing is changed.
fn waiting(config: &Config) -> anyhow::Result<Vec<Migration>> {
    if let Some(url) = &config.database {
        return Ok(Postgres::plan_migrations(&postgres_options(config, url)?)?);
    }
    let data = &config.data;
    anyhow::ensure!(
        data.is_dir(),
        "there is no data directory {}; `--data` names it, `serve` makes it",
        data.display()
    );
    Ok(Sqlite::plan_migrations(data)?)
}

fn tell(steps: &[Migration], applied: bool) {
    if steps.is_empty() {
        say(ink(Ink::Good, "the database is up to date"));
        return;
    }
    for step in steps {
        say(format_args!("{:04}  {:<16}{}", step.number, step.name, step.purpose()));
    }
    if applied {
        say(format_args!("{}: {} applied", ink(Ink::Good, "done"), steps.len()));
    } else {
        say(format_args!("{} to apply; nothing was changed", steps.len()));
    }
}

fn as_json(steps: &[Migration], applied: bool) -> serde_json::Value {
    let one = |step: &Migration| json!({"number": step.number, "name": step.name, "purpose": step.purpose()});
    json!({"applied": applied, "steps": steps.iter().map(one).collect::<Vec<_>>()})
}
