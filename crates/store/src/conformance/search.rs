//! Records are found by their words: by whoever they belong to, and as they were written last.

use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::search::Words;

use super::world::{World, done, refused};
use crate::{Decision, Page, Record, RecordKind, RecordQuery, StoreError};

fn order(world: &World, merchant: MerchantId, second: i64) -> Record {
    Record {
        id: world.new_event(merchant, second).id.as_i64(),
        kind: RecordKind::Order,
        merchant,
        mode: Mode::Test,
        version: 0,
        state: 0,
        reference: None,
        parent: None,
        wake: None,
        body: "{}".to_owned(),
    }
}

fn written(world: &World, record: &Record, text: &str) -> Record {
    let words = vec![(record.id, Words::of([text]))];
    let decision = Decision { records: vec![record.clone()], words, ..Decision::default() };
    done(world.store().commit(decision));
    done(world.store().record(record.id)).expect("it is on record")
}

fn of(merchant: MerchantId) -> RecordQuery {
    RecordQuery { place: (merchant, Mode::Test), kind: RecordKind::Order, state: None }
}

fn found(world: &World, query: RecordQuery, asked: &str) -> Vec<i64> {
    let words = Words::asked(asked).expect("words");
    let page = Page { after: None, limit: 100 };
    let found = done(world.store().search_records(query, words, page));
    found.iter().map(|record| record.id).collect()
}

pub fn each_word_that_is_looked_for_begins_one_of_the_record(world: &World) {
    let merchant = world.merchant();
    let joao = written(world, &order(world, merchant, 0), "João da Silva, teclado mecânico").id;
    let ana = written(world, &order(world, merchant, 1), "Ana da Silva <ana@example.com>").id;
    let ask = |asked| found(world, of(merchant), asked);
    assert_eq!(ask("silva"), [ana, joao], "newest first");
    assert_eq!(ask("SIL joao"), [joao]);
    assert_eq!(ask("ana@example.com"), [ana]);
    assert_eq!(ask("mecan"), [joao]);
    for nobody in ["ilva", "silva pedro", "silvab", "_", "order", "x'; drop table records"] {
        if let Ok(words) = Words::asked(nobody) {
            let page = Page { after: None, limit: 100 };
            let found = done(world.store().search_records(of(merchant), words, page));
            assert_eq!(found, [], "{nobody}");
        }
    }
}

pub fn what_databases_have_words_for_is_only_a_word(world: &World) {
    let merchant = world.merchant();
    let text =
        "AND OR NOT NEAR a*b \"quoted\" 'single' col:on x & y | z ! \\ 日本語 ☕ ß 2×4 1e5 -3.5";
    let id = written(world, &order(world, merchant, 0), text).id;
    for asked in [
        "and", "or not", "near", "a b", "quoted", "'single'", "col:on", "x & y", "日本", "ss", "ß",
        "1e5", "3.5",
    ] {
        let expected: &[i64] = if asked == "ss" { &[] } else { &[id] };
        assert_eq!(found(world, of(merchant), asked), expected, "{asked}");
    }
}

pub fn nobody_finds_what_is_another_s(world: &World) {
    let (merchant, other) = (world.merchant(), world.merchant());
    let own = written(world, &order(world, merchant, 0), "silva").id;
    let their = written(world, &order(world, other, 1), "silva").id;
    let live = Record { mode: Mode::Live, ..order(world, merchant, 2) };
    let live = written(world, &live, "silva").id;
    let product = Record { kind: RecordKind::Product, ..order(world, merchant, 3) };
    let product = written(world, &product, "silva").id;
    // Nothing that somebody writes makes it somebody else's.
    let posing = format!("silva _{}_0_8_", merchant.as_i64());
    let posing = written(world, &order(world, other, 4), &posing).id;
    assert_eq!(found(world, of(merchant), "silva"), [own]);
    assert_eq!(found(world, of(other), "silva"), [posing, their]);
    let in_live = RecordQuery { place: (merchant, Mode::Live), ..of(merchant) };
    assert_eq!(found(world, in_live, "silva"), [live]);
    let products = RecordQuery { kind: RecordKind::Product, ..of(merchant) };
    assert_eq!(found(world, products, "silva"), [product]);
}

pub fn a_record_is_found_by_what_it_says_now(world: &World) {
    let merchant = world.merchant();
    let made = written(world, &order(world, merchant, 0), "teclado");
    let changed = written(world, &Record { body: "{\"n\":2}".into(), ..made.clone() }, "monitor");
    assert!(found(world, of(merchant), "teclado").is_empty());
    assert_eq!(found(world, of(merchant), "monitor"), [made.id]);
    // What is not written leaves its words behind, too.
    let words = vec![(made.id, Words::of(["cadeira"]))];
    let stale = Decision {
        records: vec![Record { body: "{\"n\":3}".into(), ..made.clone() }],
        words,
        ..Decision::default()
    };
    assert_eq!(
        refused(world.store().commit(stale)),
        StoreError::Stale { current: changed.version }
    );
    assert!(found(world, of(merchant), "cadeira").is_empty());
    assert_eq!(found(world, of(merchant), "monitor"), [made.id]);
}

pub fn what_is_found_comes_in_pages_that_stay_as_they_are(world: &World) {
    let merchant = world.merchant();
    let ids: Vec<i64> = (0..7)
        .map(|second| {
            let state = u8::from(second % 2 == 0);
            let new = Record { state, ..order(world, merchant, second) };
            written(world, &new, "teclado").id
        })
        .collect();
    let newest: Vec<i64> = ids.iter().rev().copied().collect();
    let page = |query, after, limit| {
        let words = Words::asked("tecl").expect("words");
        let found = done(world.store().search_records(query, words, Page { after, limit }));
        found.iter().map(|record| record.id).collect::<Vec<_>>()
    };
    let first = page(of(merchant), None, 3);
    written(world, &order(world, merchant, 60), "teclado");
    let second = page(of(merchant), first.last().copied(), 3);
    let third = page(of(merchant), second.last().copied(), 3);
    assert_eq!([first, second, third].concat(), newest);
    let even: Vec<i64> = newest.iter().step_by(2).copied().collect();
    assert_eq!(page(RecordQuery { state: Some(1), ..of(merchant) }, None, 100), even);
}

pub fn what_everything_says_is_found_a_page_at_a_time_as_what_little_does(world: &World) {
    let (merchant, other) = (world.merchant(), world.merchant());
    let mut told = Decision::default();
    for second in 0..1_205 {
        // A word longer than any beginning that is indexed, and one that a hundredth has.
        let text =
            if second % 95 == 0 { "extraordinariamente raro" } else { "extraordinariamente" };
        let whose = if second % 6 == 5 { other } else { merchant };
        let record = Record { state: u8::from(second % 2 == 0), ..order(world, whose, second) };
        told.words.push((record.id, Words::of([text])));
        told.records.push(record);
    }
    let newest = |is_one: fn(&Record) -> bool| -> Vec<i64> {
        let all = told.records.iter().rev().filter(|record| record.merchant == merchant);
        all.filter(|record| is_one(record)).map(|record| record.id).collect()
    };
    let (every, even) = (newest(|_| true), newest(|record| record.state == 1));
    done(world.store().commit(told.clone()));
    let walk = |query: RecordQuery, asked: &str| {
        let words = Words::asked(asked).expect("words");
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = Page { after, limit: 90 };
            let found = done(world.store().search_records(query, words.clone(), page));
            let Some(last) = found.last() else { return all };
            after = Some(last.id);
            all.extend(found.iter().map(|record| record.id));
        }
    };
    assert!(every.len() > 1_000, "more than are sorted at once");
    for asked in ["e", "extra", "extraordinar", "extraordinariam", "extraordinariamente"] {
        assert_eq!(walk(of(merchant), asked), every, "{asked}");
    }
    assert_eq!(walk(RecordQuery { state: Some(1), ..of(merchant) }, "extra"), even);
    let rare = walk(of(merchant), "extraordinariamente rar");
    assert_eq!(rare.len(), 11, "of thirteen two are the other's");
    assert_eq!(walk(of(merchant), "extraordinariamentes"), [] as [i64; 0]);
}
