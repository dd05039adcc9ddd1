//! Every statement prepares, and none walks a table that grows.

use std::fmt::Write as _;

use rusqlite::{Connection, types::Null};

use super::open;
use crate::statements::{self, Statement};

/// Statements that read a whole table on purpose: at start-up, for an operator, or of a bounded
/// part of it.
const READS_ALL: [&str; 11] = [
    "backlog_due",
    "endpoints",
    "ledger_differences",
    "ledger_totals",
    "merchants",
    // No more than it is told to count.
    "records_count",
    "sealed_keys",
    "sealed_merchants_live",
    "sealed_merchants_test",
    "sealed_secrets",
    "secrets_signing_all",
];

/// Partial indexes that are short whatever the tables hold.
const SHORT: [&str; 2] = ["INDEX endpoints_resting", "INDEX jobs_running"];

fn walks(step: &str) -> bool {
    let short = step.contains("(subquery") || SHORT.iter().any(|index| step.ends_with(index));
    // What words find is walked from its newest on (`M`: by a match).
    let found = step.contains("VIRTUAL TABLE INDEX") && step.contains(":M");
    step.starts_with("SCAN") && !short && !found && !step.contains("json_each")
}

fn plan(db: &Connection, statement: Statement) -> Vec<String> {
    let mut statement = db.prepare(&format!("explain query plan {}", statement.sqlite)).unwrap();
    let parameters = std::iter::repeat_n(Null, statement.parameter_count());
    let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_statement_prepares() {
    let db = open::memory().unwrap();
    for statement in statements::ALL {
        assert!(
            db.prepare(statement.sqlite).is_ok(),
            "{}: {}",
            statement.name,
            db.prepare(statement.sqlite).unwrap_err()
        );
    }
}

#[test]
fn no_statement_walks_a_table_that_grows() {
    let db = open::memory().unwrap();
    for statement in statements::ALL {
        let walks = plan(&db, *statement).iter().any(|step| walks(step));
        let bounded = READS_ALL.contains(&statement.name);
        assert!(!walks || bounded, "{}: {:?}", statement.name, plan(&db, *statement));
    }
}

#[test]
fn deleted_endpoints_are_not_counted_one_by_one() {
    let db = open::memory().unwrap();
    let plan = plan(&db, statements::ENDPOINT_COUNT);
    assert!(plan.iter().any(|step| step.contains("INDEX endpoints_present")), "{plan:?}");
}

#[test]
fn lists_of_leased_deliveries_read_only_the_live_leases() {
    let db = open::memory().unwrap();
    let lists =
        [statements::DELIVERIES_LEASED_OF_ENDPOINT, statements::DELIVERIES_LEASED_OF_MERCHANT];
    for statement in lists {
        let plan = plan(&db, statement);
        assert!(plan.iter().any(|step| step.contains("INDEX deliveries_leased")), "{plan:?}");
    }
}

#[test]
fn the_plans_of_all_statements_are_as_reviewed() {
    let db = open::memory().unwrap();
    let mut plans = String::new();
    for statement in statements::ALL {
        writeln!(plans, "{}", statement.name).unwrap();
        for step in plan(&db, *statement) {
            writeln!(plans, "    {step}").unwrap();
        }
    }
    insta::assert_snapshot!(plans);
}
