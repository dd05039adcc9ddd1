//! `posthorn migrate`: brings the database up to date, or says what that would do.

use anyhow::Context;
use posthorn_store::sqlite::Sqlite;

use super::out::{Ink, ink, say};
use crate::config::{self, Flags};
use crate::wiring::{embedded_only, open_store};

/// Bring the database up to date, or say what that would do
#[derive(clap::Args)]
#[command(
    long_about = "Bring the database up to date. `serve` does the same on start; this is for those who want \
                  to see it done first. Migrations only go forward: copy the data directory before an \
                  upgrade.",
    after_help = "Examples:\n  posthorn migrate --plan --data /var/lib/posthorn\n  \
                  posthorn migrate --data /var/lib/posthorn"
)]
pub(crate) struct Args {
    /// Only say what would be done
    #[arg(long)]
    plan: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    embedded_only(&config, "migrate")?;
    let data = &config.data;
    anyhow::ensure!(
        data.is_dir(),
        "there is no data directory {}; `--data` names it, `serve` makes it",
        data.display()
    );
    let waiting = Sqlite::plan_migrations(data)?;
    if waiting.is_empty() {
        say(ink(Ink::Good, "the database is up to date"));
        return Ok(());
    }
    for migration in &waiting {
        say(format_args!("{:04}  {}", migration.number, migration.name));
    }
    if args.plan {
        say(format_args!("{} to apply; nothing was changed", waiting.len()));
        return Ok(());
    }
    open_store(data).context("the database was not brought up to date")?;
    say(format_args!("{}: {} applied", ink(Ink::Good, "done"), waiting.len()));
    Ok(())
}
