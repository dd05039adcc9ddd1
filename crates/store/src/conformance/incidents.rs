//! What operators tell of trouble.

use posthorn_core::incident::{Component, Incident, Notice, Progress, Report, Standing};

use super::World;
use super::world::{at, done, once};
use crate::{Done, NewIncident};

/// A report that says one thing.
pub(super) fn report(title: &str) -> Report {
    let notice =
        Notice { at: at(1), progress: Progress::Investigating, text: "Vemos já ☕".into() };
    Report::open(title.into(), Standing::Degraded, vec![Component::Deliveries], notice)
        .expect("a good report")
}

pub fn an_incident_is_told_of_until_it_is_over(world: &World) {
    let store = world.store();
    let new = |title| NewIncident { report: report(title), opened: at(1) };
    let first = done(store.open_incident(new("Slow"), Some(once(7, 1)))).get();
    let again = done(store.open_incident(new("Slow"), Some(once(7, 1))));
    assert_eq!(again, Done::Before(first));
    let second = done(store.open_incident(new("Down"), None)).get();
    let ids = |all: Vec<Incident>| all.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(done(store.incidents())), [second, first]);
    let read = done(store.incident(first)).expect("it was written");
    assert_eq!((&read.report, read.opened, read.resolved), (&report("Slow"), at(1), None));
    // Of two who read the same, one writes.
    let over = Notice { at: at(9), progress: Progress::Resolved, text: "Over".into() };
    let told = read.report.clone().tell(over).expect("a good notice");
    let after = Incident { resolved: told.over_since(), report: told, ..read };
    assert!(done(store.tell_incident(after.clone(), Some(once(8, 2)))));
    assert!(done(store.tell_incident(after.clone(), Some(once(8, 2)))), "the same request");
    assert!(!done(store.tell_incident(after.clone(), None)));
    let read = done(store.incident(first)).expect("it was written");
    assert_eq!((read.report, read.resolved), (after.report, Some(at(9))));
}

pub fn one_that_is_not_over_is_told_of_however_many_came_after_it(world: &World) {
    let store = world.store();
    let new = |title: &str| NewIncident { report: report(title), opened: at(1) };
    let open = done(store.open_incident(new("Slow"), None)).get();
    let mut over = Vec::new();
    for _ in 0..101 {
        let id = done(store.open_incident(new("Down"), None)).get();
        let read = done(store.incident(id)).expect("it was written");
        let notice = Notice { at: at(2), progress: Progress::Resolved, text: "Over".into() };
        let told = read.report.clone().tell(notice).expect("a good notice");
        let after = Incident { resolved: told.over_since(), report: told, ..read };
        assert!(done(store.tell_incident(after, None)));
        over.push(id);
    }
    let listed: Vec<_> = done(store.incidents()).into_iter().map(|one| one.id).collect();
    let expected: Vec<_> = over.into_iter().skip(1).rev().chain([open]).collect();
    assert_eq!(listed, expected, "the last hundred, and the one that is still open");
}
