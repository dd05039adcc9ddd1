//! The real clock of a server on PostgreSQL jumps, where silence has a bound: who gives no sign of life for 15 s
//! writes nothing any more.

use std::sync::Arc;
use std::time::Duration;

use posthorn_store::conformance::throw_away;

use crate::board::Board;
use crate::disk::{Disk, Power, Switch};
use crate::life::is_settled;
use crate::load::{LIGHT, Load};
use crate::posthorn::{PATIENT, Posthorn};
use crate::receiver::Receiver;

const HOUR_S: i64 = 60 * 60;
/// Longer than the silence after which nothing is written.
const PAST_SILENCE: Duration = Duration::from_secs(20);
/// Answers before a jump, and after one.
const SOME: usize = 40;

fn more(board: &Board) {
    let answered = board.known().answered.len();
    let came = board.until(PATIENT, |known| known.answered.len() >= answered + SOME);
    let known = board.known();
    assert!(came, "the load came to a halt: {:?}, {:?}", known.refused, known.faults);
}

#[test]
fn a_clock_that_jumps_an_hour_both_ways_does_not_silence_a_server_that_shares_its_database() {
    let (disk, board) = (Disk::new(), Arc::<Board>::default());
    let writes = Arc::clone(&board);
    let receiver = Receiver::answering(move |seen| writes.arrived(seen));
    let mut command = disk.serve(Power::Faulty);
    command.args(["--database", &throw_away::database()]);
    let server = Posthorn::start(command).expect("nothing is in its way");
    let key = server.merchant(&receiver.url("/")).expect("nothing is in its way");
    let load = Load::begin(&board, std::slice::from_ref(&server.base), &key, LIGHT);
    more(&board);
    disk.switch(Switch::Clock, -HOUR_S);
    board.until(PAST_SILENCE, |known| !known.faults.is_empty());
    more(&board);
    for off in [HOUR_S, 0] {
        disk.switch(Switch::Clock, off);
        more(&board);
    }
    load.finish();
    assert!(is_settled(&board, || server.advance(&key).is_some()), "{:?}", board.known().owed());
    let ended = server.stop();
    assert!(ended.status.success(), "{ended:?}");
    let known = board.known();
    assert!(known.faults.is_empty(), "{:?}", known.faults);
}
