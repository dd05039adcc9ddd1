//! Payments, payouts, checkouts and orders on record: read, decided about, and written with all that follows from it.

use jiff::Timestamp;
use posthorn_core::ledger::Account;
use posthorn_core::payment::Step;
use posthorn_store::{Decision, Done, Movement, Once, Record, StoreError};

use super::TRIES;
use super::affair::Affair;
use crate::error::EngineError;
use crate::shared::Shared;

/// What came of writing a step.
pub(super) enum Written {
    /// It is on record.
    Now(Affair),
    /// The same request had made this record before.
    Before(i64),
}

impl Shared {
    /// A payment or a payout, and the version that it was read at.
    pub(super) async fn kept(&self, id: i64) -> Result<(Affair, u32), EngineError> {
        let record = self.store.record(id).await?;
        let record = record.ok_or(EngineError::Missing { what: "payment" })?;
        Ok((Affair::read(&record)?, record.version))
    }

    /// Decides about one as it stands, and writes what was decided; again, when somebody else was first.
    pub(super) async fn change<E: Into<EngineError>>(
        &self,
        id: i64,
        decide: impl Fn(Affair, Timestamp) -> Result<Step<Affair>, E> + Send,
        once: Option<Once>,
    ) -> Result<Affair, EngineError> {
        for _ in 0..TRIES {
            let (affair, version) = self.kept(id).await?;
            let before = affair.clone();
            let (merchant, mode) = affair.place();
            let now = self.directory.now(merchant, mode, self.clock.now());
            let step = decide(affair, now).map_err(Into::into)?;
            if step.after == before {
                self.remember(id, once).await?;
                return Ok(before);
            }
            match self.write_step(version, step, Vec::new(), once).await {
                Err(EngineError::Store(StoreError::Stale { .. })) => {}
                Ok(Written::Now(after)) => return Ok(after),
                Ok(Written::Before(_)) => return Ok(self.kept(id).await?.0),
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Busy { retry_after_s: 1 })
    }

    /// Writes a step: what it is now, what moves in the ledger, its events, what becomes of its checkout and its order,
    /// and records beside it; all or nothing.
    pub(super) async fn write_step(
        &self,
        version: u32,
        step: Step<Affair>,
        beside: Vec<Record>,
        once: Option<Once>,
    ) -> Result<Written, EngineError> {
        let (step, checkout) = self.with_checkout(step).await?;
        let order = self.with_order(&step).await?;
        let Step { mut after, told, postings } = step;
        let place = after.place();
        let audience =
            self.audience(place.0, place.1).ok_or(EngineError::Missing { what: "merchant" })?;
        let _running = self.followers.begin(place.0, self.last_event_id());
        let composed = self.tell(&audience, &mut after, &told)?;
        let subject = after.id();
        let movement = |posting: posthorn_core::ledger::Posting| {
            // A payout takes what is there; refunds and disputes may leave a merchant owing.
            let covered = posting.to == Account::PayoutInTransit;
            Movement { at: audience.now, place, subject, posting, covered }
        };
        let words = after.words().map(|words| (subject, words)).into_iter().collect();
        let mut records = vec![after.record(version)];
        records.extend(beside.into_iter().chain(checkout).chain(order));
        let decision = Decision {
            records,
            words,
            movements: postings.into_iter().map(movement).collect(),
            events: composed.iter().map(|next| next.accept.clone()).collect(),
            once: once.map(|once| (once, subject)),
            pages: Vec::new(),
        };
        let done = self.store.commit(decision).await;
        let written = matches!(done, Ok(Done::Now(_)));
        self.told(&audience, composed, written);
        self.wake_bell.notify_one();
        match done {
            Ok(Done::Now(_)) => Ok(Written::Now(after)),
            Ok(Done::Before(id)) => Ok(Written::Before(id)),
            // Whoever called decides what these mean.
            Err(error @ (StoreError::Stale { .. } | StoreError::Taken { .. })) => {
                Err(EngineError::Store(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}
