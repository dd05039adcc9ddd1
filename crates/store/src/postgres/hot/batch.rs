//! A batch: its verbs as the columns of a few statements, and what they answer to each caller.

use std::collections::BTreeSet;
use std::rc::Rc;

use posthorn_core::delivery::Claim;
use posthorn_core::id::EndpointId;
use tokio_postgres::Row;

use super::accept::Accepts;
use super::claim::Claims;
use super::release::Releases;
use super::settle::Settles;
use super::statement::{Call, Column};
use super::verb::{Asks, Verb, Waiter};
use crate::postgres::pipeline::Failure;
use crate::postgres::statement::standing_place;
use crate::postgres::transaction::Transaction;
use crate::postgres::trouble::Trouble;
use crate::postgres::worker::Worker;
use crate::verbs::{accept, claim, settle};
use crate::{Accept, Accepted, Release, Settled, Settlement};

pub(super) const STAND: &str = include_str!("../../../sql/postgres/stand_batch.sql");

/// The verbs of a batch, by their kind.
#[derive(Default)]
struct Batch {
    accepts: Vec<Waiter<Vec<Accept>, Vec<Accepted>>>,
    claims: Vec<Waiter<Asks, Vec<Claim>>>,
    settles: Vec<Waiter<Vec<Settlement>, Vec<Settled>>>,
    releases: Vec<Waiter<Vec<Release>, ()>>,
}

/// What the statements came to: for each caller its answer, or for each thing it asked; where there is none
/// the plain verb has the word.
struct Written {
    accepts: Vec<Option<Vec<Accepted>>>,
    claims: Vec<Option<Vec<Claim>>>,
    settles: Vec<Vec<Option<Settled>>>,
    releases: Vec<Vec<Option<()>>>,
}

/// A verb, or what is left of one, that the plain verb carries out.
pub(super) enum Left {
    Whole(Verb),
    /// After a batch that failed, or whose answer was lost.
    Again(Verb),
    Settlements {
        verb: Waiter<Vec<Settlement>, Vec<Settled>>,
        answers: Vec<Option<Settled>>,
    },
    Releases {
        verb: Waiter<Vec<Release>, ()>,
        answers: Vec<Option<()>>,
    },
}

/// Carries a batch out; answers what is left to the plain verbs.
pub(super) async fn carry_out(worker: Rc<Worker>, verbs: Vec<Verb>) -> Vec<Left> {
    let mut batch = Batch::default();
    for verb in verbs {
        match verb {
            Verb::Accept(verb) => batch.accepts.push(verb),
            Verb::Claim(verb) => batch.claims.push(verb),
            Verb::Settle(verb) => batch.settles.push(verb),
            Verb::Release(verb) => batch.releases.push(verb),
        }
    }
    match batch.write(&worker).await {
        Ok(written) => batch.answer(written),
        Err(Failure::Someones) => batch.into_verbs().map(Left::Whole).collect(),
        Err(Failure::CutOff) => batch.into_verbs().map(Left::Again).collect(),
        Err(Failure::Everyones(error)) => {
            batch.into_verbs().for_each(|verb| verb.refuse(error.clone()));
            Vec::new()
        }
    }
}

impl Batch {
    async fn write(&self, worker: &Worker) -> Result<Written, Failure> {
        let shift_ms = worker.nodes.shift_ms.get();
        let accepts = Accepts::of(
            self.accepts.iter().map(|verb| &*verb.asked).collect(),
            worker.nodes.member.get(),
        );
        let claims = Claims::of(self.claims.iter().map(|verb| &verb.asked).collect());
        let settles = Settles::of(self.settles.iter().map(|verb| &*verb.asked).collect());
        let releases = Releases::of(self.releases.iter().map(|verb| &*verb.asked).collect());
        let standing = accepts.standing().chain(settles.standing()).chain(releases.standing());
        let calls = [
            // First, and by itself: what the others read is then as it was committed.
            stand(standing),
            settles.call(),
            releases.call(),
            accepts.call(shift_ms),
            accepts.sweep(),
            claims.call(shift_ms),
        ];
        if calls.iter().all(Option::is_none) {
            return Err(Failure::Someones);
        }
        let looks = calls.last().is_some_and(Option::is_some) || accepts.stand_together();
        let read = async |transaction: &Transaction, rows: Vec<Vec<Row>>| {
            let [_, settled, _, written, _, leased] = &*rows else { return Err(strange()) };
            Ok(Written {
                accepts: accepts.answers(transaction, written).await?,
                claims: claims.answers(leased)?,
                settles: settles.answers(settled)?,
                releases: releases.answers(),
            })
        };
        worker.write_batch(&calls, looks, read).await
    }

    fn answer(self, written: Written) -> Vec<Left> {
        let mut left = Vec::new();
        for (verb, answer) in self.accepts.into_iter().zip(written.accepts) {
            match answer {
                Some(answer) => verb.answer(Ok(answer)),
                None => left.push(Left::Whole(Verb::Accept(verb))),
            }
        }
        for (verb, answer) in self.claims.into_iter().zip(written.claims) {
            match answer {
                Some(answer) => verb.answer(Ok(answer)),
                None => left.push(Left::Whole(Verb::Claim(verb))),
            }
        }
        for (verb, answers) in self.settles.into_iter().zip(written.settles) {
            match answers.iter().copied().collect() {
                Some(answers) => verb.answer(Ok(answers)),
                None => left.push(Left::Settlements { verb, answers }),
            }
        }
        for (verb, answers) in self.releases.into_iter().zip(written.releases) {
            match answers.iter().copied().collect() {
                Some(()) => verb.answer(Ok(())),
                None => left.push(Left::Releases { verb, answers }),
            }
        }
        left
    }

    fn into_verbs(self) -> impl Iterator<Item = Verb> {
        let finishing = self.settles.into_iter().map(Verb::Settle);
        let finishing = finishing.chain(self.releases.into_iter().map(Verb::Release));
        let others = self.accepts.into_iter().map(Verb::Accept);
        finishing.chain(others).chain(self.claims.into_iter().map(Verb::Claim))
    }
}

fn strange() -> Trouble {
    let detail = "a batch has not as many results as statements".to_owned();
    crate::StoreError::Unavailable { detail }.into()
}

/// Holds where endpoints stand, in one order for all.
fn stand(endpoints: impl Iterator<Item = EndpointId>) -> Option<Call<'static>> {
    let mut class = None;
    let mut places = BTreeSet::new();
    for endpoint in endpoints {
        let (of, place) = standing_place(endpoint);
        class = Some(of);
        places.insert(place);
    }
    let places = places.into_iter().collect();
    Some(Call::new(STAND, vec![Column::Class(class?), Column::Places(places)]))
}

/// Carries out by the plain verb what is left of one.
pub(super) async fn alone(worker: Rc<Worker>, left: Left) {
    let _turn = worker.turn().await;
    match left {
        Left::Again(Verb::Accept(verb)) => {
            let answer = worker.write(&async |db| accept::accept(db, &verb.asked).await).await;
            let answer = answer.map(|answers| own(&verb.asked, answers));
            verb.answer(answer);
        }
        Left::Whole(Verb::Accept(verb)) => {
            let answer = worker.write(&async |db| accept::accept(db, &verb.asked).await).await;
            verb.answer(answer);
        }
        Left::Whole(Verb::Claim(verb)) | Left::Again(Verb::Claim(verb)) => {
            let Asks { each, until, bytes_max } = &verb.asked;
            let claim = async |db: &_| claim::claim(db, each, *until, *bytes_max).await;
            let answer = worker.write(&claim).await;
            verb.answer(answer);
        }
        Left::Whole(Verb::Settle(verb)) | Left::Again(Verb::Settle(verb)) => {
            let answer = worker.write(&async |db| settle::settle(db, &verb.asked).await).await;
            verb.answer(answer);
        }
        Left::Whole(Verb::Release(verb)) | Left::Again(Verb::Release(verb)) => {
            let answer = worker.write(&async |db| claim::release(db, &verb.asked).await).await;
            verb.answer(answer);
        }
        Left::Settlements { verb, answers } => {
            let left = not_answered(&verb.asked, &answers);
            let answer = worker.write(&async |db| settle::settle(db, &left).await).await;
            verb.answer(answer.map(|rest| {
                let mut rest = rest.into_iter();
                answers.into_iter().filter_map(|known| known.or_else(|| rest.next())).collect()
            }));
        }
        Left::Releases { verb, answers } => {
            let left = not_answered(&verb.asked, &answers);
            let answer = worker.write(&async |db| claim::release(db, &left).await).await;
            verb.answer(answer);
        }
    }
}

/// An event that stands there under the very id it was to get was written by the batch, whose answer was
/// lost: it is accepted now, not before.
fn own(asked: &[Accept], answers: Vec<Accepted>) -> Vec<Accepted> {
    let one = |(accept, answer): (&Accept, Accepted)| {
        let id = accept.event.id;
        if answer == Accepted::Before(id) { Accepted::Now(id) } else { answer }
    };
    asked.iter().zip(answers).map(one).collect()
}

fn not_answered<Q: Clone, A>(asked: &[Q], answers: &[Option<A>]) -> Vec<Q> {
    let all = asked.iter().zip(answers);
    all.filter(|(_, answer)| answer.is_none()).map(|(one, _)| one.clone()).collect()
}
