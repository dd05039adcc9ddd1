//! Checkouts: opened, filled in, paid, called off. A payment that is made for one, is paid, or fails, changes the checkout in
//! the same transaction, so that it is paid once and completed exactly when its payment is.

use jiff::SignedDuration;
use posthorn_core::checkout::{Checkout, Payer, State, Wish};
use posthorn_core::contract::{CHECKOUT_WAIT_MAX, Transition};
use posthorn_core::event::Mode;
use posthorn_core::id::{CheckoutId, CustomerId, MerchantId, OfferId, PaymentId};
use posthorn_core::money::Money;
use posthorn_core::payment::{Payment, Step};
use posthorn_core::shop::{Customer, check_texts};
use posthorn_store::{Page, Record, RecordKind, RecordQuery};

use super::affair::Affair;
use super::card::check_no_card;
use super::keeping::Written;
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// A checkout to open.
#[derive(Debug, Clone, Default)]
pub struct CheckoutDraft {
    /// How much; the offer's price when left out.
    pub money: Option<Money>,
    /// What is sold.
    pub offer: Option<OfferId>,
    /// Which of the merchant's customers buys it.
    pub customer: Option<CustomerId>,
    /// Who pays; what is left out is taken from the customer.
    pub payer: Payer,
    /// What the payer reads.
    pub description: Option<String>,
    /// The merchant's own notes: a JSON object in canonical bytes.
    pub metadata: String,
    /// For how long it may be paid; the contract's own when left out.
    pub expires_in: Option<SignedDuration>,
}

impl Engine {
    /// Opens a checkout. The answer says whether the same request had opened it before.
    pub async fn open_checkout(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        draft: CheckoutDraft,
        request: Option<&RequestKey>,
    ) -> Result<(Checkout, bool), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((shared.checkout(place, CheckoutId::from_i64(id)).await?, true));
            }
            if place.1 == Mode::Live {
                return Err(EngineError::NoLiveProvider);
            }
            let mut waits = shared.contract_at(place.0)?.checkout;
            if let Some(wished) = draft.expires_in {
                if wished.is_zero() || wished > CHECKOUT_WAIT_MAX {
                    return refuse("expires_in", "must be more than nothing and at most 365d");
                }
                waits.expires_after = Some(wished);
            }
            let (money, wish) = shared.wish(place, draft).await?;
            let real = shared.clock.now();
            let id = CheckoutId::from_i64(shared.next_event_id(real).as_i64());
            let now = shared.directory.now(place.0, place.1, real);
            check_no_card(&wish)?;
            let checkout = Checkout::open(id, place, money, (wish, waits), now);
            let step = if waits.announces {
                let first = PaymentId::from_i64(shared.next_event_id(real).as_i64());
                checkout.announcing(first).map(Affair::from)
            } else {
                Step::still(Affair::from(checkout))
            };
            match shared.write_step(0, step, Vec::new(), once).await? {
                Written::Now(affair) => Ok((affair.checkout()?, false)),
                Written::Before(id) => {
                    Ok((shared.checkout(place, CheckoutId::from_i64(id)).await?, true))
                }
            }
        };
        self.through(work).await
    }

    /// One checkout.
    pub async fn checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
    ) -> Result<Checkout, EngineError> {
        self.shared.checkout(place, id).await
    }

    /// Checkouts, newest first.
    pub async fn checkouts(
        &self,
        place: (MerchantId, Mode),
        state: Option<State>,
        page: Page<CheckoutId>,
    ) -> Result<Vec<Checkout>, EngineError> {
        let state = state.map(|state| state as u8);
        let query = RecordQuery { place, kind: RecordKind::Checkout, state };
        let page = Page { after: page.after.map(CheckoutId::as_i64), limit: page.limit };
        let records = self.shared.store.records(query, page).await?;
        records.iter().map(|record| Affair::read(record)?.checkout()).collect()
    }

    /// Fills a checkout's page in.
    pub async fn fill_checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
        fill: impl Fn(&mut Payer) + Send + Sync + 'static,
    ) -> Result<Checkout, EngineError> {
        self.on_checkout(place, id, move |checkout, now| {
            let mut payer = checkout.wish.payer.clone();
            fill(&mut payer);
            check(&payer, None)?;
            check_no_card(&payer)?;
            Ok(checkout.fill(payer, now)?)
        })
        .await
    }

    /// Calls a checkout off that was not paid.
    pub async fn cancel_checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
    ) -> Result<Checkout, EngineError> {
        self.on_checkout(place, id, |checkout, now| Ok(checkout.cancel(now)?)).await
    }

    async fn on_checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
        verb: impl Fn(Checkout, jiff::Timestamp) -> Result<Checkout, EngineError>
        + Send
        + Sync
        + 'static,
    ) -> Result<Checkout, EngineError> {
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            shared.checkout(place, id).await?;
            let decide = |affair: Affair, now| {
                let after = verb(affair.checkout()?, now)?;
                Ok::<_, EngineError>(Step::still(Affair::from(after)))
            };
            shared.change(id.as_i64(), decide, None).await?.checkout()
        };
        self.through(work).await
    }
}

impl Shared {
    /// One checkout of a merchant.
    pub(super) async fn checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
    ) -> Result<Checkout, EngineError> {
        let missing = || EngineError::Missing { what: "checkout" };
        let record = self.store.record(id.as_i64()).await?.ok_or_else(missing)?;
        let checkout = Affair::read(&record)?.checkout()?;
        if (checkout.merchant, checkout.mode) == place { Ok(checkout) } else { Err(missing()) }
    }

    /// What a draft comes to: its amount, and what is sold to whom, as it is at this moment.
    async fn wish(
        &self,
        place: (MerchantId, Mode),
        draft: CheckoutDraft,
    ) -> Result<(Money, Wish), EngineError> {
        check(&draft.payer, draft.description.as_deref())?;
        let mut wish = Wish {
            product: None,
            offer: None,
            customer: draft.customer,
            payer: draft.payer,
            description: draft.description,
            metadata: draft.metadata,
        };
        if let Some(id) = draft.customer {
            let (known, _) = self.thing::<Customer>(place, id.as_i64()).await?;
            let Customer { name, email, phone, document, .. } = known;
            wish.payer = wish.payer.or(Payer { name, email, phone, document });
        }
        let mut money = draft.money;
        if let Some(offer) = draft.offer {
            let (offer, product) = self.offered(place, offer).await?;
            if money.is_some_and(|money| money != offer.price) {
                return refuse("amount", format!("the offer's price is {}", offer.price));
            }
            money = Some(offer.price);
            wish.product = Some(product.sold());
            wish.offer = Some(offer.taken());
        }
        match money {
            Some(money) => Ok((money, wish)),
            None => refuse("amount", "is missing; send `amount` and `currency`, or an `offer`"),
        }
    }

    /// A payment's step with what it means to the checkout that it was made for: its record, to be written with it.
    pub(super) async fn with_checkout(
        &self,
        mut step: Step<Affair>,
    ) -> Result<(Step<Affair>, Option<Record>), EngineError> {
        let Affair::Payment(payment) = &step.after else { return Ok((step, None)) };
        let Some(id) = payment.wish.checkout else { return Ok((step, None)) };
        let Some(meaning) = step.told.iter().find_map(|told| Meaning::of(*told)) else {
            return Ok((step, None));
        };
        let (affair, version) = self.kept(id.as_i64()).await?;
        let before = affair.checkout()?;
        let after = meaning.to(before.clone(), payment)?;
        if after.after == before {
            return Ok((step, None));
        }
        step.told.extend(after.told);
        Ok((step, Some(Affair::from(after.after).record(version))))
    }
}

/// What something that has happened to a payment means to its checkout.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Begun,
    Paid,
    Unpaid,
}

impl Meaning {
    fn of(told: Transition) -> Option<Self> {
        match told {
            Transition::PaymentCreated => Some(Self::Begun),
            Transition::PaymentSucceeded => Some(Self::Paid),
            Transition::PaymentFailed
            | Transition::PaymentCanceled
            | Transition::PaymentExpired => Some(Self::Unpaid),
            Transition::PaymentPending
            | Transition::PaymentSeen
            | Transition::PaymentProcessing
            | Transition::PaymentRequiresAction
            | Transition::PaymentAuthorized
            | Transition::PaymentPartiallyRefunded
            | Transition::PaymentRefunded
            | Transition::PaymentDisputed
            | Transition::OrderCreated
            | Transition::OrderShipped
            | Transition::OrderDelivered
            | Transition::OrderCanceled
            | Transition::CheckoutCompleted
            | Transition::CheckoutAbandoned
            | Transition::SplitProcessed
            | Transition::SplitFailed
            | Transition::PayoutCreated
            | Transition::PayoutCompleted
            | Transition::PayoutFailed
            | Transition::ProductUpdated
            | Transition::UserCreated
            | Transition::UserUpdated => None,
        }
    }

    fn to(self, checkout: Checkout, payment: &Payment) -> Result<Step<Checkout>, EngineError> {
        let now = payment.updated;
        match self {
            Self::Begun if payment.money != checkout.money => {
                refuse("amount", format!("the checkout is of {}", checkout.money))
            }
            Self::Begun => Ok(Step::still(checkout.pay(payment.id, now)?)),
            Self::Paid => Ok(checkout.paid(payment.id, now)),
            Self::Unpaid => Ok(Step::still(checkout.unpaid(payment.id, now))),
        }
    }
}

fn check(payer: &Payer, description: Option<&str>) -> Result<(), EngineError> {
    let Payer { name, email, phone, document } = payer;
    Ok(check_texts(&[
        ("name", name.as_deref()),
        ("email", email.as_deref()),
        ("phone", phone.as_deref()),
        ("document", document.as_deref()),
        ("description", description),
    ])?)
}
