//! The two stores, and what both are told.

use std::collections::HashSet;
use std::fmt::Debug;

use futures::executor::block_on;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::attempt::{Answer, Attempt, ErrorClass, Phases, Rendering, Tried, Unreachable};
use posthorn_core::delivery::{Claim, Ending, ParkedWhy, State};
use posthorn_core::endpoint::{DisabledWhy, Settings, Status};
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{ContractId, DeliveryId, EndpointId, EventId, IdSequence, MerchantId};
use posthorn_core::secret::Sealed;
use posthorn_store::conformance::throw_away;
use posthorn_store::postgres::Postgres;
use posthorn_store::{
    Accept, Ask, Effect, NewDelivery, NewEndpoint, NewMerchant, Once, Release, Settlement, Step,
    Store,
};
use proptest::sample::Index;

use crate::told::{self, At, ENDPOINTS, End, KnownBy, Told};

pub(crate) struct Stage<'a> {
    hot: (&'a Postgres, &'a str),
    plain: (&'a Postgres, &'a str),
    merchant: MerchantId,
    endpoints: Vec<EndpointId>,
    ids: IdSequence,
    accepts: Vec<Accept>,
    claims: Vec<Claim>,
    second: i64,
}

/// What both answer, if they answer the same.
fn same<A: Debug>(hot: A, plain: &impl Debug) -> A {
    assert_eq!(format!("{hot:?}"), format!("{plain:?}"));
    hot
}

impl<'a> Stage<'a> {
    /// A merchant of its own in both; ids go on from the story before.
    pub(crate) fn new(hot: (&'a Postgres, &'a str), plain: (&'a Postgres, &'a str)) -> Self {
        let last = block_on(hot.0.last_event()).unwrap();
        let mut stage = Self {
            hot,
            plain,
            merchant: MerchantId::from_i64(0),
            endpoints: Vec::new(),
            ids: IdSequence::new(0, last),
            accepts: Vec::new(),
            claims: Vec::new(),
            second: 0,
        };
        let sealed = Sealed { key: [1; 4], bytes: vec![1] };
        let new = NewMerchant {
            name: "Acme".into(),
            contract: "standard".into(),
            reference: None,
            strict_catalogue: false,
            retention: None,
            legal_hold: false,
            webhook_secret_test: sealed.clone(),
            webhook_secret_live: sealed,
            keys: Vec::new(),
            created: stage.now(),
        };
        stage.merchant =
            stage.both(|store| block_on(store.create_merchant(new.clone(), None))).unwrap().get();
        for _ in 0..ENDPOINTS {
            let settings: Settings =
                serde_json::from_str(r#"{"url":"https://example.com/","events":["*"]}"#).unwrap();
            let (merchant, created) = (stage.merchant, stage.now());
            let new = NewEndpoint { merchant, mode: Mode::Test, settings, secret: None, created };
            let made = stage.both(|store| block_on(store.create_endpoint(new.clone(), None)));
            stage.endpoints.push(made.unwrap().get());
        }
        stage
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.second).unwrap()
    }

    fn both<A: Debug>(&self, tell: impl Fn(&Postgres) -> A) -> A {
        same(tell(self.hot.0), &tell(self.plain.0))
    }

    pub(crate) fn tell(&mut self, step: &Told) {
        self.second += 1;
        let now = self.now();
        match step {
            Told::Accept(verbs) => self.accept(verbs),
            Told::Claim(verbs) => self.claim(verbs),
            Told::Settle(verbs) => self.settle(verbs),
            Told::Release(verbs) => self.release(verbs),
            Told::Resend(which) => {
                if let Some(id) = self.some_delivery(*which) {
                    let _told = self.both(|store| block_on(store.resend(id, now, None)));
                }
            }
            Told::Pause(which) => self.set_status(*which, Status::Paused { since: now }),
            Told::Enable(which) => self.set_status(*which, Status::Active),
            Told::Delete(which) => {
                let id = self.endpoints[*which];
                let _told = self.both(|store| block_on(store.delete_endpoint(id, now)));
            }
            Told::StepJobs => {
                for job in self.both(|store| block_on(store.running_jobs())).unwrap() {
                    let step = Step { rows: 2, at: now, spacing: SignedDuration::from_secs(1) };
                    let _told = self.both(|store| block_on(store.step_job(job.id, step)));
                }
            }
        }
    }

    fn set_status(&self, which: usize, status: Status) {
        let (id, now) = (self.endpoints[which], self.now());
        let _told = self.both(|store| block_on(store.set_status(id, status, now, Vec::new())));
    }

    /// Tells the batches all verbs at once, and the plain ones one after the other.
    fn at_once<Q: Clone, A: Debug>(
        &self,
        verbs: &[Q],
        tell: impl Fn(&'a Postgres, Q) -> posthorn_store::Answer<'a, A>,
    ) -> Vec<A> {
        let hot = block_on(join_all(verbs.iter().cloned().map(|verb| tell(self.hot.0, verb))));
        let plain: Vec<_> =
            verbs.iter().cloned().map(|verb| block_on(tell(self.plain.0, verb))).collect();
        same(hot, &plain).into_iter().filter_map(Result::ok).collect()
    }

    fn accept(&mut self, verbs: &[Vec<told::Event>]) {
        let mut told: Vec<Vec<Accept>> = Vec::new();
        for events in verbs {
            told.push(events.iter().map(|event| self.new_accept(event)).collect());
        }
        // Of verbs at the same moment that all wait for the plain one nobody knows which is first.
        let parts = |accept: &Accept| accept.once.is_some_and(|once| once.part > 0);
        if told.iter().flatten().any(parts) {
            told = vec![told.into_iter().flatten().collect()];
        }
        let verbs = told;
        self.at_once(&verbs, |store, events| store.accept(events));
        for accept in verbs.iter().flatten() {
            self.claims.extend(leased(accept));
        }
        self.accepts.extend(verbs.into_iter().flatten());
    }

    fn new_accept(&mut self, told: &told::Event) -> Accept {
        let now = self.now();
        if let Some(which) = told.again.filter(|_| !self.accepts.is_empty()) {
            return which.get(&self.accepts).clone();
        }
        let (data, _) =
            Payload::parse(format!(r#"{{"n":"{}"}}"#, "x".repeat(24 + told.bytes)).as_bytes())
                .unwrap();
        let (once, reference) = known_by(told.known_by, self.merchant, now);
        let event = Event {
            id: self.ids.next(now),
            merchant: self.merchant,
            mode: Mode::Test,
            kind: "payment.confirmed".parse().unwrap(),
            at: now,
            reference,
            only: None,
            about: None,
            data,
        };
        let deliveries = (1..).zip(&told.to).map(|(ordinal, (endpoint, at))| NewDelivery {
            id: event.id.delivery(ordinal),
            endpoint: self.endpoints[*endpoint],
            state: match at {
                At::Due => State::Due { at: now },
                At::Leased => State::Leased { until: now + SignedDuration::from_secs(30) },
                At::Parked => State::Parked { since: now, why: ParkedWhy::EndpointAtRest },
            },
        });
        Accept { deliveries: deliveries.collect(), event, once }
    }

    fn claim(&mut self, verbs: &[(Vec<told::Asked>, usize)]) {
        let now = self.now();
        let until = now + SignedDuration::from_secs(30);
        let ask = |asked: &told::Asked| Ask {
            endpoint: self.endpoints[asked.endpoint],
            slots: asked.slots,
            bytes: asked.bytes,
            now,
        };
        let mut verbs: Vec<(Vec<Ask>, usize)> =
            verbs.iter().map(|(asks, max)| (asks.iter().map(ask).collect(), *max)).collect();
        let twice = |asks: &[Ask]| {
            let asked: HashSet<_> = asks.iter().map(|ask| ask.endpoint).collect();
            asked.len() < asks.len()
        };
        if verbs.iter().any(|(asks, _)| twice(asks)) {
            verbs.truncate(1);
        }
        let claims = self.at_once(&verbs, |store, (asks, max)| store.claim(asks, until, max));
        self.claims.extend(claims.into_iter().flatten());
    }

    /// One delivery is in one verb only, and what has effects comes by itself: of verbs at the same moment
    /// nobody knows which is first.
    fn settle(&self, verbs: &[Vec<(Index, End)>]) {
        let mut seen = HashSet::new();
        let mut told: Vec<Vec<Settlement>> = Vec::new();
        for verb in verbs.iter().filter(|_| !self.claims.is_empty()) {
            let all =
                verb.iter().map(|(which, end)| self.settlement(which.get(&self.claims), *end));
            let own: Vec<_> = all.filter(|one| !seen.contains(&one.delivery)).collect();
            seen.extend(own.iter().map(|one| one.delivery));
            told.push(own);
        }
        let with_effects =
            told.iter().flatten().any(|one| !(one.effects.is_empty() && one.notices.is_empty()));
        if with_effects {
            told = vec![told.into_iter().flatten().collect()];
        }
        self.at_once(&told, |store, settlements| store.settle(settlements));
    }

    fn settlement(&self, claim: &Claim, end: End) -> Settlement {
        let now = self.now();
        let state = match end {
            End::Delivered | End::Noticed => State::Delivered { at: now },
            End::Retry | End::Failing => State::Due { at: now + SignedDuration::from_secs(2) },
            End::Exhausted => State::Exhausted { at: now, why: Ending::Schedule },
            End::Parked => State::Parked { since: now, why: ParkedWhy::EndpointAtRest },
            End::Unsent => State::Exhausted { at: now, why: Ending::TooLarge },
            End::Gone => State::Parked { since: now, why: ParkedWhy::Gone },
        };
        let disabled = Status::Disabled { since: now, why: DisabledWhy::Gone };
        let notice = || Accept { deliveries: Vec::new(), once: None, event: notice_of(claim) };
        Settlement {
            delivery: claim.delivery,
            endpoint: claim.endpoint,
            claim: claim.claim,
            state,
            attempt: (!matches!(end, End::Unsent)).then(|| tried(claim, now)),
            effects: match end {
                End::Gone => vec![Effect::Rest(disabled)],
                End::Failing => vec![Effect::FailingSince(Some(now))],
                End::Delivered
                | End::Retry
                | End::Exhausted
                | End::Parked
                | End::Unsent
                | End::Noticed => Vec::new(),
            },
            notices: if matches!(end, End::Noticed) { vec![notice()] } else { Vec::new() },
            notices_if_rested: Vec::new(),
        }
    }

    fn release(&self, verbs: &[Vec<(Index, bool)>]) {
        let mut seen = HashSet::new();
        let mut told: Vec<Vec<Release>> = Vec::new();
        for verb in verbs.iter().filter(|_| !self.claims.is_empty()) {
            let all = verb.iter().map(|(which, sent)| {
                let (claim, at) = (which.get(&self.claims), self.now());
                let attempt = sent.then(|| tried(claim, at));
                let Claim { delivery, endpoint, claim: lease, .. } = *claim;
                Release { delivery, endpoint, claim: lease, at, attempt }
            });
            let own: Vec<_> = all.filter(|one| !seen.contains(&one.delivery)).collect();
            seen.extend(own.iter().map(|one| one.delivery));
            told.push(own);
        }
        self.at_once(&told, |store, releases| store.release(releases));
    }

    fn some_delivery(&self, which: Index) -> Option<DeliveryId> {
        let all: Vec<_> =
            self.accepts.iter().flat_map(|accept| &accept.deliveries).map(|new| new.id).collect();
        (!all.is_empty()).then(|| *which.get(&all))
    }

    /// Every row of this story.
    pub(crate) fn compare(&self) {
        let merchant = self.merchant.as_i64();
        let of = format!("(select id from posthorn.endpoints where merchant = {merchant})");
        let of_deliveries = format!("(select id from posthorn.deliveries where endpoint in {of})");
        for rows in [
            format!("events as t where merchant = {merchant}"),
            format!("event_references as t where merchant = {merchant}"),
            format!("idempotency as t where scope = {merchant}"),
            format!("endpoints as t where merchant = {merchant}"),
            format!("deliveries as t where endpoint in {of}"),
            format!("attempts as t where delivery in {of_deliveries}"),
        ] {
            let asked = format!("select t::text from posthorn.{rows} order by 1");
            let read = |url: &str| throw_away::lines(url, &asked);
            assert_eq!(read(self.hot.1), read(self.plain.1), "{rows}");
        }
    }
}

/// What was leased when it was accepted, as the one knows it who accepted it.
fn leased(accept: &Accept) -> Vec<Claim> {
    let leased = accept.deliveries.iter().filter_map(|new| match new.state {
        State::Leased { until } => Some((new, until)),
        State::Due { .. }
        | State::Parked { .. }
        | State::Delivered { .. }
        | State::Exhausted { .. }
        | State::WillNotSend { .. } => None,
    });
    let claim = |(new, until): (&NewDelivery, Timestamp)| Claim {
        delivery: new.id,
        endpoint: new.endpoint,
        event: accept.event.clone().into(),
        attempts: 0,
        base: 0,
        run: 1,
        claim: 1,
        due: accept.event.at,
        until,
    };
    leased.map(claim).collect()
}

/// Names that may meet stand alone: of two verbs at the same moment nobody knows which one waits for the other.
fn known_by(
    known_by: KnownBy,
    merchant: MerchantId,
    at: Timestamp,
) -> (Option<Once>, Option<String>) {
    let once = |key: u8, part, request: u8| Once {
        scope: merchant.as_i64(),
        key: [key; 16],
        part,
        request: [request; 16],
        at,
    };
    let name = |name: u8| format!("order-{name}");
    match known_by {
        KnownBy::Nothing => (None, None),
        KnownBy::Key(key, request) => (Some(once(key, 0, request)), None),
        KnownBy::Reference(reference) => (None, Some(name(reference))),
        KnownBy::Both(key, reference) => (Some(once(key, 0, key)), Some(name(reference))),
        KnownBy::Part(key, part) => (Some(once(key, part, 0)), None),
    }
}

/// One a delivery: told again it is on record.
fn notice_of(claim: &Claim) -> Event {
    let id = EventId::from_i64(claim.delivery.event().as_i64() - (1 << 50));
    Event {
        id,
        reference: None,
        kind: "webhook.attempt.failed".parse().unwrap(),
        ..(*claim.event).clone()
    }
}

fn tried(claim: &Claim, at: Timestamp) -> Attempt {
    let answer = || Answer {
        status: 200,
        headers: vec![("server".into(), "x".into())],
        body: "fine".into(),
        truncated: true,
    };
    let even = claim.delivery.as_i64() / 1024 % 2 == 0;
    let failed = || Unreachable::new(ErrorClass::Reset, "simulated".to_owned());
    Attempt {
        claim: claim.claim,
        run: claim.run,
        number: claim.number(),
        at,
        late: false,
        tried: Tried {
            result: if even { Ok(answer()) } else { Err(failed()) },
            phases: Phases::default(),
            peer: even.then(|| [127, 0, 0, 1].into()),
        },
        rendering: Rendering {
            signed_at: at.as_second(),
            endpoint_version: 1,
            contract: ContractId::from_i64(1),
            secrets: Vec::new(),
        },
    }
}
