//! Records and the ledger: what was decided is written as one, or not at all.

use posthorn_core::event::{About, Mode};
use posthorn_core::id::MerchantId;
use posthorn_core::ledger::{Account, Posting};
use posthorn_core::money::{Asset, Money};
use posthorn_core::search::Words;

use super::world::{World, at, done, due, new_accept, once, refused};
use crate::{
    Balance, Decision, Done, FeedPage, Movement, Page, Record, RecordKind, RecordQuery, Store,
    StoreError,
};

fn place(merchant: MerchantId) -> (MerchantId, Mode) {
    (merchant, Mode::Test)
}

fn record(world: &World, merchant: MerchantId, second: i64) -> Record {
    Record {
        id: world.new_event(merchant, second).id.as_i64(),
        kind: RecordKind::Payment,
        merchant,
        mode: Mode::Test,
        version: 0,
        state: 0,
        reference: None,
        parent: None,
        wake: None,
        body: "{\"n\":1}".to_owned(),
    }
}

fn movement(subject: &Record, (from, to): (Account, Account), minor: i64) -> Movement {
    let money = Money { minor, asset: Asset::KES };
    Movement {
        at: at(1),
        place: place(subject.merchant),
        subject: subject.id,
        posting: Posting::new(from, to, money).expect("something moves"),
        covered: true,
    }
}

fn paid_in(subject: &Record, minor: i64) -> Movement {
    let accounts = (Account::Clearing, Account::Available);
    Movement { covered: false, ..movement(subject, accounts, minor) }
}

fn alone(record: &Record) -> Decision {
    Decision { records: vec![record.clone()], ..Decision::default() }
}

fn written(world: &World, record: &Record) -> Record {
    assert_eq!(done(world.store().commit(alone(record))), Done::Now(record.id));
    find(world, record.id)
}

fn find(world: &World, id: i64) -> Record {
    done(world.store().record(id)).expect("it is on record")
}

fn available(world: &World, merchant: MerchantId) -> i64 {
    let balances = done(world.store().balances(place(merchant)));
    let own = balances.iter().find(|balance| balance.account == Account::Available);
    own.map_or(0, |balance| balance.money.minor)
}

pub fn a_record_is_forgotten_as_it_was_read_and_not_as_another_wrote_it(world: &World) {
    let (merchant, store) = (world.merchant(), world.store());
    let first = written(world, &record(world, merchant, 1));
    let kept = written(world, &record(world, merchant, 2));
    let later = written(world, &Record { wake: Some(at(5)), ..first.clone() });
    assert!(!done(store.forget_record(first.id, first.version)), "it was changed");
    assert_eq!(find(world, first.id), later);
    assert!(done(store.forget_record(later.id, later.version)));
    assert!(!done(store.forget_record(later.id, later.version)), "it is gone");
    assert_eq!(done(store.record(first.id)), None);
    assert!(done(store.waking(at(10), Vec::new(), 10)).is_empty(), "nobody looks after it");
    assert_eq!(find(world, kept.id), kept);
}

/// A payment with its event and its money, for a deployment with a bit of everything.
pub(super) fn a_payment(world: &World, merchant: MerchantId) {
    let new = Record {
        reference: Some("pedido-7".into()),
        wake: Some(at(900)),
        body: "{\"descrição\":\"☕\"}".into(),
        ..record(world, merchant, 70)
    };
    let mut event = world.new_event(merchant, 70);
    event.about = Some(Box::new(About { record: new.id, sequence: 1, callback: None }));
    let decision = Decision {
        movements: vec![paid_in(&new, 10_050)],
        events: vec![new_accept(event, &[])],
        words: vec![(new.id, Words::of(["pedido da Ana"]))],
        pages: vec![FeedPage::Put { feed: 7, page: 0, text: b"id\r\n".to_vec() }],
        ..alone(&new)
    };
    done(world.store().commit(decision));
}

/// All that can be read of a merchant's records and its ledger.
pub(super) fn everything(store: &dyn Store, place: (MerchantId, Mode)) -> Vec<String> {
    let page = || Page { after: None, limit: 1000 };
    let mut all = vec![
        format!("{:?}", done(store.balances(place))),
        format!("{:?}", done(store.movements(place, page()))),
        format!("{:?}", done(store.feed_page(7, 0))),
    ];
    for kind in RecordKind::ALL {
        let query = RecordQuery { place, kind, state: None };
        all.push(format!("{:?}", done(store.records(query, page()))));
        let words = Words::of(["ana"]);
        all.push(format!("{:?}", done(store.search_records(query, words, page()))));
    }
    all
}

pub fn what_was_decided_is_written_as_one(world: &World) {
    let (merchant, endpoint) = world.pair();
    let new = Record {
        reference: Some("order-1".into()),
        wake: Some(at(60)),
        ..record(world, merchant, 0)
    };
    let mut event = world.new_event(merchant, 0);
    let callback = Some("https://example.com/back?order=1".to_owned());
    event.about = Some(Box::new(About { record: new.id, sequence: 1, callback }));
    let decision = Decision {
        records: vec![new.clone()],
        movements: vec![paid_in(&new, 700)],
        events: vec![new_accept(event.clone(), &[(endpoint, due(0))])],
        once: Some((once(1, 1), new.id)),
        ..Decision::default()
    };
    assert_eq!(done(world.store().commit(decision.clone())), Done::Now(new.id));
    assert_eq!(done(world.store().commit(decision)), Done::Before(new.id), "by its key");
    assert_eq!(find(world, new.id), Record { version: 1, ..new.clone() });
    let by_name = world.store().record_by_reference(
        place(merchant),
        RecordKind::Payment,
        "order-1".to_owned(),
    );
    assert_eq!(done(by_name).map(|record| record.id), Some(new.id));
    assert_eq!(done(world.store().event(event.id)), Some(event.clone()));
    let claim = world.claim_one(endpoint, 0);
    assert_eq!(claim.event.about, event.about, "a try knows what its event is about");
    assert_eq!(available(world, merchant), 700);
    let posted = done(world.store().movements_of(new.id));
    assert_eq!(posted.len(), 1);
    assert_eq!(
        done(world.store().movements(place(merchant), Page { after: None, limit: 9 })),
        posted
    );
}

pub fn of_two_that_read_the_same_version_one_is_written(world: &World) {
    let merchant = world.merchant();
    let first = written(world, &record(world, merchant, 0));
    let mine = Record { state: 1, body: "{\"n\":2}".into(), ..first.clone() };
    let theirs = Record { state: 2, body: "{\"n\":3}".into(), ..first };
    assert_eq!(written(world, &mine).version, 2);
    let stale = Decision { movements: vec![paid_in(&theirs, 5)], ..alone(&theirs) };
    assert_eq!(refused(world.store().commit(stale)), StoreError::Stale { current: 2 });
    assert_eq!(available(world, merchant), 0, "nothing of what was refused is written");
    assert_eq!(find(world, mine.id).state, 1);
}

pub fn a_decision_whose_answer_was_lost_is_told_again_and_done(world: &World) {
    let merchant = world.merchant();
    let new = record(world, merchant, 0);
    let create = Decision { movements: vec![paid_in(&new, 5)], ..alone(&new) };
    for _ in 0..2 {
        assert_eq!(done(world.store().commit(create.clone())), Done::Now(new.id));
    }
    assert_eq!(available(world, merchant), 5, "once");
    let next = Record { body: "{\"n\":2}".into(), ..find(world, new.id) };
    let update = Decision { movements: vec![paid_in(&new, 7)], ..alone(&next) };
    for _ in 0..2 {
        assert_eq!(done(world.store().commit(update.clone())), Done::Now(new.id));
    }
    assert_eq!(available(world, merchant), 12);
}

/// A payer and a merchant call the same charge off: its book becomes the same for both, the payment does not.
pub fn a_decision_of_which_another_wrote_a_part_is_stale(world: &World) {
    let merchant = world.merchant();
    let book = Record { kind: RecordKind::Book, ..record(world, merchant, 1) };
    let (payment, book) = (written(world, &record(world, merchant, 0)), written(world, &book));
    let off = Record { body: "{\"off\":true}".into(), ..book };
    written(world, &off);
    let canceled = Record { body: "{\"n\":2}".into(), ..payment };
    let both = Decision {
        records: vec![canceled.clone(), off],
        movements: vec![paid_in(&canceled, 5)],
        ..Decision::default()
    };
    assert_eq!(refused(world.store().commit(both)), StoreError::Stale { current: 2 });
    assert_eq!(find(world, canceled.id).version, 1, "and not without what it leads to");
}

pub fn there_is_no_second_of_one_name_while_the_first_has_it(world: &World) {
    let merchant = world.merchant();
    let named =
        |second| Record { reference: Some("order-1".into()), ..record(world, merchant, second) };
    let first = written(world, &named(0));
    let second = named(1);
    let taken = StoreError::Taken { what: "reference" };
    assert_eq!(refused(world.store().commit(alone(&second))), taken);
    let freed = Record { reference: None, state: 10, ..first };
    let both = Decision { records: vec![freed, second.clone()], ..Decision::default() };
    done(world.store().commit(both));
    let other = Record { mode: Mode::Live, ..named(2) };
    written(world, &other);
    assert_eq!(find(world, second.id).reference, Some("order-1".into()));
    let again =
        |id| written(world, &Record { reference: Some("order-1".into()), ..find(world, id) });
    assert_eq!(again(first.id).reference, None, "another has it");
    written(world, &Record { reference: None, ..find(world, second.id) });
    assert_eq!(again(first.id).reference, Some("order-1".into()), "nobody has it");
}

pub fn what_an_account_does_not_hold_does_not_leave_it(world: &World) {
    let merchant = world.merchant();
    let payment = record(world, merchant, 0);
    let paid = Decision { movements: vec![paid_in(&payment, 500)], ..alone(&payment) };
    done(world.store().commit(paid));
    let payout = |second| Record { kind: RecordKind::Payout, ..record(world, merchant, second) };
    let transit = (Account::Available, Account::PayoutInTransit);
    let (small, large) = (payout(1), payout(2));
    let reserve = |record: &Record, minor| Decision {
        movements: vec![movement(record, transit, minor)],
        ..alone(record)
    };
    done(world.store().commit(reserve(&small, 400)));
    let short = refused(world.store().commit(reserve(&large, 101)));
    assert_eq!(short, StoreError::Short { account: "merchant_available", there: 100 });
    assert_eq!(done(world.store().record(large.id)), None);
    assert_eq!(available(world, merchant), 100);
    done(world.store().commit(reserve(&large, 100)));
    assert_eq!(available(world, merchant), 0);
}

pub fn what_must_be_looked_after_is_found_by_each_merchants_clock(world: &World) {
    let (here, ahead) = (world.merchant(), world.merchant());
    let wakes =
        |merchant, second| Record { wake: Some(at(second)), ..record(world, merchant, second) };
    let first = written(world, &wakes(here, 10));
    let later = written(world, &wakes(here, 50));
    let far = written(world, &wakes(ahead, 900));
    written(world, &record(world, here, 3));
    let found = |now, clocks: &[(MerchantId, i64)]| {
        let clocks = clocks.iter().map(|(merchant, second)| (*merchant, at(*second))).collect();
        let found = done(world.store().waking(at(now), clocks, 10));
        found.iter().map(|waking| waking.id).collect::<Vec<_>>()
    };
    assert_eq!(found(9, &[]), Vec::<i64>::new());
    assert_eq!(found(10, &[]), [first.id]);
    assert_eq!(found(60, &[]), [first.id, later.id]);
    assert_eq!(found(10, &[(ahead, 900)]), [first.id, far.id]);
    assert_eq!(found(1000, &[(ahead, 2000)]).len(), 3, "each once");
    assert_eq!(done(world.store().next_wake(Some(place(ahead)))), Some(at(900)));
    assert_eq!(done(world.store().next_wake(None)), Some(at(10)));
    written(world, &Record { wake: None, ..far });
    assert_eq!(done(world.store().next_wake(Some(place(ahead)))), None);
}

pub fn a_wake_is_never_before_its_time(world: &World) {
    let merchant = world.merchant();
    let between = at(10) + jiff::SignedDuration::from_nanos(1);
    let new = Record { wake: Some(between), ..record(world, merchant, 0) };
    let wake = written(world, &new).wake.expect("it wakes");
    assert!(wake >= between, "{wake}");
}

pub fn records_are_listed_newest_first_and_by_where_they_stand(world: &World) {
    let (merchant, other) = (world.merchant(), world.merchant());
    let ids: Vec<i64> = (0..5)
        .map(|second| {
            let state = u8::from(second % 2 == 0);
            let new = Record { state, ..record(world, merchant, second) };
            written(world, &new).id
        })
        .collect();
    written(world, &record(world, other, 9));
    let list = |state, after, limit| {
        let query = RecordQuery { place: place(merchant), kind: RecordKind::Payment, state };
        let found = done(world.store().records(query, Page { after, limit }));
        found.iter().map(|record| record.id).collect::<Vec<_>>()
    };
    let newest: Vec<i64> = ids.iter().rev().copied().collect();
    assert_eq!(list(None, None, 9), newest);
    assert_eq!(list(None, newest.get(1).copied(), 2), newest.get(2..4).expect("five"));
    let count =
        |most| done(world.store().count_records(place(merchant), RecordKind::Payment, most));
    assert_eq!((count(3), count(100)), (3, 5));
    let at = |nth| done(world.store().record_at(place(merchant), RecordKind::Payment, nth));
    assert_eq!((at(0), at(4), at(5)), (newest.first().copied(), newest.last().copied(), None));
    let even: Vec<i64> = newest.iter().step_by(2).copied().collect();
    assert_eq!(list(Some(1), None, 9), even);
}

pub fn what_belongs_to_a_record_is_found_by_it(world: &World) {
    let merchant = world.merchant();
    let parent = written(world, &record(world, merchant, 0));
    let child = Record { parent: Some(parent.id), ..record(world, merchant, 1) };
    let child = written(world, &child);
    assert_eq!(done(world.store().records_of(parent.id, 10)), [child]);
}

pub fn every_balance_is_the_sum_of_its_movements(world: &World) {
    let merchant = world.merchant();
    let payment = record(world, merchant, 0);
    let moves = [
        paid_in(&payment, 900),
        movement(&payment, (Account::Available, Account::RefundReserve), 300),
        movement(&payment, (Account::RefundReserve, Account::Clearing), 300),
    ];
    done(world.store().commit(Decision { movements: moves.to_vec(), ..alone(&payment) }));
    assert_eq!(done(world.store().differences(10)), []);
    let held = |account, minor| Balance { account, money: Money { minor, asset: Asset::KES } };
    let expected = [
        held(Account::Clearing, -600),
        held(Account::Available, 600),
        held(Account::RefundReserve, 0),
    ];
    assert_eq!(done(world.store().balances(place(merchant))), expected);
    let totals = done(world.store().totals());
    let sums: Vec<_> = totals.iter().map(|total| (total.account, total.minor)).collect();
    let expected = [Account::Clearing, Account::Available, Account::RefundReserve];
    assert_eq!(sums, expected.into_iter().zip([-600, 600, 0]).collect::<Vec<_>>());
}

/// More than 64 bits hold, in all: what one merchant may hold, and another too; and what one moved to and fro.
pub fn a_ledger_of_any_size_is_added_up(world: &World) {
    let most = i64::MAX / 2 + 1_000_000_007;
    for _ in 0..3 {
        let merchant = world.merchant();
        let payment = record(world, merchant, 0);
        let to_and_fro = [
            paid_in(&payment, most),
            movement(&payment, (Account::Available, Account::RefundReserve), most),
            movement(&payment, (Account::RefundReserve, Account::Available), most),
            movement(&payment, (Account::Available, Account::RefundReserve), most),
            movement(&payment, (Account::RefundReserve, Account::Available), most),
        ];
        done(world.store().commit(Decision { movements: to_and_fro.to_vec(), ..alone(&payment) }));
    }
    assert_eq!(done(world.store().differences(10)), []);
    let totals = done(world.store().totals());
    let sums: Vec<_> = totals.iter().map(|total| (total.account, total.minor)).collect();
    let all = 3 * i128::from(most);
    let expected =
        [(Account::Clearing, -all), (Account::Available, all), (Account::RefundReserve, 0)];
    assert_eq!(sums, expected);
}
