//! Accept: the events of many callers in one statement.

use std::borrow::Cow;
use std::collections::HashSet;

use posthorn_core::delivery::State;
use posthorn_core::id::{EndpointId, EventId};
use tokio_postgres::Row;

use super::statement::{Call, Column, holds};
use crate::postgres::nodes::Member;
use crate::postgres::transaction::Transaction;
use crate::postgres::trouble::Trouble;
use crate::rows::{mode_code, ms, state_columns};
use crate::verbs::accept;
use crate::{Accept, Accepted, NewDelivery};

pub(super) const ACCEPT: &str = include_str!("../../../sql/postgres/accept_batch.sql");
pub(super) const SWEEP: &str = include_str!("../../../sql/postgres/accept_sweep.sql");

/// The events of a batch, and those that the statement is given.
#[derive(Debug)]
pub(super) struct Accepts<'a> {
    /// By caller; with each event whether the statement is given it.
    verbs: Vec<Vec<(&'a Accept, bool)>>,
    picked: Vec<&'a Accept>,
}

/// What is known of an event by its own, so that no two of a batch meet in one statement.
#[derive(Default)]
struct Seen<'a> {
    ids: HashSet<EventId>,
    keys: HashSet<(i64, [u8; 16])>,
    references: HashSet<(i64, i64, &'a str)>,
}

impl<'a> Seen<'a> {
    /// Whether the statement can decide about this one: it is the first of its kind, and what it is known
    /// by is what it seems to be.
    fn takes(&mut self, accept: &'a Accept) -> bool {
        let event = &accept.event;
        let reference = event.reference.as_deref();
        let simple = holds(reference)
            && event.about.is_none()
            && reference.is_none_or(|reference| reference.parse::<EventId>().is_err())
            && accept.once.as_ref().is_none_or(|once| once.part == 0)
            && accept.deliveries.iter().all(|delivery| delivery.id.event() == event.id);
        if !simple {
            return false;
        }
        let named = reference.map(|name| (event.merchant.as_i64(), mode_code(event.mode), name));
        let new_key = accept.once.is_none_or(|once| self.keys.insert((once.scope, once.key)));
        let new_name = named.is_none_or(|named| self.references.insert(named));
        self.ids.insert(event.id) && new_key && new_name
    }
}

impl<'a> Accepts<'a> {
    /// `member`: whose ids may be written.
    pub(super) fn of(verbs: Vec<&'a [Accept]>, member: Option<Member>) -> Self {
        let mut seen = Seen::default();
        let mut all = Vec::with_capacity(verbs.len());
        for events in verbs {
            let ours = |accept: &Accept| member.is_none_or(|own| own.may_write(accept.event.id));
            let mut taken = |accept: &'a Accept| ours(accept) && seen.takes(accept);
            all.push(events.iter().map(|accept| (accept, taken(accept))).collect::<Vec<_>>());
        }
        let of_all = all.iter().flatten();
        let picked = of_all.filter(|(_, taken)| *taken).map(|(accept, _)| *accept).collect();
        Self { verbs: all, picked }
    }

    /// Events of one caller stand together: what the statement leaves of them is done in its transaction.
    pub(super) fn stand_together(&self) -> bool {
        self.verbs.iter().any(|events| events.len() > 1)
    }

    /// The endpoints whose standing matters.
    pub(super) fn standing(&self) -> impl Iterator<Item = EndpointId> {
        let waits =
            |new: &&NewDelivery| matches!(new.state, State::Due { .. } | State::Parked { .. });
        let all = self.picked.iter().flat_map(|accept| &accept.deliveries);
        all.filter(waits).map(|new| new.endpoint)
    }

    /// The statement; lease ends are written `shift_ms` later.
    pub(super) fn call(&self, shift_ms: i64) -> Option<Call<'a>> {
        if self.picked.is_empty() {
            return None;
        }
        let mut values = self.events();
        values.extend(self.deliveries(shift_ms));
        Some(Call::new(ACCEPT, values))
    }

    fn events(&self) -> Vec<Column<'a>> {
        let events = || self.picked.iter().map(|accept| &accept.event);
        let keys = || self.picked.iter().map(|accept| accept.once.as_ref());
        let blob = |blob: [u8; 16]| Cow::Owned(blob.to_vec());
        vec![
            Column::Ints(events().map(|event| Some(event.id.as_i64())).collect()),
            Column::Ints(events().map(|event| Some(event.merchant.as_i64())).collect()),
            Column::Ints(events().map(|event| Some(mode_code(event.mode))).collect()),
            Column::Texts(events().map(|event| Some(event.kind.as_str())).collect()),
            Column::Ints(events().map(|event| Some(ms(event.at))).collect()),
            Column::Texts(events().map(|event| event.reference.as_deref()).collect()),
            Column::Ints(events().map(|event| event.only.map(EndpointId::as_i64)).collect()),
            Column::Blobs(events().map(|event| Some(event.data.as_bytes().into())).collect()),
            Column::Ints(keys().map(|once| once.map(|once| once.scope)).collect()),
            Column::Blobs(keys().map(|once| once.map(|once| blob(once.key))).collect()),
            Column::Blobs(keys().map(|once| once.map(|once| blob(once.request))).collect()),
            Column::Ints(keys().map(|once| once.map(|once| ms(once.at))).collect()),
        ]
    }

    fn deliveries(&self, shift_ms: i64) -> [Column<'a>; 7] {
        let count = self.picked.iter().map(|accept| accept.deliveries.len()).sum();
        let mut columns: [Vec<Option<i64>>; 7] = std::array::from_fn(|_| Vec::with_capacity(count));
        for accept in &self.picked {
            for new in &accept.deliveries {
                let (code, at, why) = state_columns(&new.state);
                let leased = matches!(new.state, State::Leased { .. });
                let row = [
                    Some(new.id.as_i64()),
                    Some(new.endpoint.as_i64()),
                    Some(code),
                    Some(if leased { at + shift_ms } else { at }),
                    Some(i64::from(leased)),
                    why,
                    Some(ms(accept.event.at)),
                ];
                for (column, value) in columns.iter_mut().zip(row) {
                    column.push(value);
                }
            }
        }
        columns.map(Column::Ints)
    }

    /// Takes back the keys of events that were not written.
    pub(super) fn sweep(&self) -> Option<Call<'a>> {
        let both = |accept: &&&Accept| accept.event.reference.is_some() && accept.once.is_some();
        let keyed: Vec<_> = self
            .picked
            .iter()
            .filter(both)
            .filter_map(|accept| accept.once.map(|once| (accept.event.id, once)))
            .collect();
        if keyed.is_empty() {
            return None;
        }
        let key = |key: [u8; 16]| Some(Cow::Owned(key.to_vec()));
        let values = vec![
            Column::Ints(keyed.iter().map(|(id, _)| Some(id.as_i64())).collect()),
            Column::Ints(keyed.iter().map(|(_, once)| Some(once.scope)).collect()),
            Column::Blobs(keyed.iter().map(|(_, once)| key(once.key)).collect()),
        ];
        Some(Call::new(SWEEP, values))
    }

    /// The answers of each caller; none where the plain verb has to answer. `written`: what the
    /// statement answered.
    pub(super) async fn answers(
        &self,
        transaction: &Transaction,
        written: &[Row],
    ) -> Result<Vec<Option<Vec<Accepted>>>, Trouble> {
        let written: Result<HashSet<i64>, _> = written.iter().map(|row| row.try_get(0)).collect();
        let written = written?;
        let mut answers = Vec::with_capacity(self.verbs.len());
        for events in &self.verbs {
            let mut own = Vec::with_capacity(events.len());
            for (accept, taken) in events {
                if *taken && written.contains(&accept.event.id.as_i64()) {
                    own.push(Accepted::Now(accept.event.id));
                } else if events.len() > 1 {
                    own.extend(accept::accept(transaction, std::slice::from_ref(accept)).await?);
                }
            }
            answers.push(Some(own).filter(|own| own.len() == events.len()));
        }
        Ok(answers)
    }
}
