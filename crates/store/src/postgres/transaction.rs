//! One connection of the pool, for as long as a transaction takes.

use std::borrow::Cow;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::SimpleQueryMessage;

use super::nodes::Member;
use super::options::{Options, Pooler};
use super::trouble::Trouble;

/// What every transaction begins with: where our tables are, how long a statement may take, and how
/// long a server that was frozen in the middle keeps its locks. Said each time and for the transaction
/// alone, so that it holds behind a pooler too. Nothing is compiled: every statement is short, whatever
/// the planner thinks it costs.
pub(super) struct Begins {
    pub(super) pooler: Pooler,
    write: String,
    beat: String,
    batch: String,
    read: String,
    read_endless: String,
}

/// A transaction that has not been heard of for so long is given up by the database.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Plans are made once and go by indexes whatever the statistics say: a partition that was analysed while
/// it was empty would be walked from end to end otherwise.
const PROBES: &str = "set local plan_cache_mode = force_generic_plan; \
                      set local enable_seqscan = off; set local enable_bitmapscan = off; \
                      set local enable_hashjoin = off; set local enable_mergejoin = off; \
                      set local enable_material = off";

impl Begins {
    pub(super) fn new(options: &Options) -> Self {
        let local = |begin: &str, within: Duration| {
            format!(
                "{begin}; set local search_path = posthorn; \
                 set local jit = off; set local statement_timeout = {}; \
                 set local idle_in_transaction_session_timeout = {}",
                within.as_millis(),
                IDLE_MAX.as_millis()
            )
        };
        let write = local("begin", options.write_within);
        let read = "begin isolation level repeatable read read only";
        Self {
            pooler: options.pooler,
            // A sign of life may get lost when the database dies; nobody waits for it to be on disk.
            beat: format!("{write}; set local synchronous_commit = off"),
            batch: format!("{write}; {PROBES}; select pg_current_xact_id()"),
            // One that writes is told its number, by which the database knows later whether it was
            // committed.
            write: format!("{write}; {PROBES}; select pg_current_xact_id()"),
            read: format!("{}; {PROBES}", local(read, options.read_within)),
            read_endless: local(read, Duration::ZERO),
        }
    }

    /// Of a server that has joined a write begins only while it has its node.
    pub(super) fn of(&self, kind: Kind, member: Option<Member>) -> Cow<'_, str> {
        let present = |begin: &str, Member { node, holder, .. }: Member| {
            format!("{begin}; select present({node}::smallint, {holder})").into()
        };
        match (kind, member) {
            (Kind::Write, Some(member)) => present(&self.write, member),
            (Kind::Batch, Some(member)) => present(&self.batch, member),
            (Kind::Batch, None) => self.batch.as_str().into(),
            (Kind::Write, None) | (Kind::Join, _) => self.write.as_str().into(),
            (Kind::Beat, _) => self.beat.as_str().into(),
            (Kind::Read, _) => self.read.as_str().into(),
            (Kind::ReadEndless, _) => self.read_endless.as_str().into(),
        }
    }
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Write,
    /// Takes a node, or gives it up.
    Join,
    /// A sign of life.
    Beat,
    /// Many verbs.
    Batch,
    Read,
    ReadEndless,
}

/// A transaction that is open. One that is dropped without an end takes its connection with it: what
/// it did is undone by the database.
pub(crate) struct Transaction {
    pub(super) client: Connection,
    /// How far the database's clock is ahead of this server's.
    pub(super) shift_ms: i64,
    /// Whether another transaction may have had this connection's session before.
    pub(super) pooler: Pooler,
    /// Whose it is, once its server has joined.
    pub(super) member: Option<Member>,
    number: Option<u64>,
}

/// What a transaction knows of its server.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) pooler: Pooler,
    pub(super) shift_ms: i64,
    pub(super) member: Option<Member>,
}

impl Transaction {
    pub(super) async fn begin(client: Object, begin: &str, about: About) -> Result<Self, Trouble> {
        let client = Connection(Some(client));
        let begun = client.simple_query(begin).await?;
        let number = begun.iter().find_map(number);
        let About { pooler, shift_ms, member } = about;
        Ok(Self { client, shift_ms, pooler, member, number })
    }

    /// What its beginning was answered with, where that was sent with its statements.
    pub(super) fn begun(&mut self, answer: &[SimpleQueryMessage]) {
        self.number = answer.iter().find_map(number);
    }

    /// The number by which the database knows it, if it writes.
    pub(super) fn xid(&self) -> Option<u64> {
        self.number
    }

    /// One whose beginning and end are sent with its statements.
    pub(super) fn unbegun(client: Object, about: About) -> Self {
        let About { pooler, shift_ms, member } = about;
        Self { client: Connection(Some(client)), shift_ms, pooler, member, number: None }
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
