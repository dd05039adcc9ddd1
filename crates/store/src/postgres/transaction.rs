//! One connection of the pool, for as long as a transaction takes.

use deadpool_postgres::Object;

use super::trouble::Trouble;

/// What every transaction begins with: where our tables are, and how long a statement may take. Said
/// each time and for the transaction alone, so that it holds behind a pooler too.
const WRITE: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'";
const READ: &str = "begin isolation level repeatable read read only; \
                    set local search_path = posthorn; set local statement_timeout = '1s'";
const READ_ENDLESS: &str = "begin isolation level repeatable read read only; \
                            set local search_path = posthorn; set local statement_timeout = 0";

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Write,
    Read,
    ReadEndless,
}

/// A transaction that is open. One that is dropped without an end takes its connection with it: what
/// it did is undone by the database.
pub(crate) struct Transaction {
    pub(super) client: Connection,
}

impl Transaction {
    pub(super) async fn begin(client: Object, kind: Kind) -> Result<Self, Trouble> {
        let client = Connection(Some(client));
        client
            .batch_execute(match kind {
                Kind::Write => WRITE,
                Kind::Read => READ,
                Kind::ReadEndless => READ_ENDLESS,
            })
            .await?;
        Ok(Self { client })
    }

    pub(super) async fn commit(self) -> Result<(), Trouble> {
        self.end("commit").await
    }

    pub(super) async fn roll_back(self) -> Result<(), Trouble> {
        self.end("rollback").await
    }

    async fn end(mut self, how: &str) -> Result<(), Trouble> {
        self.client.batch_execute(how).await?;
        // It is clean again: back to the pool.
        drop(self.client.0.take());
        Ok(())
    }
}

/// A connection that goes back to the pool only when somebody says so.
pub(super) struct Connection(Option<Object>);

impl std::ops::Deref for Connection {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.0.as_ref().expect("it is there until the transaction has ended")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}
