//! What a platform does about its merchants' products by itself.

use jiff::civil::Time;

use super::fault::{Flaw, Page};
use super::read::Section;

/// Reads `[products]`, which may be left out: when the daily feed of them is made.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Option<Time> {
    let table = root.table(page, "products")?;
    let section = Section::open(page, "[products]", table, &["feed_at"]);
    let text = section.need_text(page, "feed_at")?;
    let time = text.value.parse().ok();
    if time.is_none() {
        let what = format!("`{}` is no time of day", text.value);
        page.note(Flaw::new(text.span.start, what).hint("a time of day, UTC, is such as `03:00`"));
    }
    time
}
