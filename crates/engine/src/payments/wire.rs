//! What a merchant's contract says about its payments: providers, ids, and how one looks on the wire.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::contract::{Contract, Kind, Provider, Transition};
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PaymentId, PayoutId};
use posthorn_core::money::Asset;
use posthorn_core::payment::{Facts, Method, Payment, State};
use posthorn_rails::boleto;
use posthorn_rails::mpesa::{BadMsisdn, Msisdn};
use posthorn_store::{Page, RecordKind};

use super::rails::ForcedOutcome;
use crate::Engine;
use crate::error::EngineError;
use crate::moods::RailMood;

/// Payments that anybody counts, at most.
const COUNTED_MAX: u32 = 100_000;

/// Whether a text is a telephone that M-Pesa knows: `254712345678`.
pub fn check_phone(text: &str) -> Result<(), BadMsisdn> {
    Msisdn::parse(text).map(drop)
}

impl Engine {
    /// A provider of a merchant's contract, by the contract's own word.
    #[must_use]
    pub fn provider(&self, merchant: MerchantId, name: &str) -> Option<Provider> {
        let contract = self.shared.contract_at(merchant).ok()?;
        contract.provider(name).cloned()
    }

    /// The provider that usually takes a method of payment, by the contract's own word.
    #[must_use]
    pub fn usual_provider(
        &self,
        merchant: MerchantId,
        method: &str,
        asset: Asset,
    ) -> Option<String> {
        let contract = self.shared.contract_at(merchant).ok()?;
        contract.default_provider(method, asset).map(|provider| provider.name.clone())
    }

    /// Until when a payment by a method that is made now may be paid: as long as is wished, else as the contract has it; a boleto, of
    /// which neither says anything, to the end of the day that it is due.
    #[must_use]
    pub fn payment_expires(
        &self,
        (merchant, mode): (MerchantId, Mode),
        method: &str,
        wished: Option<SignedDuration>,
    ) -> Option<Timestamp> {
        let contract = self.shared.contract_at(merchant).ok()?;
        match wished.or(contract.sandbox.expires_after(method)) {
            None if method == Method::Boleto.name() => {
                self.boleto_expires((merchant, mode), boleto::DUE_DAYS)
            }
            None => None,
            Some(after) => self.merchant_time(merchant, mode).checked_add(after).ok(),
        }
    }

    /// The end of the day that a boleto is due which is made now and due in so many days.
    #[must_use]
    pub fn boleto_expires(
        &self,
        (merchant, mode): (MerchantId, Mode),
        days: u8,
    ) -> Option<Timestamp> {
        boleto::due_in(self.merchant_time(merchant, mode), days)
    }

    fn merchant_time(&self, merchant: MerchantId, mode: Mode) -> Timestamp {
        self.shared.directory.now(merchant, mode, self.shared.clock.now())
    }

    /// The payment that a text names: in our form, or in that of the merchant's contract.
    pub fn payment_id(&self, merchant: MerchantId, text: &str) -> Result<PaymentId, EngineError> {
        self.id_of(merchant, Kind::Payment, text).map(PaymentId::from_i64)
    }

    /// The payout that a text names: in our form, or in that of the merchant's contract.
    pub fn payout_id(&self, merchant: MerchantId, text: &str) -> Result<PayoutId, EngineError> {
        self.id_of(merchant, Kind::Payout, text).map(PayoutId::from_i64)
    }

    /// The number that a text names, of one of the kinds: in our form, or in that of the merchant's contract.
    pub fn id_of(&self, merchant: MerchantId, kind: Kind, text: &str) -> Result<i64, EngineError> {
        let contract = self.shared.contract_at(merchant)?;
        let read = contract.read_id(kind, text).or_else(|| kind.read_native(text));
        read.ok_or(EngineError::Missing { what: kind.name() })
    }

    /// An id in the form of its merchant's contract.
    #[must_use]
    pub fn id_on_the_wire(&self, merchant: MerchantId, kind: Kind, id: i64) -> String {
        let contract = self.shared.contract_at(merchant).ok();
        contract.map_or_else(|| kind.write_native(id), |contract| contract.wire_id(kind, id))
    }

    /// A payment as the events of its merchant's contract show it: JSON in canonical bytes; `None` where the contract has no
    /// such form.
    #[must_use]
    pub fn payment_on_the_wire(&self, payment: &Payment) -> Option<Vec<u8>> {
        let link = self.shared.link_of(payment);
        self.told_of(payment, link.as_deref(), Contract::payment_data)
    }

    fn told_of(
        &self,
        payment: &Payment,
        payment_link: Option<&str>,
        tell: impl FnOnce(&Contract, &Facts<'_>) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let merchant = self.shared.directory.merchant(payment.merchant)?;
        let contract = self.shared.contract_named(&merchant.contract).ok()?;
        let wire_id = merchant.wire_id();
        tell(&contract, &Facts { payment_link, ..Facts::of(payment, &wire_id) })
    }

    /// A page of payments, newest first, behind so many that are left out and not read.
    pub async fn payments_behind(
        &self,
        place: (MerchantId, Mode),
        skipped: u32,
        limit: u32,
    ) -> Result<Vec<Payment>, EngineError> {
        let Some(last) = skipped.checked_sub(1) else {
            return self.payments(place, None, Page { after: None, limit }).await;
        };
        match self.shared.store.record_at(place, RecordKind::Payment, last).await? {
            Some(id) => {
                let after = Some(PaymentId::from_i64(id));
                self.payments(place, None, Page { after, limit }).await
            }
            None => Ok(Vec::new()),
        }
    }

    /// How many payments a merchant has, as far as anybody counts.
    pub async fn count_payments(&self, place: (MerchantId, Mode)) -> Result<u64, EngineError> {
        Ok(self.shared.store.count_records(place, RecordKind::Payment, COUNTED_MAX).await?)
    }

    /// Makes something happen to a test payment at its simulated provider.
    pub async fn force_payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
        outcome: ForcedOutcome,
    ) -> Result<Payment, EngineError> {
        only_test(place.1)?;
        let engine = self.clone();
        let work = async move {
            let payment = engine.shared.payment(place, id).await?;
            let charge = payment.attempts.last().map(|attempt| attempt.call.request);
            let charge = charge.ok_or(EngineError::Missing { what: "attempt" })?;
            engine.shared.force_rail(&payment.into(), charge, &outcome).await?;
            engine.shared.payment(place, id).await
        };
        self.through(work).await
    }

    /// Sets how a merchant's simulated provider behaves, on this server and until it stops.
    pub fn set_rail_mood(
        &self,
        (merchant, mode): (MerchantId, Mode),
        provider: &str,
        mood: RailMood,
    ) -> Result<(), EngineError> {
        only_test(mode)?;
        if self.provider(merchant, provider).is_none() {
            return Err(EngineError::Missing { what: "provider" });
        }
        self.shared.moods.set(merchant, provider, mood);
        Ok(())
    }

    /// The contract that a merchant speaks.
    pub fn contract_of(&self, merchant: MerchantId) -> Result<Arc<Contract>, EngineError> {
        self.shared.contract_at(merchant)
    }

    /// Payments that stand in one of these states, newest first: a platform's status word may mean several.
    pub async fn payments_in(
        &self,
        place: (MerchantId, Mode),
        states: &[State],
        page: Page<PaymentId>,
    ) -> Result<Vec<Payment>, EngineError> {
        let mut found = Vec::new();
        for state in states {
            found.extend(self.payments(place, Some(*state), page).await?);
        }
        found.sort_unstable_by_key(|payment| Reverse(payment.id));
        found.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// A payment as its merchant's contract shows it, as [`Engine::payment_on_the_wire`]; where the deployment has no
    /// `public_url`, its link leads to the server that was asked, at this base.
    #[must_use]
    pub fn payment_on_the_wire_from(&self, payment: &Payment, asked: &str) -> Option<Vec<u8>> {
        let link = self.shared.link_of(payment);
        let link = link.unwrap_or_else(|| format!("{asked}{}", self.payment_path(payment.id)));
        self.told_of(payment, Some(&link), Contract::payment_data)
    }

    /// What the event that its merchant's contract has for a transition would tell of a payment as it stands: JSON in canonical
    /// bytes.
    #[must_use]
    pub fn payment_told(&self, payment: &Payment, transition: Transition) -> Option<Vec<u8>> {
        let link = self.shared.link_of(payment);
        self.told_of(payment, link.as_deref(), |contract, facts| {
            let event = contract.events_on(transition).next()?;
            contract.event_data(&event.kind, facts)
        })
    }
}

fn only_test(mode: Mode) -> Result<(), EngineError> {
    match mode {
        Mode::Test => Ok(()),
        Mode::Live => Err(EngineError::WrongMode {
            what: "only test mode has simulated providers; use a test key (`sk_test_…`)",
        }),
    }
}
