//! `kill -9` at random moments under load.

use std::time::Duration;

use crate::disk::Power;
use crate::given::{Chance, progress, rounds, seed, sum_up};
use crate::life::{Life, Sums};
use crate::posthorn::PATIENT;

/// Kills that a data directory sees.
const A_LIFE: u64 = 25;

/// One server, from its start to its death.
fn round(life: &mut Life, chance: &mut Chance) {
    let Some(server) = life.start(Power::Stays) else { return };
    // Mostly it is seen first that everything from before arrives; else the next death meets it half done.
    if !chance.once_in(4) && !life.nothing_is_owed(&server) {
        let owed = life.board.known().owed();
        life.board
            .fault(format!("answered with 202, and not there after the next start: {owed:?}"));
    }
    let load = life.load(&server).expect("nobody kills it yet");
    let (answers, arrivals) = {
        let known = life.board.known();
        (known.answered.len(), known.arrivals())
    };
    let more = usize::try_from(chance.between(1, 150)).expect("small");
    let came = if chance.once_in(2) {
        life.board.until(PATIENT, |known| known.answered.len() >= answers + more)
    } else {
        life.board.until(PATIENT, |known| known.arrivals() >= arrivals + more)
    };
    if !came {
        life.board.fault("the load came to a halt");
    }
    // And not only in the moment of an answer.
    life.board.until(Duration::from_micros(chance.between(0, 5000)), |known| known.stopped);
    let ended = server.kill();
    load.end();
    life.died(&ended);
}

#[test]
fn whatever_was_answered_before_a_kill_arrives_after_it() {
    let (rounds, first) = (rounds("CHAOS_KILLS", 20), seed());
    let mut sums = Sums::default();
    for (seed, _) in (first..).zip((0..rounds).step_by(usize::try_from(A_LIFE).expect("small"))) {
        let mut chance = Chance::new(seed);
        let mut life = Life::new();
        while life.sums.rounds < A_LIFE.min(rounds - sums.rounds)
            && life.board.known().faults.is_empty()
        {
            round(&mut life, &mut chance);
            progress("kill -9", sums.rounds + life.sums.rounds, rounds);
        }
        sums += life.end().unwrap_or_else(|faults| {
            panic!("{faults}replay it with: ./x chaos --seed {seed} --kills {A_LIFE} --cuts 0 --postgres 0")
        });
    }
    let Sums { answered, arrivals, again, .. } = sums;
    sum_up(&format!(
        "kill -9, seed {first}: {rounds} rounds; {answered} events answered, all of them arrived; {arrivals} \
         arrivals, {again} of them again; every database sound"
    ));
}
