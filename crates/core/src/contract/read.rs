//! Reads a contract's TOML table by table, and goes on after a fault, so that all are told at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Flaw, Page, nearest};

/// A string of the file, with the place it stands at (quotes included).
#[derive(Debug, Clone)]
pub(super) struct Text<'t> {
    pub value: &'t str,
    pub span: Range<usize>,
}

/// One table of the file, whose unknown members have been told already.
pub(super) struct Section<'t> {
    title: String,
    table: &'t DeTable<'t>,
    pub span: Range<usize>,
}

impl<'t> Section<'t> {
    /// Opens a table that may have these members and no others.
    pub(super) fn open(
        page: &mut Page<'_>,
        title: &str,
        (span, table): (Range<usize>, &'t DeTable<'t>),
        known: &[&str],
    ) -> Self {
        for (key, _) in table {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || format!("the fields are {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let what = format!("unknown field `{name}` in {title}");
                page.note(Flaw::new(key.span().start, what).hint(hint));
            }
        }
        Self { title: title.to_owned(), table, span }
    }

    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// Whether the table has this member, of whatever type.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes that a member is not there.
    pub(super) fn miss(&self, page: &mut Page<'_>, key: &str) {
        page.note(Flaw::new(self.span.start, format!("{} has no `{key}`", self.title)));
    }

    fn mistyped(&self, page: &mut Page<'_>, value: &Spanned<DeValue<'_>>, key: &str, want: &str) {
        let what = format!("`{key}` in {} must be {want}", self.title);
        let kind = value.get_ref().type_str();
        let article = if kind.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        let is = format!("it is {article} {kind}");
        page.note(Flaw::new(value.span().start, what).hint(is));
    }

    /// A string, if it is there.
    pub(super) fn text(&self, page: &mut Page<'_>, key: &str) -> Option<Text<'t>> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str().map(|text| Text { value: text, span: value.span() });
        if text.is_none() {
            self.mistyped(page, value, key, "a string");
        }
        text
    }

    /// A string that must be there.
    pub(super) fn need_text(&self, page: &mut Page<'_>, key: &str) -> Option<Text<'t>> {
        if !self.has(key) {
            self.miss(page, key);
        }
        self.text(page, key)
    }

    /// `true` or `false`; false when it is not there.
    pub(super) fn flag(&self, page: &mut Page<'_>, key: &str) -> bool {
        let Some(value) = self.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.mistyped(page, value, key, "true or false");
            false
        })
    }

    /// A whole number that must be there, within bounds.
    pub(super) fn need_number(
        &self,
        page: &mut Page<'_>,
        key: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        if !self.has(key) {
            self.miss(page, key);
        }
        self.number(page, key, bounds)
    }

    /// A whole number within bounds, if it is there.
    pub(super) fn number(
        &self,
        page: &mut Page<'_>,
        key: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.get(key)?;
        let written = value.get_ref().as_integer();
        let number =
            written.and_then(|n| i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok());
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let want = format!("a whole number from {} to {}", bounds.start(), bounds.end());
            let what = format!("`{key}` in {} must be {want}", self.title);
            page.note(Flaw::new(value.span().start, what));
        }
        number
    }

    /// A list of strings; empty when it is not there.
    pub(super) fn texts(&self, page: &mut Page<'_>, key: &str) -> Vec<Text<'t>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(page, value, key, "a list of strings");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Text { value: text, span: item.span() }),
                None => self.mistyped(page, item, key, "a list of strings"),
            }
        }
        texts
    }

    /// A list of `["name", "value"]`; empty when it is not there.
    pub(super) fn pairs(&self, page: &mut Page<'_>, key: &str) -> Vec<(Text<'t>, Text<'t>)> {
        let want = r#"a list of pairs, like [["X-Event-Id", "{id}"]]"#;
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(page, value, key, want);
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for item in items {
            let texts: Vec<_> = item
                .get_ref()
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|text| {
                    text.get_ref().as_str().map(|value| Text { value, span: text.span() })
                })
                .collect();
            match <[Text<'t>; 2]>::try_from(texts) {
                Ok([name, value]) => pairs.push((name, value)),
                Err(_) => self.mistyped(page, item, key, want),
            }
        }
        pairs
    }

    /// A table within this one, if it is there.
    pub(super) fn table(
        &self,
        page: &mut Page<'_>,
        key: &str,
    ) -> Option<(Range<usize>, &'t DeTable<'t>)> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.mistyped(page, value, key, "a table");
        }
        Some((value.span(), table?))
    }

    /// A table within this one that must be there.
    pub(super) fn need_table(
        &self,
        page: &mut Page<'_>,
        key: &str,
    ) -> Option<(Range<usize>, &'t DeTable<'t>)> {
        if !self.has(key) {
            self.miss(page, key);
        }
        self.table(page, key)
    }

    /// The tables `[[key]]`; empty when there are none.
    pub(super) fn tables(
        &self,
        page: &mut Page<'_>,
        key: &str,
    ) -> Vec<(Range<usize>, &'t DeTable<'t>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(page, value, key, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => tables.push((item.span(), table)),
                None => self.mistyped(page, item, key, "a list of tables"),
            }
        }
        tables
    }
}
