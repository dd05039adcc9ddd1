//! Filters: what an endpoint's owner writes, met with data that anybody writes.

use posthorn_core::filter::{Filter, Mismatch};
use posthorn_core::json::{Json, Style, parse};

use crate::line;

/// The first line is a filter, the rest is data: the filter survives its own print, gives one
/// answer whichever way it is asked, and its negation gives the other.
pub(crate) fn filter(bytes: &[u8]) {
    let (filter, data) = line(bytes);
    let Ok(source) = parse(filter.as_bytes()) else { return };
    let filter = match Filter::parse(&source) {
        Ok(filter) => filter,
        Err(bad) => return assert!(!bad.to_string().is_empty()),
    };
    assert_eq!(filter.as_json(), &source);
    let printed = filter.as_json().to_vec(Style::Js);
    let again = Filter::parse(&parse(&printed).expect("a filter prints JSON"));
    assert_eq!(again.as_ref(), Ok(&filter));
    assert_eq!(serde_json::from_slice::<Filter>(&printed).expect("serde reads it"), filter);

    let data = parse(data).unwrap_or_default();
    let matches = said(&filter, &data);
    // A negation may be one level too deep, or one step too costly.
    let negated = Json::object([("$not", source)]);
    let negated = Filter::parse(&negated).ok().and_then(|negated| said(&negated, &data));
    if let (Some(matches), Some(negated)) = (matches, negated) {
        assert_ne!(matches, negated, "a filter and its negation agree");
    }
}

/// Whether the data gets through, asked both ways; `None` when that is too costly to say.
fn said(filter: &Filter, data: &Json) -> Option<bool> {
    let matches = filter.matches(data);
    let explained = filter.explain(data);
    assert_eq!(explained.is_ok(), matches, "{explained:?}");
    match explained {
        Ok(()) => Some(true),
        Err(Mismatch::TooCostly) => None,
        Err(why) => {
            assert!(!why.to_string().is_empty());
            Some(false)
        }
    }
}
