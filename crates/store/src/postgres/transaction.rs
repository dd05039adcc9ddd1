//! One connection of the pool, for as long as a transaction takes.

use std::borrow::Cow;

use deadpool_postgres::Object;
use tokio_postgres::SimpleQueryMessage;

use super::nodes::Member;
use super::trouble::Trouble;

/// What every transaction begins with: where our tables are, and how long a statement may take. Said
/// each time and for the transaction alone, so that it holds behind a pooler too. A server that was
/// frozen in the middle does not keep its locks. One that writes is told its number, by which the
/// database knows later whether it was committed.
const WRITE: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'; \
                     set local idle_in_transaction_session_timeout = '5s'; \
                     select pg_current_xact_id()";
/// A sign of life may get lost when the database dies; nobody waits for it to be on disk.
const BEAT: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'; \
                    set local synchronous_commit = off; \
                    set local idle_in_transaction_session_timeout = '5s'";
const READ: &str = "begin isolation level repeatable read read only; \
                    set local search_path = posthorn; set local statement_timeout = '1s'";
const READ_ENDLESS: &str = "begin isolation level repeatable read read only; \
                            set local search_path = posthorn; set local statement_timeout = 0";

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Write,
    /// Takes a node, or gives it up.
    Join,
    /// A sign of life.
    Beat,
    Read,
    ReadEndless,
}

/// A transaction that is open. One that is dropped without an end takes its connection with it: what
/// it did is undone by the database.
pub(crate) struct Transaction {
    pub(super) client: Connection,
    /// How far the database's clock is ahead of this server's.
    pub(super) shift_ms: i64,
    number: Option<u64>,
}

impl Transaction {
    /// Begins one; of a server that has joined, only while it has its node.
    pub(super) async fn begin(
        client: Object,
        kind: Kind,
        member: Option<Member>,
        shift_ms: i64,
    ) -> Result<Self, Trouble> {
        let client = Connection(Some(client));
        let begin = match (kind, member) {
            (Kind::Write, Some(Member { node, holder })) => {
                format!("{WRITE}; select present({node}::smallint, {holder})").into()
            }
            (Kind::Write, None) | (Kind::Join, _) => Cow::Borrowed(WRITE),
            (Kind::Beat, _) => Cow::Borrowed(BEAT),
            (Kind::Read, _) => Cow::Borrowed(READ),
            (Kind::ReadEndless, _) => Cow::Borrowed(READ_ENDLESS),
        };
        let begun = client.simple_query(&begin).await?;
        let number = begun.iter().find_map(number);
        Ok(Self { client, shift_ms, number })
    }

    /// The number by which the database knows it, if it writes.
    pub(super) fn xid(&self) -> Option<u64> {
        self.number
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

fn number(message: &SimpleQueryMessage) -> Option<u64> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
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
