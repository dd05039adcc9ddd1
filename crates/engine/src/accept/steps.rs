//! The events of one request, written in steps that others do not wait long for.

use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_store::Once;

use super::{Audience, Composed, Leasing, Receipts};
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::shared::Shared;

/// Rows of events and deliveries that are written at once, about: what others wait for.
const STEP_ROWS: usize = 2048;

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
            let audience =
                shared.audience(merchant, mode).ok_or(EngineError::Missing { what: "merchant" })?;
            let _running = shared.followers.begin(merchant, shared.last_event_id());
            let mut receipts = Vec::with_capacity(drafts.events.len());
            let all = drafts.events.len();
            let mut left = (drafts.first_part..).zip(drafts.events);
            while receipts.len() < all {
                let step = shared.compose_step(&audience, &mut left, drafts.only, once);
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
    fn compose_step(
        &self,
        audience: &Audience,
        left: &mut impl Iterator<Item = (u32, Result<NewEvent, EngineError>)>,
        only: Option<EndpointId>,
        once: Option<Once>,
    ) -> Vec<Result<Composed, EngineError>> {
        let mut step = Vec::new();
        let mut rows = 0;
        while rows < STEP_ROWS
            && let Some((part, event)) = left.next()
        {
            let event = event.and_then(|event| {
                self.check_catalogue(&audience.merchant, &event)?;
                Ok(event)
            });
            step.push(event.map(|event| {
                let mut next = self.compose(audience, event, only, Leasing::IfRoom);
                next.accept.once = once.map(|once| Once { part, ..once });
                rows += 1 + next.accept.deliveries.len();
                next
            }));
        }
        step
    }

    /// Writes events in one transaction; each has its own result, but a key that another request
    /// used refuses them all.
    async fn write(
        &self,
        audience: &Audience,
        step: Vec<Result<Composed, EngineError>>,
    ) -> Result<Receipts, EngineError> {
        let mut refused = Vec::with_capacity(step.len());
        let mut composed = Vec::with_capacity(step.len());
        for next in step {
            refused.push(next.map(|next| composed.push(next)));
        }
        if composed.is_empty() {
            return Ok(refused.into_iter().filter_map(Result::err).map(Err).collect());
        }
        let accepts = composed.iter().map(|next| next.accept.clone()).collect();
        let answers = match self.store.accept(accepts).await {
            Ok(answers) => answers,
            Err(error) => {
                self.hand_over(composed.into_iter().map(|next| (next, false)).collect());
                return Err(error.into());
            }
        };
        let accepted = self.finish(audience, composed, answers).await?;
        if accepted.iter().any(|answer| matches!(answer, Err(EngineError::KeyReused))) {
            return Err(EngineError::KeyReused);
        }
        let mut accepted = accepted.into_iter();
        let missing = || Err(EngineError::Missing { what: "event" });
        let own =
            |entry: Result<(), _>| entry.and_then(|()| accepted.next().unwrap_or_else(missing));
        Ok(refused.into_iter().map(own).collect())
    }
}
