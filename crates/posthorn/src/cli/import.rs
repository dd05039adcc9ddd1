//! `posthorn import`: makes an empty PostgreSQL the deployment that an export is of.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use posthorn_store::Moved;
use posthorn_store::postgres::{Options, Postgres};
use serde_json::json;

use super::out::{Ink, ink, say};
use super::table::grid;
use super::transfer::{Bar, rows_of};
use crate::config::{self, Flags};
use crate::wiring::postgres_options;

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";
/// What is read at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Move what `posthorn export` wrote into a PostgreSQL database
#[derive(clap::Args)]
#[command(
    long_about = "Move what `posthorn export` wrote into a PostgreSQL database: an empty one, that no \
                  server uses. Its schema `posthorn` is made.\n\nIt may be interrupted at any point and \
                  run again with the same export: it goes on where it stopped. When a table is in, its \
                  rows are read again from PostgreSQL, counted, and compared with the export by their \
                  checksum. No server starts on a database whose import is not finished.\n\nIt wants the \
                  database itself: behind a pooler `postgres.direct` must say where that is.",
    after_help = "Examples:\n  posthorn import --database postgres://posthorn@db/posthorn --input posthorn.jsonl\n  \
                  posthorn export --data /var/lib/posthorn | \
                  posthorn import --database postgres://posthorn@db/posthorn"
)]
pub(crate) struct Args {
    /// The export; `-` for standard input
    #[arg(long, value_name = "FILE", default_value = STANDARD_INPUT)]
    input: PathBuf,

    /// Print what was moved as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    let url = config.database.as_ref().context(
        "say where to: `--database postgres://user:password@host/database`, or `database` in the settings",
    )?;
    let options = postgres_options(&config, url)?;
    let moved = if args.input.as_os_str() == STANDARD_INPUT {
        let input = std::io::stdin();
        ensure!(
            !input.is_terminal(),
            "nothing is given: name the export with --input, or pipe it in"
        );
        import(&options, &mut BufReader::with_capacity(CHUNK_BYTES, input.lock()))?
    } else {
        let file = File::open(&args.input);
        let file = file.with_context(|| format!("cannot read {}", args.input.display()))?;
        import(&options, &mut BufReader::with_capacity(CHUNK_BYTES, file))?
    };
    if args.json {
        say(json!({"tables": moved, "rows": rows_of(&moved)}));
    } else {
        print(&moved);
    }
    Ok(())
}

fn import(options: &Options, input: &mut dyn BufRead) -> anyhow::Result<Vec<Moved>> {
    let bar = Bar::start();
    Ok(Postgres::import(options, input, &mut |at| bar.tell(at))?)
}

fn print(moved: &[Moved]) {
    let row =
        |part: &Moved| vec![part.table.to_owned(), part.rows.to_string(), part.sha256.clone()];
    grid(&["TABLE", "ROWS", "SHA-256"], &moved.iter().map(row).collect::<Vec<_>>());
    let done = ink(Ink::Good, "imported");
    say(format_args!("{done}: {} rows, read again and the same", rows_of(moved)));
    say(
        "next: copy master.key to the data directory of every server (or set `master_key`), start them",
    );
    say(
        "with --database, and keep the old data directory until you are sure; never serve from both",
    );
}
