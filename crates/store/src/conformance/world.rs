//! What stories are told with: a store, ids, and values that differ only in what matters.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::{self, Attempt, Phases, Rendering, Tried};
use posthorn_core::delivery::{Claim, Delivery, ParkedWhy, State};
use posthorn_core::endpoint::{Endpoint, Settings, Status};
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{
    ContractId, DeliveryId, EndpointId, EventId, IdSequence, JobId, MerchantId, SecretId,
};
use posthorn_core::json::Style;
use posthorn_core::secret::Sealed;

use crate::{
    Accept, Accepted, Answer, Ask, DeliveryRecord, Effect, Job, JobKind, JobStep, NewDelivery,
    NewEndpoint, NewJob, NewMerchant, NewSecret, Once, Settled, Settlement, Step, Store,
    StoreError,
};

/// A store and what stories need beside it.
pub struct World {
    store: Arc<dyn Store>,
    ids: RefCell<IdSequence>,
}

/// Seconds into the story, as a time.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("stories are short")
}

/// Waits for a verb that succeeds.
pub(super) fn done<T>(answer: Answer<'_, T>) -> T {
    block_on(answer).expect("the verb succeeds")
}

/// Waits for a verb that is refused.
pub(super) fn refused<T: std::fmt::Debug>(answer: Answer<'_, T>) -> StoreError {
    block_on(answer).expect_err("the verb is refused")
}

/// An obviously fake sealed secret.
pub(super) fn sealed(byte: u8) -> Sealed {
    Sealed { key: [byte; 4], bytes: vec![byte; 60] }
}

/// An idempotency key.
pub(super) fn once(key: u8, request: u8) -> Once {
    Once { scope: 1, key: [key; 16], part: 0, request: [request; 16], at: at(0) }
}

/// A new delivery that is due at once.
pub(super) fn due(second: i64) -> State {
    State::Due { at: at(second) }
}

/// A new delivery that waits for its endpoint.
pub(super) fn parked(second: i64) -> State {
    State::Parked { since: at(second), why: ParkedWhy::EndpointAtRest }
}

/// Settings that differ in their URL alone.
pub(super) fn settings(path: &str) -> Settings {
    Settings {
        url: format!("https://example.com/{path}").parse().expect("a URL"),
        events: vec!["payment.*".parse().expect("a pattern")],
        filter: None,
        description: None,
        headers: vec![("x-fixed".into(), "yes".into())],
        contract: None,
        json: Style::Python,
        rate_limit: Some(5),
        concurrency: None,
    }
}

/// A try under a claim, answered with `status` and the second it was made.
pub(super) fn tried(claim: &Claim, status: u16, second: i64) -> Attempt {
    let answer = attempt::Answer {
        status,
        headers: vec![("content-type".into(), "text/plain".into())],
        body: Bytes::from_static(b"what came back: \xff"),
        truncated: status >= 500,
    };
    Attempt {
        claim: claim.claim,
        run: claim.run,
        number: claim.number(),
        at: at(second),
        late: false,
        tried: Tried {
            result: Ok(answer),
            phases: Phases { connect_us: Some(300), headers_us: Some(1200), ..Phases::default() },
            peer: Some([93, 184, 216, 34].into()),
        },
        rendering: Rendering {
            signed_at: 1_800_000_000 + second,
            endpoint_version: 1,
            contract: ContractId::from_i64(3),
            secrets: vec![SecretId::from_i64(4), SecretId::from_i64(5)],
        },
    }
}

/// A try and the state it leads to.
pub(super) fn settlement(claim: &Claim, state: State, attempt: Option<Attempt>) -> Settlement {
    Settlement {
        delivery: claim.delivery,
        endpoint: claim.endpoint,
        claim: claim.claim,
        state,
        attempt,
        effects: Vec::new(),
        notices: Vec::new(),
        notices_if_rested: Vec::new(),
    }
}

/// A merchant without keys.
pub(super) fn new_merchant(name: &str) -> NewMerchant {
    NewMerchant {
        name: name.into(),
        contract: "standard".into(),
        reference: None,
        strict_catalogue: false,
        retention: None,
        legal_hold: false,
        webhook_secret_test: sealed(1),
        webhook_secret_live: sealed(2),
        keys: Vec::new(),
        created: at(0),
    }
}

/// An endpoint with settings and a secret.
pub(super) fn new_endpoint(merchant: MerchantId, mode: Mode) -> NewEndpoint {
    let secret = Some(NewSecret { sealed: sealed(3), created: at(0) });
    let settings = settings("hook");
    NewEndpoint { merchant, mode, settings, secret, created: at(0) }
}

/// An event with a delivery to each of these endpoints, in these states.
pub(super) fn new_accept(event: Event, to: &[(EndpointId, State)]) -> Accept {
    let deliveries = (1..).zip(to).map(|(ordinal, (endpoint, state))| NewDelivery {
        id: event.id.delivery(ordinal),
        endpoint: *endpoint,
        state: *state,
    });
    let deliveries = deliveries.collect();
    Accept { event, deliveries, once: None }
}

impl World {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, ids: RefCell::new(IdSequence::new(0, None)) }
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(super) fn merchant(&self) -> MerchantId {
        done(self.store.create_merchant(new_merchant("Acme"), None)).get()
    }

    pub(super) fn endpoint(&self, merchant: MerchantId) -> EndpointId {
        done(self.store.create_endpoint(new_endpoint(merchant, Mode::Test), None)).get()
    }

    /// A merchant with one endpoint.
    pub(super) fn pair(&self) -> (MerchantId, EndpointId) {
        let merchant = self.merchant();
        (merchant, self.endpoint(merchant))
    }

    /// An event with an id of its own, accepted in that second.
    pub(super) fn new_event(&self, merchant: MerchantId, second: i64) -> Event {
        let (data, _) = Payload::parse(br#"{"amount":1000}"#).expect("an object");
        Event {
            id: self.ids.borrow_mut().next(at(second)),
            merchant,
            mode: Mode::Test,
            kind: "payment.confirmed".parse().expect("a type"),
            at: at(second),
            reference: None,
            only: None,
            about: None,
            data,
        }
    }

    pub(super) fn accept(&self, event: Event, to: &[(EndpointId, State)]) -> EventId {
        let id = event.id;
        let answers = done(self.store.accept(vec![new_accept(event, to)]));
        assert_eq!(answers, [Accepted::Now(id)]);
        id
    }

    /// One delivery to one endpoint, accepted in that second in this state.
    pub(super) fn send(
        &self,
        (merchant, endpoint): (MerchantId, EndpointId),
        second: i64,
        state: State,
    ) -> DeliveryId {
        self.accept(self.new_event(merchant, second), &[(endpoint, state)]).delivery(1)
    }

    pub(super) fn claim(&self, endpoint: EndpointId, slots: u32, second: i64) -> Vec<Claim> {
        let ask = Ask { endpoint, slots, bytes: usize::MAX, now: at(second) };
        done(self.store.claim(vec![ask], at(second + 30), usize::MAX))
    }

    pub(super) fn claim_one(&self, endpoint: EndpointId, second: i64) -> Claim {
        self.claim(endpoint, 1, second).pop().expect("something is due")
    }

    pub(super) fn settle(&self, settlement: Settlement) -> Settled {
        let settled = done(self.store.settle(vec![settlement]));
        assert_eq!(settled.len(), 1);
        settled.first().copied().expect("one answer for one settlement")
    }

    /// Claims what is due first, and settles it with one try that leads to `state`.
    pub(super) fn try_once(&self, endpoint: EndpointId, second: i64, state: State) -> DeliveryId {
        let claim = self.claim_one(endpoint, second);
        let status = if matches!(state, State::Delivered { .. }) { 200 } else { 500 };
        let attempt = tried(&claim, status, second);
        assert_eq!(self.settle(settlement(&claim, state, Some(attempt))), Settled::Done);
        claim.delivery
    }

    pub(super) fn settle_with(&self, claim: &Claim, state: State, effects: Vec<Effect>) -> Settled {
        let attempt = tried(claim, 500, 1);
        self.settle(Settlement { effects, ..settlement(claim, state, Some(attempt)) })
    }

    pub(super) fn record(&self, id: DeliveryId) -> DeliveryRecord {
        done(self.store.delivery(id)).expect("the delivery is on record")
    }

    pub(super) fn delivery(&self, id: DeliveryId) -> Delivery {
        self.record(id).delivery
    }

    pub(super) fn state(&self, id: DeliveryId) -> State {
        self.delivery(id).state
    }

    pub(super) fn find_endpoint(&self, id: EndpointId) -> Endpoint {
        done(self.store.endpoint(id)).expect("the endpoint is there")
    }

    pub(super) fn set_status(&self, id: EndpointId, status: Status, second: i64) -> Status {
        done(self.store.set_status(id, status, at(second), Vec::new()))
    }

    pub(super) fn pause(&self, id: EndpointId, second: i64) {
        let paused = Status::Paused { since: at(second) };
        assert_eq!(self.set_status(id, paused, second), paused);
    }

    pub(super) fn create_job(&self, merchant: MerchantId, kind: JobKind, second: i64) -> JobId {
        let job = NewJob { merchant, mode: Mode::Test, kind, created: at(second) };
        done(self.store.create_job(job, None)).get()
    }

    /// A step of at most `rows` rows, due from that second on, a second apart.
    pub(super) fn step(&self, job: JobId, rows: u32, second: i64) -> JobStep {
        let spacing = SignedDuration::from_secs(1);
        done(self.store.step_job(job, Step { rows, at: at(second), spacing }))
    }

    pub(super) fn job(&self, id: JobId) -> Job {
        done(self.store.job(id)).expect("the job is on record")
    }

    /// The one job that runs.
    pub(super) fn running_job(&self) -> Job {
        let mut jobs = done(self.store.running_jobs());
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.pop().expect("one job")
    }
}
