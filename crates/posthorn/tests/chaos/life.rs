//! A data directory from its first start on: servers die on it, one after the other, and it is judged at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use posthorn_store::conformance::on_disk;

use crate::board::Board;
use crate::disk::{Cut, Disk, Power};
use crate::load::{LIGHT, Load, Weight};
use crate::posthorn::{Ended, PATIENT, Posthorn};
use crate::receiver::Receiver;
use crate::verdict::{self, Record};

/// How long it is waited for what is owed before the clock is moved.
const GLANCE: Duration = Duration::from_millis(50);
/// Moves of the clock after which what is owed is lost.
const GLANCES_MAX: u32 = 400;

/// What was lived through.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) rounds: u64,
    /// Deaths before the server said that it listens.
    pub(crate) starting: u64,
    pub(crate) answered: usize,
    pub(crate) arrivals: usize,
    /// Arrivals beyond the first, those after a 500 aside.
    pub(crate) again: usize,
    pub(crate) cut: Cut,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.starting += other.starting;
        self.answered += other.answered;
        self.arrivals += other.arrivals;
        self.again += other.again;
        self.cut += other.cut;
    }
}

/// A data directory, its clients and its receiver.
pub(crate) struct Life {
    pub(crate) board: Arc<Board>,
    pub(crate) disk: Disk,
    receiver: Receiver,
    /// The merchant's, once there is one.
    pub(crate) key: Option<String>,
    deaths: BTreeMap<u64, usize>,
    pub(crate) sums: Sums,
}

impl Life {
    /// An empty disk.
    pub(crate) fn new() -> Self {
        let board = Arc::<Board>::default();
        let writes = Arc::clone(&board);
        let receiver = Receiver::answering(move |seen| writes.arrived(seen));
        let (deaths, sums) = (BTreeMap::new(), Sums::default());
        Self { board, disk: Disk::new(), receiver, key: None, deaths, sums }
    }

    /// Starts a server; `None` when it died before it listened, which is written down.
    pub(crate) fn start(&mut self, power: Power) -> Option<Posthorn> {
        match Posthorn::start(self.disk.serve(power)) {
            Ok(server) => Some(server),
            Err(ended) => {
                self.sums.starting += 1;
                self.died(&ended);
                None
            }
        }
    }

    /// A first start with everything in order: a merchant, and a stop.
    pub(crate) fn settle_in(&mut self) {
        let server = self.start(Power::Stays).expect("nothing is in its way");
        self.load(&server).expect("nothing is in its way").end();
        assert!(self.nothing_is_owed(&server) && server.stop().status.success());
    }

    /// Makes the merchant where there is none, and sets the clients to work; `None` when the server died
    /// over it.
    pub(crate) fn load(&mut self, server: &Posthorn) -> Option<Load> {
        if self.key.is_none() {
            self.key = server.merchant(&self.receiver.url("/"));
        }
        self.weigh_on(server, LIGHT)
    }

    /// Sets clients to work for the merchant that is there.
    pub(crate) fn weigh_on(&self, server: &Posthorn, weight: Weight) -> Option<Load> {
        let bases = std::slice::from_ref(&server.base);
        Some(Load::begin(&self.board, bases, self.key.as_ref()?, weight))
    }

    /// Waits until everything that was answered with 202 has arrived, and answers whether it did.
    pub(crate) fn nothing_is_owed(&self, server: &Posthorn) -> bool {
        let Some(key) = &self.key else { return true };
        is_settled(&self.board, || server.advance(key).is_some())
    }

    /// Looks again and again until it is so, and answers whether it is.
    pub(crate) fn within(&self, patience: Duration, so: impl Fn() -> bool) -> bool {
        let looks = patience.as_millis() / GLANCE.as_millis();
        (0..looks).any(|_| so() || self.board.until(GLANCE, |_| false))
    }

    /// Looks at what a server left behind that was to die.
    pub(crate) fn died(&mut self, ended: &Ended) {
        if !ended.killed() {
            self.board
                .fault(format!("a server ended by itself: {}\n{}", ended.status, ended.story));
        }
        self.sums.rounds += 1;
        self.sums.cut += self.disk.cut().unwrap_or_default();
        self.look();
    }

    /// Reads the database while nobody uses it; answers what is on record.
    pub(crate) fn look(&mut self) -> Vec<Record> {
        let Some(database) = self.disk.copy() else {
            if self.key.is_some() {
                self.board.fault("the database is gone");
            }
            return Vec::new();
        };
        let sound = on_disk::lines(&database, "pragma integrity_check");
        if sound.as_ref().is_ok_and(|lines| *lines != ["ok"]) || sound.is_err() {
            self.board.fault(format!("the database is damaged: {sound:?}"));
        }
        let records = match on_disk::lines(&database, verdict::RECORD) {
            Ok(lines) => {
                lines.iter().map(|line| Record::read(line).expect("six numbers")).collect()
            }
            Err(error) => {
                self.board.fault(format!("the record cannot be read: {error}"));
                Vec::new()
            }
        };
        for record in records.iter().filter(|record| record.is_leased()) {
            *self.deaths.entry(record.seq).or_default() += 1;
        }
        let mut known = self.board.known();
        let faults = verdict::of_the_dead(&records, &known);
        known.faults.extend(faults);
        records
    }

    /// Starts once more, lets everything arrive, stops as an operator would, and judges. Faults are told, and
    /// what they were found in is kept.
    pub(crate) fn end(mut self) -> Result<Sums, String> {
        if self.board.known().faults.is_empty() {
            self.last_start();
        }
        let known = self.board.known();
        self.sums.answered = known.answered.len();
        self.sums.arrivals = known.arrivals();
        self.sums.again = known.again();
        let faults = known.faults.clone();
        drop(known);
        if faults.is_empty() {
            return Ok(self.sums);
        }
        let shown = faults.get(..10).unwrap_or(&faults).join("\n  ");
        let round = self.sums.rounds;
        let kept = self.disk.keep();
        Err(format!(
            "{} faults by round {round} (kept: {}):\n  {shown}\n",
            faults.len(),
            kept.display()
        ))
    }

    fn last_start(&mut self) {
        let server = match Posthorn::start(self.disk.serve(Power::Stays)) {
            Ok(server) => server,
            Err(ended) => return self.board.fault(format!("the last start: {ended:?}")),
        };
        if let Some(load) = self.load(&server) {
            load.finish();
        }
        if !self.nothing_is_owed(&server) {
            let owed = self.board.known().owed();
            self.board.fault(format!("answered with 202, and never arrived: {owed:?}"));
        }
        let ended = server.stop();
        if !ended.status.success() {
            self.board.fault(format!("the last stop: {ended:?}"));
        }
        let records = self.look();
        let mut known = self.board.known();
        let faults = verdict::at_the_end(&records, &known, &self.deaths);
        known.faults.extend(faults);
    }
}

/// Moves the clock until everything that was answered with 202 has arrived; answers whether it did. It ends
/// when the clock cannot be moved any more.
pub(crate) fn is_settled(board: &Board, advance: impl Fn() -> bool) -> bool {
    let all = |known: &crate::board::Known| known.owed().is_empty();
    for _ in 0..GLANCES_MAX {
        if !advance() {
            return board.until(Duration::ZERO, all);
        }
        if board.until(GLANCE, all) {
            return true;
        }
    }
    board.until(PATIENT, all)
}
