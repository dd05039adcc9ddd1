//! Records: what has a life of its own beside events, and the ledger that moves with it.
//!
//! A payment, a payout, a checkout is one row that is written as a whole, under its version. What it leads to (movements in
//! the ledger, events with their deliveries, other records) is written in the same transaction: [`Records::commit`]. What a
//! body means is its caller's affair (ADR 0012).

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::ledger::{Account, Posting};
use posthorn_core::money::{Asset, Money};
use posthorn_core::search::Words;

use crate::{Accept, Answer, Done, Once, Page};

/// What a record is. The numbers are stored; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// A payment.
    Payment = 1,
    /// A payout.
    Payout = 2,
    /// A checkout.
    Checkout = 3,
    /// A customer.
    Customer = 4,
    /// A product.
    Product = 5,
    /// An offer.
    Offer = 6,
    /// What a simulated rail has in its own books about a request.
    Book = 7,
    /// An order.
    Order = 8,
    /// A user.
    User = 9,
    /// A card token.
    CardToken = 10,
    /// All products of a merchant as one file.
    Feed = 11,
}

impl RecordKind {
    /// Every kind, in the order of the stored numbers.
    pub const ALL: [Self; 11] = [
        Self::Payment,
        Self::Payout,
        Self::Checkout,
        Self::Customer,
        Self::Product,
        Self::Offer,
        Self::Book,
        Self::Order,
        Self::User,
        Self::CardToken,
        Self::Feed,
    ];
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: RecordKind,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// How often it was written, from 1; 0: not yet.
    pub version: u32,
    /// Where it stands: a number of its kind, for lists.
    pub state: u8,
    /// What its merchant calls it, while there may be no second of its kind and mode. A new record is not written when another
    /// has the name; one that takes a name when it is written again has it only if no other does.
    pub reference: Option<String>,
    /// The record that it belongs to. It never changes.
    pub parent: Option<i64>,
    /// When it must be looked after, on the merchant's clock; to the millisecond.
    pub wake: Option<Timestamp>,
    /// The rest: JSON.
    pub body: String,
}

/// What was decided, to be written as one: all of it, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Records as they are afterwards; each has the version that it was read with, 0 when it is new.
    pub records: Vec<Record>,
    /// Movements in the ledger.
    pub movements: Vec<Movement>,
    /// What its records are found by, of each that can be found.
    pub words: Vec<(i64, Words)>,
    /// Pages of feeds.
    pub pages: Vec<FeedPage>,
    /// Events of it.
    pub events: Vec<Accept>,
    /// The caller's idempotency key, and the record that came of it.
    pub once: Option<(Once, i64)>,
}

/// What becomes of pages of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedPage {
    /// One is there.
    Put {
        /// The number of the feed.
        feed: i64,
        /// The page, from 0.
        page: u32,
        /// Its bytes.
        text: Vec<u8>,
    },
    /// One is no longer there, if it was.
    Drop {
        /// The number of the feed.
        feed: i64,
        /// The page.
        page: u32,
    },
    /// None of a feed is there any more.
    DropAll {
        /// The number of the feed.
        feed: i64,
    },
}

impl FeedPage {
    /// What it weighs until it is written.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Put { text, .. } => text.len() + 64,
            Self::Drop { .. } | Self::DropAll { .. } => 64,
        }
    }
}

/// Money that moves on account of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// When, on the merchant's clock.
    pub at: Timestamp,
    /// Whose.
    pub place: (MerchantId, Mode),
    /// The record.
    pub subject: i64,
    /// From where to where, and how much.
    pub posting: Posting,
    /// Whether it is refused when there is not so much where it leaves.
    pub covered: bool,
}

/// A movement on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostedMovement {
    /// Its number.
    pub id: i64,
    /// When, on the merchant's clock.
    pub at: Timestamp,
    /// The record that it is about.
    pub subject: i64,
    /// From where to where, and how much.
    pub posting: Posting,
}

/// What an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: Account,
    /// How much.
    pub money: Money,
}

/// What the accounts of a kind hold together, of all merchants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The kind.
    pub account: Account,
    /// The asset.
    pub asset: Asset,
    /// How much, in minor units.
    pub minor: i128,
}

/// A balance that is not the sum of its movements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub place: (MerchantId, Mode),
    /// The account.
    pub account: Account,
    /// The asset.
    pub asset: Asset,
    /// The sum of its movements, in minor units.
    pub posted: i128,
    /// What it is said to hold.
    pub held: i64,
}

/// Which records to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordQuery {
    /// Whose.
    pub place: (MerchantId, Mode),
    /// What.
    pub kind: RecordKind,
    /// Where they stand.
    pub state: Option<u8>,
}

/// A record that must be looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waking {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: RecordKind,
    /// Whose it is.
    pub place: (MerchantId, Mode),
    /// Since when, on the merchant's clock.
    pub wake: Timestamp,
}

/// Records and the ledger, as verbs.
pub trait Records: Send + Sync {
    /// Writes what was decided. Fails with [`crate::StoreError::Stale`] when a record was changed since it was read, with
    /// `Taken` when another has its reference, with `Short` when a covered movement is not.
    fn commit(&self, change: Decision) -> Answer<'_, Done<i64>>;
    /// Forgets a record that is as it was read. `false`: it is not, or not any more.
    fn forget_record(&self, id: i64, version: u32) -> Answer<'_, bool>;
    /// One record.
    fn record(&self, id: i64) -> Answer<'_, Option<Record>>;
    /// The record that its merchant calls so.
    fn record_by_reference(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        reference: String,
    ) -> Answer<'_, Option<Record>>;
    /// Records, newest first.
    fn records(&self, query: RecordQuery, page: Page<i64>) -> Answer<'_, Vec<Record>>;
    /// Records in which each of these words begins a word, newest first.
    fn search_records(
        &self,
        query: RecordQuery,
        words: Words,
        page: Page<i64>,
    ) -> Answer<'_, Vec<Record>>;
    /// A page of a feed.
    fn feed_page(&self, feed: i64, page: u32) -> Answer<'_, Option<Vec<u8>>>;
    /// The id of the record that stands at a place of such a list, from 0: none of those before it is read.
    fn record_at(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        nth: u32,
    ) -> Answer<'_, Option<i64>>;
    /// How many records of a kind a merchant has; at most `most` are counted.
    fn count_records(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        most: u32,
    ) -> Answer<'_, u64>;
    /// The records that belong to another, oldest first.
    fn records_of(&self, parent: i64, limit: u32) -> Answer<'_, Vec<Record>>;
    /// What must be looked after by `now` (real time), longest waiting first, so many at the most; and as many of the
    /// merchants whose clocks are ahead, by theirs.
    fn waking(
        &self,
        now: Timestamp,
        ahead: Vec<(MerchantId, Timestamp)>,
        limit: u32,
    ) -> Answer<'_, Vec<Waking>>;
    /// When the first record of a merchant must be looked after; of all merchants without one.
    fn next_wake(&self, place: Option<(MerchantId, Mode)>) -> Answer<'_, Option<Timestamp>>;
    /// What a merchant's accounts hold.
    fn balances(&self, place: (MerchantId, Mode)) -> Answer<'_, Vec<Balance>>;
    /// A merchant's movements, newest first.
    fn movements(
        &self,
        place: (MerchantId, Mode),
        page: Page<i64>,
    ) -> Answer<'_, Vec<PostedMovement>>;
    /// The movements of a record, oldest first.
    fn movements_of(&self, subject: i64) -> Answer<'_, Vec<PostedMovement>>;
    /// Balances that are not the sum of their movements, at most `limit`: there must be none.
    fn differences(&self, limit: u32) -> Answer<'_, Vec<Difference>>;
    /// What all accounts of a kind hold together, of each asset.
    fn totals(&self) -> Answer<'_, Vec<Total>>;
}
