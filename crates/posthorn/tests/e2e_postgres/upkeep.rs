//! Looking after a database that servers share: one master key, the doctor, and migrations.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use posthorn_store::conformance::throw_away::{self, holding, lines, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database;
use crate::posthorn::{ADMIN_KEY, Posthorn};
use crate::receiver::{Answer, Receiver};

/// The program on the database of a data directory, with nothing else from the surroundings.
fn command(what: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthorn"));
    command.args(what).arg("--data").arg(data).args(database::arguments(data));
    command.env_clear().env("POSTHORN_ADMIN_KEY", ADMIN_KEY);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(what: &[&str], data: &Path) -> (Option<i32>, String, String) {
    told(command(what, data).output().expect("the program runs"))
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs it; what it says when it went well.
fn sound(what: &[&str], data: &Path) -> String {
    let (code, out, err) = ended(what, data);
    assert_eq!(code, Some(0), "{out}\n{err}");
    out
}

/// Runs it; what it says when it is refused.
fn failed(what: &[&str], data: &Path) -> String {
    let (code, out, err) = ended(what, data);
    assert_eq!(code, Some(1), "{out}\n{err}");
    err
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn stop(mut server: Posthorn) -> Arc<TempDir> {
    let kill = format!("kill -TERM {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    assert!(server.child.wait().expect("it was started here").success());
    server.data.clone()
}

/// A data directory on the same database.
fn beside(data: &Path) -> TempDir {
    let other = TempDir::new().expect("a temporary directory");
    database::shared(data, other.path());
    other
}

fn copy_key(from: &Path, to: &Path) {
    fs::copy(from.join("master.key"), to.join("master.key")).expect("there is a key");
}

#[test]
fn a_server_with_another_master_key_or_none_is_told_how_to_get_the_right_one() {
    let one = Posthorn::start();
    let data = one.data.path();
    let other = beside(data);
    let said = failed(&SERVE, other.path());
    assert!(said.contains("this one has none") && said.contains("copy `master.key`"), "{said}");
    assert!(!other.path().join("master.key").exists(), "none is made");
    let mut serve = command(&SERVE, other.path());
    let (code, _, said) =
        told(serve.env("POSTHORN_MASTER_KEY", "ef".repeat(32)).output().expect("it runs"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("have master key") && said.contains("set `master_key`"), "{said}");
    copy_key(data, other.path());
    let second = Posthorn::start_in(Arc::new(other), &[]);
    drop(second);
}

/// Ready when so many wait for a lock on a table.
#[test]
fn a_start_that_is_refused_changes_nothing() {
    let server = Posthorn::start();
    server.merchant("techcorp");
    let data = server.data.path().to_owned();
    let url = database::url(&data);
    run(&url, "update posthorn.merchants set contract = 'mine'");
    let standing = || {
        let key =
            "select encode(value, 'hex') from posthorn.deployment where name = 'admin_key_hash'";
        let servers =
            "select count(*)::text from posthorn.nodes where seen > posthorn.now_ms() - 60000";
        (lines(&url, key), lines(&url, servers))
    };
    let before = standing();
    let other = beside(&data);
    copy_key(&data, other.path());
    let mut start = command(&SERVE, other.path());
    start.env("POSTHORN_ADMIN_KEY", "admin_of_a_start_that_is_refused_0123");
    let (code, _, said) = told(start.output().expect("the program runs"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("contract `mine`, which is not loaded"), "{said}");
    assert_eq!(standing(), before);
}

#[test]
fn whoever_owns_the_schema_needs_no_right_to_make_one() {
    let data = TempDir::new().expect("a temporary directory");
    let url = database::url_of(data.path());
    let role = format!("keeper_{}", std::process::id());
    run(&url, &format!("create role {role} login; create schema posthorn authorization {role}"));
    database::note(data.path(), &url.replacen("posthorn@", &format!("{role}@"), 1));
    let said = sound(&["migrate"], data.path());
    assert!(said.contains("first"), "{said}");
    sound(&["migrate", "--plan"], data.path());
    run(&url, &format!("drop owned by {role} cascade; drop role {role}"));
}

fn until_kept_waiting(url: &str, table: &str, number: usize) {
    let waits = format!(
        "select 'waits' from pg_locks where not granted and relation = 'posthorn.{table}'::regclass"
    );
    // On a thread of its own: this one has a runtime already.
    let waiting = || std::thread::scope(|scope| scope.spawn(|| lines(url, &waits)).join());
    while waiting().expect("the database answers").len() < number {
        std::thread::yield_now();
    }
}

/// A server that begins.
fn begun(data: &TempDir) -> Child {
    command(&SERVE, data.path()).spawn().expect("the program runs")
}

#[test]
fn of_two_first_starts_at_the_same_moment_one_makes_the_master_key_and_the_other_is_told() {
    let one = TempDir::new().expect("a temporary directory");
    sound(&["migrate"], one.path());
    let other = beside(one.path());
    let url = database::url(one.path());
    // Both see that there is none before either may say that its own is it.
    let mut starts = holding(&url, "lock table posthorn.deployment in share mode", || {
        let starts = [begun(&one), begun(&other)];
        until_kept_waiting(&url, "deployment", 2);
        starts
    });
    let refused = loop {
        let ended = |start: &mut Child| start.try_wait().expect("it was started here").is_some();
        match starts.iter_mut().position(ended) {
            Some(refused) => break refused,
            None => std::thread::yield_now(),
        }
    };
    let [first, second] = starts;
    let (refused, mut stands, (theirs, its)) = if refused == 0 {
        (first, second, (other.path(), one.path()))
    } else {
        (second, first, (one.path(), other.path()))
    };
    let (code, _, said) = told(refused.wait_with_output().expect("it ended"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("copy `master.key` from one of them"), "{said}");
    assert!(!its.join("master.key").exists(), "what nothing was sealed with is gone");
    assert!(theirs.join("master.key").exists());
    assert!(stands.try_wait().expect("it was started here").is_none(), "the other goes on");
    stands.kill().expect("it was started here");
    stands.wait().expect("it was started here");
}

#[test]
fn a_rotation_wants_all_servers_stopped_and_then_every_server_the_new_key() {
    let receiver = Receiver::answering(|_| Answer::status(200));
    let server = Posthorn::start();
    let merchant = server.merchant("techcorp");
    merchant.post("/v1/endpoints", &json!({"url": receiver.url("/"), "events": ["*"]}));
    let data = server.data.clone();
    let rotate = ["master-key", "rotate"];
    let said = failed(&rotate, data.path());
    assert!(said.contains("stop all of them first"), "{said}");
    let old = TempDir::new().expect("a temporary directory");
    database::shared(data.path(), old.path());
    copy_key(data.path(), old.path());
    let stranger = beside(data.path());
    fs::write(stranger.path().join("master.key"), "ef".repeat(32)).expect("ours");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(stranger.path().join("master.key"), closed).expect("ours");
    stop(server);

    let said = failed(&rotate, stranger.path());
    assert!(said.contains("not among those here"), "{said}");
    let said = sound(&rotate, data.path());
    assert!(said.contains("give every server of this database the new key"), "{said}");
    let said = failed(&SERVE, old.path());
    assert!(said.contains("have master key"), "{said}");
    assert_eq!(finding(&doctor(old.path()), "master key")["state"], "bad");
    copy_key(data.path(), old.path());
    let server = Posthorn::start_in(Arc::new(old), &[]);
    server.known(&merchant.key).event("order.paid", r#"{"order": 1}"#);
    assert!(!receiver.request().header("x-webhook-signature").is_empty());
    assert_eq!(finding(&doctor(data.path()), "master key")["state"], "ok");
}

#[test]
fn a_rotation_that_was_interrupted_goes_on() {
    let data = stop(Posthorn::start());
    let old = fs::read_to_string(data.path().join("master.key")).expect("there is a key");
    let old = old.lines().last().expect("it has a line").to_owned();
    let url = database::url(data.path());
    holding(&url, "lock table posthorn.merchants in share mode", || {
        let mut rotation =
            command(&["master-key", "rotate"], data.path()).spawn().expect("it runs");
        until_kept_waiting(&url, "merchants", 1);
        rotation.kill().expect("it was started here");
        rotation.wait().expect("it was started here");
    });
    // Both keys are there, and every server needs the new one already.
    let kept = fs::read_to_string(data.path().join("master.key")).expect("there is a key");
    assert!(kept.ends_with(&format!("{old}\n")), "the old one opens what it sealed");
    stop(Posthorn::start_in(data.clone(), &[]));
    let found = doctor(data.path());
    assert_eq!(finding(&found, "master key")["state"], "note", "{found:#}");
    let said = sound(&["master-key", "rotate"], data.path());
    assert!(said.contains("a rotation was interrupted; going on with it"), "{said}");
    assert!(said.contains("30 secrets are sealed with the new key"), "{said}");
    let kept = fs::read_to_string(data.path().join("master.key")).expect("there is a key");
    assert!(!kept.contains(&old), "the old one is not needed any more");
    stop(Posthorn::start_in(data, &[]));
}

/// What the doctor found, and whether it called it sound.
fn doctor(data: &Path) -> Value {
    let (code, out, err) = ended(&["doctor", "--json"], data);
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}\n{err}"));
    assert_eq!(code, Some(i32::from(told["sound"] != true)), "{out}\n{err}");
    told
}

fn finding<'a>(told: &'a Value, what: &str) -> &'a Value {
    let findings = told["findings"].as_array().expect("a list");
    findings.iter().find(|found| found["what"] == what).unwrap_or_else(|| panic!("{told:#}"))
}

#[test]
fn the_doctor_tells_what_a_shared_database_is_like_and_what_to_do() {
    let server = Posthorn::start();
    let data = server.data.path();
    let found = doctor(data);
    for what in [
        "schema",
        "connections",
        "pooler",
        "database clock",
        "master key",
        "servers",
        "merchants",
        "parts",
        "outbox",
        "jobs",
        "contracts",
        "clock",
    ] {
        assert_eq!(finding(&found, what)["state"], "ok", "{found:#}");
    }
    assert_eq!(finding(&found, "database")["state"], "note", "it is not encrypted: {found:#}");
    // The tests' PostgreSQL need not survive a power cut.
    let settings = finding(&found, "settings");
    assert_eq!(settings["state"], "bad");
    let text = settings["text"].as_str().expect("a text");
    assert!(text.contains("alter system set fsync = on"), "{text}");
    let at_work = finding(&found, "servers")["text"].as_str().expect("a text");
    assert!(at_work.starts_with("1 at work: node "), "{at_work}");

    let url = database::url(data);
    run(
        &url,
        "insert into posthorn.outbox(merchant, mode, kind, data, refused) \
               values (1, 0, 'order.paid', '{}', 'made up')",
    );
    let other = beside(data);
    let found = doctor(other.path());
    assert_eq!(finding(&found, "outbox")["state"], "bad", "{found:#}");
    assert_eq!(finding(&found, "master key")["state"], "bad", "{found:#}");
    let said = ended(&["doctor"], other.path());
    assert_eq!((said.0, said.2.as_str()), (Some(1), "error: 3 things are wrong\n"), "{}", said.1);
}

#[test]
fn the_doctor_tells_why_a_server_would_be_refused() {
    let server = Posthorn::start();
    server.merchant("techcorp");
    let data = stop(server);
    let url = database::url(data.path());
    run(&url, "update posthorn.merchants set contract = 'mine' where id = 1");
    let found = doctor(data.path());
    let text = finding(&found, "merchants")["text"].as_str().expect("a text");
    assert!(text.contains("`mine`") && text.contains("--contracts"), "{found:#}");
    run(
        &url,
        "insert into posthorn.endpoints(merchant, mode, version, created) values (1, 0, 1, 0); \
         insert into posthorn.endpoint_versions(endpoint, version, at, settings) \
         select max(id), 1, 0, '{\"contract\": \"another\"}' from posthorn.endpoints",
    );
    let found = doctor(data.path());
    let text = finding(&found, "merchants")["text"].as_str().expect("a text");
    assert!(text.contains("`mine`") && text.contains("`another`"), "{found:#}");

    let part = "insert into posthorn.import(part, rows, sha256, done) values ('', 0, '', false)";
    run(&url, part);
    let found = doctor(data.path());
    let text = finding(&found, "schema")["text"].as_str().expect("a text");
    assert!(text.contains("an import was begun and is not finished"), "{found:#}");

    let empty = TempDir::new().expect("a temporary directory");
    let url = database::url_of(empty.path());
    let name = url.rsplit('/').next().expect("a name");
    run(&url, &format!("alter database {name} set default_transaction_read_only = on"));
    assert_eq!(finding(&doctor(empty.path()), "database")["state"], "bad");

    let barred = TempDir::new().expect("a temporary directory");
    let url = database::url_of(barred.path());
    let role = format!("barred_{}", std::process::id());
    run(&url, &format!("create role {role} login"));
    database::note(barred.path(), &url.replacen("posthorn@", &format!("{role}@"), 1));
    let found = doctor(barred.path());
    let mend = format!("create schema posthorn authorization {role}");
    let text = finding(&found, "schema")["text"].as_str().expect("a text");
    assert!(text.contains(&mend), "{found:#}");
    let said = failed(&["migrate"], barred.path());
    assert!(said.contains("create schema posthorn authorization"), "{said}");
    run(&url, &format!("drop role {role}"));
}

#[test]
fn the_doctor_sees_a_pooler_that_the_settings_do_not_know_of() {
    let data = TempDir::new().expect("a temporary directory");
    let direct = throw_away::database();
    fs::write(data.path().join("database.url"), throw_away::through_pooler(&direct)).expect("ours");
    let found = doctor(data.path());
    assert_eq!(finding(&found, "pooler")["state"], "bad", "{found:#}");
    assert_eq!(finding(&found, "schema")["state"], "note", "{found:#}");
    let known = command(&["doctor", "--json"], data.path())
        .env("POSTHORN_POSTGRES_POOLER", "transaction")
        .env("POSTHORN_POSTGRES_DIRECT", &direct)
        .output();
    let (_, out, _) = told(known.expect("the program runs"));
    let found: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(finding(&found, "pooler")["state"], "ok", "{found:#}");
}

#[test]
fn a_database_that_is_not_there_is_told_of_by_the_doctor() {
    let data = TempDir::new().expect("a temporary directory");
    let nowhere = "postgres://posthorn@127.0.0.1:1/nowhere";
    fs::write(data.path().join("database.url"), nowhere).expect("ours");
    let found = doctor(data.path());
    assert_eq!(finding(&found, "database")["state"], "bad", "{found:#}");
}

#[test]
fn a_plan_of_migrations_changes_nothing_and_migrating_does_what_it_said() {
    let data = TempDir::new().expect("a temporary directory");
    let said = sound(&["migrate", "--plan"], data.path());
    assert_eq!(
        said,
        "0001  first           Everything of version 1, in the schema `posthorn`.\n0002  payments        \
         Payments: their records, the ledger, and what an event says of the payment that it is \
         about.\n0003  oauth           OAuth 2: the programs that merchants register, what they were \
         granted, and the tokens of it.\n0004  limits          How often a merchant may ask its \
         platform's own API, where its operator says otherwise than its contract: JSON.\n0005  \
         incidents       What operators tell of trouble, on the status page.\n0006  search          What records are found by: their words.\n0007  feeds           The pages of feeds: \
         all products of a merchant as one file, made once a day.\n0008  request_history The request \
         history: calls of the API, many to a block, and what their blocks are found by.\n8 to apply; \
         nothing was changed\n"
    );
    let url = database::url(data.path());
    let there = "select 'there' from pg_namespace where nspname = 'posthorn'";
    assert!(lines(&url, there).is_empty());
    let told = sound(&["migrate", "--plan", "--json"], data.path());
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["applied"], &told["steps"][0]["number"]), (&json!(false), &json!(1)));
    assert!(sound(&["migrate"], data.path()).ends_with("done: 8 applied\n"));
    assert_eq!(sound(&["migrate"], data.path()), "the database is up to date\n");
    assert_eq!(lines(&url, there), ["there"]);
}
