//! Payments: a merchant's wish, carried to a provider and back, each step of it one transaction.
//!
//! A payment is written down before anything is sent, marked as sent before the provider is spoken to, and changed by what the
//! provider says. Whoever finds it in between, after a crash or on another server, goes on from what is on record: what was
//! never sent is sent, what may have been is asked about (ADR 0012).

mod affair;
mod callback;
mod card;
mod card_tokens;
mod checkouts;
mod feeds;
mod keeping;
mod ledger;
mod links;
mod name;
mod orders;
mod payouts;
mod rails;
mod shop;
mod telling;
mod terms;
mod waking;
mod wire;
mod wording;

use std::sync::Arc;

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PaymentId};
use posthorn_core::money::Money;
use posthorn_core::payment::{NewLeg, Payment, Refused, Split, State, Step, Wish};
use posthorn_rails::simulated::Word;
use posthorn_store::{Balance, Decision, Done, Once, Page, RecordKind, RecordQuery, StoreError};

pub use card::{BadCard, PayerCard};
pub(crate) use card::{is_code, words};
pub use card_tokens::CardGiven;
pub use checkouts::CheckoutDraft;
pub use ledger::LedgerProof;
pub use orders::{OrderChange, OrderDraft, OrderVerb};
pub use payouts::PayoutDraft;
pub use rails::ForcedOutcome;
pub use shop::Kept;
pub use terms::{Buying, Terms};
pub(crate) use waking::{look_after_records, settle_records};
pub use wire::check_phone;

use affair::Affair;
use card_tokens::Drawn;

use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::shared::Shared;

/// How often somebody else's change is waited out before a call is refused.
const TRIES: u32 = 20;

/// A payment to make.
pub struct PaymentDraft {
    /// How much.
    pub money: Money,
    /// What the merchant asks for.
    pub wish: Wish,
    /// With whom it is shared.
    pub legs: Vec<NewLeg>,
    /// The card that pays.
    pub card: Option<CardGiven>,
}

/// A payment as it stands, and what came of asking for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The payment.
    pub payment: Payment,
    /// Whether the same request, or one with the same reference, had made it before.
    pub existed: bool,
}

impl Engine {
    /// Makes a payment and takes it to its provider. With a reference that a payment has which may still be paid, or was, that
    /// one is answered; another amount or another provider under the same reference is refused.
    pub async fn create_payment(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        mut draft: PaymentDraft,
        request: Option<&RequestKey>,
    ) -> Result<Opened, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            shared.one_spelling(place.0, &mut draft.wish.reference)?;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                let payment = shared.payment(place, PaymentId::from_i64(id)).await?;
                return Ok(Opened { payment, existed: true });
            }
            let (provider, method) = (&*draft.wish.provider, draft.wish.method.name());
            shared.check_provider(place, (provider, method), draft.money)?;
            wording::check_payment(&draft)?;
            if let Some(callback) = &draft.wish.callback {
                shared.meet_callback(place, callback).await?;
            }
            for _ in 0..TRIES {
                let token = shared.token_of(place, &draft).await?;
                if let Some(payment) = shared.made_before(place, &draft, token.as_ref()).await? {
                    return shared.once_more(payment, once).await;
                }
                shared.check_room(place, draft.money).await?;
                let drawn = token.map(|token| shared.draw(token)).transpose()?;
                match shared.open_payment(place, &draft, drawn.as_ref(), once).await {
                    // Somebody else took the reference, used the token or paid the checkout at this moment; or the id was given
                    // out before a restart, and the clock was set back: the next one is another.
                    Err(EngineError::Store(
                        StoreError::Taken { .. } | StoreError::Stale { .. },
                    )) => {}
                    Ok(opened) if opened.existed => return Ok(opened),
                    Ok(Opened { payment, existed }) => {
                        let id = payment.id.as_i64();
                        let card = drawn.as_ref().map(Drawn::card).or_else(|| draft.typed_card());
                        let payment = shared.drive(id, card).await?.payment()?;
                        return Ok(Opened { payment, existed });
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(EngineError::Busy { retry_after_s: 1 })
        };
        self.through(work).await
    }

    /// The payment that the same request has made before. Whoever reads what a payment is made for asks this first: that may have
    /// changed since, and the answer may not.
    pub async fn paid_before(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        request: Option<&RequestKey>,
    ) -> Result<Option<Payment>, EngineError> {
        let (once, _held) = self.shared.once(caller, request)?;
        match self.shared.used(once).await? {
            Some(id) => self.shared.payment(place, PaymentId::from_i64(id)).await.map(Some),
            None => Ok(None),
        }
    }

    /// One payment.
    pub async fn payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
    ) -> Result<Payment, EngineError> {
        self.shared.payment(place, id).await
    }

    /// Payments, newest first.
    pub async fn payments(
        &self,
        place: (MerchantId, Mode),
        state: Option<State>,
        page: Page<PaymentId>,
    ) -> Result<Vec<Payment>, EngineError> {
        let state = state.map(|state| state as u8);
        let query = RecordQuery { place, kind: RecordKind::Payment, state };
        let page = Page { after: page.after.map(PaymentId::as_i64), limit: page.limit };
        let records = self.shared.store.records(query, page).await?;
        records.iter().map(|record| Affair::read(record)?.payment()).collect()
    }

    /// Takes what was reserved.
    pub async fn capture_payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
    ) -> Result<Payment, EngineError> {
        self.on_payment(place, id, Payment::capture).await
    }

    /// Calls a payment off that was not paid yet.
    pub async fn cancel_payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
    ) -> Result<Payment, EngineError> {
        self.on_payment(place, id, Payment::cancel).await
    }

    /// Sends money back: so many minor units, or all that is left. Under the same key it is sent back once.
    pub async fn refund_payment(
        &self,
        caller: Caller,
        (place, id): ((MerchantId, Mode), PaymentId),
        (minor, reason): (Option<i64>, Option<String>),
        request: Option<&RequestKey>,
    ) -> Result<Payment, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if shared.used(once).await?.is_some() {
                return shared.payment(place, id).await;
            }
            wording::check_reason(reason.as_deref())?;
            shared.payment(place, id).await?;
            let refund = |affair: Affair, now| match affair {
                Affair::Payment(payment) => {
                    payment.refund(minor, reason.clone(), now).map(|step| step.map(Affair::from))
                }
                Affair::Payout(_) | Affair::Checkout(_) | Affair::Order(_) => {
                    Err(Refused::NoRequest)
                }
            };
            shared.change(id.as_i64(), refund, once).await?;
            shared.drive(id.as_i64(), None).await?.payment()
        };
        self.through(work).await
    }

    /// What a merchant's accounts hold.
    pub async fn balances(&self, place: (MerchantId, Mode)) -> Result<Vec<Balance>, EngineError> {
        Ok(self.shared.store.balances(place).await?)
    }

    async fn on_payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
        verb: impl Fn(Payment, Timestamp) -> Result<Step, Refused> + Send + Sync + 'static,
    ) -> Result<Payment, EngineError> {
        let engine = self.clone();
        let work = async move {
            let shared = &engine.shared;
            shared.payment(place, id).await?;
            let of_payment = |affair: Affair, now| match affair {
                Affair::Payment(payment) => verb(*payment, now).map(|step| step.map(Affair::from)),
                Affair::Payout(_) | Affair::Checkout(_) | Affair::Order(_) => {
                    Err(Refused::NoRequest)
                }
            };
            shared.change(id.as_i64(), of_payment, None).await?;
            shared.drive(id.as_i64(), None).await?.payment()
        };
        self.through(work).await
    }
}

impl Shared {
    /// One payment of a merchant.
    async fn payment(
        &self,
        place: (MerchantId, Mode),
        id: PaymentId,
    ) -> Result<Payment, EngineError> {
        let payment = self.kept(id.as_i64()).await?.0.payment()?;
        if (payment.merchant, payment.mode) == place {
            Ok(payment)
        } else {
            Err(EngineError::Missing { what: "payment" })
        }
    }

    /// The payment that already has a draft's reference, if it may have moved money or still may.
    async fn with_reference(
        &self,
        place: (MerchantId, Mode),
        draft: &PaymentDraft,
    ) -> Result<Option<Payment>, EngineError> {
        let Some(reference) = &draft.wish.reference else { return Ok(None) };
        let called = |name| self.store.record_by_reference(place, RecordKind::Payment, name);
        let found = match called(reference.clone()).await? {
            None => called(name::paid_late(reference)).await?,
            found => found,
        };
        let Some(record) = found else { return Ok(None) };
        let payment = Affair::read(&record)?.payment()?;
        if payment.money != draft.money {
            return Err(EngineError::OtherAmount { id: payment.id, money: payment.money });
        }
        if payment.wish.provider != draft.wish.provider {
            let provider = payment.wish.provider.clone();
            return Err(EngineError::OtherProvider { id: payment.id, provider });
        }
        let method = payment.wish.method.name();
        if method != draft.wish.method.name() {
            return Err(EngineError::OtherMethod { id: payment.id, method });
        }
        Ok(Some(payment))
    }

    /// Answers a payment that was there before; the same request is answered so from now on, whatever becomes of it.
    async fn once_more(&self, payment: Payment, once: Option<Once>) -> Result<Opened, EngineError> {
        let place = (payment.merchant, payment.mode);
        let id = self.remember(payment.id.as_i64(), once).await?;
        let payment = self.payment(place, PaymentId::from_i64(id)).await?;
        Ok(Opened { payment, existed: true })
    }

    /// Keeps what a request was answered with under its key; what the key stands for, which may have been something else before.
    pub(super) async fn remember(&self, id: i64, once: Option<Once>) -> Result<i64, EngineError> {
        let Some(once) = once else { return Ok(id) };
        let once = Some((once, id));
        match self.store.commit(Decision { once, ..Decision::default() }).await? {
            Done::Now(_) => Ok(id),
            Done::Before(before) => Ok(before),
        }
    }

    async fn open_payment(
        &self,
        (merchant, mode): (MerchantId, Mode),
        draft: &PaymentDraft,
        drawn: Option<&Drawn>,
        once: Option<Once>,
    ) -> Result<Opened, EngineError> {
        let split = match &draft.legs[..] {
            [] => None,
            legs => {
                Some(Split::new(draft.money.minor - draft.wish.fee, legs.to_vec()).map_err(
                    |bad| EngineError::Setting { field: "split", what: bad.to_string() },
                )?)
            }
        };
        let announced = match draft.wish.checkout {
            Some(checkout) => self.checkout((merchant, mode), checkout).await?.announced(),
            None => None,
        };
        let real = self.clock.now();
        let new = || PaymentId::from_i64(self.next_event_id(real).as_i64());
        let id = announced.map_or_else(new, |(id, _)| id);
        let now = self.directory.now(merchant, mode, real);
        let wish = draft.wish.clone();
        let step = Payment::open(id, (merchant, mode), draft.money, (wish, split), now);
        let step = step.map(|made| match announced {
            Some((_, at)) => made.announced(at),
            None => made,
        });
        // The token is spent when its payment is on record, and not otherwise.
        let spent = drawn.map(|drawn| drawn.spent(id, now)).transpose()?;
        let beside = spent.into_iter().collect();
        let made = self.write_step(0, step.map(Affair::from), beside, once).await?;
        match made {
            keeping::Written::Now(affair) => {
                Ok(Opened { payment: affair.payment()?, existed: false })
            }
            keeping::Written::Before(id) => {
                let payment = self.payment((merchant, mode), PaymentId::from_i64(id)).await?;
                Ok(Opened { payment, existed: true })
            }
        }
    }

    /// Sends every request that was written down and not sent, until there is none.
    async fn drive(&self, id: i64, card: Option<&PayerCard>) -> Result<Affair, EngineError> {
        loop {
            let (affair, _) = self.kept(id).await?;
            let Some(request) = affair.unsent() else { return Ok(affair) };
            let send = |affair: Affair, now| affair.send(request, now);
            match self.change(id, send, None).await {
                Ok(_) => {}
                Err(EngineError::Payment(Refused::TakenUp)) => continue,
                Err(error) => return Err(error),
            }
            let card = card.map(|card| &card.card);
            let word = Word::News(self.ask_rail(&affair, request, card).await);
            let hear = |affair: Affair, now| affair.hear(request, &word, now);
            self.change(id, hear, None).await?;
        }
    }

    fn contract_at(
        &self,
        merchant: MerchantId,
    ) -> Result<Arc<posthorn_core::contract::Contract>, EngineError> {
        let merchant =
            self.directory.merchant(merchant).ok_or(EngineError::Missing { what: "merchant" })?;
        self.contract_named(&merchant.contract)
    }
}
