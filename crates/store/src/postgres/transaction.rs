//! One connection of the pool, for as long as a transaction takes.

use std::borrow::Cow;

use deadpool_postgres::Object;

use super::nodes::Member;
use super::trouble::Trouble;

/// What every transaction begins with: where our tables are, and how long a statement may take. Said
/// each time and for the transaction alone, so that it holds behind a pooler too. A server that was
/// frozen in the middle does not keep its locks. Nothing is compiled: every statement is short, whatever
/// the planner thinks it costs.
const WRITE: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'; \
                     set local jit = off; \
                     set local idle_in_transaction_session_timeout = '5s'";
/// A sign of life may get lost when the database dies; nobody waits for it to be on disk.
const BEAT: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'; \
                    set local synchronous_commit = off; \
                    set local idle_in_transaction_session_timeout = '5s'";
const READ: &str = "begin isolation level repeatable read read only; \
                    set local search_path = posthorn; set local jit = off; \
                    set local statement_timeout = '1s'";
const READ_ENDLESS: &str = "begin isolation level repeatable read read only; \
                            set local search_path = posthorn; set local jit = off; \
                            set local statement_timeout = 0";

/// A batch: as a write, with plans that are made once and go by indexes whatever the statistics say. A
/// partition that was analysed while it was empty would be walked from end to end otherwise.
const BATCH: &str = "begin; set local search_path = posthorn; set local statement_timeout = '10s'; \
                     set local idle_in_transaction_session_timeout = '5s'; \
                     set local plan_cache_mode = force_generic_plan; set local jit = off; \
                     set local enable_seqscan = off; set local enable_bitmapscan = off; \
                     set local enable_hashjoin = off; set local enable_mergejoin = off; \
                     set local enable_material = off";

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Write,
    /// Takes a node, or gives it up.
    Join,
    /// A sign of life.
    Beat,
    Batch,
    Read,
    ReadEndless,
}

impl Kind {
    /// What it begins with; a write of a server that has joined only while it has its node.
    pub(super) fn begins(self, member: Option<Member>) -> Cow<'static, str> {
        let begin = match self {
            Self::Write | Self::Join => WRITE,
            Self::Batch => BATCH,
            Self::Beat => BEAT,
            Self::Read => READ,
            Self::ReadEndless => READ_ENDLESS,
        };
        match (self, member) {
            (Self::Write | Self::Batch, Some(Member { node, holder })) => {
                format!("{begin}; select posthorn.present({node}::smallint, {holder})").into()
            }
            (Self::Write | Self::Batch, None)
            | (Self::Join | Self::Beat | Self::Read | Self::ReadEndless, _) => begin.into(),
        }
    }
}

/// A transaction that is open. One that is dropped without an end takes its connection with it: what
/// it did is undone by the database.
pub(crate) struct Transaction {
    pub(super) client: Connection,
    /// How far the database's clock is ahead of this server's.
    pub(super) shift_ms: i64,
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
        client.batch_execute(&kind.begins(member)).await?;
        Ok(Self { client, shift_ms })
    }

    /// One whose beginning and end are sent with its statements.
    pub(super) fn unbegun(client: Object, shift_ms: i64) -> Self {
        Self { client: Connection(Some(client)), shift_ms }
    }

    /// Its end was sent with its statements: the connection goes back to the pool.
    pub(super) fn ended(mut self) {
        drop(self.client.0.take());
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
