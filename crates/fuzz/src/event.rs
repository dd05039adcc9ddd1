//! Events as callers send them.

use posthorn_core::endpoint::Pattern;
use posthorn_core::event::{
    EventType, NOTICE_PREFIX, NewEvent, REFERENCE_BYTES_MAX, TYPE_BYTES_MAX,
};
use posthorn_core::json::{Json, Style, parse};

use crate::json::is_a_fixed_point;
use crate::line;

/// The first line is a type, the second the caller's own id, the rest is the data: an event that is
/// accepted is within every bound, and its canonical data is read as what was sent.
pub(crate) fn event(bytes: &[u8]) {
    let (kind, rest) = line(bytes);
    let (reference, data) = line(rest);
    let reference = (!reference.is_empty()).then(|| reference.to_owned());
    match NewEvent::parse(kind, data, reference.clone()) {
        Err(invalid) => assert!(!invalid.to_string().is_empty()),
        Ok(event) => {
            assert!(kind.len() <= TYPE_BYTES_MAX && !kind.starts_with(NOTICE_PREFIX));
            assert!(event.reference.iter().all(|text| text.len() <= REFERENCE_BYTES_MAX));
            assert_eq!(event.reference, reference);
            assert_eq!(event.kind.as_str(), kind);
            assert_eq!(parse(data).as_ref(), Ok(&event.parsed));
            assert_eq!(event.data.to_json(), event.parsed);
            assert_eq!(event.data.as_bytes(), event.parsed.to_vec(Style::Js));
            assert!(matches!(event.parsed, Json::Object(_)));
            is_a_fixed_point(&event.parsed, Style::Js);
            patterns_match(&event.kind);
        }
    }
}

/// Its own name, `*` and every prefix of whole segments match a type; no other prefix does.
fn patterns_match(kind: &EventType) {
    let text = kind.as_str();
    for pattern in [text, "*"] {
        let pattern: Pattern = pattern.parse().expect("a type and `*` are patterns");
        assert!(pattern.matches(kind));
    }
    for (at, _) in text.match_indices('.') {
        let prefix = text.get(..at).expect("a dot is a whole character");
        let pattern: Pattern = format!("{prefix}.*").parse().expect("a prefix is a pattern");
        assert!(pattern.matches(kind));
        let beside: Pattern = format!("{prefix}x.*").parse().expect("so is another");
        assert!(!beside.matches(kind));
    }
}
