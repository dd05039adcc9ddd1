//! A copy that is made while events come in, and put back.

use std::path::Path;
use std::process::Command;

use posthorn_store::conformance::on_disk;

use crate::disk::Power;
use crate::faults::{SOME, more};
use crate::life::Life;
use crate::posthorn::{PATIENT, Posthorn, serve};
use crate::verdict::{self, Record};

/// Copies, one after the other.
const COPIES: usize = 3;

fn posthorn(command: &str, copy: &Path, data: &Path) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    let ended = program.arg(command).arg(copy).arg("--data").arg(data).output();
    let ended = ended.expect("the program runs");
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
}

fn records(database: &Path) -> Vec<Record> {
    let lines = on_disk::lines(database, verdict::RECORD).expect("a record");
    lines.iter().map(|line| Record::read(line).expect("six numbers")).collect()
}

#[test]
fn a_copy_made_under_load_has_all_that_was_answered_before_it_and_delivers_what_waits_in_it() {
    let mut life = Life::new();
    let server = life.start(Power::Stays).expect("nothing is in its way");
    let load = life.load(&server).expect("nothing is in its way");
    let key = life.key.clone().expect("there is a merchant");
    let place = tempfile::tempdir().expect("a temporary directory");
    for number in 0..COPIES {
        more(&life, SOME);
        let before = life.board.known().answered.clone();
        let copy = place.path().join(format!("{number}.db"));
        posthorn("backup", &copy, &life.disk.data());
        more(&life, SOME);

        let data = place.path().join(number.to_string());
        posthorn("restore", &copy, &data);
        std::fs::copy(life.disk.data().join("master.key"), data.join("master.key"))
            .expect("the key of the time");
        let database = data.join("posthorn.db");
        let sound = on_disk::lines(&database, "pragma integrity_check");
        assert_eq!(sound.as_deref(), Ok(&["ok".to_owned()][..]));
        let copied = records(&database);
        let mut known = life.board.known();
        let all = std::mem::replace(&mut known.answered, before);
        let missing = verdict::of_the_dead(&copied, &known);
        known.answered = all;
        drop(known);
        assert!(missing.is_empty(), "copy {number}: {missing:?}");

        let restored = Posthorn::start(serve(&data)).expect("it starts");
        let is_done = || {
            let _moved = restored.advance(&key);
            restored.in_state(&key, "due") == Some(0)
                && restored.in_state(&key, "leased") == Some(0)
        };
        assert!(life.within(PATIENT, is_done), "copy {number} still has something to deliver");
        assert!(restored.stop().status.success());
        assert!(records(&database).iter().all(Record::is_delivered), "copy {number}");
    }
    load.end();
    assert!(life.nothing_is_owed(&server), "the server went on");
    assert!(server.stop().status.success());
    assert!(life.board.known().faults.is_empty(), "{:?}", life.board.known().faults);
}
