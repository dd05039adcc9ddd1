//! Payouts: what a merchant has, sent to its bank or its telephone.

use posthorn_core::contract::Provider;
use posthorn_core::event::Mode;
use posthorn_core::id::{MerchantId, PayoutId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::payout::{Payout, Wish};
use posthorn_store::{Once, Page, RecordKind, RecordQuery, StoreError};

use super::TRIES;
use super::affair::Affair;
use super::keeping::Written;
use super::wording;
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// A payout to make.
#[derive(Debug, Clone)]
pub struct PayoutDraft {
    /// How much.
    pub money: Money,
    /// What the merchant asks for.
    pub wish: Wish,
}

impl Engine {
    /// Makes a payout: its money is reserved, or it is refused, before anything is sent. With a reference that a payout has which
    /// may still be sent, or was, that one is answered. The answer says whether it was there before.
    pub async fn create_payout(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        draft: PayoutDraft,
        request: Option<&RequestKey>,
    ) -> Result<(Payout, bool), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            if place.1 == Mode::Live {
                return Err(EngineError::NoLiveProvider);
            }
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((shared.payout(place, PayoutId::from_i64(id)).await?, true));
            }
            shared.check_sender(place.0, &draft)?;
            wording::check_payout(&draft.wish)?;
            if let Some(callback) = &draft.wish.callback {
                shared.meet_callback(place, callback).await?;
            }
            for _ in 0..TRIES {
                let id = match shared.open_payout(place, &draft, once).await {
                    Ok(Written::Now(affair)) => {
                        return Ok((shared.drive(affair.id(), None).await?.payout()?, false));
                    }
                    Ok(Written::Before(id)) => id,
                    Err(EngineError::Store(StoreError::Taken { .. })) => {
                        // Whoever has the reference may have given it up at this moment.
                        match shared.same_payout(place, &draft).await? {
                            Some(payout) => shared.remember(payout.id.as_i64(), once).await?,
                            None => continue,
                        }
                    }
                    Err(error) => return Err(error),
                };
                return Ok((shared.payout(place, PayoutId::from_i64(id)).await?, true));
            }
            Err(EngineError::Busy { retry_after_s: 1 })
        };
        self.through(work).await
    }

    /// The provider that usually sends payouts in an asset, by the contract's own word.
    #[must_use]
    pub fn usual_payout_provider(&self, merchant: MerchantId, asset: Asset) -> Option<String> {
        let contract = self.shared.contract_at(merchant).ok()?;
        contract.default_sender(asset).map(|provider| provider.name.clone())
    }

    /// One payout.
    pub async fn payout(
        &self,
        place: (MerchantId, Mode),
        id: PayoutId,
    ) -> Result<Payout, EngineError> {
        self.shared.payout(place, id).await
    }

    /// Payouts, newest first.
    pub async fn payouts(
        &self,
        place: (MerchantId, Mode),
        page: Page<PayoutId>,
    ) -> Result<Vec<Payout>, EngineError> {
        let query = RecordQuery { place, kind: RecordKind::Payout, state: None };
        let page = Page { after: page.after.map(PayoutId::as_i64), limit: page.limit };
        let records = self.shared.store.records(query, page).await?;
        records.iter().map(|record| Affair::read(record)?.payout()).collect()
    }
}

impl Shared {
    fn check_sender(&self, merchant: MerchantId, draft: &PayoutDraft) -> Result<(), EngineError> {
        let (name, asset) = (&draft.wish.provider, draft.money.asset);
        let contract = self.contract_at(merchant)?;
        let what = match contract.provider(name) {
            None => format!("`{name}` is no provider here"),
            Some(provider) if provider.sends(asset) => return fits(provider, draft.money),
            Some(_) => format!("`{name}` sends no payouts in {asset}"),
        };
        Err(EngineError::Setting { field: "provider", what })
    }

    async fn payout(&self, place: (MerchantId, Mode), id: PayoutId) -> Result<Payout, EngineError> {
        let missing = || EngineError::Missing { what: "payout" };
        let record = self.store.record(id.as_i64()).await?.ok_or_else(missing)?;
        let payout = Affair::read(&record)?.payout()?;
        if (payout.merchant, payout.mode) == place { Ok(payout) } else { Err(missing()) }
    }

    async fn open_payout(
        &self,
        place: (MerchantId, Mode),
        draft: &PayoutDraft,
        once: Option<Once>,
    ) -> Result<Written, EngineError> {
        for _ in 0..TRIES {
            let real = self.clock.now();
            let id = PayoutId::from_i64(self.next_event_id(real).as_i64());
            let now = self.directory.now(place.0, place.1, real);
            let step = Payout::open(id, place, draft.money, draft.wish.clone(), now);
            match self.write_step(0, step.map(Affair::from), Vec::new(), once).await {
                // The id was given out before a restart, and the clock was set back: the next one is another.
                Err(EngineError::Store(StoreError::Stale { .. })) => {}
                written => return written,
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// The payout that has a draft's reference, if it is the same; `None` when there is none any more.
    async fn same_payout(
        &self,
        place: (MerchantId, Mode),
        draft: &PayoutDraft,
    ) -> Result<Option<Payout>, EngineError> {
        let reference = draft.wish.reference.clone().unwrap_or_default();
        let found = self.store.record_by_reference(place, RecordKind::Payout, reference).await?;
        let Some(record) = found else { return Ok(None) };
        let payout = Affair::read(&record)?.payout()?;
        let of = |wish: &Wish| (wish.destination.clone(), wish.provider.clone());
        if payout.money == draft.money && of(&payout.wish) == of(&draft.wish) {
            return Ok(Some(payout));
        }
        let what = "this reference belongs to another payout; use another".to_owned();
        Err(EngineError::Conflict { what })
    }
}

/// Whether a provider moves just so much to somebody.
fn fits(provider: &Provider, money: Money) -> Result<(), EngineError> {
    let rail = provider.rails.iter().find(|rail| rail.pays_out());
    let taken = rail.map_or(Ok(()), |rail| provider.takes(rail.method(), money));
    taken.or_else(|not| refuse("amount", not.to_string()))
}
