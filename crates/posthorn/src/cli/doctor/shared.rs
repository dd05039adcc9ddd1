//! The looks at a PostgreSQL that servers share. It is only read.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use posthorn_core::secret::Secret;
use posthorn_engine::clock::{Clock, RealClock};
use posthorn_store::postgres::{Deployment, Lack, Look, Postgres, Server};

use super::found::Finding;
use super::found::Found::{self, Bad, Good, Note};
use crate::config::{Config, MasterKey, Pooler};
use crate::wiring::{contracts, keyring, master_key, postgres_options};

/// The oldest version that is supported.
const VERSION_MIN: u32 = 150_000;
/// A difference of clocks from which on it is worth a note, and is wrong.
const CLOCK_NOTE_MS: i64 = 1_000;
const CLOCK_BAD_MS: i64 = 30_000;
/// Servers give a sign of life several times a second.
const SILENT_MS: i64 = 15_000;
/// What is said is taken up within about 100 ms.
const OUTBOX_LATE_MS: i64 = 60_000;

/// Everything that can be seen of a database from here.
pub(super) fn findings(config: &Config, url: &Secret) -> Vec<Finding> {
    let options = match postgres_options(config, url) {
        Ok(options) => options,
        Err(error) => return vec![("database", Bad(error.to_string()))],
    };
    let clock = RealClock::new();
    let began = clock.now();
    let look = match Postgres::look(&options) {
        Ok(look) => look,
        Err(error) => return vec![("database", Bad(format!("{error}; see `database`")))],
    };
    let server = &look.server;
    let mut findings = vec![
        ("database", database(server)),
        ("schema", schema(&look)),
        ("settings", settings(server)),
        ("connections", connections(config, &look)),
        ("pooler", pooler(config, server.handed_on)),
        ("database clock", apart(server.now_ms, (began, clock.now()))),
        ("master key", key(config, look.deployment.as_ref())),
    ];
    if let Some(deployment) = &look.deployment {
        findings.extend([
            ("servers", servers(deployment)),
            ("merchants", merchants(config, deployment)),
            ("parts", parts(deployment)),
            ("outbox", outbox(deployment)),
            ("jobs", jobs(deployment)),
        ]);
    }
    findings
}

fn database(server: &Server) -> Found {
    let version = &server.version;
    if server.version_number < VERSION_MIN {
        return Bad(format!("it is PostgreSQL {version}; posthorn needs 15 or newer: upgrade it"));
    }
    if server.encoding != "UTF8" {
        let encoding = &server.encoding;
        return Bad(format!(
            "its encoding is {encoding}; make one with `create database … encoding 'UTF8' template template0`"
        ));
    }
    if server.lacks.contains(&Lack::Writing) {
        return Bad(
            "it is read-only: name the primary and no replica, and see `default_transaction_read_only`"
                .to_owned(),
        );
    }
    if server.encrypted {
        return Good(format!("PostgreSQL {version}, encrypted"));
    }
    Note(format!(
        "PostgreSQL {version}, not encrypted; beyond a private network use `?sslmode=verify-full`"
    ))
}

fn schema(look: &Look) -> Found {
    let (found, known) = (look.schema, look.known);
    let importing = look.deployment.as_ref().is_some_and(|seen| seen.importing);
    match found {
        _ if importing => Bad(
            "an import was begun and is not finished: run `posthorn import` again with the same export"
                .to_owned(),
        ),
        _ if found < known && look.server.lacks.contains(&Lack::Schema) => {
            let role = &look.server.role;
            Bad(format!(
                "the role {role} may not make it: `create schema posthorn authorization {role}` as the \
                 database's owner"
            ))
        }
        0 => Note("not there yet; `serve` makes it".to_owned()),
        _ if found < known => {
            Note(format!("version {found}, this program's is {known}; `posthorn migrate --plan`"))
        }
        _ if found > known => Note(format!(
            "version {found}, and this program knows {known}: upgrade it too; the rest cannot be looked at"
        )),
        _ => Good(format!("version {found}")),
    }
}

/// Without these what was answered with 202 may be gone after a power cut, or the tables only grow.
fn settings(server: &Server) -> Found {
    let off = server.settings.iter().filter(|(_, setting)| *setting == "off");
    let off: Vec<&str> = off.map(|(name, _)| name.as_str()).collect();
    if off.is_empty() {
        return Good(
            "fsync, full_page_writes, synchronous_commit and autovacuum are on".to_owned(),
        );
    }
    let mend: Vec<_> = off.iter().map(|name| format!("alter system set {name} = on")).collect();
    Bad(format!(
        "{} off: what was accepted can get lost; `{}; select pg_reload_conf()`",
        if off.len() == 1 {
            format!("{} is", off.join(""))
        } else {
            format!("{} are", off.join(", "))
        },
        mend.join("; ")
    ))
}

fn connections(config: &Config, look: &Look) -> Found {
    let servers = look.deployment.as_ref().map_or(1, |seen| seen.servers.len().max(1));
    let (each, max) = (config.postgres.connections + 1, look.server.connections_max);
    let needed = u64::from(each) * servers as u64;
    let sum = format!("{servers} × {each} of {max}");
    if needed > u64::from(max) && config.postgres.pooler == Pooler::None {
        return Bad(format!(
            "{sum}: raise max_connections there, or lower `postgres.connections` here"
        ));
    }
    Good(format!("{sum}: `postgres.connections` and one beside them for each server"))
}

fn pooler(config: &Config, seen: bool) -> Found {
    let direct = config.postgres.direct.is_some();
    match (config.postgres.pooler, seen) {
        (Pooler::None, true) => Bad(
            "one stands between: set `postgres.pooler` to `transaction`, and `postgres.direct` to a URL \
             of the database itself"
                .to_owned(),
        ),
        (Pooler::None, false) => Good("none seen".to_owned()),
        (Pooler::Transaction, _) if !direct => Note(
            "changes are found by looking, and a rotation of the master key is refused; \
             `postgres.direct` mends both"
                .to_owned(),
        ),
        (Pooler::Transaction, true) => Good("seen, as the settings say".to_owned()),
        (Pooler::Transaction, false) => Note(
            "none seen, though the settings say so: if there is none, leave `postgres.pooler` out"
                .to_owned(),
        ),
    }
}

/// How far the database's clock is from ours, which was read before and after.
fn apart(theirs_ms: i64, (before, after): (Timestamp, Timestamp)) -> Found {
    let (before, after) = (before.as_millisecond(), after.as_millisecond());
    let apart = if theirs_ms < before { before - theirs_ms } else { (theirs_ms - after).max(0) };
    let way = if theirs_ms < before { "behind" } else { "ahead of" };
    let told = format!("{apart} ms {way} ours");
    match apart {
        0 => Good(format!("as ours, to within {} ms", after - before)),
        _ if apart >= CLOCK_BAD_MS => Bad(format!("{told}; run NTP on both: retries go by ours")),
        _ if apart >= CLOCK_NOTE_MS => Note(format!("{told}; run NTP on both")),
        _ => Good(told),
    }
}

fn key(config: &Config, deployment: Option<&Deployment>) -> Found {
    let file = config.data.join(master_key::FILE);
    let keys = match config.master_key {
        Some(key) => Some(vec![key]),
        None => match master_key::read(&file) {
            Ok(keys) => keys,
            Err(error) => return Bad(error.to_string()),
        },
    };
    let copy = format!(
        "copy `master.key` from a server to {}, or set `master_key` to theirs",
        file.display()
    );
    let theirs = deployment.and_then(|seen| seen.key.as_deref());
    match (keys, theirs) {
        (None, None) => Note("not there yet; `serve` makes it".to_owned()),
        (None, Some(_)) => Bad(format!("the servers have one, and there is none here; {copy}")),
        (Some(_), None) => {
            Note("there is one here; the first start makes it all servers'".to_owned())
        }
        (Some(keys), Some(theirs)) => {
            let ours = current(&keys);
            let left = deployment.map_or(0, |seen| seen.sealed_otherwise);
            match (ours == theirs, left) {
                (false, _) => Bad(format!("another one than the servers have; {copy}")),
                (true, 0) => Good("the one that all servers have".to_owned()),
                (true, left) => Note(format!(
                    "{left} secrets are sealed with another; `posthorn master-key rotate` goes on"
                )),
            }
        }
    }
}

fn current(keys: &[MasterKey]) -> String {
    HEXLOWER.encode(&keyring(keys).fingerprint().0)
}

fn servers(seen: &Deployment) -> Found {
    let tell = |ago: i64| format!("{}.{} s ago", ago / 1000, ago.max(0) % 1000 / 100);
    let each: Vec<_> = seen
        .servers
        .iter()
        .map(|sign| format!("node {} {}", sign.node, tell(sign.seen_ms_ago)))
        .collect();
    let told = format!("{} at work: {}", each.len(), each.join(", "));
    if each.is_empty() {
        return Note("none gave a sign of life within a minute".to_owned());
    }
    if seen.servers.iter().any(|sign| sign.seen_ms_ago > SILENT_MS) {
        return Note(format!("{told}; who is silent for 15 s died or is frozen: see its log"));
    }
    Good(told)
}

/// A server is refused that does not have everybody's contract.
fn merchants(config: &Config, seen: &Deployment) -> Found {
    // Files that cannot be read are told of by themselves.
    let Ok(known) = contracts::all(config.contracts.as_deref()) else {
        return Note("their contracts cannot be looked up; see `contracts`".to_owned());
    };
    let missing: Vec<_> = seen
        .contracts
        .iter()
        .filter(|name| known.iter().all(|contract| contract.name != **name))
        .map(|name| format!("`{name}`"))
        .collect();
    if missing.is_empty() {
        return Good(format!("they speak {} contracts, all read here", seen.contracts.len()));
    }
    Bad(format!(
        "some speak {}, which is not read here; name the directory with its file by `--contracts`",
        missing.join(", ")
    ))
}

fn parts(seen: &Deployment) -> Found {
    let ahead = seen.days_ahead;
    let told = format!("made for {ahead} days, from today on");
    if ahead <= 0 {
        return Bad(
            "none for today: what is accepted goes to the default tables; start a server, and see its \
             log for what is in the way"
                .to_owned(),
        );
    }
    match seen.parts_unfinished {
        0 => Good(told),
        some => Note(format!("{told}; {some} are being attached or emptied")),
    }
}

fn outbox(seen: &Deployment) -> Found {
    if seen.outbox_refused > 0 {
        return Bad(format!(
            "{} that programs said cannot become events: `select * from posthorn.outbox where refused is \
             not null`; mend and set `refused` to null, or delete",
            seen.outbox_refused
        ));
    }
    if seen.outbox_waits_ms > OUTBOX_LATE_MS {
        let seconds = seen.outbox_waits_ms / 1000;
        return Bad(format!("the oldest waits for {seconds} s; is a server at work? See its log"));
    }
    Good("nothing refused, nothing late".to_owned())
}

fn jobs(seen: &Deployment) -> Found {
    match seen.jobs_running {
        0 => Good("none under way".to_owned()),
        some if seen.servers.is_empty() => {
            Note(format!("{some} under way, and no server is at work on them"))
        }
        some => Good(format!("{some} under way")),
    }
}
