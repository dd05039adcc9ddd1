//! Programs that follow a merchant's test events, as `posthorn listen` does: whatever dies meanwhile,
//! each must be brought every event, once, in order.

use posthorn_core::event::Mode;
use posthorn_core::id::{EventId, MerchantId};

use crate::deeds::Client;
use crate::facts::Facts;
use crate::ledger::Ledger;
use crate::world::World;

/// Events read at once: few, so that there is often more.
const AT_ONCE: u32 = 3;

/// What a follower remembers when the process dies.
#[derive(Default)]
pub(crate) struct Followed {
    cursor: i64,
    brought: Vec<EventId>,
}

impl Client {
    pub(crate) async fn follow(self, merchant: MerchantId) {
        let mut news = self.engine.follow(merchant);
        news.mark_changed();
        while news.changed().await.is_ok() {
            let cursor = self.all.followed.borrow_mut().entry(merchant).or_default().cursor;
            let cursor = EventId::from_i64(cursor);
            let read = self.engine.followed((merchant, Mode::Test), cursor, AT_ONCE).await;
            if let Ok(read) = &read {
                self.take(merchant, read.cursor, read.events.iter().map(|event| event.id));
                if !read.is_behind(*news.borrow()) {
                    continue;
                }
            }
            if read.is_ok_and(|read| read.cursor > cursor) {
                news.mark_changed();
                continue;
            }
            self.sleep_ms(5_000).await;
            news.mark_changed();
        }
    }

    fn take(&self, merchant: MerchantId, cursor: EventId, brought: impl Iterator<Item = EventId>) {
        let mut all = self.all.followed.borrow_mut();
        let followed = all.entry(merchant).or_default();
        followed.cursor = cursor.as_i64();
        followed.brought.extend(brought);
    }
}

/// Every test event on record was brought to who follows its merchant.
pub(crate) fn judge(world: &World, ledger: &Ledger, facts: &mut Facts) {
    for (merchant, followed) in &*world.clients.followed.borrow() {
        let own = ledger.events.values();
        let own = own.filter(|event| event.merchant == *merchant && event.mode == Mode::Test);
        let own: Vec<EventId> = own.map(|event| event.id).collect();
        if own == followed.brought {
            continue;
        }
        let differs = own.iter().zip(&followed.brought).position(|(own, brought)| own != brought);
        let differs = differs.unwrap_or(own.len().min(followed.brought.len()));
        facts.violated(format!(
            "a follower of {merchant} was brought {} of {} events; from number {differs} on: {:?} and not {:?}",
            followed.brought.len(),
            own.len(),
            followed.brought.get(differs),
            own.get(differs),
        ));
    }
}
