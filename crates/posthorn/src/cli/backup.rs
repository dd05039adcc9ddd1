//! `posthorn backup` and `posthorn restore`: a copy of the embedded database, and its way back.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};
use posthorn_core::id::EventId;
use posthorn_store::sqlite::{Copied, Copying, Sqlite};
use serde_json::json;

use super::out::{Ink, ink, remark, say};
use crate::config::{self, Config, Flags};

/// Copy the embedded database while the server goes on
#[derive(clap::Args)]
#[command(
    long_about = "Copy the embedded database, as it stands at this moment, into a new file. The server may go \
                  on meanwhile. Every page of the copy is checked before the file gets its name.\n\nKeep the \
                  copy like the database: it holds every event's data. Secrets stay sealed in it; the master \
                  key is not part of it and belongs in another place. A PostgreSQL is copied with its own \
                  tools.",
    after_help = "Examples:\n  posthorn backup /backup/posthorn-$(date +%F).db --data /var/lib/posthorn\n  \
                  posthorn restore /backup/posthorn-2026-11-22.db --data /var/lib/posthorn-restored"
)]
pub(crate) struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print what was copied as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags,
}

/// Put a copy of the embedded database into a data directory
#[derive(clap::Args)]
#[command(
    long_about = "Put a copy that `posthorn backup` made into a data directory that has no database. Every page \
                  is checked before it counts as the database.\n\nThe directory needs the master key of the \
                  time. What was delivered since the copy was made is delivered again, with the same ids: \
                  receivers that remember event ids notice nothing else.",
    after_help = "Example:\n  posthorn restore /backup/posthorn-2026-11-22.db --data /var/lib/posthorn\n  \
                  posthorn doctor --data /var/lib/posthorn"
)]
pub(crate) struct Restore {
    /// The copy; it is left as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print what was put back as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn back_up(args: Backup) -> anyhow::Result<()> {
    let config = embedded(args.flags)?;
    let bar = Bar::start();
    let copied = Sqlite::back_up(&config.data, &args.file, &mut |at| bar.tell(at))?;
    drop(bar);
    tell("backed up", &args.file.display().to_string(), copied, args.json);
    Ok(())
}

pub(crate) fn restore(args: Restore) -> anyhow::Result<()> {
    let config = embedded(args.flags)?;
    let bar = Bar::start();
    let copied = Sqlite::restore(&args.file, &config.data, &mut |at| bar.tell(at))?;
    drop(bar);
    let data = config.data.display().to_string();
    tell("restored", &data, copied, args.json);
    remark(format_args!(
        "it needs the master key of the time; `posthorn doctor --data {data}` tells whether that is there"
    ));
    Ok(())
}

fn embedded(flags: Flags) -> anyhow::Result<Config> {
    let config = config::load(flags)?;
    ensure!(
        config.database.is_none(),
        "this deployment is on PostgreSQL: copy it with pg_dump, or with pg_basebackup and archived WAL"
    );
    Ok(config)
}

fn tell(done: &str, place: &str, copied: Copied, as_json: bool) {
    let newest = copied.newest_event.map(EventId::from_i64);
    if as_json {
        say(json!({
            "path": place,
            "bytes": copied.bytes,
            "schema": copied.schema,
            "newest_event": newest.map(|id| id.to_string()),
            "newest_event_at": newest.map(|id| id.accepted_at().to_string()),
        }));
        return;
    }
    let size = indicatif::HumanBytes(copied.bytes);
    let until = newest.map_or("no event yet".to_owned(), |id| {
        format!("events until {id} of {}", id.accepted_at())
    });
    say(format_args!("{}: {place}, {size}, every page checked; {until}", ink(Ink::Good, done)));
}

/// A line on standard error that says how far the copy is; none where nobody sees it.
struct Bar(ProgressBar);

impl Bar {
    fn start() -> Self {
        let bar = ProgressBar::new(0).with_style(
            ProgressStyle::with_template(
                "{spinner} {msg} {wide_bar} {binary_bytes} of {binary_total_bytes} {eta}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    fn tell(&self, at: Copying) {
        match at {
            Copying::Copied { bytes, of } => {
                self.0.set_message("copying");
                self.0.set_length(of);
                self.0.set_position(bytes);
            }
            Copying::Checking => self.0.set_message("checking"),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
