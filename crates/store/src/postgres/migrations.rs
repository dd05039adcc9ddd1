//! Migrations: forward only, numbered, each in one transaction, one process at a time.

use deadpool_postgres::{Object, Pool, PoolError};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient};

use super::trouble::said;
use crate::Migration;
use crate::statements::only;

/// A migration, and who may still run beside it.
#[derive(Debug, Clone, Copy)]
struct Step {
    migration: Migration,
    /// The oldest schema version whose programs may run beside it: an expanding step leaves it as it was,
    /// a contracting one raises it.
    compatible_from: u32,
}

const ALL: [Step; 8] = [
    Step {
        migration: Migration {
            number: 1,
            name: "first",
            sql: include_str!("../../migrations/postgres/0001_first.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 2,
            name: "payments",
            sql: include_str!("../../migrations/postgres/0002_payments.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 3,
            name: "oauth",
            sql: include_str!("../../migrations/postgres/0003_oauth.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 4,
            name: "limits",
            sql: include_str!("../../migrations/postgres/0004_limits.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 5,
            name: "incidents",
            sql: include_str!("../../migrations/postgres/0005_incidents.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 6,
            name: "search",
            sql: include_str!("../../migrations/postgres/0006_search.sql"),
        },
        compatible_from: 1,
    },
    Step {
        migration: Migration {
            number: 7,
            name: "feeds",
            sql: include_str!("../../migrations/postgres/0007_feeds.sql"),
        },
        // Programs before it take a feed that is due for a broken record.
        compatible_from: 7,
    },
    Step {
        migration: Migration {
            number: 8,
            name: "request_history",
            sql: include_str!("../../migrations/postgres/0008_request_history.sql"),
        },
        compatible_from: 7,
    },
];

/// Nobody else migrates at the same time: who comes second waits, and finds it done.
const BEGIN: &str = "begin; select pg_advisory_xact_lock(1346854912, 0); \
                     set local client_min_messages = warning; \
                     do $$ begin if to_regnamespace('posthorn') is null then \
                       create schema posthorn; end if; end $$; \
                     set local search_path = posthorn; \
                     create table if not exists migrations( \
                       number integer primary key, name text not null, \
                       compatible_from integer not null, \
                       at timestamptz not null default now())";

/// Unnamed, like every statement that may go through a pooler.
const FOUND: &str = "select coalesce(max(number), 0), coalesce(max(compatible_from), 0) \
                     from posthorn.migrations";
const IS_THERE: &str = "select to_regclass('posthorn.migrations') is not null";
const WRITTEN: &str =
    "insert into posthorn.migrations(number, name, compatible_from) values ($1, $2, $3)";

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none; it is not repeated, because of the password in it.
    #[error(
        "the database's URL cannot be read; it is like postgres://user:password@host:5432/database, \
         and what is special in a password is written as in `%40` for `@`"
    )]
    Unreadable,
    /// It cannot be reached or used.
    #[error("PostgreSQL cannot be used: {detail}")]
    Unusable {
        /// What was said.
        detail: String,
    },
    /// It was written by a newer program.
    #[error(
        "the database has schema version {found}, which programs may use that know version {needs}; this \
         one knows up to {known}; use the newer program"
    )]
    Newer {
        /// The version that was found.
        found: u32,
        /// The oldest version whose programs may still run.
        needs: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// An import into it was begun and is not finished.
    #[error(
        "an import into this database is not finished: run `posthorn import` again, it goes on where it \
         stopped; or `drop schema posthorn cascade` there to begin anew"
    )]
    Importing,
}

impl OpenError {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        Self::Unusable { detail: said(error) }
    }
}

/// A connection of the pool.
pub(super) async fn connect(pool: &Pool) -> Result<Object, OpenError> {
    pool.get().await.map_err(|error| OpenError::Unusable { detail: reason(&error) })
}

/// Brings a database up to date.
pub(super) async fn migrate(pool: &Pool) -> Result<(), OpenError> {
    let client = connect(pool).await?;
    apply(&**client, &ALL).await
}

/// The version that this program knows.
pub(super) fn known() -> u32 {
    last(&ALL)
}

/// The migrations that a database still needs. Nothing is changed.
pub(super) async fn plan(client: &Client) -> Result<Vec<Migration>, OpenError> {
    let pending = pending(found(client).await?, &ALL)?;
    Ok(pending.iter().map(|step| step.migration).collect())
}

/// Where a database stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    /// Its version; 0: it is empty.
    pub(super) number: u32,
    /// The oldest version whose programs may still run.
    compatible_from: u32,
}

pub(super) async fn found(client: &Client) -> Result<Found, OpenError> {
    let row = client.query_typed_one(IS_THERE, &[]).await.map_err(|error| OpenError::of(&error))?;
    if row.get(0) { version(client).await } else { Ok(Found::default()) }
}

async fn version(client: &impl GenericClient) -> Result<Found, OpenError> {
    let row = client.query_typed(FOUND, &[]).await.map_err(|error| OpenError::of(&error))?;
    let number = |index| {
        let number = row.first().map(|row| row.get::<_, i32>(index));
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    };
    Ok(Found { number: number(0), compatible_from: number(1) })
}

/// The steps that are still to be done; refused where this program is too old to run at all. Beside a
/// schema that has only grown it may: an upgrade goes through the servers one by one.
fn pending(found: Found, all: &[Step]) -> Result<&[Step], OpenError> {
    let known = last(all);
    if known < found.compatible_from {
        let needs = found.compatible_from;
        return Err(OpenError::Newer { found: found.number, needs, known });
    }
    let done = all.partition_point(|step| step.migration.number <= found.number);
    Ok(all.get(done..).unwrap_or_default())
}

fn last(all: &[Step]) -> u32 {
    all.last().map_or(0, |step| step.migration.number)
}

async fn apply(client: &impl GenericClient, all: &[Step]) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::of(&error);
    client.batch_execute(BEGIN).await.map_err(failed)?;
    for Step { migration, compatible_from } in pending(version(client).await?, all)? {
        client.batch_execute(migration.sql).await.map_err(failed)?;
        let [number, from] = [migration.number, *compatible_from].map(u32::cast_signed);
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&number, Type::INT4), (&migration.name, Type::TEXT), (&from, Type::INT4)];
        client.execute_typed(WRITTEN, &values).await.map_err(failed)?;
    }
    client.batch_execute("commit").await.map_err(failed)
}

/// Refuses a database with half a deployment in it.
pub(super) async fn refuse_half(pool: &Pool) -> Result<(), OpenError> {
    let found = connect(pool).await?.query_typed(only::IMPORT_WAITS.postgres, &[]).await;
    let found = found.map_err(|error| OpenError::of(&error))?;
    if found.is_empty() { Ok(()) } else { Err(OpenError::Importing) }
}

fn reason(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => said(error),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;
    use crate::conformance::throw_away::{database, lines};

    const FIRST: Step = step(1, "create table posthorn.notes(id bigint)", 1);
    const GROWN: Step = step(2, "alter table posthorn.notes add at bigint", 1);
    const SHRUNK: Step = step(3, "alter table posthorn.notes drop id", 2);

    const fn step(number: u32, sql: &'static str, compatible_from: u32) -> Step {
        Step { migration: Migration { number, name: "made up", sql }, compatible_from }
    }

    /// A program that knows these starts on a database.
    fn start(url: &str, all: &[Step]) -> Result<(), OpenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            let work = async move { apply(&client, all).await };
            futures::join!(work, connection).0
        })
    }

    fn done(url: &str) -> Vec<String> {
        lines(url, "select number::text from posthorn.migrations order by number")
    }

    #[test]
    fn an_old_program_starts_beside_a_schema_that_has_grown_and_not_beside_one_that_lost_something()
    {
        let url = database();
        start(&url, &[FIRST]).unwrap();
        start(&url, &[FIRST, GROWN]).unwrap();
        start(&url, &[FIRST]).unwrap();
        assert_eq!(done(&url), ["1", "2"]);
        start(&url, &[FIRST, GROWN, SHRUNK]).unwrap();
        let refused = start(&url, &[FIRST]).unwrap_err().to_string();
        assert_eq!(
            refused,
            "the database has schema version 3, which programs may use that know version 2; this one \
             knows up to 1; use the newer program"
        );
        start(&url, &[FIRST, GROWN]).unwrap();
        assert_eq!(done(&url), ["1", "2", "3"], "whoever was refused changed nothing");
    }

    #[test]
    fn of_two_programs_that_migrate_at_once_one_does_it_and_the_other_goes_on() {
        let url = database();
        let slow = step(2, "alter table posthorn.notes add at bigint; select pg_sleep(0.3)", 1);
        let all = [FIRST, slow, SHRUNK];
        std::thread::scope(|scope| {
            let starts = [(); 4].map(|()| scope.spawn(|| start(&url, &all)));
            for start in starts {
                start.join().unwrap().unwrap();
            }
        });
        assert_eq!(done(&url), ["1", "2", "3"]);
    }
}
