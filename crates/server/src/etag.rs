//! Tags that tell one content from another (RFC 9110, section 8.8.3).

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// Whether whoever asks has the content of this tag already (`If-None-Match`, section 13.1.2).
pub(crate) fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
