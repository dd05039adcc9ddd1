//! Batches that meet somebody else's transaction at the same moment.

use std::thread;

use futures::executor::block_on;
use jiff::Timestamp;
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::id::{ApplicationId, IdSequence, MerchantId};
use posthorn_core::oauth::Scopes;
use posthorn_store::conformance::throw_away::{database, lines, run};
use posthorn_store::postgres::{Options, Postgres};
use posthorn_store::{Accept, Accepted, Family, Grants as _, Once, Store};
use tokio_postgres::NoTls;

/// Another server's transaction, that takes the reference `order-1` and waits to be told to commit until
/// somebody waits for it.
const WAITS: &str = "select count(*)::text from pg_stat_activity \
                     where wait_event_type = 'Lock' and datname = current_database()";

fn taken_meanwhile(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let other = async move {
            client.batch_execute(sql).await.unwrap();
            while client.query_one(WAITS, &[]).await.unwrap().get::<_, String>(0) == "0" {}
            client.batch_execute("commit").await.unwrap();
        };
        futures::join!(other, connection).1.unwrap();
    });
}

fn event(ids: &mut IdSequence, at: Timestamp) -> Event {
    let (data, _) = Payload::parse(b"{}").unwrap();
    Event {
        id: ids.next(at),
        merchant: MerchantId::from_i64(1),
        mode: Mode::Test,
        kind: "payment.confirmed".parse().unwrap(),
        at,
        reference: Some("order-1".into()),
        only: None,
        about: None,
        data,
    }
}

#[test]
fn of_an_event_whose_reference_another_server_takes_at_the_same_moment_nothing_is_written() {
    let url = database();
    let store = Postgres::open(&Options::new(&url)).unwrap();
    let (mut ids, at) = (IdSequence::new(0, None), Timestamp::from_second(1_800_000_000).unwrap());
    let (theirs, ours) = (event(&mut ids, at), event(&mut ids, at));
    let once = Once { scope: 1, key: [7; 16], part: 0, request: [1; 16], at };
    let takes = format!(
        "begin; insert into posthorn.events values({0}, 1, 0, 'payment.refused', 0, 'order-1', null, '{{}}'); \
         insert into posthorn.event_references values(1, 0, 'order-1', {0})",
        theirs.id.as_i64()
    );

    let accept = Accept { event: ours.clone(), deliveries: Vec::new(), once: Some(once) };
    let answer = thread::scope(|scope| {
        let other = scope.spawn(|| taken_meanwhile(&url, &takes));
        // Not before the other has its lock: what is asked waits for it then.
        while lines(&url, &takes_in("event_references")).is_empty() && !other.is_finished() {}
        let answer = block_on(store.accept(vec![accept]));
        other.join().unwrap();
        answer
    });

    assert_eq!(answer, Ok(vec![Accepted::IdTaken(theirs.id)]));
    let none: Vec<String> = Vec::new();
    assert_eq!(
        lines(&url, "select subject::text from posthorn.idempotency"),
        none,
        "no key is kept"
    );
    assert_eq!(block_on(store.event(ours.id)), Ok(None));
    assert_eq!(store.batches().left, 1, "the plain verb had the word");
}

#[test]
fn a_user_who_is_deleted_at_the_same_moment_lets_nothing_happen() {
    let url = database();
    let store = Postgres::open(&Options::new(&url)).unwrap();
    run(
        &url,
        "insert into posthorn.logins(merchant, mode, email, password, created) values(1, 0, 'a@b.c', '\\x00', 0)",
    );
    let user = lines(&url, "select id::text from posthorn.logins").remove(0).parse().unwrap();
    let family = Family {
        id: [7; 16],
        application: ApplicationId::from_i64(1),
        place: (MerchantId::from_i64(1), Mode::Test),
        subject: Some(user),
        scopes: Scopes::ALL,
    };

    let let_in = thread::scope(|scope| {
        let other = scope.spawn(|| taken_meanwhile(&url, "begin; delete from posthorn.logins"));
        while lines(&url, &takes_in("logins")).is_empty() && !other.is_finished() {}
        let let_in = block_on(store.issue(family, Vec::new(), Timestamp::UNIX_EPOCH));
        other.join().unwrap();
        let_in
    });

    assert_eq!(let_in, Ok(false));
    assert!(lines(&url, "select id::text from posthorn.grants").is_empty());
}

/// The other's transaction, when it has written into a table and waits.
fn takes_in(table: &str) -> String {
    format!(
        "select pid::text from pg_locks \
         where mode = 'RowExclusiveLock' and relation = 'posthorn.{table}'::regclass"
    )
}
