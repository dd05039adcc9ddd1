//! `posthorn export`: writes out everything in the embedded database, for another one.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use posthorn_store::sqlite::Sqlite;
use posthorn_store::{BatchSize, Moved};

use super::out::{Ink, ink, remark};
use super::transfer::{Bar, rows_of};
use crate::config::{self, Flags};

/// What stands for standard output.
const STANDARD_OUTPUT: &str = "-";
/// Who may read it: its owner.
const MODE: u32 = 0o600;

/// Write out everything in the embedded database, to be imported elsewhere
#[derive(clap::Args)]
#[command(
    long_about = "Write out everything in the embedded database as lines of JSON with checksums, for \
                  `posthorn import`. The server must be stopped; nothing in the data directory is \
                  changed.\n\nKeep the export like a copy of the database: it holds every event's data, \
                  and what checks API keys. Secrets stay sealed in it: the master key is not part of it.",
    after_help = "Examples:\n  posthorn export --data /var/lib/posthorn --output posthorn.jsonl\n  \
                  posthorn export --data /var/lib/posthorn | \
                  posthorn import --database postgres://posthorn@db/posthorn"
)]
pub(crate) struct Args {
    /// A new file for it, readable by its owner alone; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = STANDARD_OUTPUT)]
    output: PathBuf,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    let moved = if args.output.as_os_str() == STANDARD_OUTPUT {
        let out = std::io::stdout();
        ensure!(
            !out.is_terminal(),
            "an export is not to be read from a screen: name a file with --output, or pipe it on"
        );
        export(&config.data, &mut out.lock())?
    } else {
        to_file(&config.data, &args.output)?
    };
    let rows = rows_of(&moved);
    remark(format_args!("{}: {} tables, {rows} rows", ink(Ink::Good, "exported"), moved.len()));
    Ok(())
}

/// Writes a file that is there under its name only when it is whole.
fn to_file(data: &Path, path: &Path) -> anyhow::Result<Vec<Moved>> {
    let shown = path.display();
    ensure!(!path.exists(), "there is a {shown} already; move it away, or name another file");
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".part");
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(true).mode(MODE);
    let cannot = || format!("cannot write {shown}");
    let mut file = how.open(&fresh).with_context(cannot)?;
    let moved = export(data, &mut file);
    if moved.is_err() {
        // Half of it is of no use to anybody.
        let _left_behind = std::fs::remove_file(&fresh);
    }
    let moved = moved?;
    file.sync_all().with_context(cannot)?;
    std::fs::rename(&fresh, path).with_context(cannot)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).with_context(cannot)?;
    Ok(moved)
}

fn export(data: &Path, out: &mut dyn Write) -> anyhow::Result<Vec<Moved>> {
    let bar = Bar::start();
    let mut out = BufWriter::with_capacity(1024 * 1024, out);
    let moved = Sqlite::export(data, BatchSize::default(), &mut out, &mut |at| bar.tell(at))?;
    Ok(moved)
}
