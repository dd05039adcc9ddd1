//! Time that goes wrong: a process that gets no turn for a while, leases that run out meanwhile, a clock that is set.

use jiff::SignedDuration;
use posthorn_core::delivery::State;
use posthorn_core::id::DeliveryId;
use posthorn_engine::clock::Clock;
use posthorn_store::Store;

use super::World;
use crate::ledger::ready;

/// Leases freed in one go, at most: more than there ever are.
const FREED_AT_ONCE: u32 = 10_000;

impl World {
    /// The process gets no turn for so long, as when its machine sleeps: what comes meanwhile is met when it goes on.
    pub(super) fn freeze(&mut self, length: SignedDuration) {
        let from = self.clock.now();
        self.clock.advance_to(from + length);
        let mut facts = self.book.open();
        facts.freezes.push((from, from + length));
        facts.count("freezes");
    }

    /// Another server on the same database frees the leases that ran out.
    pub(super) fn free_expired(&mut self) {
        let now = self.clock.now();
        let leases = self.book.open().leases.clone();
        let expired = leases.iter().filter(|(_, (_, until))| *until <= now);
        let expired: Vec<(DeliveryId, u32)> =
            expired.map(|(id, (claim, _))| (*id, *claim)).collect();
        let is_leased = |world: &Self, id: DeliveryId| {
            let record = ready(world.store.delivery(id)).expect("what was leased is on record");
            matches!(record.delivery.state, State::Leased { .. })
        };
        let expired: Vec<_> = expired.into_iter().filter(|(id, _)| is_leased(self, *id)).collect();
        self.weather.set_fair(true);
        ready(self.store.release_expired(now, FREED_AT_ONCE));
        self.weather.set_fair(false);
        for (id, claim) in expired {
            if !is_leased(self, id) {
                let mut facts = self.book.open();
                facts.count("leases freed by another server");
                facts.leases.remove(&id);
                facts.freed.insert((id, claim));
            }
        }
    }

    /// Somebody sets the wall clock.
    pub(super) fn set_clock(&mut self, by: SignedDuration) {
        self.clock.set(self.clock.now() + by);
        let mut facts = self.book.open();
        facts.clock_was_set = true;
        facts.count(if by.is_negative() { "clock set back" } else { "clock set forwards" });
    }
}
