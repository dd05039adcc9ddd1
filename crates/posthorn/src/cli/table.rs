//! Tables and cards: an API answer for people.

use std::io::IsTerminal as _;

use posthorn_core::json::{Json, Style};

use super::out::{Ink, ink, say};

/// A column: its heading, and where in each row's JSON its value stands (`a.b`).
pub(crate) type Column = (&'static str, &'static str);

/// Prints rows under headings; says `nothing` where there are none.
pub(crate) fn table(columns: &[Column], rows: &[Json], nothing: &str) {
    let cells = |row: &Json| -> Vec<String> {
        columns.iter().map(|(_, path)| plain(row.path(path))).collect()
    };
    grid(&columns.iter().map(|(heading, _)| *heading).collect::<Vec<_>>(), &{
        rows.iter().map(cells).collect::<Vec<_>>()
    });
    if rows.is_empty() {
        say(ink(Ink::Dim, nothing));
    }
}

/// Prints texts in columns under headings.
pub(crate) fn grid(headings: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let width = |column: usize, heading: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).chain([heading.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> =
        headings.iter().enumerate().map(|(column, heading)| width(column, heading)).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    say(ink(Ink::Dim, line(&mut headings.iter().copied())));
    for row in rows {
        say(line(&mut row.iter().map(String::as_str)));
    }
}

/// Prints one object, a line for each member, what is nested below its name.
pub(crate) fn card(value: &Json) {
    say(card_text(value, 0).trim_end());
}

fn card_text(value: &Json, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let Some(members) = value.as_object() else {
        return format!("{indent}{}\n", plain(Some(value)));
    };
    let width = members.names().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let below = match value {
            Json::Object(inner) if !inner.is_empty() => card_text(value, depth + 1),
            Json::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
                let bullet = format!("{indent}  - ");
                let item = |item| format!("{bullet}{}", card_text(item, depth + 2).trim_start());
                items.iter().map(item).collect()
            }
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => {
                let name = ink(Ink::Dim, format!("{:<width$}", visible(name)));
                text.extend([&indent, &name, "  ", &plain(Some(value)), "\n"]);
                continue;
            }
        };
        text.extend([&indent, &ink(Ink::Dim, visible(name)), "\n", &below]);
    }
    text
}

/// The text at a dotted path; empty when there is none.
pub(crate) fn text(value: &Json, path: &str) -> String {
    plain(value.path(path))
}

/// A value as it stands in a table: texts bare, lists with commas.
pub(crate) fn plain(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => visible(text),
        Some(Json::Array(items)) => {
            items.iter().map(|item| plain(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => visible(&String::from_utf8_lossy(&other.to_vec(Style::Js))),
    }
}

/// A text that somebody else wrote: what would steer a terminal or turn the line around is escaped.
pub(crate) fn visible(text: &str) -> String {
    let turns = |c| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let steers = |c: char| c.is_control() || turns(c);
    let mut shown = String::new();
    for c in text.chars() {
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// A line to be used again: as it is for a program, harmless for a terminal.
pub(crate) fn shown(line: &str) -> String {
    if std::io::stdout().is_terminal() { visible(line) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_and_not_obeyed() {
        let wrote = "a\u{1b}[31m\nep_2  forged\u{7f}\u{9b}\u{202e}é";
        let value = Json::object([("description", Json::from(wrote))]);
        let shown = r"a\u{1b}[31m\nep_2  forged\u{7f}\u{9b}\u{202e}é";
        assert_eq!(text(&value, "description"), shown);
        assert_eq!(card_text(&value, 0).lines().count(), 1);
        assert_eq!(plain(Some(&Json::from(vec![value]))).matches('\u{1b}').count(), 0);
    }

    #[test]
    fn a_card_shows_nested_members_below_their_name_and_leaves_nulls_out() {
        super::super::out::no_colours();
        let value = posthorn_core::json::parse(
            br#"{"id": "dlv_1", "why": null, "events": ["a.*", "b"],
                 "attempts": [{"number": 1, "status": 500}, {"number": 2}],
                 "keys": {"test": {"api_key": "sk_test_x"}}}"#,
        )
        .unwrap();
        insta::assert_snapshot!(card_text(&value, 0), @r"
        id        dlv_1
        events    a.*, b
        attempts
          - number  1
            status  500
          - number  2
        keys
          test
            api_key  sk_test_x
        ");
    }
}
