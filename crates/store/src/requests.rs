//! The request history: blocks of calls, written beside the durable path and found again by whose they are, by time and by id.

use jiff::Timestamp;
use posthorn_core::history::{Block, Owner};

use crate::Answer;
use crate::backend::Backend;
use crate::backend::Lane::Ordinary;
use crate::verbs::requests;
use crate::weight::SMALL;

/// Whose calls are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// One owner's; `None`: those of nobody that is known, and the operator's.
    Of(Owner),
}

/// Which blocks are looked through, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockQuery {
    /// With calls of these.
    pub whose: Whose,
    /// That may have calls begun at or after this time.
    pub after: Option<Timestamp>,
    /// That may have calls begun before this time.
    pub before: Option<Timestamp>,
    /// From this one on.
    pub from: Option<i64>,
    /// How many, at most.
    pub limit: u32,
    /// Bytes that are read, roughly; the first is read in any case.
    pub bytes_max: usize,
}

/// What was looked for of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBlock {
    /// The block.
    pub id: i64,
    /// The calls of those who were asked for, as [`posthorn_core::history::unpack`] reads them.
    pub body: Vec<u8>,
}

/// The request history, as verbs.
pub trait Requests: Send + Sync {
    /// Writes a block down; answers its id. One with a number that is on record is there already, and nothing is written.
    fn keep_requests(&self, block: Block) -> Answer<'_, i64>;

    /// Blocks, newest first.
    fn requests(&self, query: BlockQuery) -> Answer<'_, Vec<KeptBlock>>;

    /// Blocks that may have a call begun at this time, newest first.
    fn requests_at(&self, whose: Whose, at: Timestamp) -> Answer<'_, Vec<KeptBlock>>;

    /// Blocks that have a call whose caller brought an id with this hash, newest first; the last few dozen.
    fn requests_with(&self, whose: Whose, hash: i64) -> Answer<'_, Vec<KeptBlock>>;

    /// Forgets blocks whose last call began before `before`, at most `limit`; answers how many.
    fn forget_requests(&self, before: Timestamp, limit: u32) -> Answer<'_, u32>;
}

impl<B: Backend> Requests for B {
    fn keep_requests(&self, block: Block) -> Answer<'_, i64> {
        let bytes = SMALL + block.body.len() + 64 * (block.sections.len() + block.brought.len());
        self.write(Ordinary, bytes, async move |db| requests::keep(db, &block).await)
    }

    fn requests(&self, query: BlockQuery) -> Answer<'_, Vec<KeptBlock>> {
        self.read(async move |db| requests::blocks(db, &query).await)
    }

    fn requests_at(&self, whose: Whose, at: Timestamp) -> Answer<'_, Vec<KeptBlock>> {
        self.read(async move |db| requests::at(db, whose, at).await)
    }

    fn requests_with(&self, whose: Whose, hash: i64) -> Answer<'_, Vec<KeptBlock>> {
        self.read(async move |db| requests::with(db, whose, hash).await)
    }

    fn forget_requests(&self, before: Timestamp, limit: u32) -> Answer<'_, u32> {
        self.write(Ordinary, SMALL, async move |db| requests::forget(db, before, limit).await)
    }
}
