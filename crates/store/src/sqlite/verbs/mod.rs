//! The verbs on SQLite: plain functions of a connection that stands in a transaction.
//!
//! A verb refuses before its first write where it can. One that writes and then refuses costs the
//! verbs around it their shared commit (the writer does them again one by one), nothing else.

pub(super) mod accept;
pub(super) mod claim;
pub(super) mod deliveries;
pub(super) mod deployment;
pub(super) mod endpoints;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod merchants;
pub(super) mod once;
pub(super) mod settle;
pub(super) mod standing;
pub(super) mod status;
pub(super) mod steps;
