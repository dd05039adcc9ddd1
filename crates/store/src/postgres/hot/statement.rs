//! Statements that take whole columns.

use std::borrow::Cow;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, Row};

use crate::postgres::options::Pooler;
use crate::postgres::transaction::Transaction;

/// A statement with what it is given.
#[derive(Debug)]
pub(in crate::postgres) struct Call<'a> {
    sql: &'static str,
    values: Vec<Column<'a>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(sql: &'static str, values: Vec<Column<'a>>) -> Self {
        Self { sql, values }
    }

    /// Makes it known to a connection, once: what is sent one behind the other must be known before.
    /// Behind a pooler nothing is.
    pub(in crate::postgres) async fn prepare(&self, db: &Transaction) -> Result<(), Error> {
        match db.pooler {
            Pooler::None => db.client.prepare_typed_cached(self.sql, &self.types()).await.map(drop),
            Pooler::Transaction => Ok(()),
        }
    }

    /// Sends it when it is polled first, and waits for its rows.
    pub(in crate::postgres) async fn run(&self, db: &Transaction) -> Result<Vec<Row>, Error> {
        let values = || self.values.iter().map(|value| value as &(dyn ToSql + Sync));
        match db.pooler {
            Pooler::None => {
                let prepared = db.client.prepare_typed_cached(self.sql, &self.types()).await?;
                db.client.query(&prepared, &values().collect::<Vec<_>>()).await
            }
            Pooler::Transaction => {
                let typed: Vec<_> = values().zip(self.types()).collect();
                db.client.query_typed(self.sql, &typed).await
            }
        }
    }

    fn types(&self) -> Vec<Type> {
        self.values.iter().map(Column::kind).collect()
    }
}

/// A column of what a statement is given.
#[derive(Debug)]
pub(in crate::postgres) enum Column<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<Cow<'a, [u8]>>>),
    /// Places of advisory locks.
    Places(Vec<i32>),
    /// Not a column: the class of the locks.
    Class(i32),
}

impl Column<'_> {
    fn kind(&self) -> Type {
        match self {
            Self::Ints(_) => Type::INT8_ARRAY,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Blobs(_) => Type::BYTEA_ARRAY,
            Self::Places(_) => Type::INT4_ARRAY,
            Self::Class(_) => Type::INT4,
        }
    }
}

impl ToSql for Column<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Ints(values) => values.to_sql(kind, out),
            Self::Texts(values) => values.to_sql(kind, out),
            Self::Blobs(values) => values.to_sql(kind, out),
            Self::Places(values) => values.to_sql(kind, out),
            Self::Class(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A text that the database cannot hold is no affair of a batch: it fails by itself.
pub(super) fn holds(text: Option<&str>) -> bool {
    !text.is_some_and(|text| text.contains('\0'))
}
