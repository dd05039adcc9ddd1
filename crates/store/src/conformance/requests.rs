//! The request history.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::event::Mode;
use posthorn_core::history::{
    Asked, BLOCK_SPAN_MS_MAX, Block, Body, By, Call, Owner, id_hash, pack, unpack,
};
use posthorn_core::id::MerchantId;

use super::World;
use super::world::{at, done};
use crate::{BlockQuery, KeptBlock, Store, Whose};

const ANA: Owner = Some((MerchantId::from_i64(1), Mode::Test));
const ANA_LIVE: Owner = Some((MerchantId::from_i64(1), Mode::Live));
const EVA: Owner = Some((MerchantId::from_i64(2), Mode::Test));

/// A call and nothing special about it.
fn call(id: &str, owner: Owner, at: Timestamp) -> Call {
    let asked = Asked {
        method: "GET".into(),
        path: "/v1/events".into(),
        peer: None,
        user_agent: None,
        idempotency_key: None,
        content_type: None,
    };
    Call {
        id: id.into(),
        at,
        took_us: 1,
        owner,
        by: By::Nobody,
        asked,
        status: 200,
        code: None,
        request: Body::default(),
        response: Body::default(),
        events: Vec::new(),
    }
}

/// A block with these calls.
pub(super) fn block(calls: &[(&str, Owner, i64)]) -> Block {
    // Another for each of a story, and the same for the same calls.
    let number = calls.iter().fold(0, |number: i64, (id, _, second)| {
        number.wrapping_mul(31).wrapping_add(id_hash(id)).wrapping_add(*second)
    });
    let calls = calls.iter().map(|(id, owner, second)| call(id, *owner, at(*second))).collect();
    pack(calls, number).expect("a few calls")
}

/// All that is kept, however it is found.
pub(super) fn everything(store: &dyn Store) -> String {
    let all = done(store.requests(query(Whose::All)));
    let by_id = done(store.requests_with(Whose::All, id_hash("minha")));
    format!("{all:?} {by_id:?} {:?}", done(store.requests(query(Whose::Of(None)))))
}

fn query(whose: Whose) -> BlockQuery {
    BlockQuery { whose, after: None, before: None, from: None, limit: 10, bytes_max: usize::MAX }
}

/// The ids of the calls of blocks.
fn ids(blocks: Vec<KeptBlock>) -> Vec<String> {
    let of = |block: KeptBlock| unpack(&block.body).expect("they were packed");
    blocks.into_iter().flat_map(of).map(|call| call.id.to_string()).collect()
}

/// Three blocks: two near each other, and one an hour later.
fn three(store: &dyn Store) -> [i64; 3] {
    let first = [("a", ANA, 1), ("b", EVA, 2), ("c", None, 3)];
    let second = [("d", ANA, 4), ("e", ANA_LIVE, 5), ("a", EVA, 6)];
    let third = [("f", ANA, 3600)];
    [&first[..], &second, &third].map(|calls| done(store.keep_requests(block(calls))))
}

pub fn a_block_that_is_written_again_is_there_once(world: &World) {
    let store = world.store();
    let calls = block(&[("a", ANA, 1), ("b", None, 2)]);
    let first = done(store.keep_requests(calls.clone()));
    let other = done(store.keep_requests(Block { number: calls.number + 1, ..calls.clone() }));
    assert_ne!(first, other, "the same calls under another number are others");
    assert_eq!(done(store.keep_requests(calls)), first, "nobody answered its commit");
    assert_eq!(ids(done(store.requests(query(Whose::Of(ANA))))), ["a", "a"]);
    assert_eq!(ids(done(store.requests_with(Whose::All, id_hash("b")))), ["a", "b", "a", "b"]);
}

pub fn calls_are_read_by_whose_they_are_newest_block_first(world: &World) {
    let store = world.store();
    let [_, second, _] = three(store);
    let read = |query| ids(done(store.requests(query)));
    assert_eq!(read(query(Whose::All)), ["f", "d", "e", "a", "a", "b", "c"]);
    assert_eq!(read(query(Whose::Of(ANA))), ["f", "d", "a"]);
    assert_eq!(read(query(Whose::Of(ANA_LIVE))), ["e"]);
    assert_eq!(read(query(Whose::Of(EVA))), ["a", "b"]);
    assert_eq!(read(query(Whose::Of(None))), ["c"]);
    let nobody = Some((MerchantId::from_i64(9), Mode::Test));
    assert_eq!(read(query(Whose::Of(nobody))), [] as [&str; 0]);
    // A page goes on where the one before ended, and ends when enough was read.
    let from = |whose| BlockQuery { from: Some(second), ..query(whose) };
    assert_eq!(read(from(Whose::Of(ANA))), ["d", "a"]);
    assert_eq!(read(BlockQuery { limit: 1, ..from(Whose::Of(ANA)) }), ["d"]);
    assert_eq!(read(BlockQuery { bytes_max: 1, ..from(Whose::Of(ANA)) }), ["d"]);
}

pub fn calls_are_read_by_when_they_began(world: &World) {
    let store = world.store();
    three(store);
    let read = |query| ids(done(store.requests(query)));
    let after = |second| BlockQuery { after: Some(at(second)), ..query(Whose::Of(ANA)) };
    assert_eq!(read(after(0)), ["f", "d", "a"]);
    assert_eq!(read(after(7)), ["f"]);
    assert_eq!(read(after(3601)), [] as [&str; 0]);
    // A block may reach so far, so what may have begun before is looked through.
    let span = SignedDuration::from_millis(BLOCK_SPAN_MS_MAX).as_secs();
    let before = |second| BlockQuery { before: Some(at(second)), ..query(Whose::Of(ANA)) };
    assert_eq!(read(before(3600 - span)), ["d", "a"]);
    assert_eq!(read(before(3601)), ["f", "d", "a"]);
    assert_eq!(read(before(-span)), [] as [&str; 0]);
}

pub fn a_call_is_found_by_its_id_or_by_its_time(world: &World) {
    let store = world.store();
    three(store);
    let with = |whose, id: &str| ids(done(store.requests_with(whose, id_hash(id))));
    assert_eq!(with(Whose::All, "a"), ["d", "e", "a", "a", "b", "c"]);
    assert_eq!(with(Whose::Of(ANA), "a"), ["d", "a"], "whole sections, others' never");
    assert_eq!(with(Whose::Of(ANA_LIVE), "e"), ["e"]);
    assert_eq!(with(Whose::All, "z"), [] as [&str; 0]);
    let near = |whose, second| ids(done(store.requests_at(whose, at(second))));
    assert_eq!(near(Whose::All, 2), ["a", "b", "c"]);
    assert_eq!(near(Whose::Of(EVA), 2), ["b"]);
    assert_eq!(near(Whose::All, 3600), ["f"]);
    assert_eq!(near(Whose::All, 3599), [] as [&str; 0]);
}

pub fn old_calls_are_forgotten_a_few_blocks_at_a_time(world: &World) {
    let store = world.store();
    three(store);
    assert_eq!(done(store.forget_requests(at(3600), 1)), 1);
    assert_eq!(ids(done(store.requests(query(Whose::All)))), ["f", "d", "e", "a"]);
    assert_eq!(done(store.forget_requests(at(3600), 5)), 1);
    assert_eq!(done(store.forget_requests(at(3600), 5)), 0);
    assert_eq!(ids(done(store.requests(query(Whose::Of(ANA))))), ["f"]);
    assert_eq!(ids(done(store.requests_with(Whose::All, id_hash("a")))), [] as [&str; 0]);
}
