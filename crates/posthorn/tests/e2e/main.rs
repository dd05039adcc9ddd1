//! The program from outside: a server in a process of its own, real sockets, the HTTP API and the
//! sandbox clock, nothing else. Weeks of retries pass in a second; no test waits for time to pass.

#![expect(clippy::indexing_slicing, reason = "an answer without the member fails the story")]

#[path = "../receivers/payloads.rs"]
mod payloads;

mod bounds;
mod card_keys;
mod card_page;
mod cards;
mod conformance;
mod crash;
mod database;
mod egress;
mod endings;
mod files;
mod hostile;
mod official;
mod posthorn;
mod pressure;
mod promises;
mod receiver;
mod record;
mod recovery;
mod resting;
mod schedule;
mod stage;
mod watched;
