//! The record in parts, as only PostgreSQL has it: made ahead, dropped whole, in nobody's way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::State;
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{DeliveryId, EndpointId, EventId, MerchantId};
use posthorn_core::secret::Sealed;
use posthorn_store::conformance::throw_away::{database, holding};
use posthorn_store::postgres::{Options, Postgres};
use posthorn_store::{Accept, Keep, NewDelivery, NewMerchant, PartStep, Store};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

const DAY: i64 = 86_400;
const KEPT: SignedDuration = SignedDuration::from_hours(20 * 24);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A store, and a look at its tables past it.
struct Stage {
    store: Arc<Postgres>,
    runtime: Runtime,
    client: Client,
    url: String,
}

impl Stage {
    fn new() -> Self {
        let url = database();
        let store = Arc::new(Postgres::open(&Options::new(&url)).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = connect(&runtime, &url);
        Self { store, runtime, client, url }
    }

    fn text(&self, sql: &str) -> Vec<String> {
        let rows = self.runtime.block_on(self.client.query(sql, &[])).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        self.runtime.block_on(self.client.query_one(&sql, &[])).unwrap().get(0)
    }

    fn merchant(&self, legal_hold: bool) -> MerchantId {
        let sealed = || Sealed { key: [1; 4], bytes: vec![1] };
        let new = NewMerchant {
            name: "Acme".into(),
            contract: "standard".into(),
            reference: None,
            strict_catalogue: false,
            retention: None,
            legal_hold,
            webhook_secret_test: sealed(),
            webhook_secret_live: sealed(),
            keys: Vec::new(),
            created: at(0),
        };
        block_on(self.store.create_merchant(new, None)).unwrap().get()
    }

    /// An event with one delivery that has ended, accepted in that second; `number` tells it from others.
    fn accept(&self, merchant: MerchantId, second: i64, number: i64) -> DeliveryId {
        let id = EventId::from_i64(EventId::first_at(at(second)).as_i64() + (number << 10));
        let (data, _) = Payload::parse(br#"{"amount":1000}"#).unwrap();
        let kind = "payment.confirmed".parse().unwrap();
        let (at, mode, reference, only) = (at(second), Mode::Test, None, None);
        let about = None;
        let event = Event { id, merchant, mode, kind, at, reference, only, data, about };
        let state = State::Delivered { at };
        let delivery = NewDelivery { id: id.delivery(1), endpoint: EndpointId::from_i64(1), state };
        let accept = Accept { event, deliveries: vec![delivery], once: None };
        block_on(self.store.accept(vec![accept])).unwrap();
        id.delivery(1)
    }

    fn open_parts(&self, second: i64) -> u32 {
        block_on(self.store.open_parts(at(second))).unwrap()
    }

    fn close_part(&self, second: i64) -> PartStep {
        block_on(self.store.close_part(Keep { now: at(second), kept: KEPT, rows: 500 })).unwrap()
    }

    /// Closes until there is nothing to close.
    fn close_parts(&self, second: i64) -> Vec<PartStep> {
        let mut steps = Vec::new();
        loop {
            match self.close_part(second) {
                PartStep::Nothing => return steps,
                step @ (PartStep::Busy
                | PartStep::InUse { .. }
                | PartStep::Moved { .. }
                | PartStep::Dropped { .. }) => steps.push(step),
            }
        }
    }

    fn is_there(&self, id: DeliveryId) -> bool {
        block_on(self.store.delivery(id)).unwrap().is_some()
    }
}

fn connect(runtime: &Runtime, url: &str) -> Client {
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let mut driver = tokio::task::JoinSet::new();
        driver.spawn(connection);
        driver.detach_all();
        client.batch_execute("set search_path = posthorn").await.unwrap();
        client
    })
}

#[test]
fn a_start_covers_the_days_ahead_and_a_day_later_one_more_is_made() {
    let stage = Stage::new();
    assert_eq!(block_on(stage.store.extent()).unwrap().parts, 4);
    assert_eq!(stage.open_parts(0), 4);
    assert_eq!((stage.open_parts(0), stage.open_parts(DAY)), (0, 1));
    let names = stage.text(
        "select inhrelid::regclass::text from pg_inherits \
         where inhparent = 'deliveries'::regclass order by 1 desc limit 2",
    );
    assert_eq!(names, ["deliveries_default", "deliveries_20270119"]);
    let options = stage.text(
        "select array_to_string(reloptions, ' ') from pg_class where relname = 'deliveries_20270119'",
    );
    insta::assert_snapshot!(options[0], @"fillfactor=90 autovacuum_vacuum_scale_factor=0.02 autovacuum_vacuum_insert_scale_factor=0.1");
}

#[test]
fn parts_of_several_days_leave_no_gap_whatever_their_width_was_before() {
    let stage = Stage::new();
    stage.open_parts(0);
    let options = Options { part_days: 6, ..Options::new(&stage.url) };
    let Stage { store, runtime, client, url } = stage;
    drop(Arc::into_inner(store));
    let store = Arc::new(Postgres::open(&options).unwrap());
    let stage = Stage { store, runtime, client, url };
    assert_eq!(
        (stage.open_parts(DAY), stage.open_parts(6 * DAY), stage.open_parts(7 * DAY)),
        (1, 0, 1)
    );
    let gaps = "select first::text from parts as p where first > date '2027-01-15' and not exists (
        select from parts as before where before.first + before.days = p.first)";
    assert_eq!(stage.text(gaps), Vec::<String>::new());
}

#[test]
fn what_was_accepted_before_its_day_had_a_table_moves_there() {
    let stage = Stage::new();
    let merchant = stage.merchant(false);
    let id = stage.accept(merchant, 60, 0);
    assert_eq!((stage.count("events_default"), stage.count("deliveries_default")), (1, 1));
    stage.open_parts(0);
    assert_eq!((stage.count("events_default"), stage.count("deliveries_default")), (0, 0));
    assert_eq!((stage.count("events_20270115"), stage.count("deliveries_20270115")), (1, 1));
    assert!(stage.is_there(id));
}

#[test]
fn large_default_tables_are_not_locked_while_they_are_searched() {
    let stage = Stage::new();
    stage.open_parts(0);
    let kept = stage.accept(stage.merchant(true), -DAY, 0);
    let now = at(DAY).as_millisecond();
    let step = |large: i64| {
        stage
            .text(&format!("select coalesce(open_part({now}, 1, 3, {large})::text, '-')"))
            .remove(0)
    };
    let state =
        || stage.text("select state::text from parts order by first desc limit 1").remove(0);
    assert_eq!((step(1), state()), ("2027-01-19".into(), "3".into()));
    let young = stage.accept(stage.merchant(false), DAY, 0);
    assert_eq!((step(1), state()), ("2027-01-19".into(), "4".into()));
    stage.runtime.block_on(stage.client.batch_execute("set client_min_messages = debug1")).unwrap();
    assert_eq!((step(1), state()), ("2027-01-19".into(), "0".into()));
    assert_eq!(step(1), "-");
    assert!(stage.is_there(kept) && stage.is_there(young));
    assert_eq!(stage.count("pg_constraint where conname = 'not_here'"), 0);
}

#[test]
fn days_ahead_of_which_there_is_something_already_are_left_to_the_default_tables() {
    let stage = Stage::new();
    stage.open_parts(0);
    let early = stage.accept(stage.merchant(false), 4 * DAY, 0);
    let now = at(DAY).as_millisecond();
    let step = format!("select open_part({now}, 1, 3, 1)::text");
    assert_eq!((stage.text(&step).len(), stage.text(&step).len()), (1, 1));
    let state = stage.text("select state::text from parts order by first desc limit 1");
    assert_eq!((state, stage.is_there(early)), (vec!["2".to_owned()], true));
    let later = stage.accept(stage.merchant(false), 4 * DAY, 1);
    stage.close_parts(60 * DAY);
    assert!(stage.is_there(later), "it goes row by row");
    assert_eq!(stage.count("parts"), 0);
}

#[test]
fn an_old_part_is_dropped_whole_and_only_what_is_held_is_copied() {
    let stage = Stage::new();
    stage.open_parts(0);
    let (usual, held) = (stage.merchant(false), stage.merchant(true));
    let gone: Vec<_> = (0..20).map(|number| stage.accept(usual, 0, number)).collect();
    let kept = stage.accept(held, 0, 30);
    let young = stage.accept(usual, DAY, 0);
    let of_first = |steps: Vec<PartStep>| -> Vec<_> {
        let dropped = |step: &PartStep| matches!(step, PartStep::Dropped { part, .. } if part == "2027-01-15");
        steps.into_iter().filter(dropped).collect()
    };
    let begins =
        stage.text("select ((date '2027-01-16' - date '1970-01-01') * 86400::bigint)::text");
    let whole = begins[0].parse::<i64>().unwrap() - 1_800_000_000 + 20 * DAY;
    assert_eq!(of_first(stage.close_parts(whole - 1)), []);
    let dropped = PartStep::Dropped { part: "2027-01-15".into(), events: 20 };
    assert_eq!(of_first(stage.close_parts(whole)), [dropped]);
    assert!(gone.iter().all(|id| !stage.is_there(*id)));
    assert!(stage.is_there(kept) && stage.is_there(young));
    assert_eq!((stage.count("events_default"), stage.count("deliveries_default")), (1, 1));
    let left = stage.text("select relname::text from pg_class where relname like '%20270115%'");
    assert_eq!(left, Vec::<String>::new(), "tables, indexes, constraints");
}

#[test]
fn a_part_that_somebody_uses_is_left_for_later_and_nobody_waits_long() {
    let stage = Stage::new();
    stage.open_parts(0);
    let id = stage.accept(stage.merchant(false), 0, 0);
    stage.close_parts(20 * DAY - 1);
    let mut other = connect(&stage.runtime, &stage.url);
    let reader = stage.runtime.block_on(other.transaction()).unwrap();
    stage.runtime.block_on(reader.query("select id from deliveries limit 1", &[])).unwrap();
    assert_eq!(stage.close_part(30 * DAY), PartStep::InUse { part: "2027-01-15".into() });
    assert!(stage.is_there(id));
    stage.runtime.block_on(reader.rollback()).unwrap();
    assert!(matches!(stage.close_parts(30 * DAY).last(), Some(PartStep::Dropped { .. })));
    assert!(!stage.is_there(id));
}

#[test]
fn a_part_that_another_server_is_at_is_left_to_it() {
    let stage = Stage::new();
    stage.open_parts(0);
    let id = stage.accept(stage.merchant(false), 0, 0);
    stage.close_parts(20 * DAY - 1);
    let turn = "select pg_advisory_xact_lock(1346895872, 7)";
    assert_eq!(holding(&stage.url, turn, || stage.close_part(30 * DAY)), PartStep::Busy);
    assert!(stage.is_there(id));
    assert!(matches!(stage.close_parts(30 * DAY).last(), Some(PartStep::Dropped { .. })));
}

#[test]
fn a_start_goes_on_where_somebody_is_in_the_way_of_new_tables() {
    let Stage { store, runtime, mut client, url } = Stage::new();
    drop(Arc::into_inner(store));
    let last = "delete from parts where first > now()::date + 1";
    runtime.block_on(client.batch_execute(last)).unwrap();
    let reader = runtime.block_on(client.transaction()).unwrap();
    runtime.block_on(reader.query("select id from deliveries limit 1", &[])).unwrap();
    let store = Postgres::open(&Options::new(&url)).unwrap();
    assert_eq!(block_on(store.extent()).unwrap().parts, 2);
}

#[test]
fn a_statement_that_knows_an_id_looks_into_its_part_alone() {
    let stage = Stage::new();
    stage.open_parts(0);
    let run = |sql: &str| stage.runtime.block_on(stage.client.batch_execute(sql)).unwrap();
    run("set plan_cache_mode = force_generic_plan");
    for (name, sql) in [
        ("one", include_str!("../sql/delivery.postgres.sql")),
        ("settle", include_str!("../sql/settle_found.postgres.sql")),
        ("tries", include_str!("../sql/attempts.postgres.sql")),
        ("event", include_str!("../sql/event.postgres.sql")),
    ] {
        run(&format!("prepare {name} as {sql}"));
        let plan = stage.text(&format!("explain (costs off) execute {name}(1)")).join("\n");
        assert!(plan.contains("Subplans Removed: 8"), "{name}: {plan}");
    }
}
