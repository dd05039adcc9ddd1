//! The pure hot paths, one at a time and a fixed number of times, so that their instructions can be counted:
//! `./x counts` runs this under valgrind, which counts what happens within [`measured`] and nothing else.

#![expect(clippy::print_stdout, reason = "it is read by a script")]
#![expect(clippy::expect_used, reason = "a bench that cannot go on stops")]

mod pure;
mod stored;

use std::hint::black_box;

/// How often a path is gone for one measurement: what is different about the first time is a small part of it.
const TIMES: u64 = 20;

/// A path: goes it so many times.
type Path = fn(u64);

const PATHS: [(&str, Path); 6] = [
    ("sign", pure::sign),
    ("route", pure::route),
    ("settle", pure::settle),
    ("canonicalise", pure::canonicalise),
    ("accept_64", stored::accept),
    ("claim_and_settle_64", stored::claim_and_settle),
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(wanted) = arguments.next() else {
        for (name, _) in PATHS {
            println!("{name} {TIMES}");
        }
        return;
    };
    let path = PATHS.into_iter().find(|(name, _)| *name == wanted);
    let (_, path) = path.expect("a path of the list that no argument prints");
    path(TIMES);
}

/// What is counted. It is a call of its own, by this name, for the counter to begin and to end with; going on
/// after `path` keeps it from ending in a jump.
#[inline(never)]
fn measured<T>(path: impl FnOnce() -> T) -> T {
    black_box(path())
}
