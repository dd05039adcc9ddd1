//! [`Records`] on any [`Backend`]: which verb writes and which reads.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::search::Words;

use crate::backend::Lane::{Ordinary, Reserved};
use crate::backend::{Backend, Patience};
use crate::verbs::{ledger, records};
use crate::weight::{SMALL, accept_bytes};
use crate::{
    Answer, Balance, Decision, Difference, Done, FeedPage, Page, PostedMovement, Record,
    RecordKind, RecordQuery, Records, Total, Waking,
};

impl<B: Backend> Records for B {
    fn commit(&self, decision: Decision) -> Answer<'_, Done<i64>> {
        let bodies: usize = decision.records.iter().map(|record| SMALL + record.body.len()).sum();
        let words = decision.words.iter().flat_map(|(_, words)| words.iter());
        let words: usize = words.map(|word| word.len() + 1).sum();
        let pages: usize = decision.pages.iter().map(FeedPage::bytes).sum();
        let bytes = bodies
            + words
            + pages
            + accept_bytes(&decision.events)
            + decision.movements.len() * 128;
        // What a provider has said must go on record even where nothing new is taken.
        let lane = if decision.records.iter().all(|record| record.version == 0) {
            Ordinary
        } else {
            Reserved
        };
        self.write(lane, bytes, async move |db| records::commit(db, &decision).await)
    }

    fn forget_record(&self, id: i64, version: u32) -> Answer<'_, bool> {
        self.write(Ordinary, SMALL, async move |db| records::forget(db, id, version).await)
    }

    fn record(&self, id: i64) -> Answer<'_, Option<Record>> {
        self.read(async move |db| records::one(db, id).await)
    }

    fn record_by_reference(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        reference: String,
    ) -> Answer<'_, Option<Record>> {
        self.read(async move |db| records::by_reference(db, place, kind, &reference).await)
    }

    fn records(&self, query: RecordQuery, page: Page<i64>) -> Answer<'_, Vec<Record>> {
        self.read(async move |db| records::list(db, &query, page).await)
    }

    fn search_records(
        &self,
        query: RecordQuery,
        words: Words,
        page: Page<i64>,
    ) -> Answer<'_, Vec<Record>> {
        self.read(async move |db| records::search(db, &query, &words, page).await)
    }

    fn feed_page(&self, feed: i64, page: u32) -> Answer<'_, Option<Vec<u8>>> {
        self.read(async move |db| records::feed_page(db, feed, page).await)
    }

    fn record_at(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        nth: u32,
    ) -> Answer<'_, Option<i64>> {
        self.read(async move |db| records::at(db, place, kind, nth).await)
    }

    fn count_records(
        &self,
        place: (MerchantId, Mode),
        kind: RecordKind,
        most: u32,
    ) -> Answer<'_, u64> {
        self.read(async move |db| records::count(db, place, kind, most).await)
    }

    fn records_of(&self, parent: i64, limit: u32) -> Answer<'_, Vec<Record>> {
        self.read(async move |db| records::of_parent(db, parent, limit).await)
    }

    fn waking(
        &self,
        now: Timestamp,
        ahead: Vec<(MerchantId, Timestamp)>,
        limit: u32,
    ) -> Answer<'_, Vec<Waking>> {
        self.read(async move |db| records::waking(db, now, &ahead, limit).await)
    }

    fn next_wake(&self, place: Option<(MerchantId, Mode)>) -> Answer<'_, Option<Timestamp>> {
        self.read(async move |db| records::next_wake(db, place).await)
    }

    fn balances(&self, place: (MerchantId, Mode)) -> Answer<'_, Vec<Balance>> {
        self.read(async move |db| ledger::balances(db, place).await)
    }

    fn movements(
        &self,
        place: (MerchantId, Mode),
        page: Page<i64>,
    ) -> Answer<'_, Vec<PostedMovement>> {
        self.read(async move |db| ledger::movements(db, place, page).await)
    }

    fn movements_of(&self, subject: i64) -> Answer<'_, Vec<PostedMovement>> {
        self.read(async move |db| ledger::movements_of(db, subject).await)
    }

    fn differences(&self, limit: u32) -> Answer<'_, Vec<Difference>> {
        self.read_with(Patience::Endless, async move |db| ledger::differences(db, limit).await)
    }

    fn totals(&self) -> Answer<'_, Vec<Total>> {
        self.read_with(Patience::Endless, async |db| ledger::totals(db).await)
    }
}
