//! How the values of a call are written: small numbers in a byte, and a text that stood there before as its number.

use std::collections::HashMap;
use std::sync::Arc;

use super::Damaged;

/// Writes values one after the other.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    texts: HashMap<Arc<str>, u64>,
}

impl Writer {
    /// A number, seven bits to a byte, the lowest first.
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(low_bits(value) | 0x80);
            value >>= 7;
        }
        self.bytes.push(low_bits(value));
    }

    /// A number that is near 0 on either side.
    pub(super) fn difference(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A text: the number that it had when it first stood here, or the next one and the text.
    pub(super) fn text(&mut self, text: &Arc<str>) {
        if let Some(known) = self.texts.get(text) {
            return self.number(*known);
        }
        let next = self.texts.len() as u64 + 1;
        self.texts.insert(Arc::clone(text), next);
        self.number(next);
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A text that may be missing, which is 0.
    pub(super) fn maybe_text(&mut self, text: Option<&Arc<str>>) {
        match text {
            Some(text) => self.text(text),
            None => self.number(0),
        }
    }
}

fn low_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

/// Reads what [`Writer`] wrote. Nothing that it answers is larger than what it was given.
pub(super) struct Reader<'a> {
    left: &'a [u8],
    texts: Vec<Arc<str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, texts: Vec::new() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, left) = self.left.split_at_checked(count).ok_or(Damaged)?;
        self.left = left;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes(1)?.first().ok_or(Damaged)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Damaged);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damaged)
    }

    /// A number of things of which each takes a byte at least.
    pub(super) fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if count > self.left() { Err(Damaged) } else { Ok(count) }
    }

    pub(super) fn difference(&mut self) -> Result<i64, Damaged> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, Damaged> {
        self.maybe_text()?.ok_or(Damaged)
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<Arc<str>>, Damaged> {
        let number = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        let Some(index) = number.checked_sub(1) else { return Ok(None) };
        if let Some(known) = self.texts.get(index) {
            return Ok(Some(Arc::clone(known)));
        }
        if index != self.texts.len() {
            return Err(Damaged);
        }
        let length = self.count()?;
        let text = std::str::from_utf8(self.bytes(length)?).map_err(|_| Damaged)?;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        Ok(Some(text))
    }
}
