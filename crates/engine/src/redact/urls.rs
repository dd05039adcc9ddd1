//! URLs in a text: who is let in by one, and what is told behind its `#`.

use std::borrow::Cow;

use super::REDACTED;

/// What a URL has behind its scheme.
const MARK: &str = "://";

/// Whether a text has a URL in it.
pub(super) fn has_url(text: &str) -> bool {
    text.contains(MARK)
}

/// A text with its URLs as they are kept: nobody's name and password in front of a host, and of what follows the host what `tail` says.
///
/// What follows a URL is of it up to the word with the next one: a query may have spaces in it, though it should not.
pub(super) fn kept(text: &str, tail: impl Fn(&str) -> String) -> String {
    let (mut kept, mut left) = (String::new(), text);
    while let Some((before, after)) = left.split_once(MARK) {
        kept.push_str(before);
        kept.push_str(MARK);
        let (url, next) = after.split_at(next_url(after));
        let host_at = user_end(url);
        let (user, url) = url.split_at(host_at);
        if !user.is_empty() {
            kept.push_str(REDACTED);
            kept.push('@');
        }
        let (host, rest) = url.split_at(host_end(url));
        kept.push_str(host);
        kept.push_str(&tail(rest));
        left = next;
    }
    kept.push_str(left);
    kept
}

/// Where the word with the next URL begins.
fn next_url(text: &str) -> usize {
    let space = text.find(char::is_whitespace);
    let next = space.and_then(|space| {
        let mark = space + text.get(space..)?.find(MARK)?;
        let (at, space) =
            text.get(..mark)?.char_indices().rfind(|(_, sign)| sign.is_whitespace())?;
        Some(at + space.len_utf8())
    });
    next.unwrap_or(text.len())
}

fn host_end(url: &str) -> usize {
    let ends = |sign: char| sign.is_whitespace() || "/?#\\".contains(sign);
    url.find(ends).unwrap_or(url.len())
}

/// Where what stands before the host ends, with its `@`. A password may have a `/` in it, which shows by a port that is none.
fn user_end(url: &str) -> usize {
    let authority = url.get(..host_end(url)).unwrap_or_default();
    let after = |text: &str| text.rfind('@').map_or(0, |at| at + 1);
    if authority.contains('@') {
        return after(authority);
    }
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_user = port.is_some_and(|port| !is_port(port) && !authority.ends_with(']'));
    let word = url.split(char::is_whitespace).next().unwrap_or_default();
    if is_user { after(word) } else { 0 }
}

/// A URL, or its end, without what is told in pairs behind a `#`: `#access_token=…`.
pub(super) fn without_fragments(text: &str) -> Cow<'_, str> {
    let mut parts = text.split('#');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    let mut left = kept.len();
    while let Some(fragment) = text.get(left + 1..) {
        kept.push('#');
        let end = fragment.find(char::is_whitespace).unwrap_or(fragment.len());
        let (word, after) = fragment.split_at(end);
        let has_pairs = word.contains('=');
        let next = after.find('#').unwrap_or(after.len());
        kept.push_str(if has_pairs { REDACTED } else { word });
        kept.push_str(after.get(..next).unwrap_or_default());
        left += 1 + end + next;
    }
    if kept == text { Cow::Borrowed(text) } else { Cow::Owned(kept) }
}
