//! Every statement prepares, and none walks a table that grows.

use std::fmt::Write as _;

use rusqlite::{Connection, types::Null};

use super::{open, statements};

/// Statements that read a whole table on purpose: at start-up, for an operator, or of a bounded
/// part of it.
const READS_ALL: [&str; 7] = [
    "backlog_due",
    "endpoints",
    "jobs_running",
    "merchants",
    "sealed_keys",
    "sealed_merchants_live",
    "sealed_merchants_test",
];

fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("explain query plan {sql}")).unwrap();
    let parameters = std::iter::repeat_n(Null, statement.parameter_count());
    let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_statement_prepares() {
    let db = open::memory().unwrap();
    for (name, sql) in statements::ALL {
        assert!(db.prepare(sql).is_ok(), "{name}: {}", db.prepare(sql).unwrap_err());
    }
}

#[test]
fn no_statement_walks_a_table_that_grows() {
    let db = open::memory().unwrap();
    for (name, sql) in statements::ALL {
        let walks = plan(&db, sql)
            .iter()
            .any(|step| step.starts_with("SCAN") && !step.contains("(subquery"));
        let bounded = READS_ALL.contains(name) || *name == "sealed_secrets";
        assert!(!walks || bounded, "{name}: {:?}", plan(&db, sql));
    }
}

#[test]
fn the_plans_of_all_statements_are_as_reviewed() {
    let db = open::memory().unwrap();
    let mut plans = String::new();
    for (name, sql) in statements::ALL {
        writeln!(plans, "{name}").unwrap();
        for step in plan(&db, sql) {
            writeln!(plans, "    {step}").unwrap();
        }
    }
    insta::assert_snapshot!(plans);
}
