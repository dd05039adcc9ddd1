//! Links to the pages that payers open without a key: an id, and a proof that we gave it out.
//!
//! An id tells when it was made, so whoever has one can guess others; the proof is a keyed hash that nobody can. It needs no
//! memory and stays the same, so a link can be sent again.

use data_encoding::HEXLOWER;
use posthorn_core::id::{CheckoutId, PaymentId};
use posthorn_core::payment::Payment;
use posthorn_core::secret::{constant_time_eq, keyed_hash};

use super::affair::Affair;
use crate::Engine;
use crate::error::EngineError;
use crate::shared::Shared;

/// Bytes of a proof.
const PROOF: usize = 12;

impl Shared {
    /// Where a payer can pay a payment: a page of ours; `None` where no public URL is configured.
    pub(super) fn link_of(&self, payment: &Payment) -> Option<String> {
        self.behind(&self.payment_path(payment.id))
    }

    fn behind(&self, path: &str) -> Option<String> {
        let base = self.options.public_url.as_deref()?;
        Some(format!("{}{path}", base.trim_end_matches('/')))
    }

    fn payment_path(&self, id: PaymentId) -> String {
        self.path("pay", &id.to_string())
    }

    fn path(&self, page: &str, id: &str) -> String {
        format!("/{page}/{id}.{}", HEXLOWER.encode(&self.proof(page, id)))
    }

    pub(super) fn proof(&self, page: &str, id: &str) -> [u8; PROOF] {
        let hash = keyed_hash(&self.pepper, &format!("link {page} {id}"));
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// The id in the last segment of a link's path, if the proof behind it is the one that we gave out.
    fn proven<'a>(&self, page: &str, segment: &'a str) -> Option<&'a str> {
        let (id, proof) = segment.split_once('.')?;
        let proof = HEXLOWER.decode(proof.as_bytes()).ok()?;
        constant_time_eq(&proof, &self.proof(page, id)).then_some(id)
    }
}

impl Engine {
    /// The path of a payment's page, behind whatever base.
    #[must_use]
    pub fn payment_path(&self, id: PaymentId) -> String {
        self.shared.payment_path(id)
    }

    /// The path of a checkout's page.
    #[must_use]
    pub fn checkout_path(&self, id: CheckoutId) -> String {
        self.shared.path("checkout", &id.to_string())
    }

    /// Where a payer finds a payment's page; `None` where no public URL is configured.
    #[must_use]
    pub fn payment_link(&self, payment: &Payment) -> Option<String> {
        self.shared.link_of(payment)
    }

    /// Where a payer finds a checkout's page; `None` where no public URL is configured.
    #[must_use]
    pub fn checkout_link(&self, id: CheckoutId) -> Option<String> {
        self.shared.behind(&self.checkout_path(id))
    }

    /// A payment by the last segment of its link, whosever it is: payers have no key.
    pub async fn payment_of_link(&self, segment: &str) -> Result<Payment, EngineError> {
        let missing = || EngineError::Missing { what: "payment" };
        let id = self.shared.proven("pay", segment).and_then(|id| id.parse::<PaymentId>().ok());
        self.shared.kept(id.ok_or_else(missing)?.as_i64()).await?.0.payment()
    }

    /// A checkout by the last segment of its link.
    pub async fn checkout_of_link(
        &self,
        segment: &str,
    ) -> Result<posthorn_core::checkout::Checkout, EngineError> {
        let missing = || EngineError::Missing { what: "checkout" };
        let id = self.shared.proven("checkout", segment);
        let id = id.and_then(|id| id.parse::<CheckoutId>().ok()).ok_or_else(missing)?;
        let record = self.shared.store.record(id.as_i64()).await?;
        Affair::read(&record.ok_or_else(missing)?)?.checkout()
    }
}
