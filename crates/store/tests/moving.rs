//! A deployment moves from SQLite to PostgreSQL: all of it, once, and whatever happens on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use futures::executor::block_on;
use proptest::prelude::*;
use tempfile::TempDir;

use posthorn_store::conformance::deployment::{everything, lives};
use posthorn_store::conformance::throw_away::{database, run};
use posthorn_store::postgres::{ImportError, OpenError, Options, Postgres};
use posthorn_store::sqlite::{self, ExportError, Sqlite};
use posthorn_store::{BatchSize, Moved, Servers as _, Store, StreamError};

/// Small enough that there are many.
const BATCHES: BatchSize = BatchSize { rows_max: 2, bytes_max: 700 };

/// A data directory in which a server was at work and was stopped.
fn left_behind() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    lives(embedded(dir.path()));
    dir
}

fn embedded(dir: &Path) -> Arc<dyn Store> {
    let options = sqlite::Options { ballast_bytes: 0, ..sqlite::Options::default() };
    Arc::new(Sqlite::open(dir, &options).unwrap())
}

fn export(dir: &Path) -> (Vec<u8>, Vec<Moved>) {
    let mut out = Vec::new();
    let moved = Sqlite::export(dir, BATCHES, &mut out, &mut |_| {}).unwrap();
    (out, moved)
}

/// One deployment's export, and what can be read of it.
static EXPORT: LazyLock<(Vec<u8>, Vec<Moved>, Vec<String>)> = LazyLock::new(|| {
    let dir = left_behind();
    let (out, moved) = export(dir.path());
    (out, moved, everything(&*embedded(dir.path())))
});

fn import(url: &str, mut input: impl BufRead) -> Result<Vec<Moved>, ImportError> {
    Postgres::import(&Options::new(url), &mut input, &mut |_| {})
}

fn server(url: &str) -> Postgres {
    Postgres::open(&Options::new(url)).unwrap()
}

/// The first lines of a text.
fn lines(text: &[u8], count: usize) -> Vec<u8> {
    text.split_inclusive(|byte| *byte == b'\n').take(count).flatten().copied().collect()
}

fn is_whole(url: &str) {
    assert_eq!(everything(&server(url)), EXPORT.2);
}

#[expect(clippy::disallowed_methods, reason = "the database has the real clock")]
fn clock() -> posthorn_store::Now {
    std::sync::Arc::new(jiff::Timestamp::now)
}

#[test]
fn what_was_moved_is_the_same_in_every_answer_and_its_numbers_go_on() {
    let url = database();
    let moved = import(&url, &EXPORT.0[..]).unwrap();
    assert_eq!(moved, EXPORT.1);
    assert_eq!(moved.iter().map(|part| part.table).collect::<Vec<_>>().len(), 25);
    assert!(moved.iter().all(|part| part.rows > 0), "the story has rows in every table: {moved:?}");
    is_whole(&url);
    run(
        &url,
        "do $$ begin
           assert (select count(*) from posthorn.changes) = 0;
           assert (select array_agg(reference) from posthorn.event_references) = '{pedido-1}';
           assert nextval('posthorn.jobs_id_seq') = (select max(id) + 1 from posthorn.jobs);
           assert nextval('posthorn.endpoints_id_seq') = (select max(id) + 1 from posthorn.endpoints);
         end $$",
    );
}

#[test]
fn a_number_that_was_given_out_and_is_gone_is_not_given_out_again() {
    let dir = left_behind();
    let behind = rusqlite::Connection::open(dir.path().join("posthorn.db")).unwrap();
    let last: i64 = behind.query_row("select max(id) from keys", [], |row| row.get(0)).unwrap();
    behind.execute("delete from keys where id = ?1", [last]).unwrap();
    drop(behind);
    let url = database();
    import(&url, &export(dir.path()).0[..]).unwrap();
    run(&url, &format!("do $$ begin assert nextval('posthorn.keys_id_seq') = {last} + 1; end $$"));
}

#[test]
fn imported_days_have_parts_of_their_own_unless_they_are_very_old() {
    let dir = left_behind();
    let behind = rusqlite::Connection::open(dir.path().join("posthorn.db")).unwrap();
    for days in [400, 3, 2] {
        let id = "((unixepoch('now') - ?1 * 86400) * 1000 - 1767225600000) << 22";
        let event =
            format!("insert into events values ({id}, 1, 0, 'a.b', 0, null, null, x'7b7d', null)");
        behind.execute(&event, [days]).unwrap();
        let delivery =
            format!("insert into deliveries(id, endpoint, state, at) values (({id}) + 1, 1, 2, 0)");
        behind.execute(&delivery, [days]).unwrap();
    }
    drop(behind);
    let url = database();
    import(&url, &export(dir.path()).0[..]).unwrap();
    run(
        &url,
        "do $$
         declare today date := (now() at time zone 'utc')::date;
         begin
           assert (select array_agg(today - first order by first) from posthorn.parts) = '{3,2}';
           assert (select count(*) from posthorn.events_default where id < posthorn.first_id(today)) = 1;
           assert (select count(*) from posthorn.deliveries_default where id < posthorn.first_id(today)) = 1;
         end $$",
    );
    drop(server(&url));
    run(&url, "do $$ begin assert (select count(*) from posthorn.parts) > 2; end $$");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_import_cut_off_anywhere_goes_on_where_it_stopped(cuts in prop::collection::vec(0..400_usize, 1..4)) {
        let url = database();
        let whole = EXPORT.0.split(|byte| *byte == b'\n').count() - 1;
        for cut in cuts {
            let cut = import(&url, &lines(&EXPORT.0, cut % whole)[..]);
            prop_assert!(
                matches!(cut, Err(ImportError::Stream(StreamError::Cut { .. } | StreamError::Foreign))),
                "{cut:?}"
            );
        }
        prop_assert_eq!(&import(&url, &EXPORT.0[..]).unwrap(), &EXPORT.1);
        is_whole(&url);
    }
}

/// An export, on the way of which something happens.
struct Meanwhile<'a, F> {
    rest: &'a [u8],
    line: usize,
    happens: (usize, F),
}

impl<F: FnMut() + Send> Read for Meanwhile<'_, F> {
    fn read(&mut self, mut buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.line == self.happens.0 {
            std::thread::scope(|beside| beside.spawn(&mut self.happens.1).join()).unwrap();
        }
        self.line += 1;
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (line, rest) = self.rest.split_at(end.min(buffer.len()));
        buffer.write_all(line)?;
        self.rest = rest;
        Ok(line.len())
    }
}

fn meanwhile(line: usize, happens: impl FnMut() + Send) -> impl BufRead {
    let (rest, happens) = (&EXPORT.0[..], (line, happens));
    BufReader::with_capacity(64 * 1024, Meanwhile { rest, line: 0, happens })
}

#[test]
fn an_import_whose_connection_is_cut_goes_on_where_it_stopped() {
    let url = database();
    let others = "select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()";
    for line in [20, 60, 100] {
        let cut = import(&url, meanwhile(line, || run(&url, others)));
        assert!(matches!(cut, Err(ImportError::Failed { .. })), "{cut:?}");
        let error = Postgres::open(&Options::new(&url)).err().unwrap();
        assert!(matches!(error, OpenError::Importing), "{error}");
    }
    import(&url, &EXPORT.0[..]).unwrap();
    is_whole(&url);
}

#[test]
fn nobody_starts_and_nobody_else_imports_while_an_import_is_at_work() {
    let url = database();
    let ours = Postgres::open(&Options::new(&url)).unwrap();
    let moved = import(
        &url,
        meanwhile(60, || {
            let error = Postgres::open(&Options::new(&url)).err().unwrap();
            assert!(matches!(error, OpenError::Importing), "{error}");
            let joined = block_on(ours.join(clock())).unwrap_err();
            assert!(joined.to_string().contains("an import into it is not finished"), "{joined}");
            let other = import(&url, &EXPORT.0[..]);
            assert!(matches!(other, Err(ImportError::InUse)), "{other:?}");
        }),
    );
    assert_eq!(moved.unwrap(), EXPORT.1);
    let again = import(&url, &EXPORT.0[..]);
    assert!(matches!(again, Err(ImportError::Finished)), "{again:?}");
    is_whole(&url);
}

#[test]
fn a_database_in_use_and_one_with_a_deployment_of_its_own_are_refused() {
    let url = database();
    let ours = server(&url);
    block_on(ours.join(clock())).unwrap();
    let refused = import(&url, &EXPORT.0[..]);
    assert!(matches!(refused, Err(ImportError::InUse)), "{refused:?}");
    block_on(ours.put_value("pepper", vec![1], false)).unwrap();
    block_on(ours.leave()).unwrap();
    drop(ours);
    let refused = import(&url, &EXPORT.0[..]);
    assert!(matches!(refused, Err(ImportError::Occupied { table: "deployment" })), "{refused:?}");
}

/// The export with its line that contains this changed.
fn changed(containing: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(&EXPORT.0).unwrap();
    let at = text.lines().position(|line| line.contains(containing)).unwrap();
    let lines = text.lines().enumerate();
    let lines = lines.map(|(n, line)| if n == at { change(line) } else { format!("{line}\n") });
    lines.collect::<String>().into()
}

#[test]
fn an_export_that_was_damaged_is_refused_by_table_and_the_whole_one_goes_on() {
    let url = database();
    let flipped = |line: &str| format!("{}\n", line.replace("padrão", "padrao"));
    let begun = |table: &str| format!("{{\"table\":{{\"name\":\"{table}\"");
    for (damaged, told) in [
        (changed("padrão", flipped), "table contracts"),
        (changed("padrão", |_| String::new()), "table contracts"),
        (changed("pedido-1", |line| format!("{line}\n{line}\n")), "table events"),
        (changed("\"checked\":{\"rows\":4", |_| String::new()), "table"),
        (changed(&begun("jobs"), |line| format!("{line}\n[1]\n")), "table jobs"),
        (changed(&begun("jobs"), |_| String::new()), "line"),
        (changed("\"last\":", |line| format!("{}\n", line.replace("last\":", "last\":1"))), "line"),
        (changed("{\"end\"", |line| format!("{line}\n{line}\n")), "line"),
    ] {
        let error = import(&url, &damaged[..]).unwrap_err();
        assert!(matches!(error, ImportError::Stream(StreamError::Damaged { .. })), "{error}");
        assert!(error.to_string().contains(told), "{error} does not tell of {told}");
    }
    assert_eq!(import(&url, &EXPORT.0[..]).unwrap(), EXPORT.1);
    is_whole(&url);
}

#[test]
fn a_source_that_went_on_is_refused_by_table() {
    let dir = left_behind();
    let url = database();
    let (before, _) = export(dir.path());
    let count = before.split(|byte| *byte == b'\n').count();
    import(&url, &lines(&before, count - 3)[..]).unwrap_err();
    let behind = rusqlite::Connection::open(dir.path().join("posthorn.db")).unwrap();
    for (change, table) in [
        ("update deliveries set attempts = attempts + 1", "table deliveries"),
        ("delete from deliveries", "table deliveries"),
        ("insert into contracts(name, version, source) values ('x', x'00', '')", "table contracts"),
        ("update deployment set value = x'00'", "this deployment"),
    ] {
        behind.execute(change, []).unwrap();
        let error = import(&url, &export(dir.path()).0[..]).unwrap_err();
        assert!(matches!(&error, ImportError::Changed { what } if what == table), "{error}");
    }
}

#[test]
fn a_table_that_changed_where_it_was_half_imported_is_written_no_further() {
    let dir = left_behind();
    let url = database();
    let (before, _) = export(dir.path());
    let begins = before
        .split(|byte| *byte == b'\n')
        .position(|line| line.starts_with(br#"{"table":{"name":"deliveries""#));
    // The table's first line, two rows, their checksum.
    import(&url, &lines(&before, begins.unwrap() + 4)[..]).unwrap_err();
    let behind = rusqlite::Connection::open(dir.path().join("posthorn.db")).unwrap();
    let first = "update deliveries set attempts = 9 where id = (select min(id) from deliveries)";
    behind.execute(first, []).unwrap();
    let error = import(&url, &export(dir.path()).0[..]).unwrap_err();
    assert!(
        matches!(&error, ImportError::Changed { what } if what == "table deliveries"),
        "{error}"
    );
    let two = "do $$ begin assert (select count(*) from posthorn.deliveries) = 2; end $$";
    run(&url, two);
}

#[test]
fn what_postgresql_holds_is_compared_before_it_is_called_moved() {
    let url = database();
    let bent = "create or replace function posthorn.bend() returns trigger language plpgsql as
                  $$ begin new.settings = new.settings || ' '; return new; end $$;
                create trigger bend before insert on posthorn.endpoint_versions
                  for each row execute function posthorn.bend()";
    drop(server(&url));
    run(&url, bent);
    let error = import(&url, &EXPORT.0[..]).unwrap_err();
    assert!(matches!(error, ImportError::Differs { table: "endpoint_versions", .. }), "{error}");
}

#[test]
fn a_value_that_postgresql_does_not_hold_is_refused_by_table() {
    let dir = left_behind();
    let behind = rusqlite::Connection::open(dir.path().join("posthorn.db")).unwrap();
    behind.execute("update merchants set name = 'a' || char(0) || 'b'", []).unwrap();
    drop(behind);
    let error = import(&database(), &export(dir.path()).0[..]).unwrap_err();
    assert!(matches!(error, ImportError::Table { table: "merchants", .. }), "{error}");
}

#[test]
fn a_database_in_use_and_a_directory_without_one_are_not_exported() {
    let dir = left_behind();
    let ours = embedded(dir.path());
    let refused = Sqlite::export(dir.path(), BATCHES, &mut Vec::new(), &mut |_| {}).unwrap_err();
    let in_use = matches!(refused, ExportError::Open(sqlite::OpenError::InUse { .. }));
    assert!(in_use, "{refused}");
    drop(ours);
    let empty = tempfile::tempdir().unwrap();
    let missing = Sqlite::export(empty.path(), BATCHES, &mut Vec::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(missing, ExportError::Missing { .. }), "{missing}");
}

#[test]
fn two_exports_of_the_same_are_the_same_bytes() {
    let dir = left_behind();
    assert!(export(dir.path()).0 == export(dir.path()).0);
}
