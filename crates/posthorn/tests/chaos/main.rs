//! What dies, and what must not: servers are killed and their disk loses its power, at random moments under load.
//!
//! Every event that was answered with 202 arrives, comes twice only when it was under way at a death, and leaves its
//! attempts on record; no key makes two events, and the database is sound each time. `./x chaos` runs it at length, the
//! tests a little of it; `docs/chaos.md` says what is done and what was seen. A seed chooses the moments; threads and disks
//! take their own turns, so a seed replays what was planned and not each instruction.

mod board;
mod clocks;
mod copies;
mod cuts;
mod disk;
mod faults;
mod given;
mod kills;
mod life;
mod load;
mod nodes;
mod posthorn;
#[path = "../e2e/receiver.rs"]
#[expect(dead_code, reason = "here a board takes what came, not the test")]
mod receiver;
mod verdict;
