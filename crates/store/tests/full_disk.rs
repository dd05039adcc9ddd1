//! A full disk: nothing new is accepted, and what is under way is finished.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use futures::executor::block_on;
use jiff::Timestamp;
use posthorn_core::delivery::State;
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{EndpointId, IdSequence, MerchantId};
use posthorn_store::sqlite::{Options, Sqlite};
use posthorn_store::{
    Accept, Accepted, NewDelivery, Release, Settled, Settlement, Store, StoreError,
};

const BALLAST_BYTES: u64 = 1024 * 1024;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn large(ids: &mut IdSequence) -> Accept {
    let data = format!("{{\"filler\":\"{}\"}}", "x".repeat(60_000));
    let (data, _) = Payload::parse(data.as_bytes()).unwrap();
    let event = Event {
        id: ids.next(at(0)),
        merchant: MerchantId::from_i64(1),
        mode: Mode::Live,
        kind: "payment.confirmed".parse().unwrap(),
        at: at(0),
        reference: None,
        only: None,
        about: None,
        data,
    };
    let (id, state) = (event.id.delivery(1), State::Leased { until: at(30) });
    let endpoint = EndpointId::from_i64(1);
    Accept { event, deliveries: vec![NewDelivery { id, endpoint, state }], once: None }
}

/// Accepts until there is no room; answers the events that found some.
fn fill(store: &Sqlite, ids: &mut IdSequence) -> Vec<Accept> {
    let mut accepted = Vec::new();
    loop {
        let accept = large(ids);
        match block_on(store.accept(vec![accept.clone()])) {
            Ok(answers) => assert!(matches!(*answers, [Accepted::Now(_)])),
            Err(error) => {
                assert_eq!(error, StoreError::Full);
                return accepted;
            }
        }
        accepted.push(accept);
        assert!(accepted.len() < 1000, "the bound is never reached");
    }
}

fn settle(accept: &Accept) -> Settlement {
    Settlement {
        delivery: accept.event.id.delivery(1),
        endpoint: EndpointId::from_i64(1),
        claim: 1,
        state: State::Delivered { at: at(1) },
        attempt: None,
        effects: Vec::new(),
        notices: vec![],
        notices_if_rested: vec![],
    }
}

#[test]
fn a_full_disk_refuses_what_is_new_and_finishes_what_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let ballast = dir.path().join("posthorn.ballast");
    let options =
        Options { ballast_bytes: BALLAST_BYTES, pages_max: Some(600), ..Options::default() };
    let store = Sqlite::open(dir.path(), &options).unwrap();
    assert_eq!(ballast.metadata().unwrap().len(), BALLAST_BYTES);
    let mut ids = IdSequence::new(0, None);
    let accepted = fill(&store, &mut ids);
    assert!(!accepted.is_empty());
    assert!(!ballast.exists(), "the ballast went overboard");

    let again = block_on(store.accept(vec![large(&mut ids)]));
    assert_eq!(again, Err(StoreError::Full));
    let (last, rest) = accepted.split_last().unwrap();
    let settled = block_on(store.settle(rest.iter().map(settle).collect())).unwrap();
    assert!(settled.iter().all(|settled| *settled == Settled::Done));
    let release = Release {
        delivery: last.event.id.delivery(1),
        endpoint: last.deliveries[0].endpoint,
        claim: 1,
        at: at(2),
        attempt: None,
    };
    assert_eq!(block_on(store.release(vec![release])), Ok(()));
    let record = block_on(store.delivery(last.event.id.delivery(1))).unwrap().unwrap();
    assert_eq!(record.delivery.state, State::Due { at: at(2) });
}

#[test]
fn a_settlement_that_meets_the_full_disk_first_is_done_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        Options { ballast_bytes: BALLAST_BYTES, pages_max: Some(600), ..Options::default() };
    let mut ids = IdSequence::new(0, None);
    let mut store = Sqlite::open(dir.path(), &options).unwrap();
    let accepted = fill(&store, &mut ids);
    drop(store);
    store = Sqlite::open(dir.path(), &options).unwrap();
    let notice = large(&mut ids);
    let notices = vec![notice.clone(), large(&mut ids)];
    let settlement = Settlement { notices, ..settle(accepted.first().unwrap()) };
    assert_eq!(block_on(store.settle(vec![settlement])), Ok(vec![Settled::Done]));
    assert!(block_on(store.event(notice.event.id)).unwrap().is_some());
}

#[test]
fn a_start_that_finds_no_room_for_the_ballast_is_full_and_finishes_what_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { ballast_bytes: BALLAST_BYTES, ..Options::default() };
    let mut ids = IdSequence::new(0, None);
    let store = Sqlite::open(dir.path(), &options).unwrap();
    let accept = large(&mut ids);
    block_on(store.accept(vec![accept.clone()])).unwrap();
    drop(store);

    let ballast = dir.path().join("posthorn.ballast");
    std::fs::remove_file(&ballast).unwrap();
    // Whatever is written there meets a full disk.
    std::os::unix::fs::symlink("/dev/full", &ballast).unwrap();
    let store = Sqlite::open(dir.path(), &options).unwrap();
    assert_eq!(block_on(store.accept(vec![large(&mut ids)])), Err(StoreError::Full));
    assert_eq!(block_on(store.settle(vec![settle(&accept)])), Ok(vec![Settled::Done]));
    let stored = block_on(store.put_value("a start needs it", vec![1], true));
    assert_eq!(stored, Ok(vec![1]));
}
