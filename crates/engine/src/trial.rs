//! Test events: the catalogue's sample data, to an endpoint or to an address not yet saved.
//!
//! To a saved endpoint a test event is an event like any other, meant for that endpoint alone: it is
//! on disk, retried and logged. To an address that is not saved it is sent once, and what came back
//! is the answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use posthorn_core::attempt::Tried;
use posthorn_core::contract::{Contract, SigningKey};
use posthorn_core::event::{Event, Mode, NewEvent};
use posthorn_core::id::{EndpointId, MerchantId};
use posthorn_core::json::Style;
use posthorn_core::secret::Secret;

use crate::Engine;
use crate::accept::{Drafts, Receipt};
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::reading::SentRequest;
use crate::sending::Subject;
use crate::transport::Request;

/// An address to try that is not saved.
pub struct TrialTarget {
    /// Where.
    pub url: String,
    /// The contract to speak, if not the merchant's.
    pub contract: Option<String>,
    /// The secret to sign with; one is made when `None`.
    pub secret: Option<Secret>,
    /// How to print the body.
    pub json: Style,
}

/// What came of a trial.
pub struct Trial {
    /// What was sent.
    pub sent: SentRequest,
    /// The secret that was made for it.
    pub secret: Option<Secret>,
    /// What came back.
    pub tried: Tried,
    /// When, in real time.
    pub at: Timestamp,
}

/// Trials under way at once, over all merchants.
const TRIALS_MAX: usize = 64;
/// Trials under way at once for one merchant.
const MERCHANT_TRIALS_MAX: usize = 4;

/// Trials under way, by merchant: each holds a connection for as long as its receiver likes.
#[derive(Default)]
pub(crate) struct Trials(Mutex<HashMap<MerchantId, usize>>);

/// A trial under way, until it is dropped.
pub(crate) struct UnderWay<'a> {
    all: &'a Trials,
    merchant: MerchantId,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.merchant) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.merchant);
            }
        }
    }
}

impl Trials {
    /// Begins one, unless too many are under way.
    fn begin(&self, merchant: MerchantId) -> Result<UnderWay<'_>, EngineError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = all.values().sum();
        let own = all.get(&merchant).copied().unwrap_or(0);
        if total >= TRIALS_MAX || own >= MERCHANT_TRIALS_MAX {
            return Err(EngineError::Busy { retry_after_s: 1 });
        }
        all.insert(merchant, own + 1);
        Ok(UnderWay { all: self, merchant })
    }
}

/// The sample of a type in a contract's catalogue, as a new event.
fn sample(contract: &Contract, kind: &str) -> Result<NewEvent, EngineError> {
    let known = contract.event(kind);
    let Some(known) = known else {
        let nearest = contract.nearest_event(kind);
        let hint = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let what =
            format!("`{kind}` is not in the catalogue of contract `{}`{hint}", contract.name);
        return Err(EngineError::Setting { field: "type", what });
    };
    Ok(NewEvent::parse(kind, &known.sample, None)?)
}

impl Engine {
    /// Sends the catalogue's sample of a type to one endpoint, whatever it subscribes to.
    pub async fn test_endpoint(
        &self,
        caller: Caller,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
        kind: &str,
        request: Option<&RequestKey>,
    ) -> Result<Receipt, EngineError> {
        // What cannot be sent any more is refused only if it was not accepted before.
        let event = self.test_event((merchant, mode, id), kind).await;
        let drafts = Drafts { events: vec![event], only: Some(id), first_part: 0 };
        let receipts = self.accept_for(caller, (merchant, mode), drafts, request).await?;
        receipts.into_iter().next().unwrap_or(Err(EngineError::Missing { what: "event" }))
    }

    async fn test_event(
        &self,
        (merchant, mode, id): (MerchantId, Mode, EndpointId),
        kind: &str,
    ) -> Result<NewEvent, EngineError> {
        let endpoint = self.endpoint(merchant, mode, id).await?;
        let in_force = self.shared.contract_of(&endpoint);
        let in_force = in_force
            .ok_or_else(|| EngineError::Broken { what: "its contract is not loaded".into() })?;
        sample(&in_force.contract, kind)
    }

    /// Sends the catalogue's sample of a type once to an address that is not saved.
    pub async fn try_address(
        &self,
        (merchant, mode): (MerchantId, Mode),
        target: TrialTarget,
        kind: &str,
    ) -> Result<Trial, EngineError> {
        let shared = &self.shared;
        let owner = self.merchant(merchant).await?;
        let name = target.contract.unwrap_or_else(|| owner.contract.clone());
        let contract = shared.contract_named(&name)?;
        let url = shared.check_url(&target.url, mode, &contract)?;
        let new = sample(&contract, kind)?;
        let made = target.secret.is_none().then(|| shared.make_secret(&contract));
        let secret = target.secret.as_ref().or(made.as_ref());
        let key = secret.map(|secret| contract.key(secret.expose())).transpose();
        let key =
            key.map_err(|error| EngineError::Setting { field: "secret", what: error.to_string() })?;
        let keys: Vec<SigningKey> = key.into_iter().collect();
        let at = shared.clock.now();
        let id = shared.next_event_id(at);
        let event = Event {
            id,
            merchant,
            mode,
            kind: new.kind,
            at: shared.directory.now(merchant, mode, at),
            reference: None,
            only: None,
            about: None,
            data: new.data,
        };
        let subject = Subject {
            event: &event,
            delivery: id.delivery(1),
            number: 1,
            signed_at: at.as_second(),
            style: target.json,
        };
        let signed = shared.render(&subject, &contract, &keys);
        let signed = signed.map_err(|error| EngineError::Broken { what: error.to_string() })?;
        let sent = SentRequest::new(&url, signed.headers.clone(), signed.body.clone());
        let request = Request {
            url,
            headers: signed.headers,
            body: signed.body.into(),
            timeout: contract.retry.timeout,
            reach: shared.reach(mode),
        };
        let begun = shared.trials.begin(merchant);
        let _under_way = begun.inspect_err(|_| shared.metrics.bound_met("trials"))?;
        let tried = shared.transport.send(request).await;
        Ok(Trial { sent, secret: made, tried, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_has_few_trials_at_once_and_leaves_the_others_theirs() {
        let trials = Trials::default();
        let merchant = MerchantId::from_i64;
        let mut own: Vec<_> = (0..4).map(|_| trials.begin(merchant(1)).ok().unwrap()).collect();
        assert!(matches!(trials.begin(merchant(1)), Err(EngineError::Busy { retry_after_s: 1 })));
        assert!(trials.begin(merchant(2)).is_ok());
        own.pop();
        assert!(trials.begin(merchant(1)).is_ok(), "one has ended");
    }

    #[test]
    fn all_merchants_together_have_a_bound_too() {
        let trials = Trials::default();
        let held: Vec<_> =
            (0..64).map(|n| trials.begin(MerchantId::from_i64(n)).ok().unwrap()).collect();
        assert!(trials.begin(MerchantId::from_i64(100)).is_err());
        drop(held);
        assert!(trials.begin(MerchantId::from_i64(100)).is_ok());
    }
}
