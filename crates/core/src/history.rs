//! The request history: calls of the API, as they are kept for some days, and how many of them make one small block.
//!
//! Whoever makes a [`Call`] has taken secrets and card numbers out of it; nothing here looks for them. A block is written once and
//! never changed, so a place in it is a place in a list for as long as it is kept.

mod block;
#[cfg(test)]
mod laws;
mod request_id;
mod wanted;
mod wire;

use std::sync::Arc;

use jiff::Timestamp;

use crate::event::Mode;
use crate::id::{ApplicationId, EventId, KeyId, MerchantId};

pub use block::{Block, Damaged, Section, pack, unpack};
pub use request_id::{MadeId, id_hash};
pub use wanted::{BadStatus, Statuses, Wanted};

/// Bytes that are kept of a body, at most.
pub const BODY_KEPT_BYTES_MAX: usize = 4 * 1024;
/// Calls in one block, at most: a place in a block has sixteen bits.
pub const BLOCK_CALLS_MAX: usize = 32 * 1024;
/// How far apart the beginnings of two calls of one block may lie, in milliseconds: a block is found by time with this in mind.
pub const BLOCK_SPAN_MS_MAX: i64 = 10 * 60 * 1000;

/// Whose a call is: a merchant's, in a mode; `None` where nobody was known, and for the operator's.
pub type Owner = Option<(MerchantId, Mode)>;

/// One call of the API, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its request id.
    pub id: Arc<str>,
    /// When it began, to the microsecond.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Whose it is.
    pub owner: Owner,
    /// Who made it.
    pub by: By,
    /// What was asked.
    pub asked: Asked,
    /// What was answered.
    pub status: u16,
    /// The code of the error that was answered.
    pub code: Option<Arc<str>>,
    /// What was sent.
    pub request: Body,
    /// What was answered.
    pub response: Body,
    /// The events that it made, which hold what was sent.
    pub events: Vec<EventId>,
}

/// What a call asked for, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: Arc<str>,
    /// The path with its query.
    pub path: Arc<str>,
    /// The address it came from.
    pub peer: Option<Arc<str>>,
    /// What the program calls itself.
    pub user_agent: Option<Arc<str>>,
    /// Its idempotency key.
    pub idempotency_key: Option<Arc<str>>,
    /// What its body is said to be.
    pub content_type: Option<Arc<str>>,
}

/// Who made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whoever has no good key, or showed none.
    Nobody,
    /// The operator.
    Operator,
    /// A program that a merchant let in, with a token.
    Program(ApplicationId),
    /// A merchant, with one of its keys.
    Key(KeyId),
}

/// What is kept of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// How many bytes it had, as far as is known.
    pub bytes: u64,
    /// Its text.
    pub kept: Kept,
}

/// The text of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: there was none, it is neither JSON nor a form, it was too long, or there was no room for it.
    #[default]
    Nothing,
    /// All of it.
    Whole(Arc<str>),
    /// Its beginning.
    Cut(Arc<str>),
}

impl Kept {
    /// As much of a text as is kept of a body.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.len() <= BODY_KEPT_BYTES_MAX {
            return Self::Whole(text.into());
        }
        let end = (0..=BODY_KEPT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end));
        Self::Cut(text.get(..end.unwrap_or_default()).unwrap_or_default().into())
    }

    /// The text, as far as it is kept.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Whole(text) | Self::Cut(text) => Some(text),
        }
    }
}
