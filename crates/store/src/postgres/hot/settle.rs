//! Settle: what is still under its lease, and simple, in one statement.

use std::borrow::Cow;
use std::collections::HashSet;

use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::State;
use posthorn_core::id::EndpointId;
use tokio_postgres::{Error, Row};

use super::statement::{Call, Column, holds};
use crate::rows::{AnswerColumns, ms, peer_blob, phases_blob, secrets_blob, state_columns};
use crate::{Settled, Settlement};

pub(super) const SETTLE: &str = include_str!("../../../sql/postgres/settle_batch.sql");

/// The settlements of a batch, and those that the statement is given.
#[derive(Debug)]
pub(super) struct Settles<'a> {
    /// By caller; with each settlement whether the statement is given it.
    verbs: Vec<Vec<(&'a Settlement, bool)>>,
    picked: Vec<&'a Settlement>,
}

/// Whether a statement can decide about it: it changes a delivery, and nothing else.
fn is_simple(settlement: &Settlement) -> bool {
    let tried = settlement.attempt.as_ref().map(|attempt| &attempt.tried.result);
    let detail = tried.and_then(|result| result.as_ref().err()).map(|error| error.detail.as_str());
    settlement.effects.is_empty()
        && settlement.notices.is_empty()
        && settlement.notices_if_rested.is_empty()
        && !matches!(settlement.state, State::Leased { .. })
        && holds(detail)
}

/// Whether what it leads to depends on where its endpoint stands.
fn waits(settlement: &Settlement) -> bool {
    matches!(settlement.state, State::Due { .. } | State::Parked { .. })
}

impl<'a> Settles<'a> {
    pub(super) fn of(verbs: Vec<&'a [Settlement]>) -> Self {
        let (mut seen, mut resting) = (HashSet::new(), HashSet::new());
        let mut all = Vec::with_capacity(verbs.len());
        for settlements in verbs {
            let own = settlements.iter().map(|one| {
                // The second of one delivery sees what the first came to; and one that may depend on where its
                // endpoint stands, what an effect before it made of that.
                let first = seen.insert(one.delivery);
                if !one.effects.is_empty() {
                    resting.insert(one.endpoint);
                }
                let taken =
                    first && is_simple(one) && !(waits(one) && resting.contains(&one.endpoint));
                (one, taken)
            });
            all.push(own.collect::<Vec<_>>());
        }
        let of_all = all.iter().flatten();
        let picked = of_all.filter(|(_, taken)| *taken).map(|(one, _)| *one).collect();
        Self { verbs: all, picked }
    }

    /// The endpoints whose standing matters.
    pub(super) fn standing(&self) -> impl Iterator<Item = EndpointId> {
        let waits =
            |one: &&&Settlement| matches!(one.state, State::Due { .. } | State::Parked { .. });
        self.picked.iter().filter(waits).map(|one| one.endpoint)
    }

    /// The statement.
    pub(super) fn call(&self) -> Option<Call<'a>> {
        if self.picked.is_empty() {
            return None;
        }
        let mut values = self.states();
        values.extend(self.attempts());
        Some(Call::new(SETTLE, values))
    }

    fn states(&self) -> Vec<Column<'a>> {
        let mut columns: [Vec<Option<i64>>; 7] =
            std::array::from_fn(|_| Vec::with_capacity(self.picked.len()));
        for settlement in &self.picked {
            let (code, at, why) = state_columns(&settlement.state);
            let tried = settlement.attempt.as_ref().map(|attempt| ms(attempt.at));
            let row = [
                Some(settlement.delivery.as_i64()),
                Some(settlement.endpoint.as_i64()),
                Some(settlement.claim.into()),
                Some(code),
                Some(at),
                why,
                Some(tried.unwrap_or(at)),
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        columns.into_iter().map(Column::Ints).collect()
    }

    fn attempts(&self) -> Vec<Column<'a>> {
        let tries = || self.picked.iter().map(|settlement| settlement.attempt.as_ref());
        let int = |of: fn(&Attempt) -> i64| Column::Ints(tries().map(|a| a.map(of)).collect());
        let mut answers: Vec<Option<AnswerColumns>> =
            tries().map(|a| a.map(|a| AnswerColumns::of(&a.tried.result))).collect();
        let blobs = |of: fn(&Attempt) -> Option<Vec<u8>>| {
            Column::Blobs(tries().map(|a| a.and_then(of).map(Cow::Owned)).collect())
        };
        let answered = |of: fn(&AnswerColumns) -> Option<i64>| {
            Column::Ints(answers.iter().map(|a| a.as_ref().and_then(of)).collect())
        };
        let detail = |a: Option<&'a Attempt>| Some(a?.tried.result.as_ref().err()?.detail.as_str());
        let (status, error) = (answered(|a| a.status), answered(|a| a.error));
        let truncated = answered(|a| Some(a.truncated.into()));
        let bodies = answers.iter_mut().map(|a| a.as_mut()?.answer.take().map(Cow::Owned));
        let bodies = Column::Blobs(bodies.collect());
        vec![
            int(|a| a.claim.into()),
            int(|a| a.run.into()),
            int(|a| a.number.into()),
            int(|a| ms(a.at)),
            int(|a| a.late.into()),
            status,
            error,
            Column::Texts(tries().map(detail).collect()),
            blobs(|a| Some(phases_blob(a.tried.phases).to_vec())),
            blobs(|a| a.tried.peer.map(peer_blob)),
            bodies,
            truncated,
            int(|a| a.rendering.signed_at),
            int(|a| a.rendering.endpoint_version.into()),
            int(|a| a.rendering.contract.as_i64()),
            blobs(|a| Some(secrets_blob(&a.rendering.secrets))),
        ]
    }

    /// The answers of each caller; none where the plain verb has to answer: a lease that was lost, or more
    /// than a state.
    pub(super) fn answers(&self, settled: &[Row]) -> Result<Vec<Vec<Option<Settled>>>, Error> {
        let settled: Result<HashSet<i64>, _> = settled.iter().map(|row| row.try_get(0)).collect();
        let settled = settled?;
        let done = |(one, taken): &(&Settlement, bool)| {
            (*taken && settled.contains(&one.delivery.as_i64())).then_some(Settled::Done)
        };
        Ok(self.verbs.iter().map(|own| own.iter().map(done).collect()).collect())
    }
}
