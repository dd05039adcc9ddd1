//! What a verb asks of a database: the seam between the verbs, which are written once, and SQLite and
//! PostgreSQL, which carry their statements out (ADR 0009).

use std::borrow::Cow;

use jiff::Timestamp;
use posthorn_core::id::{EndpointId, EventId, JobId, MerchantId};

use crate::StoreError;
use crate::statements::Statement;

/// A transaction that is open. Every statement of a verb goes through it.
pub(crate) trait Db {
    /// Why a verb stopped: it refused by itself, or the database did.
    type Trouble: From<StoreError>;

    /// Runs a statement; answers how many rows it changed.
    async fn run(&self, statement: Statement, values: &[Value<'_>]) -> Result<u64, Self::Trouble>;

    /// All rows, as they are read.
    async fn many<T>(
        &self,
        statement: Statement,
        values: &[Value<'_>],
        read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, Self::Trouble> {
        self.some(statement, values, read, |_| false).await
    }

    /// Rows until `enough` says so of the last.
    async fn some<T>(
        &self,
        statement: Statement,
        values: &[Value<'_>],
        read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
        enough: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, Self::Trouble>;

    /// The first row, if there is one.
    async fn one<T>(
        &self,
        statement: Statement,
        values: &[Value<'_>],
        read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Option<T>, Self::Trouble> {
        Ok(self.some(statement, values, read, |_| true).await?.pop())
    }

    /// The first row's first column, a number, if there is a row.
    async fn number(
        &self,
        statement: Statement,
        values: &[Value<'_>],
    ) -> Result<Option<i64>, Self::Trouble> {
        self.one(statement, values, |row| row.get(0)).await
    }

    /// Runs a statement that writes one row; answers the id it got.
    async fn insert(
        &self,
        statement: Statement,
        values: &[Value<'_>],
    ) -> Result<i64, Self::Trouble> {
        let unknown =
            || StoreError::Unavailable { detail: format!("{} wrote no row", statement.name) };
        Ok(self.number(statement, values).await?.ok_or_else(unknown)?)
    }

    /// Keeps others away from something until the transaction ends. What was read before it is stale.
    /// Where one transaction writes at a time there is nobody to keep away.
    async fn hold(&self, lock: Lock) -> Result<(), Self::Trouble>;

    /// Fails for an id that another server may make by now: this one was away since it made it.
    fn may_write(&self, id: EventId) -> Result<(), StoreError>;

    /// What to write for a time at which a lease ends: where servers share a database their leases are
    /// by its clock.
    fn lease_ms(&self, until: Timestamp) -> i64;
}

/// What a transaction keeps others away from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    /// A merchant's settings, keys and the number of its endpoints.
    Merchant(MerchantId),
    /// An endpoint's status, settings and secrets: for whoever changes them.
    Endpoint(EndpointId),
    /// An endpoint's status as it stands: for whoever writes a delivery that depends on it. Any number
    /// may hold it at a time, but not beside [`Lock::Endpoint`].
    Standing(EndpointId),
    /// A job's progress.
    Job(JobId),
}

/// A value that a statement is given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
}

/// A row of a result, by the place of its columns.
pub(crate) trait Columns {
    fn maybe_int(&self, index: usize) -> Result<Option<i64>, StoreError>;
    fn maybe_text(&self, index: usize) -> Result<Option<String>, StoreError>;
    fn maybe_blob(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError>;
}

impl dyn Columns + '_ {
    /// The value of a column, of whatever kind is asked for.
    pub(crate) fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self, index)
    }
}

/// What a column can be read as. A flag is a number, 0 or 1.
pub(crate) trait Column: Sized {
    fn read(row: &dyn Columns, index: usize) -> Result<Self, StoreError>;
}

macro_rules! columns {
    ($($kind:ty = $read:ident;)*) => {
        $(
            impl Column for Option<$kind> {
                fn read(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
                    row.$read(index)
                }
            }

            impl Column for $kind {
                fn read(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
                    row.$read(index)?.ok_or_else(|| null(index))
                }
            }
        )*
    };
}

columns! {
    i64 = maybe_int;
    String = maybe_text;
    Vec<u8> = maybe_blob;
}

impl Column for bool {
    fn read(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok(i64::read(row, index)? != 0)
    }
}

fn null(index: usize) -> StoreError {
    StoreError::Unavailable { detail: format!("column {index} of a result is null") }
}

/// The values of a statement, in its order.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*]
    };
}
pub(crate) use values;

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

macro_rules! from {
    ($($kind:ty => $variant:ident;)*) => {
        $(
            impl<'a> From<$kind> for Value<'a> {
                fn from(value: $kind) -> Self {
                    Self::$variant(value.into())
                }
            }
        )*
    };
}

from! {
    &'a str => Text;
    &'a String => Text;
    String => Text;
    &'a [u8] => Blob;
    &'a Vec<u8> => Blob;
    Vec<u8> => Blob;
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl<const N: usize> From<[u8; N]> for Value<'_> {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(Cow::Owned(value.to_vec()))
    }
}

impl<T> From<Option<T>> for Value<'_>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}
