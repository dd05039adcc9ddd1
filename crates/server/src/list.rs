//! Lists: `{"data": [...], "next_cursor": ...}`, a page at a time, stable while rows are added.

use posthorn_store::Page;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::params::{Params, refuse};
use crate::problem::Problem;

/// Rows on a page when `limit` is left out.
const LIMIT_DEFAULT: u32 = 50;
/// Rows on a page at most.
const LIMIT_MAX: u32 = 100;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A list that is always whole.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

/// Which page of which list is asked for.
pub(crate) struct Asked {
    list: String,
    after: Option<i64>,
    limit: u32,
}

impl Asked {
    /// Reads `limit` and `cursor`. `list` names the list and whose it is; the other parameters are
    /// its filters, and the cursor is bound to all of that.
    pub(crate) fn read(app: &App, params: &Params, list: &str) -> Result<Self, Problem> {
        let out_of_bounds =
            || refuse("limit", &format!("must be a whole number from 1 to {LIMIT_MAX}"));
        let limit = match params.text("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => text.parse().map_err(|_| out_of_bounds())?,
        };
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(out_of_bounds());
        }
        let filters = params.pairs().filter(|(name, _)| !["limit", "cursor"].contains(name));
        let mut filters: Vec<String> =
            filters.map(|(name, value)| format!("{}:{name}={value}", value.len())).collect();
        filters.sort_unstable();
        let list = format!("{list}?{}", filters.join("&"));
        let cursor = params.text("cursor");
        let after = cursor.map(|cursor| app.engine().open_cursor(&list, cursor)).transpose()?;
        Ok(Self { list, after, limit })
    }

    /// What to ask the store for: one row more than is shown, to know whether there are more.
    pub(crate) fn page<I>(&self, id: impl FnOnce(i64) -> I) -> Page<I> {
        Page { after: self.after.map(id), limit: self.limit + 1 }
    }

    /// The page that comes of the rows that [`Asked::page`] brought.
    pub(crate) fn answer<R, T>(
        self,
        app: &App,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> i64,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(id);
        let next_cursor = last.map(|last| app.engine().seal_cursor(&self.list, last));
        Listed { data: rows.into_iter().map(show).collect(), next_cursor }
    }

    /// The number to go on after.
    pub(crate) fn after(&self) -> Option<i64> {
        self.after
    }

    /// Rows on a page, at most.
    pub(crate) fn rows(&self) -> usize {
        self.limit as usize
    }

    /// The page of a list that knows by itself where the next one begins.
    pub(crate) fn answer_until<T>(
        self,
        app: &App,
        rows: impl Iterator<Item = T>,
        next: Option<i64>,
    ) -> Listed<T> {
        let next_cursor = next.map(|next| app.engine().seal_cursor(&self.list, next));
        Listed { data: rows.collect(), next_cursor }
    }

    /// The page of a list that is in memory, by rising id.
    pub(crate) fn answer_from<R, T>(
        self,
        app: &App,
        rows: impl IntoIterator<Item = R>,
        id: impl Fn(&R) -> i64,
        show: impl Fn(R) -> T,
    ) -> Listed<T> {
        let after = self.after.unwrap_or(i64::MIN);
        let rows = rows.into_iter().filter(|row| id(row) > after || self.after.is_none());
        let rows: Vec<R> = rows.take(self.limit as usize + 1).collect();
        self.answer(app, rows, id, show)
    }
}
