//! Statements on PostgreSQL: prepared once a connection, given values in its own binary form.

use bytes::BytesMut;
use jiff::Timestamp;
use posthorn_core::id::{EndpointId, EventId};
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::options::Pooler;
use super::transaction::Transaction;
use super::trouble::Trouble;
use crate::StoreError;
use crate::db::{Columns, Db, Lock, Value};
use crate::rows::ms;
use crate::statements::Statement;

type Failure = Box<dyn std::error::Error + Sync + Send>;

impl Db for Transaction {
    type Trouble = Trouble;

    async fn run(&self, statement: Statement, values: &[Value<'_>]) -> Result<u64, Trouble> {
        self.execute(statement.postgres, &typed(values)).await
    }

    async fn some<T>(
        &self,
        statement: Statement,
        values: &[Value<'_>],
        mut read: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
        mut enough: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, Trouble> {
        let mut all = Vec::new();
        for row in self.query(statement.postgres, &typed(values)).await? {
            let one = read(&row)?;
            let last = enough(&one);
            all.push(one);
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn hold(&self, lock: Lock) -> Result<(), Trouble> {
        let (sql, class, id) = match lock {
            Lock::Merchant(id) => (EXCLUSIVE, 1, id.as_i64()),
            Lock::Endpoint(id) => (EXCLUSIVE, 2, id.as_i64()),
            Lock::Standing(id) => (SHARED, 2, id.as_i64()),
            Lock::Job(id) => (EXCLUSIVE, 3, id.as_i64()),
        };
        let (class, place) = (LOCKS + class, place(id));
        self.execute(sql, &[(&class, Type::INT4), (&place, Type::INT4)]).await?;
        Ok(())
    }

    fn may_write(&self, id: EventId) -> Result<(), StoreError> {
        match self.member {
            Some(member) if !member.may_write(id) => {
                let detail = "this server was away since it made the event's id; try again".into();
                Err(StoreError::Unavailable { detail })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn lease_ms(&self, until: Timestamp) -> i64 {
        ms(until) + self.shift_ms
    }
}

/// A value, and its type where nothing is prepared beforehand.
pub(super) type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// Every statement goes through these two. Behind a pooler nothing is prepared by a name, because the
/// next transaction may meet another session, and what is unnamed is told the types of its values.
impl Transaction {
    pub(super) async fn execute(&self, sql: &str, values: &[Typed<'_>]) -> Result<u64, Trouble> {
        Ok(match self.pooler {
            Pooler::None => {
                let prepared = self.client.prepare_cached(sql).await?;
                self.client.execute(&prepared, &untyped(values)).await?
            }
            Pooler::Transaction => self.client.execute_typed(sql, values).await?,
        })
    }

    pub(super) async fn query(&self, sql: &str, values: &[Typed<'_>]) -> Result<Vec<Row>, Trouble> {
        Ok(match self.pooler {
            Pooler::None => {
                let prepared = self.client.prepare_cached(sql).await?;
                self.client.query(&prepared, &untyped(values)).await?
            }
            Pooler::Transaction => self.client.query_typed(sql, values).await?,
        })
    }
}

/// Locks that end with their transaction, in the database's memory: they write nothing.
const EXCLUSIVE: &str = "select pg_advisory_xact_lock($1, $2)";
const SHARED: &str = "select pg_advisory_xact_lock_shared($1, $2)";
/// Where our classes of advisory locks begin: `PH` in the upper half.
const LOCKS: i32 = 0x5048_0000;
/// How many locks there are of a class, so that no transaction holds more than the database has room
/// for. Two ids that share one wait for each other, that is all.
const PLACES: i64 = 1024;

fn place(id: i64) -> i32 {
    i32::try_from(id.rem_euclid(PLACES)).unwrap_or(0)
}

/// The lock of [`Lock::Standing`]: its class and its place.
pub(super) fn standing_place(endpoint: EndpointId) -> (i32, i32) {
    (LOCKS + 2, place(endpoint.as_i64()))
}

fn untyped<'a>(values: &[Typed<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|(value, _)| *value).collect()
}

fn typed<'a>(values: &'a [Value<'_>]) -> Vec<Typed<'a>> {
    values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect()
}

impl Value<'_> {
    /// Its type where nobody else says: what is null takes any.
    fn kind(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Blob(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => int(*value, kind, out),
            Self::Text(value) => value.as_ref().to_sql(kind, out),
            Self::Blob(value) => value.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn int(value: i64, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
    match *kind {
        Type::INT2 => i16::try_from(value)?.to_sql(kind, out),
        Type::INT4 => i32::try_from(value)?.to_sql(kind, out),
        Type::INT8 => value.to_sql(kind, out),
        _ => Err(format!("a number is given where {kind} is wanted").into()),
    }
}

impl Columns for Row {
    fn maybe_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        let kind = self.columns().get(index).map(tokio_postgres::Column::type_);
        match kind {
            Some(&Type::INT2) => {
                self.try_get::<_, Option<i16>>(index).map(|value| value.map(i64::from))
            }
            Some(&Type::INT4) => {
                self.try_get::<_, Option<i32>>(index).map(|value| value.map(i64::from))
            }
            Some(_) | None => self.try_get(index),
        }
        .map_err(unreadable)
    }

    fn maybe_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.try_get(index).map_err(unreadable)
    }

    fn maybe_blob(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.try_get(index).map_err(unreadable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where a closure would")]
fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable { detail: error.to_string() }
}
