//! Moving a deployment in: what `Sqlite::export` wrote is checked, written and read again, batch by batch,
//! so that it may be cut off at any point and begun again.

mod part;
mod place;

use std::io::BufRead;

use super::migrations::{self, OpenError};
use super::trouble::said;
use super::worker::{Reach, pool};
use super::{Options, Postgres};
use crate::transfer::{Moved, Piece, Reader, StreamError, Told};
use part::Part;
use place::Place;

/// Two at once: one has the lock.
const CONNECTIONS: usize = 2;

/// Why an import stopped. What was written up to then is whole, and is not written again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The export cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The database is at work.
    #[error("servers, or another import, are at work on this database; stop them first")]
    InUse,
    /// There is no way to the database itself.
    #[error("an import needs a session of its own: leave the pooler out, or set `postgres.direct`")]
    Pooled,
    /// There is a deployment in it.
    #[error(
        "the database has a deployment of its own (table {table} has rows); give another one, or, if \
         nobody needs what is in it, `drop schema posthorn cascade` there first"
    )]
    Occupied {
        /// A table that has rows.
        table: &'static str,
    },
    /// It was done before.
    #[error(
        "an import into this database is finished; nothing was changed. To import anew: `drop schema \
         posthorn cascade` there first"
    )]
    Finished,
    /// The export is of another version.
    #[error(
        "the export has schema version {found}, and this program {known}; export again with the program \
         that imports"
    )]
    Schema {
        /// The version that was found.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// It is not the export that was begun with.
    #[error(
        "{what} is not what the import began with: the source has changed since. To begin anew: `drop \
         schema posthorn cascade` in the database, then import again"
    )]
    Changed {
        /// What of it.
        what: String,
    },
    /// What was written is not what was to be written.
    #[error(
        "table {table} is not the same in PostgreSQL: {found} rows of {expected}, or other values in \
         them; nothing may use it. `drop schema posthorn cascade` there, and import again"
    )]
    Differs {
        /// Which.
        table: &'static str,
        /// The rows that are there.
        found: u64,
        /// The rows that were to be there.
        expected: u64,
    },
    /// A row cannot be written.
    #[error("table {table} cannot be imported: {detail}")]
    Table {
        /// Which.
        table: &'static str,
        /// What is in the way.
        detail: String,
    },
    /// PostgreSQL failed, or the way to it.
    #[error("PostgreSQL failed: {detail}; run the same again: it goes on where it stopped")]
    Failed {
        /// What it said.
        detail: String,
    },
}

impl From<tokio_postgres::Error> for ImportError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed { detail: said(&error) }
    }
}

impl Postgres {
    /// Makes an empty database the deployment that `input`, an export, is of; or goes on with it where an
    /// import of the same was cut off. No server may use the database.
    pub fn import(
        options: &Options,
        input: &mut dyn BufRead,
        told: Told<'_>,
    ) -> Result<Vec<Moved>, ImportError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let unusable = |error: std::io::Error| OpenError::Unusable { detail: error.to_string() };
        runtime.map_err(unusable)?.block_on(import(options, input, told))
    }
}

async fn import(
    options: &Options,
    input: &mut dyn BufRead,
    told: Told<'_>,
) -> Result<Vec<Moved>, ImportError> {
    // What cannot be an export changes nothing.
    let (mut reader, head) = Reader::begin(input)?;
    let known = migrations::known();
    if head.schema != known {
        return Err(ImportError::Schema { found: head.schema, known });
    }
    let session = Reach::new(options)?.session.ok_or(ImportError::Pooled)?;
    let pool = pool(&session, CONNECTIONS)?;
    let mut place = Place::take(&pool, &head, options.part_days).await?;
    let (mut moved, mut lasts) = (Vec::new(), Vec::new());
    let mut part: Option<Part> = None;
    loop {
        match (reader.next()?, part.as_mut()) {
            (Piece::Table(table, columns), _) => {
                part = Some(Part::begin(&mut place, table, columns).await?);
            }
            (Piece::Rows(batch), Some(part)) => part.write(&mut place, batch, told).await?,
            (Piece::Ended(ended, last), Some(part)) => {
                part.end(&mut place, &ended, told).await?;
                lasts.extend(last.map(|last| (ended.table, last)));
                moved.push(ended);
            }
            (Piece::End, _) => break,
            // Only a table has rows, and an end: the reader saw to that.
            (Piece::Rows(_) | Piece::Ended(..), None) => {}
        }
    }
    place.finish(&lasts).await?;
    Ok(moved)
}
