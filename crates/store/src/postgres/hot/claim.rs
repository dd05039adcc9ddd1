//! Claim: the asks of many callers in one statement.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use posthorn_core::delivery::Claim;
use posthorn_core::event::Event;
use posthorn_core::id::{DeliveryId, EventId};
use tokio_postgres::Row;

use super::statement::{Call, Column};
use super::verb::Asks;
use crate::db::Columns;
use crate::rows::{Place, ms};
use crate::{Ask, StoreError, columns};

pub(super) const CLAIM: &str = include_str!("../../../sql/postgres/claim_batch.sql");

/// The asks of a batch.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// By caller; whether the statement is given them.
    verbs: Vec<(&'a Asks, bool)>,
    /// What the statement is given: each ask with the number of its caller.
    picked: Vec<(usize, &'a Ask)>,
}

impl<'a> Claims<'a> {
    /// An endpoint that is asked for twice is claimed from twice, one after the other: not here.
    pub(super) fn of(verbs: Vec<&'a Asks>) -> Self {
        let mut seen = HashSet::new();
        let mut all = Vec::with_capacity(verbs.len());
        let mut picked = Vec::new();
        for (caller, asked) in verbs.into_iter().enumerate() {
            let own: HashSet<_> = asked.each.iter().map(|ask| ask.endpoint).collect();
            let taken = own.len() == asked.each.len() && own.is_disjoint(&seen);
            seen.extend(own);
            if taken {
                picked.extend(asked.each.iter().map(|ask| (caller, ask)));
            }
            all.push((asked, taken));
        }
        Self { verbs: all, picked }
    }

    /// The statement; lease ends are written `shift_ms` later.
    pub(super) fn call(&self, shift_ms: i64) -> Option<Call<'a>> {
        if self.picked.is_empty() {
            return None;
        }
        let asked = |caller: usize| self.verbs.get(caller).map(|(asked, _)| *asked);
        let ints = |of: &dyn Fn(usize, &Ask) -> Option<i64>| {
            Column::Ints(self.picked.iter().map(|(caller, ask)| of(*caller, ask)).collect())
        };
        let values = vec![
            ints(&|_, ask| Some(ask.endpoint.as_i64())),
            ints(&|_, ask| Some(ask.slots.into())),
            ints(&|_, ask| Some(bounded(ask.bytes))),
            ints(&|_, ask| Some(ms(ask.now))),
            ints(&|caller, _| i64::try_from(caller).ok()),
            ints(&|caller, _| asked(caller).map(|asked| ms(asked.until) + shift_ms)),
            ints(&|caller, _| asked(caller).map(|asked| bounded(asked.bytes_max))),
        ];
        Some(Call::new(CLAIM, values))
    }

    /// The claims of each caller; none where the plain verb has to answer.
    pub(super) fn answers(&self, leased: &[Row]) -> Result<Vec<Option<Vec<Claim>>>, StoreError> {
        let mut answers: Vec<Option<Vec<Claim>>> =
            self.verbs.iter().map(|(_, taken)| taken.then(Vec::new)).collect();
        let mut known: HashMap<EventId, Arc<Event>> = HashMap::new();
        for row in leased {
            known_event(row, &mut known)?;
        }
        for row in leased {
            let row: &dyn Columns = row;
            let place = usize::try_from(row.get::<i64>(9)? - 1).unwrap_or(usize::MAX);
            let Some((caller, ask)) = self.picked.get(place) else { continue };
            let Some((asked, _)) = self.verbs.get(*caller) else { continue };
            let claim = claim(row, ask, asked, &known)?;
            if let Some(Some(answer)) = answers.get_mut(*caller) {
                answer.push(claim);
            }
        }
        Ok(answers)
    }
}

/// Reads an event where it is answered whole.
fn known_event(row: &Row, known: &mut HashMap<EventId, Arc<Event>>) -> Result<(), StoreError> {
    let row: &dyn Columns = row;
    if let Some(data) = row.get::<Option<Vec<u8>>>(7)? {
        let event = columns::event_with(row, data, row.get(15)?)?;
        known.insert(event.id, Arc::new(event));
    }
    Ok(())
}

fn claim(
    row: &dyn Columns,
    ask: &Ask,
    asked: &Asks,
    known: &HashMap<EventId, Arc<Event>>,
) -> Result<Claim, StoreError> {
    let id = row.get(8)?;
    let place = Place { table: "deliveries", row: id };
    let delivery = DeliveryId::from_i64(id);
    let missing = || Place { table: "events", row: delivery.event().as_i64() }.corrupt("id");
    Ok(Claim {
        delivery,
        endpoint: ask.endpoint,
        event: known.get(&delivery.event()).map(Arc::clone).ok_or_else(missing)?,
        attempts: place.count("attempts", row.get(10)?)?,
        base: place.count("base", row.get(11)?)?,
        run: place.count("run", row.get(12)?)?,
        claim: place.count("claim", row.get(13)?)?,
        due: place.time("at", row.get(14)?)?,
        until: asked.until,
    })
}

fn bounded(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
