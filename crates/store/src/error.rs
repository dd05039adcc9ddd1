//! What can go wrong in a store, as far as its caller can act on it.

/// Why a verb was not carried out. Nothing of it was written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The idempotency key was used before with another request.
    #[error("this idempotency key was used before with another request")]
    KeyReused,
    /// There is no such row.
    #[error("there is no such {what}")]
    Missing {
        /// What kind of row.
        what: &'static str,
    },
    /// Somebody changed it in the meantime.
    #[error("it was changed in the meantime: its version is {current} now")]
    Stale {
        /// The version that stands.
        current: u32,
    },
    /// The delivery is being tried at this moment.
    #[error("the delivery is being tried at this moment")]
    Leased,
    /// Another row has this unique value.
    #[error("there is one with this {what} already")]
    Taken {
        /// What is unique.
        what: &'static str,
    },
    /// An account does not hold so much.
    #[error("there are {there} minor units in {account}, and more would leave it")]
    Short {
        /// The account.
        account: &'static str,
        /// What it holds.
        there: i64,
    },
    /// A bound was reached.
    #[error("there are {max} already, the most that is allowed")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// The disk is full. Reading and finishing what is under way go on.
    #[error("the disk is full; free at least 128 MiB on the data directory's volume")]
    Full,
    /// The database file is damaged. Nothing new is taken: what is written there may not come back.
    #[error(
        "the database is damaged; stop the server, see `posthorn doctor`, and restore a backup"
    )]
    Damaged,
    /// The database cannot be used at the moment; the same call may succeed later.
    #[error("the database is not available: {detail}")]
    Unavailable {
        /// What the database said.
        detail: String,
    },
    /// A stored value is not what it must be.
    #[error("corrupt row: {table}.{column} of row {row}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: i64,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Where a simulated fault can strike a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultPoint {
    /// Before the transaction began.
    BeforeBegin,
    /// When everything was applied, before the commit.
    BeforeCommit,
    /// After the commit, before anybody was told.
    AfterCommit,
}

/// What a simulated fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The write is undone and answered [`StoreError::Unavailable`].
    /// After the commit it does nothing: what is committed cannot fail any more.
    Fail,
    /// The process dies here: what is not committed is undone, and from now on the store answers
    /// [`StoreError::Closed`] to everything.
    Crash,
}

/// Decides at each fault point of each write what goes wrong.
pub type Faults = Box<dyn FnMut(FaultPoint) -> Fault + Send>;
