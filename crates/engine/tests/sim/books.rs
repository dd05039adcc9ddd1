//! Records and the ledger as the engine sees them: the real ones, whose verbs take time like the others.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::history::Block;
use posthorn_core::id::{ApplicationId, IncidentId, LoginId, MerchantId};
use posthorn_core::incident::Incident;
use posthorn_core::oauth::{Application, Login};
use posthorn_core::search::Words;
use posthorn_store::{
    Answer, Balance, BlockQuery, Decision, Difference, Done, Family, Grants, Incidents, KeptBlock,
    LetIn, NewApplication, NewIncident, NewLogin, NewToken, Once, Page, PostedMovement, Record,
    RecordKind, RecordQuery, Records, Redeemed, Requests, Token, Total, Waking, Whose,
};

use crate::rig::Rig;

macro_rules! verbs {
    ($seam:ident: $($verb:ident($($given:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl $seam for Rig {
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

verbs! { Records:
    commit(decision: Decision) -> Done<i64>;
    record(id: i64) -> Option<Record>;
    record_by_reference(place: (MerchantId, Mode), kind: RecordKind, reference: String)
        -> Option<Record>;
    records(query: RecordQuery, page: Page<i64>) -> Vec<Record>;
    search_records(query: RecordQuery, words: Words, page: Page<i64>) -> Vec<Record>;
    feed_page(feed: i64, page: u32) -> Option<Vec<u8>>;
    record_at(place: (MerchantId, Mode), kind: RecordKind, nth: u32) -> Option<i64>;
    count_records(place: (MerchantId, Mode), kind: RecordKind, most: u32) -> u64;
    records_of(parent: i64, limit: u32) -> Vec<Record>;
    waking(now: Timestamp, ahead: Vec<(MerchantId, Timestamp)>, limit: u32) -> Vec<Waking>;
    forget_record(id: i64, version: u32) -> bool;
    next_wake(place: Option<(MerchantId, Mode)>) -> Option<Timestamp>;
    balances(place: (MerchantId, Mode)) -> Vec<Balance>;
    movements(place: (MerchantId, Mode), page: Page<i64>) -> Vec<PostedMovement>;
    movements_of(subject: i64) -> Vec<PostedMovement>;
    differences(limit: u32) -> Vec<Difference>;
    totals() -> Vec<Total>;
}

verbs! { Grants:
    create_login(new: NewLogin, once: Option<Once>) -> Done<LoginId>;
    logins(place: (MerchantId, Mode), page: Page<LoginId>) -> Vec<Login>;
    delete_login(place: (MerchantId, Mode), id: LoginId, at: Timestamp) -> bool;
    logins_by_email(mode: Mode, email: String, limit: u32) -> Vec<Login>;
    create_application(new: NewApplication, once: Option<Once>) -> Done<ApplicationId>;
    application(id: ApplicationId) -> Option<Application>;
    application_by_client(client: String) -> Option<Application>;
    applications(place: (MerchantId, Mode), page: Page<ApplicationId>) -> Vec<Application>;
    delete_application(place: (MerchantId, Mode), id: ApplicationId, at: Timestamp) -> bool;
    login(id: LoginId) -> Option<Login>;
    set_login_password(id: LoginId, was: Vec<u8>, is: Vec<u8>) -> bool;
    let_in_by(login: LoginId, now: Timestamp, page: Page<ApplicationId>) -> Vec<LetIn>;
    shut_out(login: LoginId, application: ApplicationId, at: Timestamp) -> bool;
    issue(family: Family, tokens: Vec<NewToken>, at: Timestamp) -> bool;
    token(hash: [u8; 32]) -> Option<Token>;
    redeem(hash: [u8; 32], at: Timestamp, given: Vec<NewToken>) -> Redeemed;
    revoke_token(hash: [u8; 32], family: bool, at: Timestamp) -> bool;
    forget_tokens(before: Timestamp, limit: u32) -> u32;
    forget_applications(before: Timestamp, limit: u32) -> u32;
}

verbs! { Incidents:
    open_incident(new: NewIncident, once: Option<Once>) -> Done<IncidentId>;
    tell_incident(after: Incident, once: Option<Once>) -> bool;
    incident(id: IncidentId) -> Option<Incident>;
    incidents() -> Vec<Incident>;
}

verbs! { Requests:
    keep_requests(block: Block) -> i64;
    requests(query: BlockQuery) -> Vec<KeptBlock>;
    requests_at(whose: Whose, at: Timestamp) -> Vec<KeptBlock>;
    requests_with(whose: Whose, hash: i64) -> Vec<KeptBlock>;
    forget_requests(before: Timestamp, limit: u32) -> u32;
}
