//! Lives of payments: commands, a provider's answers, duplicates, crashes and restarts, drawn from a seed and carried out by the
//! real engine on the real stores; then what is on record is held against what the provider's own books say.
//!
//! A failing seed is printed with the command that replays it, and joins `seeds::REGRESSIONS`.

#[cfg(test)]
mod bank;
#[cfg(test)]
#[path = "../sim/chance.rs"]
mod chance;
#[cfg(test)]
#[expect(dead_code, reason = "nobody sets the clock here; the simulation does")]
#[path = "../sim/clock.rs"]
mod clock;
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod history;
#[cfg(test)]
mod life;
#[cfg(test)]
mod purse;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod weather;
#[cfg(test)]
mod wishes;
#[cfg(test)]
mod witness;
#[cfg(test)]
mod world;
