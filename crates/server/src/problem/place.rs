//! Where in a body something is wrong.

use std::fmt;

/// A character of a body: line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl Place {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place right after a text that begins here.
    pub(crate) fn after(self, text: &[u8]) -> Self {
        let mut rows = text.rsplit(|byte| *byte == b'\n');
        let last = characters(rows.next().unwrap_or_default());
        match rows.count() {
            0 => Self { column: self.column + last, ..self },
            ends => Self { line: self.line + ends, column: last + 1 },
        }
    }

    /// This place of a text, told as a place of the body in which the text begins at `start`.
    pub(crate) fn within(self, start: Self) -> Self {
        let line = start.line + self.line - 1;
        let column = if self.line == 1 { start.column + self.column - 1 } else { self.column };
        Self { line, column }
    }
}

/// How many characters UTF-8 has: its bytes without those that continue one.
pub(crate) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize, column: usize) -> Place {
        Place { line, column }
    }

    #[test]
    fn a_place_is_told_from_where_its_text_begins() {
        assert_eq!(Place::START.after(b""), Place::START);
        assert_eq!(Place::START.after("[é,".as_bytes()), place(1, 4));
        assert_eq!(place(1, 4).after(b"{\n\n x"), place(3, 3));
        assert_eq!(place(1, 2).within(place(3, 10)), place(3, 11));
        assert_eq!(place(2, 2).within(place(3, 10)), place(4, 2));
    }
}
