//! The verbs, written once for every database: functions of a transaction that is open.
//!
//! A verb refuses before its first write where it can. One that writes and then refuses costs the
//! verbs that share its commit a repetition, nothing else. Before it reads what it will decide by, it
//! holds what others could change ([`crate::db::Lock`]).

pub(crate) mod accept;
pub(crate) mod claim;
pub(crate) mod deliveries;
pub(crate) mod deployment;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod forget;
pub(crate) mod incidents;
pub(crate) mod jobs;
pub(crate) mod ledger;
pub(crate) mod logins;
pub(crate) mod merchants;
pub(crate) mod oauth;
pub(crate) mod once;
pub(crate) mod records;
pub(crate) mod requests;
pub(crate) mod settle;
pub(crate) mod standing;
pub(crate) mod status;
pub(crate) mod steps;
