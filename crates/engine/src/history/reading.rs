//! Reading the history: a page at a time, each of which looks through so much and no more.

use posthorn_core::history::{Call, MadeId, Wanted, id_hash, unpack};
use posthorn_store::{BlockQuery, KeptBlock, Whose};

use super::kept_id::kept_id;
use super::write;
use crate::Engine;
use crate::calls::Seen;
use crate::error::EngineError;

/// Blocks that one page looks through, at most.
const BLOCKS_MAX: usize = 2000;
/// Their bytes, roughly.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Blocks that are read at first; more when they were small.
const BLOCKS_AT_FIRST: usize = 16;
/// Where this is read, in the paths of calls.
const PATH: &str = "/v1/requests";
/// A call's number is its block's and its place there.
const PLACE_BITS: u32 = 16;

/// Which calls are looked for.
#[derive(Debug, Clone)]
pub struct RequestQuery {
    /// Whose.
    pub whose: Whose,
    /// Which of those.
    pub wanted: Wanted,
}

/// A call, and the number that it has in its list.
#[derive(Debug, Clone)]
pub struct FoundCall {
    /// The number.
    pub number: i64,
    /// The call.
    pub call: Call,
}

/// A page of calls, newest first.
#[derive(Debug, Clone, Default)]
pub struct RequestPage {
    /// The calls.
    pub calls: Vec<FoundCall>,
    /// The number to go on after; `None`: there are no more.
    pub next: Option<i64>,
}

impl Engine {
    /// Calls, newest first, at most `limit`, of those numbered below `after`. A page ends when enough was looked through, too.
    pub async fn requests(
        &self,
        query: RequestQuery,
        after: Option<i64>,
        limit: usize,
    ) -> Result<RequestPage, EngineError> {
        self.write_for(|seen| !is_reading(seen)).await;
        let mut search = Search { query, after, limit, page: RequestPage::default() };
        let (mut blocks_left, mut bytes_left, mut at_once) =
            (BLOCKS_MAX, BYTES_MAX, BLOCKS_AT_FIRST);
        loop {
            let asked = at_once.min(blocks_left);
            let blocks = self.shared.store.requests(search.blocks(asked, bytes_left)).await?;
            let bytes: usize = blocks.iter().map(|block| block.body.len()).sum();
            let (read, last) = (blocks.len(), blocks.last().map(|block| block.id));
            search = in_background(move || search.through(blocks)).await?;
            let is_last = read < asked && bytes < bytes_left;
            if search.page.next.is_some() || is_last {
                return Ok(search.page);
            }
            search.after = last.map(|last| last << PLACE_BITS);
            blocks_left -= read.min(blocks_left);
            bytes_left = bytes_left.saturating_sub(bytes);
            if blocks_left == 0 || bytes_left == 0 {
                search.page.next = search.after;
                return Ok(search.page);
            }
            at_once = (bytes_left / (bytes / read.max(1)).max(1)).clamp(1, BLOCKS_MAX);
        }
    }

    /// The newest call with an id, and how many have it.
    pub async fn request(&self, whose: Whose, id: &str) -> Result<(Call, usize), EngineError> {
        self.write_for(|seen| !is_reading(seen) || seen.id() == id).await;
        let id = kept_id(id, &self.shared.pepper).into_owned();
        let store = &self.shared.store;
        let mut blocks = store.requests_with(whose, id_hash(&id)).await?;
        if let Some(made) = MadeId::read(&id)
            && let Ok(at) = jiff::Timestamp::from_millisecond(made.ms)
        {
            blocks.extend(store.requests_at(whose, at).await?);
        }
        blocks.sort_by_key(|block| std::cmp::Reverse(block.id));
        blocks.dedup_by_key(|block| block.id);
        let found = in_background(move || {
            let calls = blocks.iter().flat_map(|block| read(block).into_iter().rev());
            let mut calls = calls.filter(|call| *call.id == *id);
            calls.next().map(|newest| (newest, 1 + calls.count()))
        });
        found.await?.ok_or(EngineError::Missing { what: "request" })
    }

    /// Writes down what was answered before, if such a call is among it that the reader waits for. Whoever polls the history is not
    /// one: a block for each look would hold nothing but the look before. Those are written a second later, many at once.
    async fn write_for(&self, is_waited_for: impl Fn(&Seen) -> bool) {
        // What does not wait any more is written, or in the hands of whoever writes: asked in this order, nothing is missed.
        let waits = self.shared.calls.any(is_waited_for);
        let is_written = self.shared.writing.lock().await.is_empty();
        if waits || !is_written {
            write(&self.shared).await;
        }
    }
}

/// Whether a call read the history itself.
fn is_reading(seen: &Seen) -> bool {
    let path = seen.path().split('?').next().unwrap_or_default();
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Work that takes milliseconds, on a thread of its own.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| EngineError::Broken { what: error.to_string() })
}

/// The calls of a block; one that is damaged has none.
fn read(block: &KeptBlock) -> Vec<Call> {
    unpack(&block.body).unwrap_or_else(|error| {
        tracing::error!(%error, block = block.id, "a block of the request history is damaged");
        Vec::new()
    })
}

/// A page on its way.
struct Search {
    query: RequestQuery,
    after: Option<i64>,
    limit: usize,
    page: RequestPage,
}

impl Search {
    fn blocks(&self, limit: usize, bytes_max: usize) -> BlockQuery {
        BlockQuery {
            whose: self.query.whose,
            after: self.query.wanted.after,
            before: self.query.wanted.before,
            // The calls below this number; at a block's first place there are none left in it.
            from: self.after.map(|after| (after - 1) >> PLACE_BITS),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            bytes_max,
        }
    }

    /// Looks through blocks until the page is full.
    fn through(mut self, blocks: Vec<KeptBlock>) -> Self {
        let after = self.after.unwrap_or(i64::MAX);
        for block in blocks {
            let first = block.id << PLACE_BITS;
            for (number, call) in (first..).zip(read(&block)).collect::<Vec<_>>().into_iter().rev()
            {
                if number >= after || !self.query.wanted.takes(&call) {
                    continue;
                }
                self.page.calls.push(FoundCall { number, call });
                if self.page.calls.len() == self.limit {
                    self.page.next = Some(number);
                    return self;
                }
            }
        }
        self
    }
}
