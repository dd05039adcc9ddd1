//! The deterministic simulation: one seed drives the clock, chance, the network and the database's
//! faults; weeks pass in milliseconds, and the engine is held against what was seen.
//!
//! A failing seed is printed with the command that replays it, and joins [`REGRESSIONS`].

#[cfg(test)]
mod books;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod followers;
#[cfg(test)]
mod history;
#[cfg(test)]
mod jumps;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod neighbours;
#[cfg(test)]
mod network;
mod notes;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod weather;
#[cfg(test)]
mod world;
