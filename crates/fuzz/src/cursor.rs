//! Cursors of lists: opaque to callers, so that any text may come back as one.

use crate::line;
use crate::served;

/// The first line names a list, the rest is a cursor: one that opens is the one that is sealed for
/// that row, and one that was sealed opens for no other list and not after any change.
pub(crate) fn cursor(bytes: &[u8]) {
    let (list, text) = line(bytes);
    let text = String::from_utf8_lossy(text);
    served::with(|served| {
        let engine = served.engine();
        if let Ok(last) = engine.open_cursor(list, &text) {
            assert_eq!(engine.seal_cursor(list, last), text);
        }
        let mut last = [0; 8];
        last.iter_mut().zip(text.bytes().rev()).for_each(|(byte, letter)| *byte = letter);
        let last = i64::from_le_bytes(last);
        let sealed = engine.seal_cursor(list, last);
        assert_eq!(engine.open_cursor(list, &sealed), Ok(last));
        assert!(engine.open_cursor(&format!("{list}&"), &sealed).is_err(), "of another list");
        for at in 0..sealed.len() {
            let (before, after) = sealed.split_at(at);
            let mut rest = after.chars();
            let other = if rest.next() == Some('A') { 'B' } else { 'A' };
            let changed = format!("{before}{other}{}", rest.as_str());
            assert!(engine.open_cursor(list, &changed).is_err(), "{changed} for {sealed}");
            assert!(engine.open_cursor(list, before).is_err(), "{before}");
        }
        assert!(engine.open_cursor(list, &format!("{sealed}A")).is_err(), "a longer one");
    });
}
