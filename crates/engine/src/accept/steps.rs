//! The events of one request, written in steps that others do not wait long for.

use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::{EndpointId, EventId, MerchantId};
use posthorn_store::Once;

use super::{Audience, Composed, Leasing, Receipt, Receipts};
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::shared::Shared;

/// Rows of events and deliveries that are written at once, about: what others wait for.
const STEP_ROWS: usize = 2048;

/// The next events of a request: each ready to be written, or with its answer already.
type Step = Vec<Result<Composed, Result<Receipt, EngineError>>>;

/// Events of one request.
pub(crate) struct Drafts {
    pub(crate) events: Vec<Result<NewEvent, EngineError>>,
    /// The one endpoint they are for, if they are for one alone.
    pub(crate) only: Option<EndpointId>,
    /// Which part of its request the first one is: 0, the request itself, where it is the only one.
    pub(crate) first_part: u32,
}

impl Drafts {
    /// The one event of a request.
    pub(crate) fn one(event: NewEvent, only: Option<EndpointId>) -> Self {
        Self { events: vec![Ok(event)], only, first_part: 0 }
    }
}

impl Engine {
    /// Accepts the events of one request: all under its key, or none. Many of them are written in
    /// several steps, so that others have their turn between; what a database that fails in the
    /// middle has not taken is refused, each by itself, and accepted when the request is repeated.
    pub(crate) async fn accept_for(
        &self,
        caller: Caller,
        (merchant, mode): (MerchantId, Mode),
        drafts: Drafts,
        request: Option<&RequestKey>,
    ) -> Result<Receipts, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            let mut receipts = Vec::with_capacity(drafts.events.len());
            let all = drafts.events.len();
            let mut left = (drafts.first_part..).zip(drafts.events);
            while receipts.len() < all {
                // Each step goes by what holds when it is made, and followers wait for that one alone.
                let audience = shared
                    .audience(merchant, mode)
                    .ok_or(EngineError::Missing { what: "merchant" })?;
                let _running = shared.followers.begin(merchant, shared.last_event_id());
                let step = shared.compose_step(&audience, &mut left, drafts.only, once).await;
                match shared.write(&audience, step).await {
                    Ok(written) => receipts.extend(written),
                    Err(EngineError::Store(error)) if !receipts.is_empty() => {
                        receipts.resize_with(all, || Err(EngineError::Store(error.clone())));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(receipts)
        };
        self.through(work).await
    }
}

impl Shared {
    /// Makes the next events of a request ready, as many as are written at once.
    async fn compose_step(
        &self,
        audience: &Audience,
        left: &mut impl Iterator<Item = (u32, Result<NewEvent, EngineError>)>,
        only: Option<EndpointId>,
        once: Option<Once>,
    ) -> Step {
        let mut step = Vec::new();
        let mut rows = 0;
        while rows < STEP_ROWS
            && let Some((part, event)) = left.next()
        {
            let event = event.and_then(|event| {
                self.check_catalogue(&audience.merchant, &event)?;
                Ok(event)
            });
            let once = once.map(|once| Once { part, ..once });
            step.push(match event {
                Ok(event) => {
                    let mut next = self.compose(audience, event, only, Leasing::IfRoom);
                    next.accept.once = once;
                    rows += 1 + next.accept.deliveries.len();
                    Ok(next)
                }
                Err(refused) => Err(self.accepted_before(audience, once, refused).await),
            });
        }
        step
    }

    /// What is refused now may have been accepted before, under the same key.
    async fn accepted_before(
        &self,
        audience: &Audience,
        once: Option<Once>,
        refused: EngineError,
    ) -> Result<Receipt, EngineError> {
        match self.used(once).await? {
            Some(event) => self.receipt_of(audience, EventId::from_i64(event)).await,
            None => Err(refused),
        }
    }

    /// Writes events in one transaction; each has its own result, but a key that another request
    /// used refuses them all.
    async fn write(&self, audience: &Audience, step: Step) -> Result<Receipts, EngineError> {
        let mut known = Vec::with_capacity(step.len());
        let mut composed = Vec::with_capacity(step.len());
        for next in step {
            known.push(next.map(|next| composed.push(next)));
        }
        let mut accepted = self.write_composed(audience, composed).await?.into_iter();
        let missing = || Err(EngineError::Missing { what: "event" });
        let receipts: Receipts = known
            .into_iter()
            .map(|entry| match entry {
                Ok(()) => accepted.next().unwrap_or_else(missing),
                Err(known) => known,
            })
            .collect();
        if receipts.iter().any(|answer| matches!(answer, Err(EngineError::KeyReused))) {
            return Err(EngineError::KeyReused);
        }
        Ok(receipts)
    }

    async fn write_composed(
        &self,
        audience: &Audience,
        composed: Vec<Composed>,
    ) -> Result<Receipts, EngineError> {
        if composed.is_empty() {
            return Ok(Vec::new());
        }
        let accepts = composed.iter().map(|next| next.accept.clone()).collect();
        let answers = match self.store.accept(accepts).await {
            Ok(answers) => answers,
            Err(error) => {
                self.hand_over(composed.into_iter().map(|next| (next, false)).collect());
                return Err(error.into());
            }
        };
        self.finish(audience, composed, answers).await
    }
}
