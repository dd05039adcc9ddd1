//! `posthorn doctor`: looks at everything a server needs, and says what is wrong and how to mend it.

mod found;
mod shared;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::bail;
use jiff::Timestamp;
use posthorn_engine::clock::{Clock, RealClock};
use posthorn_engine::{EngineError, check_seals};
use posthorn_store::sqlite::{OpenError, Sqlite};

use super::out::say;
use crate::config::{self, Config, Flags, MasterKey};
use crate::wiring::{contracts, keyring, master_key};
use found::Found::{self, Bad, Good, Note};
use found::{as_json, show};

/// Free space below which the disk is called nearly full.
const FREE_BYTES_LOW: u64 = 1024 * 1024 * 1024;
/// A wall clock before this was never set: this program did not exist then.
const BUILT_AFTER: &str = "2026-01-01T00:00:00Z";

/// The database's file in the data directory.
const DATABASE: &str = "posthorn.db";

/// Look for what is wrong with a database and its settings
#[derive(clap::Args)]
#[command(after_help = "Example:\n  posthorn doctor --data /var/lib/posthorn\n\n\
                        It changes nothing. The embedded database is read while no server uses it, a \
                        PostgreSQL at any time.")]
pub(crate) struct Args {
    #[command(flatten)]
    flags: Flags,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    let mut findings = match &config.database {
        None => vec![
            ("data directory", directory(&config.data)),
            ("database", database(&config.data)),
            ("master key", key(&config)),
            ("disk space", space(&config.data)),
        ],
        Some(url) => shared::findings(&config, url),
    };
    findings.push(("contracts", check_contracts(&config)));
    findings.push(("clock", clock(RealClock::new().now())));
    if args.json {
        say(as_json(&findings));
    } else {
        findings.iter().for_each(show);
    }
    match findings.iter().filter(|(_, found)| found.is_bad()).count() {
        0 => Ok(()),
        1 => bail!("1 thing is wrong"),
        bad => bail!("{bad} things are wrong"),
    }
}

fn directory(path: &Path) -> Found {
    let shown = path.display();
    let Ok(about) = std::fs::metadata(path) else {
        return Note(format!("{shown} is not there yet; `serve` makes it"));
    };
    if !about.is_dir() {
        return Bad(format!("{shown} is no directory; give another with `--data`"));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let remedy = format!("chmod 700 {shown}");
        return Note(format!("{shown} is open to others (mode {mode:04o}); `{remedy}` closes it"));
    }
    Good(format!("{shown}, mode {mode:04o}"))
}

/// Whether it is locked, readable, up to date and sound. Nothing of it is changed here.
fn database(data: &Path) -> Found {
    match Sqlite::plan_migrations(data) {
        Ok(_) if !data.join(DATABASE).exists() => {
            return Note("not there yet; `serve` makes it".to_owned());
        }
        Ok(waiting) if !waiting.is_empty() => {
            return Note(format!("{} migrations wait; `posthorn migrate --plan`", waiting.len()));
        }
        Ok(_) => {}
        Err(error) => return Bad(error.to_string()),
    }
    match Sqlite::look(data) {
        Ok(store) => match futures::executor::block_on(store.check()) {
            Ok(faults) if faults.is_empty() => Good("sound: every page was looked at".to_owned()),
            Ok(faults) => Bad(format!("damaged: {}; restore a copy", faults.join("; "))),
            Err(error) => Bad(error.to_string()),
        },
        Err(OpenError::InUse { .. }) => {
            Note("in use by a running server; stop it to have every page looked at".to_owned())
        }
        Err(error) => Bad(error.to_string()),
    }
}

fn key(config: &Config) -> Found {
    if let Some(key) = config.master_key {
        return opens(config, vec![key], Good("from the settings".to_owned()));
    }
    let file = config.data.join(master_key::FILE);
    match master_key::read(&file) {
        Ok(Some(keys)) if keys.len() == 1 => {
            let found = Good(format!("{}, readable by its owner alone", file.display()));
            opens(config, keys, found)
        }
        Ok(Some(keys)) => {
            let rest = "a rotation was interrupted; `posthorn master-key rotate` ends it";
            opens(config, keys, Note(rest.to_owned()))
        }
        Ok(None) if config.data.join(DATABASE).exists() => Bad(format!(
            "{} is missing, and the database's secrets need it; restore it from your copy",
            file.display()
        )),
        Ok(None) => Note("not there yet; `serve` makes it".to_owned()),
        Err(error) => Bad(error.to_string()),
    }
}

/// What was found of the keys, if they open what is sealed in the database. One that is in use or
/// cannot be read is told of elsewhere.
fn opens(config: &Config, mut keys: Vec<MasterKey>, found: Found) -> Found {
    keys.extend(&config.master_keys_old);
    let Ok(store) = Sqlite::look(&config.data) else { return found };
    match futures::executor::block_on(check_seals(&store, &keyring(&keys))) {
        Err(error @ EngineError::Broken { .. }) => Bad(error.to_string()),
        Ok(()) | Err(_) => found,
    }
}

fn check_contracts(config: &Config) -> Found {
    match contracts::all(config.contracts.as_deref()) {
        Ok(contracts) => Good(format!("{} read, every vector holds", contracts.len())),
        Err(error) => Bad(error.to_string()),
    }
}

fn space(data: &Path) -> Found {
    let there = data.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let Ok(about) = rustix::fs::statvfs(there) else {
        return Note(format!("cannot be read for {}", there.display()));
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let shown = format!("{}.{} GiB free", free >> 30, ((free >> 20) & 1023) * 10 / 1024);
    if free < FREE_BYTES_LOW {
        return Bad(format!("{shown}; when it is full nothing new is accepted"));
    }
    Good(shown)
}

fn clock(now: Timestamp) -> Found {
    let built: Timestamp = BUILT_AFTER.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    if now < built {
        return Bad(format!("it says {now}; set it, or every signature will be refused as stale"));
    }
    Good(format!("{}; keep it set by NTP, signatures carry it", now.strftime("%FT%TZ")))
}
