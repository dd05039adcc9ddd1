//! Stepping a sandbox clock: one try at a time for a merchant, and a word when all is quiet.

use futures::channel::oneshot;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;

use super::Dispatcher;

/// A merchant whose clock is being advanced.
pub(super) struct Stepping {
    reply: Option<oneshot::Sender<u64>>,
    pub(super) attempted: u64,
}

impl Dispatcher {
    pub(super) fn step(&mut self, merchant: MerchantId, reply: oneshot::Sender<u64>) {
        let stepping =
            self.stepping.entry(merchant).or_insert(Stepping { reply: None, attempted: 0 });
        stepping.reply = Some(reply);
        for entry in &*self.shared.directory.endpoints(merchant, Mode::Test) {
            let id = entry.endpoint.id;
            self.lane(id).single = true;
            self.unknown.insert(id);
        }
    }

    pub(super) fn unstep(&mut self, merchant: MerchantId) {
        self.stepping.remove(&merchant);
        for entry in &*self.shared.directory.endpoints(merchant, Mode::Test) {
            let id = entry.endpoint.id;
            self.lane(id).single = false;
            self.list(id);
            self.schedule(id);
        }
    }

    /// Answers those whose merchants have nothing due or under way.
    pub(super) fn answer_steps(&mut self) {
        if self.stepping.is_empty() {
            return;
        }
        let real = self.shared.clock.now();
        let waiting: Vec<MerchantId> = self
            .stepping
            .iter()
            .filter(|(_, stepping)| stepping.reply.is_some())
            .map(|(merchant, _)| *merchant)
            .collect();
        for merchant in waiting {
            let now = self.shared.directory.now(merchant, Mode::Test, real);
            let entries = self.shared.directory.endpoints(merchant, Mode::Test);
            if !entries.iter().all(|entry| self.is_quiet(entry.endpoint.id, now)) {
                continue;
            }
            if let Some(stepping) = self.stepping.get_mut(&merchant)
                && let Some(reply) = stepping.reply.take()
            {
                let _gone = reply.send(std::mem::take(&mut stepping.attempted));
            }
        }
    }
}
