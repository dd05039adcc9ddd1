//! How PostgreSQL goes about the statements of a batch: by probes, whatever it knows or believes about the
//! tables. A partition that was analysed while it was empty has been the trap.

use std::fmt::Write as _;

use futures::future::FutureExt;
use serde_json::Value;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::{accept, batch, claim, release, settle};
use crate::conformance::throw_away::database;
use crate::postgres::transaction::{Begins, Kind};
use crate::postgres::{Options, Postgres};
use crate::statements::{self, Statement};

/// The statements of a batch.
const ALL: [(&str, &str); 6] = [
    ("accept_batch", accept::ACCEPT),
    ("accept_sweep", accept::SWEEP),
    ("claim_batch", claim::CLAIM),
    ("release_batch", release::RELEASE),
    ("settle_batch", settle::SETTLE),
    ("stand_batch", batch::STAND),
];

/// The indexes that they may go by; each is probed by its first columns.
const PROBED: [&str; 6] = [
    "deliveries_*_endpoint_at_id_idx",
    "deliveries_*_pkey",
    "endpoints_pkey",
    "event_references_pkey",
    "events_*_pkey",
    "idempotency_pkey",
];

const FILLING: &str = "
    insert into endpoints(merchant, mode, version, created) select 1, 0, 1, 0 from generate_series(1, 1000);
    insert into events(id, merchant, mode, kind, at, data)
      select n * 10240, 1, 0, 'payment.confirmed', 0, '{}' from generate_series(1, 200000) as n;
    insert into deliveries(id, endpoint, state, at)
      select n * 10240 + 1, 1 + n % 1000, case when n % 10 = 0 then 1 when n % 3 = 0 then 0 else 2 end, n
      from generate_series(1, 200000) as n;
    insert into attempts
      select n * 10240 + 1, 0, 1, 1, 0, 0, 200, null, null, '', null, null, 0, 0, 1, 1, ''
      from generate_series(1, 200000) as n;
    insert into idempotency select 1, n::text::bytea, '', n, n from generate_series(1, 20000) as n;
    insert into event_references select 1, 0, n::text, n from generate_series(1, 20000) as n";

/// What a list is given: a merchant, a mode, an id, a later one, a limit and a type.
const VALUES: [&str; 6] = ["1", "0", "1", "9000000", "10", "'a'"];

/// Runs a story on a database with three partitions by hand, beside the default one.
fn on_a_database(story: impl AsyncFnOnce(&Client)) {
    let url = database();
    drop(Postgres::open(&Options::new(&url)).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let told = async {
            client.batch_execute("set search_path = posthorn").await.unwrap();
            client.batch_execute(&partitions()).await.unwrap();
            story(&client).await;
        };
        futures::select! {
            () = told.fuse() => {}
            _ = connection.fuse() => panic!("the connection ended"),
        }
    });
}

fn partitions() -> String {
    let mut sql = String::new();
    for table in ["events", "deliveries", "attempts"] {
        let quiet = "with (autovacuum_enabled = false)";
        writeln!(sql, "alter table {table}_default set (autovacuum_enabled = false);").unwrap();
        for day in 0..3_i64 {
            let (from, to) = (day << 30, (day + 1) << 30);
            let of = format!("partition of {table} for values from ({from}) to ({to}) {quiet}");
            writeln!(sql, "create table {table}_{day} {of};").unwrap();
        }
    }
    sql
}

/// The plan that a connection would keep, made in the transaction of a batch.
async fn plan(client: &Client, begins: &str, sql: &str, given: &[&str]) -> Value {
    let count = (1..99).take_while(|number| sql.contains(&format!("${number}"))).count();
    let given = given.get(..count).unwrap_or(&["null"; 30][..count]).join(", ");
    client.batch_execute(begins).await.unwrap();
    client.batch_execute(&format!("prepare planned as {sql}")).await.unwrap();
    let explain = format!("explain (format json) execute planned({given})");
    let rows = client.simple_query(&explain).await.unwrap();
    let json = rows.iter().find_map(|row| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    });
    client.batch_execute("rollback; deallocate planned").await.unwrap();
    serde_json::from_str::<Value>(&json.unwrap()).unwrap()[0]["Plan"].clone()
}

/// A line for each step; partitions are one.
fn steps(plan: &Value, depth: usize, lines: &mut Vec<String>) {
    let what = plan["Node Type"].as_str().unwrap();
    let on = plan["Index Name"].as_str().or(plan["Relation Name"].as_str()).unwrap_or_default();
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let a_part = |word: &str| word == "default" || digits(word);
    let on: Vec<&str> = on.split('_').map(|word| if a_part(word) { "*" } else { word }).collect();
    let on = on.join("_");
    let line = format!("{}{what} {on}", "  ".repeat(depth)).trim_end().to_owned();
    if lines.last() != Some(&line) {
        lines.push(line);
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        steps(below, depth + 1, lines);
    }
}

fn is_a_probe(step: &str) -> bool {
    let step = step.trim_start();
    let walks = ["Seq Scan", "Bitmap", "Hash Join", "Merge Join"];
    if let Some(index) = step.strip_prefix("Index Only Scan ").or(step.strip_prefix("Index Scan "))
    {
        return PROBED.contains(&index);
    }
    !walks.iter().any(|walk| step.starts_with(walk))
}

async fn all_are_probes(client: &Client, when: &str) -> String {
    let mut plans = String::new();
    let begins = Begins::new(&Options::new(""));
    let begins = begins.of(Kind::Batch, None);
    for (name, sql) in ALL {
        let mut lines = Vec::new();
        steps(&plan(client, &begins, sql, &[]).await, 1, &mut lines);
        for step in &lines {
            assert!(is_a_probe(step), "{when}: {name}: {step} in\n{}", lines.join("\n"));
        }
        writeln!(plans, "{name}\n{}", lines.join("\n")).unwrap();
    }
    plans
}

#[test]
fn the_statements_of_a_batch_probe_whatever_the_statistics_say() {
    on_a_database(async |client| {
        all_are_probes(client, "empty, and nobody has looked").await;
        client.batch_execute("analyze").await.unwrap();
        all_are_probes(client, "analysed while empty").await;
        client.batch_execute(FILLING).await.unwrap();
        all_are_probes(client, "filled, believed to be empty").await;
        client.batch_execute("analyze").await.unwrap();
        insta::assert_snapshot!(all_are_probes(client, "filled and analysed").await);
    });
}

#[test]
fn what_only_lists_need_is_found_by_the_lists() {
    let walks = "begin; set local search_path = posthorn; set local enable_seqscan = off; \
                 set local plan_cache_mode = force_generic_plan";
    on_a_database(async |client| {
        let goes_by = async |statement: Statement, index: &str| {
            let mut lines = Vec::new();
            steps(&plan(client, walks, statement.postgres, &VALUES).await, 0, &mut lines);
            let found = lines.iter().any(|line| line.ends_with(index));
            assert!(found, "{}: {}", statement.name, lines.join("\n"));
        };
        goes_by(statements::EVENTS, "events_*_merchant_mode_id_kind_idx").await;
        goes_by(statements::EVENTS_AFTER, "events_*_merchant_mode_id_kind_idx").await;
        goes_by(statements::EVENTS_OF_KIND, "events_*_merchant_mode_id_kind_idx").await;
        goes_by(statements::ONCE_EXPIRE, "idempotency_age").await;
    });
}
