//! Contracts: the wire dialects that platforms have promised, as data.
//!
//! A contract is one TOML file: envelope, headers, signature, retry schedule, catalogue, and the
//! vectors that prove it. [`Contract::parse`] reads it and tells everything that is wrong with it,
//! by line; [`Contract::sign`] makes the bytes of one attempt; [`Contract::verify`] is the receiving
//! side; [`Contract::prove`] runs the file's own vectors.
//!
//! A dialect is a file, never an `if`: a new behaviour is a new field, a new hole or a new enum
//! variant, with a vector.
//!
//! ```
//! use posthorn_core::contract::{Sending, Tolerance, embedded};
//!
//! let contract = embedded().iter().find(|contract| contract.name == "payqi").unwrap();
//! let key = contract.key("whsec_fake")?;
//! let signed = contract.sign(
//!     &Sending {
//!         id: "evt_1",
//!         kind: "payment.completed",
//!         created: "2026-11-22T00:00:00Z".parse()?,
//!         merchant: "mer_1",
//!         delivery: "dlv_1",
//!         attempt: 1,
//!         sequence: None,
//!         timestamp: 1_795_305_600,
//!         data: br#"{"id":"pay_1"}"#,
//!         style: Default::default(),
//!     },
//!     &[key],
//! )?;
//! assert_eq!(
//!     signed.body,
//!     br#"{"id":"evt_1","type":"payment.completed","created":1795305600,"data":{"id":"pay_1"}}"#
//! );
//! let clock = Tolerance::new(1_795_305_600, 300);
//! contract.verify(&signed.headers, &signed.body, "whsec_fake", clock)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod embedded;
mod envelope;
mod fault;
mod field;
mod file;
mod fill;
mod forms;
mod key;
mod limits;
mod lookup;
mod members;
mod products;
mod provider;
mod read;
mod render;
mod shape;
mod signature;
mod template;
mod vector;
mod verify;
mod wire_id;

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use catalogue::CatalogueEvent;
pub use embedded::embedded;
pub use fault::{Fault, nearest};
pub use file::{CONNECTION_HEADERS, SecretForm};
pub use key::{BadSecret, KeyForm, SigningKey};
pub use limits::{Limits, PER_MINUTE_MAX, RequestClass};
pub use provider::{CHECKOUT_WAIT_MAX, NotTaken, Provider, Rail, Sandbox};
pub use signature::Encoding;
pub use verify::{NotGenuine, Tolerance};
pub use wire_id::Kind;

pub use crate::transition::Transition;

use crate::checkout::Waits;
use crate::json::Style;
use crate::retry::Schedule;
use envelope::Envelope;
use forms::Forms;
use signature::Scheme;
use template::{Filling, Hole, Template};
use vector::Vector;

/// A wire dialect, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// What merchants and endpoints call it.
    pub name: String,
    /// The platform's own name.
    pub title: String,
    /// The language of its descriptions, as a BCP 47 tag (`en`, `pt-BR`).
    pub language: String,
    /// Whether the platform promises that it sends over https alone.
    pub https_only: bool,
    /// The most bytes a body may have.
    pub body_bytes_max: usize,
    /// When it tries again, how long a try may take, and what giving up is called.
    pub retry: Schedule,
    /// What the secrets look like that Posthorn makes.
    pub secret: SecretForm,
    /// The events it promises, in the order of the file.
    pub events: Vec<CatalogueEvent>,
    /// The providers it names, in the order of the file.
    pub providers: Vec<Provider>,
    /// What its sandbox does by itself.
    pub sandbox: Sandbox,
    /// How long its checkouts wait for their payers.
    pub checkout: Waits,
    /// How many requests its own API takes.
    pub limits: Limits,
    /// The time of day, UTC, at which it makes a feed of a merchant's products, if it does.
    pub product_feed: Option<jiff::civil::Time>,
    /// The file, byte for byte.
    pub source: Arc<str>,
    file: Arc<str>,
    envelope: Envelope,
    headers: Vec<(String, Template)>,
    signature: Scheme,
    forms: Forms,
    vectors: Vec<Vector>,
}

/// One attempt, before it is rendered and signed.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// The event's id on the wire; visible ASCII, since headers carry it.
    pub id: &'a str,
    /// The event's type.
    pub kind: &'a str,
    /// When the event happened, on the merchant's clock; printed to the second.
    pub created: Timestamp,
    /// Whose event it is: the merchant's reference, else its id.
    pub merchant: &'a str,
    /// The delivery's id.
    pub delivery: &'a str,
    /// The attempt's number in this run, from 1.
    pub attempt: u32,
    /// Which of its record's events this is, from 1, where it came of a record's life.
    pub sequence: Option<u32>,
    /// When it is signed, in Unix seconds; always real time, in a sandbox too.
    pub timestamp: i64,
    /// The event's data: a JSON object in canonical bytes (see [`crate::event::Payload`]).
    pub data: &'a [u8],
    /// How the body is printed.
    pub style: Style,
}

/// The bytes of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Names and values, in the order of the contract.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why an attempt cannot be made, now or ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The contract forbids a body of this size.
    #[error("the body would have {bytes} bytes; the contract allows {limit}")]
    TooLarge {
        /// Its size at the largest attempt number.
        bytes: usize,
        /// The contract's limit.
        limit: usize,
    },
}

impl Contract {
    /// Reads a contract file; or tells everything that is wrong with it, in the file's order.
    /// `file_name` is only used to name the place of a fault.
    pub fn parse(file_name: &str, source: &str) -> Result<Self, Vec<Fault>> {
        file::read(file_name, source)
    }

    /// What this text is known by: the first 16 bytes of its SHA-256. Attempts name it, so that
    /// they can be rendered again after the file has changed.
    #[must_use]
    pub fn version(&self) -> [u8; 16] {
        Sha256::digest(self.source.as_bytes()).first_chunk().copied().unwrap_or_default()
    }

    /// What a secret's text stands for in this contract.
    #[must_use]
    pub fn key_form(&self) -> KeyForm {
        self.signature.form
    }

    /// Reads a secret as this contract's key.
    pub fn key(&self, secret: &str) -> Result<SigningKey, BadSecret> {
        SigningKey::parse(secret, self.signature.form)
    }

    /// Whether several secrets can sign one delivery, while a rotation overlaps.
    #[must_use]
    pub fn signs_with_all_keys(&self) -> bool {
        self.signature.join.is_some()
    }

    /// The catalogue's entry for an event type.
    #[must_use]
    pub fn event(&self, kind: &str) -> Option<&CatalogueEvent> {
        self.events.iter().find(|event| event.kind.as_str() == kind)
    }

    /// Renders and signs one attempt. Where there is room for one signature the first key makes it,
    /// else every key does; without a key, what would carry a signature is left out.
    pub fn sign(&self, sending: &Sending<'_>, keys: &[SigningKey]) -> Result<Signed, Unsendable> {
        let body = self.body(sending, keys.first())?;
        Ok(Signed { headers: self.headers(sending, &body, keys), body })
    }

    /// The body of one attempt; `key` signs it from within, where the envelope ends with a
    /// signature.
    pub fn body(
        &self,
        sending: &Sending<'_>,
        key: Option<&SigningKey>,
    ) -> Result<Vec<u8>, Unsendable> {
        let mut body = self.envelope.render(sending);
        if let Some(key) = key.filter(|_| self.envelope.signature.is_some()) {
            let mac = self.signature.mac(key, &body);
            body = self.envelope.seal(body, sending, &mac);
        }
        let bytes = body.len() + self.growth(sending.attempt);
        if bytes > self.body_bytes_max {
            return Err(Unsendable::TooLarge { bytes, limit: self.body_bytes_max });
        }
        Ok(body)
    }

    /// The headers that go with a body, whoever made it; `sending.data` and `style` do not matter.
    #[must_use]
    pub fn headers(
        &self,
        sending: &Sending<'_>,
        body: &[u8],
        keys: &[SigningKey],
    ) -> Vec<(String, String)> {
        let attempt = sending.attempt.to_string();
        let timestamp = sending.timestamp.to_string();
        let sequence = sending.sequence.map(|sequence| sequence.to_string());
        let filling = Filling {
            id: sending.id,
            kind: sending.kind,
            attempt: &attempt,
            timestamp: &timestamp,
            delivery: sending.delivery,
            sequence: sequence.as_deref().unwrap_or_default(),
            body,
            ..Filling::default()
        };
        let signature = self.signature.sign(keys, filling);
        let filling = Filling { signature: &signature, ..filling };
        self.headers
            .iter()
            .filter(|(_, value)| !keys.is_empty() || !value.has(Hole::Signature))
            .filter(|(_, value)| sequence.is_some() || !value.has(Hole::Sequence))
            .map(|(name, value)| (name.clone(), value.fill(filling)))
            .collect()
    }

    /// How many bytes longer the body of the last attempt is: a body that fits at first must not
    /// turn out too large ten days later.
    fn growth(&self, attempt: u32) -> usize {
        let digits = |number: u64| number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let last = u64::try_from(self.retry.tries()).unwrap_or(u64::MAX).max(attempt.into());
        if self.envelope.numbers_attempts { digits(last) - digits(attempt.into()) } else { 0 }
    }
}
