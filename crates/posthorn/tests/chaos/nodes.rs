//! Two servers on one PostgreSQL under load; one of them is killed at random moments, or both.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use posthorn_store::conformance::throw_away;
use tempfile::TempDir;

use crate::board::Board;
use crate::given::{Chance, progress, rounds, seed, sum_up};
use crate::life::is_settled;
use crate::load::{LIGHT, Load};
use crate::posthorn::{PATIENT, Posthorn, serve};
use crate::receiver::Receiver;
use crate::verdict::{self, Record};

/// What servers of one database have in common.
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Answers of a server whose company has died.
const ALONE: usize = 50;
/// Sessions of servers that died may still be writing what these had said last.
const SESSIONS: &str = "select pid::text from pg_stat_activity where datname = current_database() and \
                        application_name = 'posthorn'";

/// A database, its servers, and those that talk to them.
struct Pair {
    url: String,
    places: [TempDir; 2],
    servers: [Option<Posthorn>; 2],
    board: Arc<Board>,
    deaths: BTreeMap<u64, usize>,
}

impl Pair {
    fn new() -> Self {
        let place = || TempDir::with_prefix("chaos-").expect("a temporary directory");
        let mut pair = Self {
            url: throw_away::database(),
            places: [place(), place()],
            servers: [None, None],
            board: Arc::default(),
            deaths: BTreeMap::new(),
        };
        pair.start_missing();
        pair
    }

    /// Starts those that do not run.
    fn start_missing(&mut self) {
        for (place, server) in self.places.iter().zip(&mut self.servers) {
            if server.is_none() {
                let mut command: Command = serve(place.path());
                command.args(["--database", &self.url]).env("POSTHORN_MASTER_KEY", MASTER_KEY);
                match Posthorn::start(command) {
                    Ok(started) => *server = Some(started),
                    Err(ended) => self.board.fault(format!("a start after a kill: {ended:?}")),
                }
            }
        }
    }

    fn bases(&self) -> Vec<String> {
        self.servers.iter().flatten().map(|server| server.base.clone()).collect()
    }

    fn records(&self) -> Vec<Record> {
        let lines = throw_away::lines(&self.url, verdict::RECORD_POSTGRES);
        lines.iter().map(|line| Record::read(line).expect("six numbers")).collect()
    }

    /// Writes down what is under way, among it what dead servers had: they keep their leases for a while.
    fn note_leases(&mut self) {
        for record in self.records().iter().filter(|record| record.is_leased()) {
            *self.deaths.entry(record.seq).or_default() += 1;
        }
    }

    /// Kills some; where one lives, clients go on with it for a while.
    fn kill(&mut self, which: &[usize], load: Load) {
        for number in which {
            let killed = self.servers.get_mut(*number).and_then(Option::take);
            drop(killed.map(Posthorn::kill));
        }
        if self.servers.iter().flatten().next().is_some() {
            self.wait_for_answers(ALONE);
            return load.end();
        }
        load.end();
        // Whoever starts alone takes all leases back; what died must have ended before.
        while !throw_away::lines(&self.url, SESSIONS).is_empty() {
            self.board.until(Duration::from_millis(5), |_| false);
        }
        self.note_leases();
    }

    fn wait_for_answers(&self, more: usize) {
        let answers = self.board.known().answered.len();
        if !self.board.until(PATIENT, |known| known.answered.len() >= answers + more) {
            self.board.fault("the load came to a halt");
        }
    }

    /// One load, a death in it, and a start.
    fn round(&mut self, key: &str, chance: &mut Chance) {
        let load = Load::begin(&self.board, &self.bases(), key, LIGHT);
        self.wait_for_answers(usize::try_from(chance.between(1, 300)).expect("small"));
        self.board.until(Duration::from_micros(chance.between(0, 5000)), |_| false);
        let which: &[usize] = match chance.between(0, 4) {
            0 => &[0, 1],
            1 => &[1],
            _ => &[0],
        };
        self.kill(which, load);
        self.start_missing();
        self.note_leases();
        let mut known = self.board.known();
        let faults = verdict::of_the_dead(&self.records(), &known);
        known.faults.extend(faults);
    }

    /// Everything arrives, both stop, and all is judged.
    fn end(mut self, key: &str) -> Vec<String> {
        Load::begin(&self.board, &self.bases(), key, LIGHT).finish();
        let server = self.servers[0].as_ref().expect("it was started");
        if !is_settled(&self.board, || server.advance(key).is_some()) {
            let owed = self.board.known().owed();
            self.board.fault(format!("answered with 202, and never arrived: {owed:?}"));
        }
        for server in &mut self.servers {
            let ended = server.take().expect("it was started").stop();
            if !ended.status.success() {
                self.board.fault(format!("a stop: {ended:?}"));
            }
        }
        let known = self.board.known();
        let mut faults = known.faults.clone();
        faults.extend(verdict::at_the_end(&self.records(), &known, &self.deaths));
        faults
    }
}

#[test]
fn whatever_was_answered_by_servers_that_share_a_database_arrives_whichever_is_killed() {
    let (rounds, seed) = (rounds("CHAOS_POSTGRES", 6), seed());
    if rounds == 0 {
        return;
    }
    let mut chance = Chance::new(seed);
    let mut pair = Pair::new();
    let board = Arc::clone(&pair.board);
    let writes = Arc::clone(&board);
    let receiver = Receiver::answering(move |seen| writes.arrived(seen));
    let key = pair.servers[0].as_ref().and_then(|server| server.merchant(&receiver.url("/")));
    let key = key.expect("nothing is in its way");
    for server in pair.servers.iter().flatten() {
        while !server.knows_endpoint(&key) {
            board.until(Duration::from_millis(5), |_| false);
        }
    }
    for round in 1..=rounds {
        pair.round(&key, &mut chance);
        progress("PostgreSQL", round, rounds);
        if !board.known().faults.is_empty() {
            break;
        }
    }
    let faults = pair.end(&key);
    let known = board.known();
    let (answered, arrivals) = (known.answered.len(), known.arrivals());
    assert!(
        faults.is_empty(),
        "{} faults: {:#?}\nreplay it with: ./x chaos --seed {seed} --postgres {rounds} --kills 0 --cuts 0",
        faults.len(),
        faults.get(..10).unwrap_or(&faults)
    );
    sum_up(&format!(
        "two servers on PostgreSQL, seed {seed}: {rounds} rounds; {answered} events answered, all of them arrived; \
         {arrivals} arrivals, {} of them again",
        known.again()
    ));
}
