//! EMV's fields: id and length of two digits each, then the value; and the CRC over all of them.

use crc::{CRC_16_IBM_3740, Crc};

use super::Unreadable;

/// Known as CRC-16/CCITT-FALSE too: polynomial 1021, begins at FFFF, nothing reflected.
const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);
/// The CRC's own id and length, which it covers.
pub(super) const CRC_HEAD: &str = "6304";

/// The CRC of a code up to and with [`CRC_HEAD`], in four capital hex digits.
pub(super) fn crc_of(code: &str) -> String {
    format!("{:04X}", CRC.checksum(code.as_bytes()))
}

/// A code being written.
#[derive(Default)]
pub(super) struct Writing(String);

impl Writing {
    pub(super) fn field(&mut self, id: u8, value: &str) {
        debug_assert!(value.len() <= 99, "the types of a code's parts bound their lengths");
        let head = format!("{id:02}{:02}", value.len());
        self.0.push_str(&head);
        self.0.push_str(value);
    }

    pub(super) fn group(&mut self, id: u8, fields: &[(u8, &str)]) {
        let mut inner = Self::default();
        for (id, value) in fields {
            inner.field(*id, value);
        }
        self.field(id, &inner.0);
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str(CRC_HEAD);
        let crc = crc_of(&self.0);
        self.0.push_str(&crc);
        self.0
    }
}

/// Fields that were read, each id once.
pub(super) struct Fields<'a>(Vec<(u8, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads fields until the text ends, which must be where the last one does. `text` is ASCII.
    pub(super) fn read(text: &'a str) -> Result<Self, Unreadable> {
        let mut fields: Vec<(u8, &str)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (id, after) = two_digits(rest).ok_or(Unreadable::Broken)?;
            let (length, after) = two_digits(after).ok_or(Unreadable::Broken)?;
            let (value, after) =
                after.split_at_checked(length.into()).ok_or(Unreadable::Length(id))?;
            if value.is_empty() {
                return Err(Unreadable::Length(id));
            }
            if fields.iter().any(|(known, _)| *known == id) {
                return Err(Unreadable::Twice(id));
            }
            fields.push((id, value));
            rest = after;
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, id: u8) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, value)| *value)
    }

    pub(super) fn need(&self, id: u8) -> Result<&'a str, Unreadable> {
        self.get(id).ok_or(Unreadable::Missing(id))
    }

    /// The ids and values in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, &'a str)> {
        self.0.iter().copied()
    }
}

fn two_digits(text: &str) -> Option<(u8, &str)> {
    let (digits, after) = text.split_at_checked(2)?;
    let number =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some((number, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards_own() {
        assert_eq!(crc_of("123456789"), "29B1");
    }

    #[test]
    fn fields_end_where_their_lengths_say() {
        let fields = Fields::read("0002015802BR").unwrap();
        assert_eq!(fields.iter().collect::<Vec<_>>(), [(0, "01"), (58, "BR")]);
        assert!(matches!(Fields::read("0002015803BR"), Err(Unreadable::Length(58))));
        assert!(matches!(Fields::read("0002010002"), Err(Unreadable::Length(0))));
        assert!(matches!(Fields::read("00020100020"), Err(Unreadable::Length(0))));
        assert!(matches!(Fields::read("0002010002xx"), Err(Unreadable::Twice(0))));
        assert!(matches!(Fields::read("5800"), Err(Unreadable::Length(58))));
        assert!(matches!(Fields::read("+1021"), Err(Unreadable::Broken)));
    }
}
