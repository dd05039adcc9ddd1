//! Feeds: made when their time has come, a page at a time, beside everything else that waits for its time.

use jiff::civil::Time;
use posthorn_core::contract::Kind;
use posthorn_core::event::Mode;
use posthorn_core::feed::{self, Feed, Making, Row};
use posthorn_core::id::{FeedId, MerchantId};
use posthorn_core::shop::Product;
use posthorn_store::{Decision, FeedPage, Page, Record, RecordKind, RecordQuery, StoreError};

use super::TRIES;
use super::affair::{read, record_of};
use crate::Engine;
use crate::error::EngineError;
use crate::shared::Shared;

/// What a merchant's feed is called among its records: there is one.
const NAME: &str = "products";

impl Engine {
    /// The feed of a merchant's products, as far as it is made.
    pub async fn feed(&self, place: (MerchantId, Mode)) -> Result<Feed, EngineError> {
        let engine = self.clone();
        self.through(async move { engine.shared.feed_of(place).await }).await
    }

    /// Has the feed made now. One that is being made goes on.
    pub async fn make_feed(&self, place: (MerchantId, Mode)) -> Result<Feed, EngineError> {
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            for _ in 0..TRIES {
                let feed = shared.feed_of(place).await?;
                let (feed, version) = shared.feed_on_record(feed.id.as_i64()).await?;
                let now = shared.directory.now(place.0, place.1, shared.clock.now());
                let asked = feed.asked_for(now);
                match shared.write_feed(&asked, version, Vec::new()).await {
                    Ok(()) => {
                        shared.wake_bell.notify_one();
                        return Ok(asked);
                    }
                    Err(EngineError::Store(StoreError::Stale { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(EngineError::Busy { retry_after_s: 1 })
        };
        self.through(work).await
    }

    /// Whether a feed is being made, or about to be.
    #[must_use]
    pub fn feed_is_due(&self, feed: &Feed) -> bool {
        let real = self.shared.clock.now();
        let now = self.shared.directory.now(feed.merchant, feed.mode, real);
        feed.making.is_some() || feed.wake.is_some_and(|wake| wake <= now)
    }

    /// A page of a feed, from 0; `None` when it is kept no more.
    pub async fn feed_page(&self, feed: i64, page: u32) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.shared.store.feed_page(feed, page).await?)
    }
}

impl Shared {
    /// When a merchant's feed is made, if its platform makes one.
    fn daily(&self, merchant: MerchantId) -> Result<Option<Time>, EngineError> {
        Ok(self.contract_at(merchant)?.product_feed)
    }

    /// A merchant's feed; from now on there is one.
    async fn feed_of(&self, place: (MerchantId, Mode)) -> Result<Feed, EngineError> {
        let daily = self.daily(place.0)?.ok_or(EngineError::Missing { what: "feed" })?;
        for _ in 0..TRIES {
            let kind = RecordKind::Feed;
            let found = self.store.record_by_reference(place, kind, NAME.to_owned()).await?;
            let real = self.clock.now();
            let now = self.directory.now(place.0, place.1, real);
            let (feed, version) = if let Some(record) = &found {
                let feed: Feed = read(record)?;
                if feed.wake.is_some() {
                    return Ok(feed);
                }
                (feed.taken_up(now, daily), record.version)
            } else {
                let id = FeedId::from_i64(self.next_event_id(real).as_i64());
                (Feed::new(id, place, now, daily), 0)
            };
            match self.write_feed(&feed, version, Vec::new()).await {
                Ok(()) => return Ok(feed),
                // Somebody else did so at this moment.
                Err(EngineError::Store(StoreError::Taken { .. } | StoreError::Stale { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// What a merchant sells is in a feed from its first product on, where its platform makes one. The product is on record
    /// whatever comes of this: the next one, and whoever asks for the feed, see to it again.
    pub(super) async fn feed_product(&self, place: (MerchantId, Mode)) {
        if !matches!(self.daily(place.0), Ok(Some(_))) {
            return;
        }
        if let Err(error) = self.feed_of(place).await {
            tracing::warn!(%error, "a feed of products could not be begun; the next product begins it");
        }
    }

    async fn feed_on_record(&self, id: i64) -> Result<(Feed, u32), EngineError> {
        let record = self.store.record(id).await?;
        let record = record.ok_or(EngineError::Missing { what: "feed" })?;
        Ok((read(&record)?, record.version))
    }

    /// Makes all that is left of a feed whose time has come.
    pub(super) async fn finish_feed(&self, id: i64) -> Result<(), EngineError> {
        loop {
            match self.go_on_with_feed(id).await {
                Ok(true) | Err(EngineError::Store(StoreError::Stale { .. })) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes the next page of a feed whose time has come; begins it, when none is being made. Tells whether there is more to do.
    pub(super) async fn go_on_with_feed(&self, id: i64) -> Result<bool, EngineError> {
        let (feed, version) = self.feed_on_record(id).await?;
        let real = self.clock.now();
        let now = self.directory.now(feed.merchant, feed.mode, real);
        let Some(daily) = self.daily(feed.merchant)? else {
            self.write_feed(&feed.left(), version, Vec::new()).await?;
            return Ok(false);
        };
        let Some(making) = &feed.making else {
            if feed.wake.is_none_or(|wake| wake > now) {
                return Ok(false);
            }
            let number = self.next_event_id(real).as_i64();
            self.write_feed(&feed.begin(number, now), version, Vec::new()).await?;
            return Ok(true);
        };
        let (text, products, last) = self.feed_lines(&feed, making).await?;
        let (number, page) = (making.pages.number, making.pages.count);
        let before = feed.before;
        let after = feed.page(feed::Page { text: &text, products, last }, now, daily);
        let mut pages = vec![FeedPage::Put { feed: number, page, text }];
        if let Some(before) = before {
            let feed = before.number;
            let drop = FeedPage::Drop { feed, page };
            pages.push(if after.making.is_some() { drop } else { FeedPage::DropAll { feed } });
        }
        self.write_feed(&after, version, pages).await?;
        Ok(after.making.is_some())
    }

    /// The lines of the page that follows, how many products are on it, and the last of them.
    async fn feed_lines(
        &self,
        feed: &Feed,
        making: &Making,
    ) -> Result<(Vec<u8>, u32, Option<i64>), EngineError> {
        let place = (feed.merchant, feed.mode);
        let query = RecordQuery { place, kind: RecordKind::Product, state: None };
        let page = Page { after: making.after, limit: feed::PAGE };
        let records = self.store.records(query, page).await?;
        let products = records.iter().map(read).collect::<Result<Vec<Product>, _>>()?;
        let contract = self.contract_at(feed.merchant)?;
        let ids = products.iter().map(|product| product.id.as_i64());
        let ids: Vec<String> = ids.map(|id| contract.wire_id(Kind::Product, id)).collect();
        let rows = products.iter().zip(&ids).map(|(product, id)| {
            let status = contract.product_status(!product.inactive);
            Row { id, status, product }
        });
        let count = u32::try_from(products.len()).unwrap_or(feed::PAGE);
        let last = products.last().map(|product| product.id.as_i64());
        Ok((feed::lines(making.pages.count == 0, rows), count, last))
    }

    async fn write_feed(
        &self,
        feed: &Feed,
        version: u32,
        pages: Vec<FeedPage>,
    ) -> Result<(), EngineError> {
        let records = vec![kept(feed, version)];
        let decision = Decision { records, pages, ..Decision::default() };
        self.store.commit(decision).await.map(drop).map_err(EngineError::Store)
    }
}

fn kept(feed: &Feed, version: u32) -> Record {
    let place = (feed.merchant, feed.mode);
    Record {
        reference: Some(NAME.to_owned()),
        wake: feed.wake,
        ..record_of(RecordKind::Feed, feed.id.as_i64(), place, version, feed)
    }
}
