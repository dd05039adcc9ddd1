//! What clients do, with the patience that clients have: some hang up in the middle of a request.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, LocalBoxFuture, select};
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::StateKind;
use posthorn_core::event::{Mode, NewEvent};
use posthorn_core::id::{KeyId, MerchantId};
use posthorn_engine::clock::{Clock, later};
use posthorn_engine::{By, Caller, Engine, EngineError, Receipt, Recovery, RequestKey};
use posthorn_store::Page;

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::facts::{Book, Promised, Wanted};
use crate::followers::Followed;
use crate::network::Network;
use crate::plan::Act;

/// Events to accept, and the idempotency key.
type Request = (Vec<Wanted>, Option<String>);

/// Everybody who is not the engine.
pub(crate) struct Clients {
    pub(crate) clock: SimClock,
    pub(crate) book: Book,
    pub(crate) network: std::sync::Arc<Network>,
    pub(crate) chance: RefCell<Chance>,
    pub(crate) merchants: Vec<MerchantId>,
    pub(crate) start: Timestamp,
    /// Requests that are repeated until they are answered, whatever dies meanwhile.
    pub(crate) unanswered: RefCell<BTreeMap<u64, Request>>,
    /// Hosts whose endpoint somebody is changing.
    pub(crate) engaged: RefCell<BTreeSet<String>>,
    pub(crate) hosts_made: RefCell<u64>,
    /// What those who follow a merchant's events were brought.
    pub(crate) followed: RefCell<BTreeMap<MerchantId, Followed>>,
}

/// One client of one life of the process.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) all: Rc<Clients>,
    pub(crate) engine: Engine,
}

pub(crate) fn caller(id: MerchantId, mode: Mode) -> Caller {
    Caller::Merchant { id, mode, by: By::Key(KeyId::from_i64(1)) }
}

impl Client {
    pub(crate) fn act(&self, act: Act) -> LocalBoxFuture<'static, ()> {
        let client = self.clone();
        match act {
            Act::Accept { events, key } => {
                Box::pin(async move { client.accept(events, key).await })
            }
            Act::Create => Box::pin(async move { client.create().await }),
            Act::Change => Box::pin(async move { client.change().await }),
            Act::Rotate => Box::pin(async move { client.rotate().await }),
            Act::Disable => Box::pin(async move { client.set_status(false).await }),
            Act::Enable => Box::pin(async move { client.set_status(true).await }),
            Act::Delete => Box::pin(async move { client.delete().await }),
            Act::Test => Box::pin(async move { client.test().await }),
            Act::Resend => Box::pin(async move { client.resend().await }),
            Act::Recover => Box::pin(async move { client.recover().await }),
            Act::Cancel => Box::pin(async move { client.cancel().await }),
            Act::Advance => Box::pin(async move { client.advance().await }),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.all.clock.now()
    }

    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.all.chance.borrow_mut().percent(percent)
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.all.chance.borrow_mut().below(bound)
    }

    pub(crate) async fn sleep_ms(&self, ms: u64) {
        let until = later(self.now(), Duration::from_millis(ms));
        self.all.clock.sleep_until(until).await;
    }

    /// A call, by somebody who may hang up before the answer (`None`).
    pub(crate) async fn patiently<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        if self.percent(88) {
            return Some(call.await);
        }
        let hangs_up = later(self.now(), Duration::from_micros(self.below(60_000)));
        let hangs_up = self.all.clock.sleep_until(hangs_up);
        futures::pin_mut!(call);
        match select(call, hangs_up).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    }

    async fn accept(&self, events: Vec<Wanted>, key: Option<String>) {
        let Some(first) = events.first().cloned() else { return };
        for wanted in &events {
            let mut facts = self.all.book.open();
            let now = (self.now(), facts.promised.len());
            facts.wanted.entry(wanted.number).or_insert(now);
        }
        let insists = key.is_some() || events.iter().all(|event| event.reference.is_some());
        if insists {
            let unanswered = (events.clone(), key.clone());
            self.all.unanswered.borrow_mut().insert(first.number, unanswered);
        }
        let from = self.all.book.open().wanted[&first.number];
        loop {
            match self.patiently(self.ask(&events, key.as_deref())).await {
                Some(Ok(receipts)) => {
                    self.answered(&events, receipts, from);
                    self.all.unanswered.borrow_mut().remove(&first.number);
                    break;
                }
                Some(Err(_)) | None if !insists => return,
                Some(Err(_)) | None => {}
            }
            let ms = self.below(20_000) + 100;
            self.sleep_ms(ms).await;
        }
        if key.is_some() && self.percent(25) {
            let ms = self.below(100_000);
            self.sleep_ms(ms).await;
            self.repeat(&events, key.as_deref()).await;
        }
    }

    async fn ask(
        &self,
        events: &[Wanted],
        key: Option<&str>,
    ) -> Result<Vec<Result<Receipt, EngineError>>, EngineError> {
        let Some(first) = events.first() else { return Ok(Vec::new()) };
        let (merchant, mode) = (first.merchant, first.mode);
        let body: String = events.iter().map(Wanted::data).collect();
        let request =
            key.map(|key| RequestKey::new(key.to_owned(), "POST", "/v1/events", body.as_bytes()));
        let drafts = events.iter().map(|event| {
            let data = event.data();
            let draft = NewEvent::parse(&event.kind, data.as_bytes(), event.reference.clone());
            draft.map_err(EngineError::from)
        });
        let drafts = drafts.collect();
        let caller = caller(merchant, mode);
        self.engine.accept_batch(caller, (merchant, mode), drafts, request.as_ref()).await
    }

    fn answered(
        &self,
        events: &[Wanted],
        receipts: Vec<Result<Receipt, EngineError>>,
        (from, before): (Timestamp, usize),
    ) {
        let now = self.now();
        let mut facts = self.all.book.open();
        if events.len() != receipts.len() {
            facts.violated(format!("{} events, {} receipts", events.len(), receipts.len()));
        }
        for (wanted, receipt) in events.iter().zip(receipts) {
            match receipt {
                Ok(receipt) => facts.promised.push(Promised {
                    wanted: wanted.clone(),
                    event: receipt.event,
                    deliveries: receipt.deliveries,
                    before,
                    between: (from, now),
                }),
                Err(error) => facts.violated(format!("event {} refused: {error}", wanted.number)),
            }
        }
    }

    /// The same request again must be answered as the first time; another with the same key not.
    async fn repeat(&self, events: &[Wanted], key: Option<&str>) {
        if let Ok(receipts) = self.ask(events, key).await {
            let mut facts = self.all.book.open();
            for (wanted, receipt) in events.iter().zip(receipts) {
                let first = facts.promised.iter().find(|p| p.wanted.number == wanted.number);
                let event = first.map(|promised| promised.event);
                let same = receipt.is_ok_and(|again| again.replayed && Some(again.event) == event);
                if !same {
                    facts.violated(format!("event {} was accepted twice", wanted.number));
                }
            }
        }
        let mut other = events.to_vec();
        other[0].amount += 1;
        other[0].reference = None;
        if let Ok(receipts) = self.ask(&other[..1], key).await
            && !matches!(receipts.first(), Some(Err(EngineError::KeyReused)))
        {
            self.all.book.open().violated("a key was good for two requests".to_owned());
        }
    }

    async fn resend(&self) {
        let picked = {
            let facts = self.all.book.open();
            if facts.promised.is_empty() {
                return;
            }
            let promised = self.all.chance.borrow_mut().pick(&facts.promised).clone();
            promised.deliveries.first().map(|(delivery, _)| (promised.wanted, *delivery))
        };
        let Some((wanted, delivery)) = picked else { return };
        self.all.book.open().resent.insert(delivery);
        let place = (wanted.merchant, wanted.mode, delivery);
        let caller = caller(wanted.merchant, wanted.mode);
        let answer = self.patiently(self.engine.resend(caller, place, None)).await;
        if let Some(Err(EngineError::Missing { what: what @ ("delivery" | "merchant") })) = answer {
            self.all.book.open().violated(format!("resend: there is no such {what}"));
        }
    }

    async fn recover(&self) {
        let Some((_, place)) = self.some_endpoint() else { return };
        let hours = i64::try_from(self.below(24 * 14)).unwrap() + 1;
        let states = match self.below(3) {
            0 => vec![],
            1 => vec![StateKind::Exhausted, StateKind::Parked],
            _ => vec![StateKind::Exhausted, StateKind::Delivered],
        };
        let recovery = Recovery {
            since: self.now() - SignedDuration::from_hours(hours),
            until: None,
            states,
            types: Vec::new(),
        };
        self.all.book.open().recovered.push((place.2, self.now()));
        let caller = caller(place.0, place.1);
        let _either = self.patiently(self.engine.recover(caller, place, recovery, None)).await;
    }

    async fn cancel(&self) {
        let merchant = *self.all.chance.borrow_mut().pick(&self.all.merchants);
        let page = Page { after: None, limit: 10 };
        let Ok(jobs) = self.engine.jobs(merchant, Mode::Test, page).await else { return };
        if let Some(job) = jobs.first() {
            let cancel = self.engine.cancel_job(merchant, Mode::Test, job.id);
            let _either = self.patiently(cancel).await;
        }
    }

    async fn advance(&self) {
        let merchant = *self.all.chance.borrow_mut().pick(&self.all.merchants);
        let hours = i64::try_from(self.below(24 * 12)).unwrap() + 1;
        let by = SignedDuration::from_hours(hours);
        let place = (merchant, Mode::Test);
        let caller = caller(merchant, Mode::Test);
        let advance = self.engine.advance_clock(caller, place, by, None);
        let _either = self.patiently(advance).await;
    }
}
