//! Power cuts: what was not synced is gone, torn, or there, as a real disk may have it.

use crate::disk::{Cut, Power};
use crate::given::{Chance, progress, rounds, seed, sum_up};
use crate::life::{Life, Sums};

/// Cuts that a data directory sees.
const A_LIFE: u64 = 10;
/// Lives after which syncing that does nothing must have been found out.
const FOUND_OUT_WITHIN: u64 = 5;

/// When the power goes: while a directory is made, while a database is opened and what lay in it goes out, or under load.
fn moment(chance: &mut Chance, first: bool) -> u64 {
    match chance.between(0, 6) {
        0..3 if first => chance.between(1, 160),
        0 => chance.between(1, 40),
        1 | 2 => chance.between(20, 300),
        _ => chance.between(100, 2500),
    }
}

/// One server, from its start to the cut.
fn round(life: &mut Life, power: Power) {
    let Some(server) = life.start(power) else { return };
    let load = life.load(&server);
    let ended = server.ends();
    if let Some(load) = load {
        load.end();
    }
    match ended {
        Ok(ended) => life.died(&ended),
        Err(ended) => {
            life.board.fault(format!("the load came to a halt before the cut: {ended:?}"));
        }
    }
}

/// Cuts the power of one disk so often, or until something is wrong.
fn live(
    mut life: Life,
    (seed, cuts): (u64, u64),
    tell: impl Fn(u64),
    power: impl Fn(u64, u64) -> Power,
) -> Life {
    let mut chance = Chance::new(seed);
    while life.sums.rounds < cuts && life.board.known().faults.is_empty() {
        let at = moment(&mut chance, life.key.is_none());
        round(&mut life, power(at, chance.between(1, u64::MAX)));
        tell(life.sums.rounds);
    }
    life
}

#[test]
fn whatever_was_answered_before_a_power_cut_arrives_after_it() {
    let (rounds, first) = (rounds("CHAOS_CUTS", 40), seed());
    let mut sums = Sums::default();
    for seed in first.. {
        if sums.rounds >= rounds {
            break;
        }
        let done = sums.rounds;
        let tell = |round| progress("power cuts", done + round, rounds);
        let plan = (seed, A_LIFE.min(rounds - done));
        let life = live(Life::new(), plan, tell, |at, seed| Power::Cut { at, seed });
        sums += life.end().unwrap_or_else(|faults| {
            panic!("{faults}replay it with: ./x chaos --seed {seed} --cuts {A_LIFE} --kills 0 --postgres 0")
        });
    }
    let Sums { starting, answered, arrivals, again, cut, .. } = sums;
    let Cut { writes: [kept, dropped, torn], names: [names_kept, names_dropped] } = cut;
    sum_up(&format!(
        "power cuts, seed {first}: {rounds} rounds, {starting} of them while starting; {answered} events answered, \
         all of them arrived; {arrivals} arrivals, {again} of them again; of the unsynced writes {kept} were left, \
         {torn} torn, {dropped} gone, of the names {names_kept} left, {names_dropped} gone; every database sound"
    ));
    assert!(
        rounds == 0 || kept + dropped + torn > 0,
        "the fault layer lost nothing: it is not there"
    );
}

#[test]
fn a_server_that_does_not_sync_is_found_out() {
    let lives = seed()..seed() + FOUND_OUT_WITHIN;
    let found = lives.clone().find_map(|seed| {
        let mut life = Life::new();
        life.settle_in();
        let life = live(life, (seed, A_LIFE), |_| {}, |at, seed| Power::CutUnsynced { at, seed });
        let (rounds, faults) = (life.sums.rounds, life.board.known().faults.clone());
        // A load that came to a halt on a slow machine has found nothing out.
        let missed = |fault: &&String| !fault.contains("came to a halt");
        faults.iter().find(missed).map(|fault| (seed, rounds, fault.clone()))
    });
    let Some((seed, round, fault)) = found else {
        panic!("{FOUND_OUT_WITHIN} lives without a sync, and nothing was missed")
    };
    let fault = fault.lines().next().unwrap_or_default();
    sum_up(&format!("without syncs: found out with seed {seed} in round {round}: {fault}"));
}
