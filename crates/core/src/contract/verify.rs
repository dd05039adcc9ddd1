//! The receiving side: is this request what the contract would have sent?

use super::key::CheckingKey;
use super::template::{Filling, Hole};
use super::{BadSecret, Contract};
use crate::json::{Json, Style};

/// A receiver's clock, and how far from it a timestamp may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// The receiver's time, in Unix seconds.
    pub now_unix: i64,
    /// How far the timestamp may be from it either way, in seconds; the guides use 300.
    pub tolerance_s: i64,
}

impl Tolerance {
    /// A clock and a tolerance, both in seconds.
    #[must_use]
    pub const fn new(now_unix: i64, tolerance_s: i64) -> Self {
        Self { now_unix, tolerance_s }
    }
}

/// Why a request is not taken for genuine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// The secret cannot verify anything.
    #[error(transparent)]
    Secret(#[from] BadSecret),
    /// A header that verification needs is not there.
    #[error("header `{header}` is missing")]
    Missing {
        /// Its name.
        header: String,
    },
    /// A header is there, but not in the contract's form.
    #[error("header `{header}` does not have the contract's form")]
    Unreadable {
        /// Its name.
        header: String,
    },
    /// Two headers say different things, so one of them was changed.
    #[error("header `{header}` contradicts another: they give different values for `{hole}`")]
    Contradiction {
        /// The second of them.
        header: String,
        /// What they differ in.
        hole: &'static str,
    },
    /// It was signed too long ago, or in the future.
    #[error("the timestamp is {age_s} s old; the tolerance is {tolerance_s} s either way")]
    Stale {
        /// How old; negative: from the future.
        age_s: i64,
        /// What was allowed.
        tolerance_s: i64,
    },
    /// Body, headers and secret do not belong together.
    #[error(
        "the signature does not fit the body and the secret; check that the body is the raw bytes \
         received, and that the secret is this endpoint's"
    )]
    Mismatch,
    /// The signature inside the body does not fit the rest of it.
    #[error("the body's own signature is missing or does not fit the rest of the body")]
    BodyMismatch,
}

impl Contract {
    /// Verifies a request as a careful receiver would: the signature in constant time, the timestamp
    /// within the tolerance where the contract sends one, and headers that repeat a value must
    /// agree. `secret` may be a public key (`whpk_…`).
    pub fn verify<N: AsRef<str>, V: AsRef<str>>(
        &self,
        headers: &[(N, V)],
        body: &[u8],
        secret: &str,
        clock: Tolerance,
    ) -> Result<(), NotGenuine> {
        let Tolerance { now_unix, tolerance_s } = clock;
        let key = CheckingKey::parse(secret, self.signature.form)?;
        let id = if self.signature.content.has(Hole::Id) {
            self.carried(headers, Hole::Id)?
        } else {
            None
        };
        let timestamp = self.carried(headers, Hole::Timestamp)?;
        let signature = self.carried(headers, Hole::Signature)?;
        if let Some((header, timestamp)) = timestamp {
            let unreadable = || NotGenuine::Unreadable { header: header.to_owned() };
            let signed_at: i64 = timestamp.parse().map_err(|_| unreadable())?;
            let age_s = now_unix.saturating_sub(signed_at);
            if age_s.saturating_abs() > tolerance_s {
                return Err(NotGenuine::Stale { age_s, tolerance_s });
            }
        }
        let filling = Filling {
            id: id.map_or("", |(_, id)| id),
            timestamp: timestamp.map_or("", |(_, timestamp)| timestamp),
            body,
            ..Filling::default()
        };
        if let Some((_, signature)) = signature
            && !self.signature.fits(&key, signature, filling)
        {
            return Err(NotGenuine::Mismatch);
        }
        self.verify_body(&key, body)
    }

    /// What the headers carry for a hole, and in which header; `None` when the contract has none
    /// for it. All headers that carry it must agree.
    fn carried<'h, N: AsRef<str>, V: AsRef<str>>(
        &'h self,
        headers: &'h [(N, V)],
        hole: Hole,
    ) -> Result<Option<(&'h str, &'h str)>, NotGenuine> {
        let mut found: Option<(&str, &str)> = None;
        let mut carriers = self.headers.iter().filter(|(_, template)| template.has(hole));
        for (name, template) in carriers.clone() {
            let mut values = headers.iter().filter(|(n, _)| n.as_ref().eq_ignore_ascii_case(name));
            let Some((_, value)) = values.next() else { continue };
            let unreadable = || NotGenuine::Unreadable { header: name.clone() };
            let read = template.read(value.as_ref()).ok_or_else(unreadable)?;
            for (_, value) in read.into_iter().filter(|(other, _)| *other == hole) {
                if found.is_some_and(|(_, before)| before != value) {
                    let hole = hole.written();
                    return Err(NotGenuine::Contradiction { header: name.clone(), hole });
                }
                found = Some((name, value));
            }
        }
        match (found, carriers.next()) {
            (None, Some((name, _))) => Err(NotGenuine::Missing { header: name.clone() }),
            (found, _) => Ok(found),
        }
    }

    /// Verifies the body's own signature, where the envelope ends with one.
    fn verify_body(&self, key: &CheckingKey, body: &[u8]) -> Result<(), NotGenuine> {
        let Some(name) = &self.envelope.signature else { return Ok(()) };
        let fits = Style::ALL.into_iter().any(|style| {
            split_signature(body, name, style).is_some_and(|(unsigned, mac)| {
                self.signature.fits_bytes(key, &mac, [unsigned, b"}"].into_iter())
            })
        });
        if fits { Ok(()) } else { Err(NotGenuine::BodyMismatch) }
    }
}

/// Takes the last member off a body: what stands before it (the closing brace is not there), and
/// its value.
fn split_signature<'b>(body: &'b [u8], name: &str, style: Style) -> Option<(&'b [u8], String)> {
    let body = str::from_utf8(body).ok()?;
    let member = Json::object([(name, Json::from(""))]).to_vec(style);
    let opening = str::from_utf8(&member).ok()?.strip_prefix('{')?.strip_suffix("\"}")?.to_owned();
    let (before, mac) = body.strip_suffix("\"}")?.rsplit_once(&opening)?;
    let before = match style {
        Style::Js | Style::Php => before.strip_suffix(','),
        Style::Python => before.strip_suffix(", "),
    };
    // PHP escapes the `/` of base64.
    before.map(|before| (before.as_bytes(), mac.replace("\\/", "/")))
}
