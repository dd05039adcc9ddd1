//! How many rounds, and from which seed: what `./x chaos` was told, else a little of everything.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A number from the surroundings.
#[expect(clippy::disallowed_methods, reason = "the rounds are given by whoever runs the test")]
pub(crate) fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// So many rounds were asked for, or these.
pub(crate) fn rounds(name: &str, usual: u64) -> u64 {
    given(name).unwrap_or(usual)
}

/// The first seed.
pub(crate) fn seed() -> u64 {
    given("CHAOS_SEED").unwrap_or(1)
}

/// What a seed chooses.
pub(crate) struct Chance(StdRng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number from `from` to before `to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0.random_range(from..to)
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.between(0, times) == 0
    }
}

/// Tells a person at a terminal how far it is.
pub(crate) fn progress(what: &str, round: u64, of: u64) {
    let mut terminal = stderr();
    if terminal.is_terminal() {
        let end = if round == of { "\n" } else { "" };
        let _nobody_reads = write!(terminal, "\r{what}: {round} of {of} rounds{end}");
    }
}

/// One line at the end.
pub(crate) fn sum_up(line: &str) {
    let _nobody_reads = writeln!(stdout(), "{line}");
}
