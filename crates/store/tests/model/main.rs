//! Any story of claims, settlements, resends, pauses and drains, told to the store and to a model
//! that fits on a page: after every step both hold the same deliveries.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod told;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::{ErrorClass, Phases, Rendering, Tried, Unreachable};
use posthorn_core::delivery::{Claim, Delivery, Ending, ParkedWhy, State};
use posthorn_core::endpoint::{DisabledWhy, Settings, Status};
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{ContractId, EndpointId, IdSequence, MerchantId};
use posthorn_core::secret::Sealed;
use posthorn_store::Fault;
use posthorn_store::sqlite::Sqlite;
use posthorn_store::{
    Accept, Ask, DeliveryQuery, Effect, JobKind, NewDelivery, NewEndpoint, NewMerchant, Page,
    Release, Settled, Settlement, Step, Store, StoreError,
};
use proptest::prelude::*;
use proptest::sample::Index;

use told::{End, Held, Model, Told, a_step};

/// Store and model side by side.
struct Stage {
    store: Sqlite,
    model: Model,
    merchant: MerchantId,
    endpoints: Vec<EndpointId>,
    ids: IdSequence,
    claims: Vec<Claim>,
    second: i64,
}

fn sealed() -> Sealed {
    Sealed { key: [1; 4], bytes: vec![1] }
}

impl Stage {
    fn new() -> Self {
        let store = Sqlite::inline(Box::new(|_| Fault::None)).unwrap();
        let created = Timestamp::from_second(1_800_000_000).unwrap();
        let new = NewMerchant {
            name: "Acme".into(),
            contract: "standard".into(),
            reference: None,
            strict_catalogue: false,
            retention: None,
            legal_hold: false,
            webhook_secret_test: sealed(),
            webhook_secret_live: sealed(),
            keys: Vec::new(),
            created,
        };
        let merchant = block_on(store.create_merchant(new, None)).unwrap().get();
        let settings: Settings =
            serde_json::from_str(r#"{"url":"https://example.com/","events":["*"]}"#).unwrap();
        let endpoint = |_| {
            let (settings, secret) = (settings.clone(), None);
            let new = NewEndpoint { merchant, mode: Mode::Test, settings, secret, created };
            block_on(store.create_endpoint(new, None)).unwrap().get()
        };
        let endpoints: Vec<_> = (0..2).map(endpoint).collect();
        let mut model = Model::default();
        model.status.extend(endpoints.iter().map(|endpoint| (*endpoint, Status::Active)));
        let ids = IdSequence::new(0, None);
        Self { store, model, merchant, endpoints, ids, claims: Vec::new(), second: 0 }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.second).unwrap()
    }

    fn tell(&mut self, step: &Told) {
        self.second += 1;
        match step {
            Told::Accept { endpoint } => self.accept(self.endpoints[*endpoint]),
            Told::Claim { endpoint, slots } => self.claim(self.endpoints[*endpoint], *slots),
            Told::Settle { claim, end } => self.settle(*claim, *end),
            Told::Release { claim, sent } => self.release(*claim, *sent),
            Told::Restart => self.restart(),
            Told::Resend { delivery } => self.resend(*delivery),
            Told::Pause { endpoint } => self.pause(self.endpoints[*endpoint]),
            Told::Enable { endpoint } => self.enable(self.endpoints[*endpoint]),
            Told::StepJobs { rows } => self.step_jobs(*rows),
        }
        self.compare();
    }

    fn accept(&mut self, endpoint: EndpointId) {
        let now = self.now();
        let (data, _) = Payload::parse(b"{}").unwrap();
        let event = Event {
            id: self.ids.next(now),
            merchant: self.merchant,
            mode: Mode::Test,
            kind: "payment.confirmed".parse().unwrap(),
            at: now,
            reference: None,
            only: None,
            about: None,
            data,
        };
        let state = if self.model.status[&endpoint].parks() {
            State::Parked { since: now, why: ParkedWhy::EndpointAtRest }
        } else {
            State::Due { at: now }
        };
        let id = event.id.delivery(1);
        let deliveries = vec![NewDelivery { id, endpoint, state }];
        block_on(self.store.accept(vec![Accept { event, deliveries, once: None }])).unwrap();
        let delivery = Delivery { id, endpoint, state, attempts: 0, base: 0, run: 1 };
        self.model.deliveries.insert(id, Held { delivery, claim: 0 });
    }

    fn claim(&mut self, endpoint: EndpointId, slots: u32) {
        let (now, until) = (self.now(), self.now() + SignedDuration::from_secs(30));
        let ask = Ask { endpoint, slots, bytes: usize::MAX, now };
        let claims = block_on(self.store.claim(vec![ask], until, usize::MAX)).unwrap();
        let mut expected = self.model.due(endpoint, now);
        expected.truncate(slots as usize);
        let claimed: Vec<_> = claims.iter().map(|claim| claim.delivery).collect();
        assert_eq!(claimed, expected, "the oldest due, no more than asked");
        for claim in &claims {
            let held = self.model.deliveries.get_mut(&claim.delivery).unwrap();
            held.claim += 1;
            held.delivery.state = State::Leased { until };
            assert_eq!(claim.claim, held.claim);
        }
        self.claims.extend(claims);
    }

    fn settle(&mut self, which: Index, end: End) {
        if self.claims.is_empty() {
            return;
        }
        let claim = which.get(&self.claims).clone();
        let now = self.now();
        let state = match end {
            End::Delivered => State::Delivered { at: now },
            End::Retry => State::Due { at: now + SignedDuration::from_secs(5) },
            End::Exhausted => State::Exhausted { at: now, why: Ending::Schedule },
            End::Gone => State::Parked { since: now, why: ParkedWhy::Gone },
            End::Unsent => State::Exhausted { at: now, why: Ending::TooLarge },
        };
        let attempt = (!matches!(end, End::Unsent)).then(|| tried(&claim, now));
        let tries = u32::from(attempt.is_some());
        let disabled = Status::Disabled { since: now, why: DisabledWhy::Gone };
        let gone = matches!(end, End::Gone);
        let effects = if gone { vec![Effect::Rest(disabled)] } else { Vec::new() };
        let settlement = Settlement {
            delivery: claim.delivery,
            endpoint: claim.endpoint,
            claim: claim.claim,
            state,
            attempt,
            effects,
            notices: Vec::new(),
            notices_if_rested: Vec::new(),
        };
        let settled = block_on(self.store.settle(vec![settlement])).unwrap();
        match self.model.leased(&claim) {
            Some(delivery) => {
                delivery.state = state;
                delivery.attempts += tries;
                assert_eq!(settled, [Settled::Done]);
                let status = self.model.status.get_mut(&claim.endpoint).unwrap();
                if gone && !matches!(status, Status::Disabled { .. }) {
                    *status = disabled;
                }
            }
            None if tries == 0 => {}
            None => assert_eq!(self.is_on_record(&claim), settled == [Settled::Done]),
        }
    }

    /// Whether the try of this lease is on record, and not as late.
    fn is_on_record(&self, claim: &Claim) -> bool {
        let record = block_on(self.store.delivery(claim.delivery)).unwrap().unwrap();
        record.attempts.iter().any(|attempt| attempt.claim == claim.claim && !attempt.late)
    }

    fn release(&mut self, which: Index, sent: bool) {
        if self.claims.is_empty() {
            return;
        }
        let (claim, at) = (which.get(&self.claims).clone(), self.now());
        let was_on_record = self.is_on_record(&claim);
        let attempt = sent.then(|| tried(&claim, at));
        let release = Release {
            delivery: claim.delivery,
            endpoint: claim.endpoint,
            claim: claim.claim,
            at,
            attempt,
        };
        block_on(self.store.release(vec![release])).unwrap();
        if let Some(delivery) = self.model.leased(&claim) {
            delivery.state = State::Due { at };
        }
        let record = block_on(self.store.delivery(claim.delivery)).unwrap().unwrap();
        let of_claim = record.attempts.iter().filter(|attempt| attempt.claim == claim.claim);
        let late: Vec<bool> = of_claim.map(|attempt| attempt.late).collect();
        if was_on_record {
            assert_eq!(late, [false], "what was settled stands as it was");
        } else if sent {
            assert_eq!(late, [true], "one time, however often it is told");
        }
    }

    fn restart(&mut self) {
        self.store = self.store.reopen(Box::new(|_| Fault::None)).unwrap();
        let now = self.now();
        block_on(self.store.release_all(now)).unwrap();
        for held in self.model.deliveries.values_mut() {
            if matches!(held.delivery.state, State::Leased { .. }) {
                held.delivery.state = State::Due { at: now };
            }
        }
    }

    fn resend(&mut self, which: Index) {
        if self.model.deliveries.is_empty() {
            return;
        }
        let ids: Vec<_> = self.model.deliveries.keys().copied().collect();
        let (id, now) = (*which.get(&ids), self.now());
        let answer = block_on(self.store.resend(id, now, None));
        let delivery = &mut self.model.deliveries.get_mut(&id).unwrap().delivery;
        if matches!(delivery.state, State::Leased { .. }) {
            assert_eq!(answer, Err(StoreError::Leased));
            return;
        }
        let rests = match self.model.status[&delivery.endpoint] {
            Status::Paused { .. } | Status::Disabled { .. } => true,
            Status::Active | Status::Draining { .. } => false,
        };
        delivery.state = if rests {
            State::Parked { since: now, why: ParkedWhy::EndpointAtRest }
        } else {
            State::Due { at: now }
        };
        delivery.base = delivery.attempts;
        delivery.run += 1;
    }

    fn set_status(&mut self, endpoint: EndpointId, status: Status) {
        let came_of_it =
            block_on(self.store.set_status(endpoint, status, self.now(), Vec::new())).unwrap();
        self.model.status.insert(endpoint, came_of_it);
    }

    fn pause(&mut self, endpoint: EndpointId) {
        self.set_status(endpoint, Status::Paused { since: self.now() });
    }

    fn enable(&mut self, endpoint: EndpointId) {
        let before = self.model.status[&endpoint];
        self.set_status(endpoint, Status::Active);
        let expected = match before {
            Status::Active | Status::Draining { .. } => before,
            Status::Paused { .. } | Status::Disabled { .. } => {
                if self.model.parked(endpoint).is_empty() {
                    Status::Active
                } else {
                    Status::Draining { since: self.now() }
                }
            }
        };
        assert_eq!(self.model.status[&endpoint], expected);
    }

    fn step_jobs(&mut self, rows: u32) {
        let (at, spacing) = (self.now(), SignedDuration::from_secs(2));
        for job in block_on(self.store.running_jobs()).unwrap() {
            let step = Step { rows, at, spacing };
            let step = block_on(self.store.step_job(job.id, step)).unwrap();
            let JobKind::Drain { endpoint } = step.job.kind else {
                panic!("only drains are told here");
            };
            let mut oldest = self.model.parked(endpoint);
            if oldest.is_empty() {
                self.model.status.insert(endpoint, Status::Active);
            }
            oldest.truncate(rows as usize);
            assert_eq!(step.moved as usize, oldest.len());
            for (place, id) in (0..).zip(oldest) {
                let delivery = &mut self.model.deliveries.get_mut(&id).unwrap().delivery;
                delivery.state = State::Due { at: at + spacing * place };
                delivery.run += u32::from(delivery.attempts > delivery.base);
                delivery.base = delivery.attempts;
            }
        }
    }

    fn compare(&self) {
        let query = DeliveryQuery {
            merchant: self.merchant,
            mode: Mode::Test,
            endpoint: None,
            event: None,
            state: None,
        };
        let page = Page { after: None, limit: 1000 };
        let stored = block_on(self.store.deliveries(query, page)).unwrap();
        let held = self.model.deliveries.values().rev().map(|held| held.delivery.clone());
        assert_eq!(stored, held.collect::<Vec<_>>());
        for endpoint in &self.endpoints {
            let stored = block_on(self.store.endpoint(*endpoint)).unwrap().unwrap();
            assert_eq!(stored.status, self.model.status[endpoint]);
        }
    }
}

fn tried(claim: &Claim, at: Timestamp) -> posthorn_core::attempt::Attempt {
    let detail = "simulated".to_owned();
    posthorn_core::attempt::Attempt {
        claim: claim.claim,
        run: claim.run,
        number: claim.number(),
        at,
        late: false,
        tried: Tried {
            result: Err(Unreachable::new(ErrorClass::Reset, detail)),
            phases: Phases::default(),
            peer: None,
        },
        rendering: Rendering {
            signed_at: at.as_second(),
            endpoint_version: 1,
            contract: ContractId::from_i64(1),
            secrets: Vec::new(),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn store_and_model_hold_the_same_deliveries_after_every_step(
        story in proptest::collection::vec(a_step(), 1..60),
    ) {
        let mut stage = Stage::new();
        for step in &story {
            stage.tell(step);
        }
    }
}
