//! Records and the ledger as the engine sees them: the real ones, whose verbs take time like the others.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_store::{
    Answer, Balance, Decision, Difference, Done, Page, PostedMovement, Record, RecordKind,
    RecordQuery, Records, Total, Waking,
};

use crate::rig::Rig;

macro_rules! verbs {
    ($($verb:ident($($given:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Records for Rig {
            $(fn $verb(&self, $($given: $type),*) -> Answer<'_, $answer> {
                Box::pin(async move {
                    self.enter().await;
                    let result = self.inner.$verb($($given),*).await;
                    self.wait().await;
                    result
                })
            })*
        }
    };
}

verbs! {
    commit(decision: Decision) -> Done<i64>;
    record(id: i64) -> Option<Record>;
    record_by_reference(place: (MerchantId, Mode), kind: RecordKind, reference: String)
        -> Option<Record>;
    records(query: RecordQuery, page: Page<i64>) -> Vec<Record>;
    record_at(place: (MerchantId, Mode), kind: RecordKind, nth: u32) -> Option<i64>;
    count_records(place: (MerchantId, Mode), kind: RecordKind, most: u32) -> u64;
    records_of(parent: i64, limit: u32) -> Vec<Record>;
    waking(now: Timestamp, ahead: Vec<(MerchantId, Timestamp)>, limit: u32) -> Vec<Waking>;
    next_wake(place: Option<(MerchantId, Mode)>) -> Option<Timestamp>;
    balances(place: (MerchantId, Mode)) -> Vec<Balance>;
    movements(place: (MerchantId, Mode), page: Page<i64>) -> Vec<PostedMovement>;
    movements_of(subject: i64) -> Vec<PostedMovement>;
    differences(limit: u32) -> Vec<Difference>;
    totals() -> Vec<Total>;
}
