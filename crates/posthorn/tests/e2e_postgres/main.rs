//! The stories of `tests/e2e` once more, on PostgreSQL: the same program, the same promises.
//!
//! Left out is what is told of the embedded database's own files and metrics.

#![expect(clippy::indexing_slicing, reason = "an answer without the member fails the story")]

#[path = "../receivers/payloads.rs"]
mod payloads;

#[path = "../e2e/bounds.rs"]
mod bounds;
#[path = "../e2e/conformance.rs"]
mod conformance;
#[path = "../e2e/crash.rs"]
mod crash;
mod database;
#[path = "../e2e/endings.rs"]
mod endings;
mod moving;
mod nodes;
#[path = "../e2e/official.rs"]
mod official;
mod payments;
#[path = "../e2e/posthorn.rs"]
mod posthorn;
#[path = "../e2e/pressure.rs"]
mod pressure;
#[path = "../e2e/promises.rs"]
mod promises;
#[expect(dead_code, reason = "nobody here asks where a try came from")]
#[path = "../e2e/receiver.rs"]
mod receiver;
#[path = "../e2e/record.rs"]
mod record;
#[path = "../e2e/recovery.rs"]
mod recovery;
#[path = "../e2e/resting.rs"]
mod resting;
#[path = "../e2e/schedule.rs"]
mod schedule;
#[path = "../e2e/stage.rs"]
mod stage;
mod upkeep;
