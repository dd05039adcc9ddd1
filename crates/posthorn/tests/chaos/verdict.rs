//! What the database says, held against what clients and receiver saw.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::Known;

/// An event and its delivery, in the words of SQLite.
pub(crate) const RECORD: &str = "
    select json_extract(cast(e.data as text), '$.seq') || ' ' || coalesce(d.state, -1)
           || ' ' || coalesce(d.claim, 0)
           || ' ' || (select count(*) from attempts a where a.delivery = d.id and a.status is not null)
           || ' ' || (select count(*) from attempts a where a.delivery = d.id and a.status = 200)
           || ' ' || (select count(*) from attempts a where a.delivery = d.id)
      from events e left join deliveries d on d.id = e.id + 1
     where e.kind = 'order.paid'";

/// The same in PostgreSQL's.
pub(crate) const RECORD_POSTGRES: &str = "
    select (convert_from(e.data, 'UTF8')::json ->> 'seq') || ' ' || coalesce(d.state, -1)
           || ' ' || coalesce(d.claim, 0)
           || ' ' || (select count(*) from posthorn.attempts a
                       where a.delivery = d.id and a.status is not null)
           || ' ' || (select count(*) from posthorn.attempts a where a.delivery = d.id and a.status = 200)
           || ' ' || (select count(*) from posthorn.attempts a where a.delivery = d.id)
      from posthorn.events e left join posthorn.deliveries d on d.id = e.id + 1
     where e.kind = 'order.paid'";

/// Code of a leased delivery, and of one that arrived.
const LEASED: i64 = 1;
const DELIVERED: i64 = 2;

/// An event on record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    state: i64,
    /// Leases that were ever taken.
    claims: usize,
    /// Tries on record that were answered, and that were answered with 200.
    attempts: usize,
    successes: usize,
    /// All tries on record: one that ran into its timeout may have come, or not.
    tries: usize,
}

impl Record {
    /// Reads a line of the record.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let numbers: Vec<i64> = line.split(' ').map_while(|one| one.parse().ok()).collect();
        let [seq, state, claims, attempts, successes, tries] = numbers[..] else { return None };
        let count = |number: i64| usize::try_from(number).ok();
        Some(Self {
            seq: seq.try_into().ok()?,
            state,
            claims: count(claims)?,
            attempts: count(attempts)?,
            successes: count(successes)?,
            tries: count(tries)?,
        })
    }

    /// Whether it is under way.
    pub(crate) fn is_leased(&self) -> bool {
        self.state == LEASED
    }

    /// Whether it arrived, by its record.
    pub(crate) fn is_delivered(&self) -> bool {
        self.state == DELIVERED
    }
}

/// What is wrong while a server is dead: what was answered must be there, once.
pub(crate) fn of_the_dead(records: &[Record], known: &Known) -> Vec<String> {
    let mut faults = Vec::new();
    let mut there: BTreeMap<u64, usize> = BTreeMap::new();
    for record in records {
        *there.entry(record.seq).or_default() += 1;
    }
    for (seq, count) in there.iter().filter(|(_, count)| **count > 1) {
        faults.push(format!("event {seq} is on record {count} times: its key made more than one"));
    }
    for seq in known.answered.keys().filter(|seq| !there.contains_key(seq)) {
        faults.push(format!("event {seq} was answered with 202 and is not on record"));
    }
    faults
}

/// What is wrong when all is done. `deaths` says how often a delivery was under way when its server died.
pub(crate) fn at_the_end(
    records: &[Record],
    known: &Known,
    deaths: &BTreeMap<u64, usize>,
) -> Vec<String> {
    let mut faults = of_the_dead(records, known);
    let there: BTreeSet<u64> = records.iter().map(|record| record.seq).collect();
    for (seq, id) in &known.answered {
        let arrived = known.arrived.get(seq).map_or(&[][..], Vec::as_slice);
        if let Some(other) = arrived.iter().find(|one| one.id != *id) {
            faults.push(format!("event {seq} was answered as {id} and arrived as {}", other.id));
        }
    }
    for (seq, arrived) in &known.arrived {
        if arrived.windows(2).any(|pair| matches!(pair, [one, next] if one.id != next.id)) {
            faults.push(format!("event {seq} arrived as two events: {arrived:?}"));
        }
        if !there.contains(seq) {
            faults.push(format!("event {seq} arrived and is not on record"));
        }
    }
    for record in records {
        let arrived = known.arrived.get(&record.seq).map_or(&[][..], Vec::as_slice);
        let lost = deaths.get(&record.seq).copied().unwrap_or(0);
        faults.extend(of_one(record, arrived.len(), lost));
    }
    faults
}

/// A try that is not on record was under way at a death, and nothing comes without a lease.
fn of_one(record: &Record, arrived: usize, lost: usize) -> Vec<String> {
    let Record { seq, state, claims, attempts, successes, tries } = *record;
    let told = |what: &str| {
        format!(
            "event {seq} {what}: state {state}, {claims} leases, {tries} tries on record, {attempts} answered, \
             {successes} with success, {arrived} arrivals, under way at {lost} deaths"
        )
    };
    let rules = [
        (state == DELIVERED, "is not delivered at the end"),
        (successes == 1, "was not delivered once by its record"),
        (attempts <= arrived, "has tries on record that never came"),
        (arrived <= claims, "came without a lease"),
        (arrived <= tries + lost, "came again although it was under way at no death"),
    ];
    rules.iter().filter(|(holds, _)| !holds).map(|(_, what)| told(what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str, arrived: usize, lost: usize) -> usize {
        of_one(&Record::read(line).unwrap(), arrived, lost).len()
    }

    #[test]
    fn a_record_is_held_against_what_came() {
        assert_eq!(judged("7 2 2 2 1 2", 2, 0), 0, "refused, then taken");
        assert_eq!(judged("7 2 2 1 1 1", 2, 1), 0, "came twice, for it was under way at a death");
        assert_eq!(judged("7 2 2 1 1 1", 2, 0), 1, "came twice for no reason");
        assert_eq!(
            judged("7 2 2 1 1 2", 2, 0),
            0,
            "the first was answered too late, which is on record"
        );
        assert_eq!(judged("7 2 2 1 1 1", 1, 0), 0, "given back unsent by a stop");
        assert_eq!(judged("7 2 1 1 1 1", 2, 1), 1, "came without a lease");
        assert_eq!(judged("7 2 1 1 1 1", 0, 0), 1, "on record, and never came");
        assert_eq!(judged("7 0 1 1 0 1", 1, 0), 2, "never delivered");
    }
}
