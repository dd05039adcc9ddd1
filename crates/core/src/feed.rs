//! Feeds: all products of a merchant as one CSV file (RFC 4180), made once a day and when somebody asks for it.
//!
//! A feed is made a page of products at a time; what is ready so far stands on record, so that it goes on after a restart and on
//! another server. A page of it takes the place of one of the feed before the last, which nobody reads any more: whoever
//! reads the last is not disturbed while the next is made.

use data_encoding::HEXLOWER;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::Mode;
use crate::id::{FeedId, MerchantId};
use crate::money::Units;
use crate::shop::Product;

/// The columns, in the order of the file. Prices are in major units.
pub const COLUMNS: [&str; 10] = [
    "id",
    "name",
    "description",
    "sku",
    "price",
    "currency",
    "stock",
    "status",
    "created_at",
    "updated_at",
];
/// Products on a page of a feed: what is held in memory while it is made, and while it is sent.
pub const PAGE: u32 = 1000;

/// The feed of a merchant's products in a mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The one that is ready.
    pub made: Option<Made>,
    /// The one before it.
    pub before: Option<Pages>,
    /// The one that is being made.
    pub making: Option<Making>,
    /// When it is looked after next, on the merchant's clock.
    pub wake: Option<Timestamp>,
}

/// Pages of a feed that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// Under which number.
    pub number: i64,
    /// How many.
    pub count: u32,
}

/// A feed that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Where its pages are.
    pub pages: Pages,
    /// Its products.
    pub products: u64,
    /// Its bytes.
    pub bytes: u64,
    /// What tells it from one with other content: a hash of it, in hexadecimal digits.
    pub tag: String,
    /// When it was begun: it has what was on record by then.
    pub begun: Timestamp,
    /// When it was ready.
    pub at: Timestamp,
}

/// A feed that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Making {
    /// Where its pages are, so far.
    pub pages: Pages,
    /// The last product on them.
    pub after: Option<i64>,
    /// Its products, so far.
    pub products: u64,
    /// Its bytes, so far.
    pub bytes: u64,
    /// The hash of what it has so far.
    pub tag: String,
    /// Since when.
    pub begun: Timestamp,
}

/// A page that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// Its products.
    pub products: u32,
    /// The last of them.
    pub last: Option<i64>,
}

impl Feed {
    /// A feed that is made every day at a time of day (UTC), from the next on.
    #[must_use]
    pub fn new(id: FeedId, place: (MerchantId, Mode), now: Timestamp, daily: Time) -> Self {
        let (merchant, mode) = place;
        let wake = Some(next(now, daily));
        Self { id, merchant, mode, made: None, before: None, making: None, wake }
    }

    /// It is to be made now; one that is being made goes on.
    #[must_use]
    pub fn asked_for(self, now: Timestamp) -> Self {
        let wake = if self.making.is_some() { self.wake.or(Some(now)) } else { Some(now) };
        Self { wake, ..self }
    }

    /// Nobody looks after it any more, since the merchant's platform makes none.
    #[must_use]
    pub fn left(self) -> Self {
        Self { wake: None, ..self }
    }

    /// It is looked after again: what was being made goes on, the next is made in its time.
    #[must_use]
    pub fn taken_up(self, now: Timestamp, daily: Time) -> Self {
        let wake = if self.making.is_some() { now } else { next(now, daily) };
        Self { wake: self.wake.or(Some(wake)), ..self }
    }

    /// It is begun, with pages under a number of their own.
    #[must_use]
    pub fn begin(self, number: i64, now: Timestamp) -> Self {
        let pages = Pages { number, count: 0 };
        let tag = String::new();
        let making = Making { pages, after: None, products: 0, bytes: 0, tag, begun: now };
        Self { making: Some(making), ..self }.again(now)
    }

    /// One more page is ready; the last one when it is not full.
    #[must_use]
    pub fn page(self, page: Page<'_>, now: Timestamp, daily: Time) -> Self {
        let Some(mut making) = self.making.clone() else { return self };
        making.pages.count += 1;
        making.after = page.last.or(making.after);
        making.products += u64::from(page.products);
        making.bytes += page.text.len() as u64;
        making.tag = tag(&making.tag, page.text);
        if page.products == PAGE {
            return Self { making: Some(making), ..self }.again(now);
        }
        let Making { pages, products, bytes, tag, begun, .. } = making;
        let made = Made { pages, products, bytes, tag, begun, at: now };
        let before = self.made.map(|made| made.pages);
        let wake = Some(next(now, daily));
        Self { made: Some(made), before, making: None, wake, ..self }
    }

    /// Looked after again at once, behind everything else that is due by now; and at a time of its own: whoever finds the same
    /// thing due twice takes it for stuck.
    fn again(self, now: Timestamp) -> Self {
        let after = |wake: Timestamp| wake.saturating_add(SignedDuration::from_millis(1)).ok();
        let wake = self.wake.and_then(after).map_or(now, |after| after.max(now));
        Self { wake: Some(wake), ..self }
    }
}

/// The next time at which it is that time of day, UTC.
fn next(now: Timestamp, daily: Time) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).date();
    let at = |date: jiff::civil::Date| {
        let zoned = date.to_datetime(daily).to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp()).filter(|at| *at > now)
    };
    at(today).or_else(|| at(today.tomorrow().ok()?)).unwrap_or(Timestamp::MAX)
}

/// The hash of what came before and a page.
fn tag(before: &str, text: &[u8]) -> String {
    let digest = Sha256::new().chain_update(before).chain_update(text).finalize();
    HEXLOWER.encode(digest.first_chunk::<16>().copied().unwrap_or_default().as_slice())
}

/// A product as it stands in a feed, in its platform's words.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whether it is sold.
    pub status: &'a str,
    /// The product.
    pub product: &'a Product,
}

/// The lines of a page, ended by CR LF; the first page begins with the names of the columns.
#[must_use]
pub fn lines<'a>(is_first: bool, rows: impl IntoIterator<Item = Row<'a>>) -> Vec<u8> {
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    let written = is_first.then(|| COLUMNS.map(str::to_owned)).into_iter();
    for cells in written.chain(rows.into_iter().map(cells)) {
        let fits = writer.write_record(cells);
        debug_assert!(fits.is_ok(), "all lines have as many cells, and memory takes them");
    }
    writer.into_inner().unwrap_or_default()
}

fn cells(Row { id, status, product }: Row<'_>) -> [String; COLUMNS.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        id.to_owned(),
        product.name.clone(),
        text(&product.description),
        text(&product.sku),
        product.price.map(|price| price.print(Units::Major)).unwrap_or_default(),
        product.price.map(|price| price.asset.code().to_owned()).unwrap_or_default(),
        product.stock.map(|count| count.to_string()).unwrap_or_default(),
        status.to_owned(),
        format!("{:.3}", product.entry.created),
        format!("{:.3}", product.entry.updated),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::ProductId;
    use crate::money::{Asset, Money};
    use crate::shop::Entry;

    const DAILY: Time = Time::constant(3, 0, 0, 0);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn feed(now: &str) -> Feed {
        let place = (MerchantId::from_i64(1), Mode::Test);
        Feed::new(FeedId::from_i64(7), place, at(now), DAILY)
    }

    fn page(text: &'static str, products: u32) -> Page<'static> {
        Page { text: text.as_bytes(), products, last: (products > 0).then_some(9) }
    }

    #[test]
    fn it_is_made_once_a_day_and_when_asked_for() {
        let first = feed("2026-11-23T02:59:00Z");
        assert_eq!(first.wake, Some(at("2026-11-23T03:00:00Z")));
        let now = at("2026-11-23T03:00:00Z");
        let ready = first.begin(100, now).page(page("a", 1), now, DAILY);
        assert_eq!(ready.wake, Some(at("2026-11-24T03:00:00Z")), "not twice at the same time");
        let later = at("2026-11-23T12:00:00Z");
        assert_eq!(ready.asked_for(later).wake, Some(later));
    }

    #[test]
    fn one_that_was_left_is_taken_up_where_it_stood() {
        let now = at("2026-11-23T03:00:00Z");
        let left = feed("2026-11-23T02:59:00Z").begin(100, now).left();
        let later = at("2026-11-25T12:00:00Z");
        assert_eq!(left.clone().taken_up(later, DAILY).wake, Some(later));
        assert_eq!(left.asked_for(later).wake, Some(later));
        let idle = feed("2026-11-23T02:59:00Z").left().taken_up(later, DAILY);
        assert_eq!(idle.wake, Some(at("2026-11-26T03:00:00Z")));
        assert_eq!(idle.clone().taken_up(now, DAILY), idle, "once");
    }

    #[test]
    fn a_full_page_is_not_the_last_and_each_step_has_a_wake_of_its_own() {
        let now = at("2026-11-23T03:00:00Z");
        let begun = feed("2026-11-23T02:59:00Z").begin(100, now);
        let one = begun.clone().page(page("a", PAGE), now, DAILY);
        assert!(one.made.is_none() && one.wake > begun.wake && begun.wake > Some(now));
        let asked = one.clone().asked_for(at("2026-11-23T13:00:00Z"));
        assert_eq!(asked, one, "it goes on, and is not begun twice");
        let ready = one.page(page("b", 0), now, DAILY);
        let made = ready.made.unwrap();
        assert_eq!(
            (made.pages, made.products, made.bytes),
            (Pages { number: 100, count: 2 }, 1000, 2)
        );
    }

    #[test]
    fn the_tag_tells_one_content_from_another_and_the_feed_before_is_known() {
        let now = at("2026-11-23T03:00:00Z");
        let made =
            |feed: Feed, number, text| feed.begin(number, now).page(page(text, 1), now, DAILY);
        let first = made(feed("2026-11-22T00:00:00Z"), 1, "a");
        let same = made(first.clone(), 2, "a");
        let other = made(same.clone(), 3, "b");
        let tag = |feed: &Feed| feed.made.as_ref().unwrap().tag.clone();
        assert_eq!(tag(&first), tag(&same));
        assert_ne!(tag(&same), tag(&other));
        assert_eq!(other.before, Some(Pages { number: 2, count: 1 }));
    }

    fn product(name: String, description: Option<String>) -> Product {
        let at = at("2026-11-23T00:00:00.5Z");
        let entry = Entry {
            merchant: MerchantId::from_i64(1),
            mode: Mode::Test,
            metadata: "{}".to_owned(),
            created: at,
            updated: at,
            sequence: 0,
        };
        let price = Some(Money { minor: 29990, asset: Asset::BRL });
        let (id, sku) = (ProductId::from_i64(1), Some("KB,1".to_owned()));
        let stock = Some(3);
        Product { id, entry, name, kind: None, description, sku, price, stock, inactive: false }
    }

    #[test]
    fn a_line_is_as_rfc_4180_has_it() {
        let product = product("27\" monitor".to_owned(), Some("a\nb".to_owned()));
        let row = Row { id: "prod_1", status: "ACTIVE", product: &product };
        let lines = String::from_utf8(lines(true, [row])).unwrap();
        insta::assert_snapshot!(lines.replace('\r', "␍"), @r#"
        id,name,description,sku,price,currency,stock,status,created_at,updated_at␍
        prod_1,"27"" monitor","a
        b","KB,1",299.90,BRL,3,ACTIVE,2026-11-23T00:00:00.500Z,2026-11-23T00:00:00.500Z␍
        "#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(name in "\\PC{1,40}", text in proptest::option::of("[,\"\r\na ;=]{1,20}")) {
            let product = product(name.clone(), text.clone());
            let row = Row { id: "prod_1", status: "ACTIVE", product: &product };
            let lines = lines(true, [row, row]);
            let mut reader = csv::Reader::from_reader(&lines[..]);
            for read in reader.records() {
                let read = read.unwrap();
                prop_assert_eq!(&read[1], name.as_str());
                prop_assert_eq!(&read[2], text.as_deref().unwrap_or_default());
            }
        }
    }
}
