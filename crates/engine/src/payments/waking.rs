//! What time does to records: requests that wait for somebody, payments that expire or settle, checkouts that are left alone,
//! card tokens that nobody used, feeds of products, and what simulated rails do by themselves. Whichever server comes first does it;
//! the version of the record decides who that was.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::payment::{Due, Refused, Todo};
use posthorn_rails::simulated::Word;
use posthorn_store::{RecordKind, StoreError, Waking};

use super::affair::Affair;
use crate::error::EngineError;
use crate::shared::Shared;

/// Records looked after in one go.
const AT_ONCE: u32 = 100;
/// How long one rests that could not be looked after.
const AFTER_TROUBLE: SignedDuration = SignedDuration::from_secs(10);
/// Things that one record may have due at once.
const DUE_AT_ONCE: usize = 300;

/// Looks after records without an end.
pub(crate) async fn look_after_records(shared: Arc<Shared>) {
    // Those that could not be looked after, and until when they are left alone.
    let mut resting: HashMap<i64, Timestamp> = HashMap::new();
    // What was looked after last: found as it was, it rests too, so that nothing keeps the loop busy.
    let mut last = None;
    loop {
        let bell = shared.wake_bell.notified();
        let now = shared.clock.now();
        resting.retain(|_, until| *until > now);
        // What rests is found again, and keeps nobody else waiting.
        let limit = AT_ONCE.saturating_add(u32::try_from(resting.len()).unwrap_or(u32::MAX));
        let found = shared.store.waking(now, ahead(&shared, now), limit).await;
        let mut found = found.unwrap_or_else(|error| {
            tracing::warn!(%error, "what is due about payments could not be read");
            Vec::new()
        });
        found.sort_by_key(in_turn);
        let fresh: Vec<Waking> =
            found.into_iter().filter(|one| !resting.contains_key(&one.id)).collect();
        if fresh.is_empty() {
            rest(&shared, bell, now).await;
            continue;
        }
        for one in fresh {
            let looked = shared.look_after(&one).await;
            let stuck = last == Some(one);
            last = Some(one);
            if let Err(error) = &looked {
                tracing::warn!(record.id = one.id, %error, "it is looked after again");
            }
            if looked.is_err() || stuck {
                let until = now.saturating_add(AFTER_TROUBLE).unwrap_or(Timestamp::MAX);
                resting.insert(one.id, until);
            }
        }
    }
}

async fn rest(shared: &Shared, bell: tokio::sync::futures::Notified<'_>, now: Timestamp) {
    let next = shared.store.next_wake(None).await.ok().flatten();
    let wait = next.map(|next| next.duration_since(now)).filter(|wait| !wait.is_negative());
    // Another server may have written what nobody told of here.
    let longest = shared.options.job_round.unsigned_abs();
    let wait = wait.map_or(longest, |wait| wait.unsigned_abs().min(longest));
    let sleep = shared.clock.sleep(wait.max(Duration::from_millis(5)));
    tokio::select! {
        biased;
        () = bell => {}
        () = sleep => {}
    }
}

/// The merchants whose sandbox clocks are ahead, with their time.
fn ahead(shared: &Shared, now: Timestamp) -> Vec<(MerchantId, Timestamp)> {
    let merchants = shared.directory.merchants().into_iter();
    let ahead = merchants.filter(|merchant| !merchant.clock_offset.is_zero());
    ahead.map(|merchant| (merchant.id, merchant.now(Mode::Test, now))).collect()
}

/// Looks after what is due of one merchant by its sandbox clock, until nothing is.
pub(crate) async fn settle_records(
    shared: &Shared,
    merchant: MerchantId,
) -> Result<(), EngineError> {
    let mut before = Vec::new();
    loop {
        let now = shared.directory.now(merchant, Mode::Test, shared.clock.now());
        let found = shared.store.waking(Timestamp::MIN, vec![(merchant, now)], AT_ONCE).await;
        let mut found = found?;
        found.sort_by_key(in_turn);
        if found.is_empty() {
            return Ok(());
        }
        if found == before {
            // Nobody moved any of it: whoever asks again, later, finds out whether that is still so.
            return Err(EngineError::Busy { retry_after_s: 1 });
        }
        for one in &found {
            if one.kind == RecordKind::Feed {
                shared.finish_feed(one.id).await?;
            } else {
                shared.look_after(one).await?;
            }
        }
        before = found;
    }
}

/// Of one moment, first what rails do: who pays in the last instant has paid in time.
fn in_turn(waking: &Waking) -> (Timestamp, bool) {
    (waking.wake, waking.kind != RecordKind::Book)
}

impl Shared {
    async fn look_after(&self, waking: &Waking) -> Result<(), EngineError> {
        let done = match waking.kind {
            RecordKind::Payment | RecordKind::Payout | RecordKind::Checkout => {
                self.look_after_one(waking.id).await
            }
            RecordKind::Book => self.wake_book(waking.id).await,
            RecordKind::CardToken => self.expire_card_token(waking.id).await,
            RecordKind::Feed => self.go_on_with_feed(waking.id).await.map(drop),
            RecordKind::Customer
            | RecordKind::Product
            | RecordKind::Offer
            | RecordKind::Order
            | RecordKind::User => Ok(()),
        };
        match done {
            // Somebody else looked after it at this moment.
            Err(EngineError::Store(StoreError::Stale { .. }) | EngineError::Payment(_)) => Ok(()),
            done => done,
        }
    }

    async fn look_after_one(&self, id: i64) -> Result<(), EngineError> {
        for _ in 0..DUE_AT_ONCE {
            let (affair, _) = self.kept(id).await?;
            let (merchant, mode) = affair.place();
            let now = self.directory.now(merchant, mode, self.clock.now());
            match affair.due(now) {
                None => return Ok(()),
                Some(Due::Expire) => drop(self.change(id, Affair::expire, None).await?),
                Some(Due::Settle) => {
                    let settle = |affair: Affair, now| Ok::<_, Refused>(affair.settle(now));
                    self.change(id, settle, None).await?;
                    self.drive(id, None).await?;
                }
                Some(Due::Request(_, Todo::Send)) => drop(self.drive(id, None).await?),
                Some(Due::Request(request, Todo::Query)) => {
                    let word = Word::News(self.query_rail(&affair, request).await);
                    let hear = |affair: Affair, now| affair.hear(request, &word, now);
                    self.change(id, hear, None).await?;
                    self.drive(id, None).await?;
                }
            }
        }
        Ok(())
    }
}
