//! JSON by the letter of RFC 8259, read by hand: no serde, nothing of `core`. It refuses what the
//! product promises to refuse beyond the grammar: duplicate names, half surrogate pairs, numbers
//! that are no double, more than 64 arrays and objects inside each other.

use posthorn_core::json::Json;

const DEPTH_MAX: usize = 64;

/// A value as it stands in the text, its members in the text's order.
#[derive(Debug)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Plain>),
    Members(Vec<(String, Plain)>),
}

/// The value that the whole text is, if it is one.
pub(crate) fn read(bytes: &[u8]) -> Option<Plain> {
    let mut text = Text { rest: str::from_utf8(bytes).ok()? };
    let value = text.value(0)?;
    text.skip_blanks();
    text.rest.is_empty().then_some(value)
}

impl Plain {
    /// Whether this is what the product read.
    pub(crate) fn is(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Null, Json::Null) => true,
            (Self::Bool(mine), Json::Bool(theirs)) => mine == theirs,
            #[expect(clippy::float_cmp, reason = "the same digits are the same double")]
            (Self::Number(mine), Json::Number(theirs)) => mine == theirs,
            (Self::Text(mine), Json::String(theirs)) => mine == theirs,
            (Self::List(mine), Json::Array(theirs)) => {
                mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(m, t)| m.is(t))
            }
            (Self::Members(mine), Json::Object(theirs)) => {
                let mut mine: Vec<_> = mine.iter().collect();
                mine.sort_by_key(|(name, _)| index(name).unwrap_or(u64::MAX));
                let mut pairs = mine.iter().zip(theirs.iter());
                mine.len() == theirs.len()
                    && pairs
                        .all(|((name, value), (other, theirs))| name == other && value.is(theirs))
            }
            (
                Self::Null
                | Self::Bool(_)
                | Self::Number(_)
                | Self::Text(_)
                | Self::List(_)
                | Self::Members(_),
                _,
            ) => false,
        }
    }
}

/// The number that ECMAScript sorts a name by: an integer below 2^32 - 1, written as it prints.
fn index(name: &str) -> Option<u64> {
    let number: u64 = name.parse().ok()?;
    (number < 4_294_967_295 && number.to_string() == name).then_some(number)
}

struct Text<'t> {
    rest: &'t str,
}

impl Text<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn letter(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let first = letters.next()?;
        self.rest = letters.as_str();
        Some(first)
    }

    fn value(&mut self, depth: usize) -> Option<Plain> {
        self.skip_blanks();
        let value = match self.rest.chars().next()? {
            '{' => self.members(depth + 1).map(Plain::Members),
            '[' => self.list(depth + 1).map(Plain::List),
            '"' => self.text().map(Plain::Text),
            '-' | '0'..='9' => self.number().map(Plain::Number),
            _ if self.takes("null") => Some(Plain::Null),
            _ if self.takes("true") => Some(Plain::Bool(true)),
            _ if self.takes("false") => Some(Plain::Bool(false)),
            _ => None,
        };
        value.filter(|_| depth <= DEPTH_MAX)
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Plain>> {
        let mut items = Vec::new();
        if depth > DEPTH_MAX || !self.takes("[") {
            return None;
        }
        self.skip_blanks();
        if self.takes("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.takes("]") {
                return Some(items);
            }
            self.takes(",").then_some(())?;
        }
    }

    fn members(&mut self, depth: usize) -> Option<Vec<(String, Plain)>> {
        let mut members: Vec<(String, Plain)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        if depth > DEPTH_MAX || !self.takes("{") {
            return None;
        }
        self.skip_blanks();
        if self.takes("}") {
            return Some(members);
        }
        loop {
            self.skip_blanks();
            let name = self.text()?;
            names.insert(name.clone()).then_some(())?;
            self.skip_blanks();
            self.takes(":").then_some(())?;
            members.push((name, self.value(depth)?));
            self.skip_blanks();
            if self.takes("}") {
                return Some(members);
            }
            self.takes(",").then_some(())?;
        }
    }

    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        self.takes("\"").then_some(())?;
        loop {
            match self.letter()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                letter if letter >= ' ' => text.push(letter),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.letter()? {
            letter @ ('"' | '\\' | '/') => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unit_pair(),
            _ => return None,
        })
    }

    /// One or two UTF-16 code units, after the first `\u`.
    fn unit_pair(&mut self) -> Option<char> {
        let first = self.unit()?;
        if (0xd800..0xdc00).contains(&first) {
            self.takes("\\u").then_some(())?;
            let second = self.unit()?;
            return char::decode_utf16([first, second]).next()?.ok();
        }
        char::from_u32(first.into())
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4)?;
        self.rest = self.rest.get(4..)?;
        let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| sound)
    }

    fn digits(&mut self) -> usize {
        let rest = self.rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let count = self.rest.len() - rest.len();
        self.rest = rest;
        count
    }

    fn number(&mut self) -> Option<f64> {
        let whole = self.rest;
        self.takes("-");
        let starts_with_zero = self.rest.starts_with('0');
        let digits = self.digits();
        if digits == 0 || (starts_with_zero && digits > 1) {
            return None;
        }
        if self.takes(".") && self.digits() == 0 {
            return None;
        }
        if self.takes("e") || self.takes("E") {
            if !self.takes("+") {
                self.takes("-");
            }
            (self.digits() > 0).then_some(())?;
        }
        let number = whole.get(..whole.len() - self.rest.len())?.parse::<f64>().ok()?;
        number.is_finite().then_some(number)
    }
}
