//! How many requests a platform's own API takes: what its guide promises and enforces.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::fault::Page;
use super::read::Section;

/// The highest limit that a contract may name, or an operator.
pub const PER_MINUTE_MAX: u32 = 1_000_000;

/// How many requests a minute a platform's own API takes of a kind; `None`: as many as come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// All of one merchant in a mode.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Those without a key, from one address.
    pub public_per_minute: Option<NonZeroU32>,
    /// Those that search (`?q=`).
    pub searches_per_minute: Option<NonZeroU32>,
    /// Those that change something (POST, PUT, PATCH, DELETE).
    pub writes_per_minute: Option<NonZeroU32>,
    /// Whether each key of a merchant counts for itself.
    #[serde(default)]
    pub by_key: bool,
}

/// A kind of requests. Some are of more than one, and each of those counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestClass {
    /// With a key.
    Authenticated,
    /// Without one.
    Public,
    /// A search.
    Search,
    /// A change.
    Write,
}

impl RequestClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Authenticated, Self::Public, Self::Search, Self::Write];

    /// The name of its limit, in contracts and settings.
    #[must_use]
    pub const fn limit_name(self) -> &'static str {
        match self {
            Self::Authenticated => "requests_per_minute",
            Self::Public => "public_per_minute",
            Self::Search => "searches_per_minute",
            Self::Write => "writes_per_minute",
        }
    }
}

impl Limits {
    /// The limit of a class.
    #[must_use]
    pub const fn of(&self, class: RequestClass) -> Option<NonZeroU32> {
        match class {
            RequestClass::Authenticated => self.requests_per_minute,
            RequestClass::Public => self.public_per_minute,
            RequestClass::Search => self.searches_per_minute,
            RequestClass::Write => self.writes_per_minute,
        }
    }

    /// The same where a merchant has none of its own.
    #[must_use]
    pub fn with(self, own: Self) -> Self {
        Self {
            requests_per_minute: own.requests_per_minute.or(self.requests_per_minute),
            public_per_minute: self.public_per_minute,
            searches_per_minute: own.searches_per_minute.or(self.searches_per_minute),
            writes_per_minute: own.writes_per_minute.or(self.writes_per_minute),
            by_key: self.by_key,
        }
    }
}

/// Reads `[limits]`, which may be left out.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Limits {
    let Some(table) = root.table(page, "limits") else { return Limits::default() };
    let [requests, public, searches, writes] = RequestClass::ALL.map(RequestClass::limit_name);
    let section =
        Section::open(page, "[limits]", table, &[requests, public, searches, writes, "by_key"]);
    let mut number = |key| {
        let number = section.number(page, key, 1..=PER_MINUTE_MAX.into())?;
        u32::try_from(number).ok().and_then(NonZeroU32::new)
    };
    let [requests, public, searches, writes] =
        [requests, public, searches, writes].map(&mut number);
    Limits {
        requests_per_minute: requests,
        public_per_minute: public,
        searches_per_minute: searches,
        writes_per_minute: writes,
        by_key: section.flag(page, "by_key"),
    }
}
