//! A disk that fails, fills up or turns read-only, a process that freezes or is asked to stop, a clock that jumps: under load.

use std::time::Duration;

use crate::board::Known;
use crate::disk::{Power, Switch};
use crate::life::Life;
use crate::load::{HEAVY, Load};
use crate::posthorn::{Ended, PATIENT, Posthorn};

/// Answers before something happens, so that it happens in the midst of it.
pub(crate) const SOME: usize = 40;
/// Much longer than a lease: the contract's 5 s, 2 s in memory and 10 s of margin.
const PAST_THE_LEASES: Duration = Duration::from_mins(1);
const HOUR_S: i64 = 60 * 60;
/// What one caller may hold of bodies is 16 MiB; what is made of them, and 160 connections, take several times that.
const MEMORY_MIB_MAX: u64 = 300;

/// A server behind the fault layer, and clients that have been answered.
fn under_load() -> (Life, Posthorn, Load) {
    let mut life = Life::new();
    let server = life.start(Power::Faulty).expect("nothing is in its way");
    let load = life.load(&server).expect("nothing is in its way");
    more(&life, SOME);
    (life, server, load)
}

/// Waits until so many more were answered.
pub(crate) fn more(life: &Life, count: usize) {
    let answered = life.board.known().answered.len();
    let answers = life.board.until(PATIENT, |known| known.answered.len() >= answered + count);
    assert!(answers, "the load came to a halt: {:?}", life.board.known().faults);
}

/// Waits until a server ends by itself, which must not look like success.
fn fails(server: Posthorn, load: Load) -> Ended {
    let ended = server.ends();
    load.end();
    let ended = ended.expect("it ends by itself");
    assert!(!ended.status.success(), "{ended:?}");
    assert!(ended.story.contains("the disk failed while writing"), "{ended:?}");
    ended
}

fn judged(life: Life) {
    let sums = life.end().unwrap_or_else(|faults| panic!("{faults}"));
    assert!(sums.answered >= SOME);
}

#[test]
fn a_sync_that_fails_ends_the_server_at_once_and_loses_nothing_that_was_answered() {
    let (mut life, server, load) = under_load();
    life.disk.switch(Switch::FailingSyncs, 1);
    fails(server, load);
    life.look();
    judged(life);
}

#[test]
fn a_disk_that_turns_read_only_ends_the_server_and_refuses_the_next_until_it_can_be_written() {
    let (mut life, server, load) = under_load();
    life.disk.switch(Switch::ReadOnly, 1);
    fails(server, load);
    life.look();
    let refused =
        Posthorn::start(life.disk.serve(Power::Faulty)).err().expect("nothing can be kept");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.story.contains("Read-only file system"), "{refused:?}");
    life.disk.switch(Switch::ReadOnly, 0);
    judged(life);
}

#[test]
fn a_full_disk_refuses_with_503_finishes_what_is_under_way_and_accepts_when_there_is_room() {
    let (life, server, load) = under_load();
    life.disk.switch(Switch::Room, 0);
    life.disk.switch(Switch::Limited, 1);
    let told = life.board.until(PATIENT, |known| known.refused.contains_key("disk_full"));
    assert!(told, "nobody is told that the disk is full");
    let key = life.key.clone().expect("there is a merchant");
    let finished = life.within(PATIENT, || server.in_state(&key, "leased") == Some(0));
    assert!(finished, "what is under way is finished");
    life.disk.switch(Switch::Room, 1 << 30);
    more(&life, SOME);
    load.end();
    assert!(life.nothing_is_owed(&server), "what had not begun begins");
    assert!(server.stop().status.success());
    judged(life);
}

#[test]
fn a_disk_that_takes_its_time_refuses_with_503_before_memory_grows() {
    let (life, server, load) = under_load();
    load.end();
    life.disk.switch(Switch::Held, 1);
    let load = life.weigh_on(&server, HEAVY).expect("there is a merchant");
    let refusals = |known: &Known| known.refused.values().sum::<usize>();
    let told = life.board.until(PATIENT, |known| refusals(known) > 1_000);
    assert!(told, "nobody is told to wait: {:?}", life.board.known().refused);
    let mib = server.memory_most_mib();
    assert!(mib < MEMORY_MIB_MAX, "{mib} MiB");
    life.disk.switch(Switch::Held, 0);
    more(&life, SOME);
    load.end();
    assert!(life.nothing_is_owed(&server), "what was accepted goes out");
    assert!(server.stop().status.success());
    judged(life);
}

#[test]
fn a_server_that_was_frozen_past_its_leases_goes_on_and_loses_nothing() {
    let (mut life, server, load) = under_load();
    server.signal("-STOP");
    life.look();
    life.board.until(PAST_THE_LEASES, |known| !known.faults.is_empty());
    server.signal("-CONT");
    more(&life, SOME);
    load.end();
    assert!(life.nothing_is_owed(&server));
    assert!(server.stop().status.success());
    judged(life);
}

#[test]
fn a_server_that_is_asked_to_stop_under_load_says_success_and_leaves_nothing_half_done() {
    let mut life = Life::new();
    for _ in 0..5 {
        let server = life.start(Power::Stays).expect("nothing is in its way");
        let load = life.load(&server).expect("nothing is in its way");
        more(&life, SOME);
        let ended = server.stop();
        load.end();
        assert!(ended.status.success(), "{ended:?}");
        let leased = life.look().iter().filter(|record| record.is_leased()).count();
        assert_eq!(leased, 0, "what was under way is done or given back");
    }
    judged(life);
}

#[test]
fn a_clock_that_jumps_an_hour_both_ways_keeps_nothing_from_arriving() {
    let (life, server, load) = under_load();
    for off in [HOUR_S, 0, -HOUR_S, 0] {
        life.disk.switch(Switch::Clock, off);
        more(&life, SOME);
    }
    load.end();
    assert!(life.nothing_is_owed(&server));
    assert!(server.stop().status.success());
    judged(life);
}
