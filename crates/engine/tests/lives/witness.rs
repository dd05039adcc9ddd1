//! Whoever watches what is written: every version of every payment, and what a rail is asked before it may be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use posthorn_core::id::RequestId;
use posthorn_core::payment::{Payment, Stage};
use posthorn_core::payout::Payout;
use posthorn_store::{Decision, Done, Record, RecordKind, StoreError};

use crate::history;

/// A record's number and version.
type Version = (i64, u32);

#[derive(Default)]
pub(crate) struct Seen {
    /// What certainly stood in a version of a record.
    pub(crate) kept: BTreeMap<Version, String>,
    /// What may have been written: its answer was lost.
    tried: BTreeMap<Version, Vec<String>>,
    /// What must never be, with the name of the law.
    pub(crate) violations: Vec<(&'static str, String)>,
}

/// Sees what goes through a store; it lives on when the process dies.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Seen>>);

impl Witness {
    pub(crate) fn open(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    pub(crate) fn violated(&self, law: &'static str, what: String) {
        self.open().violations.push((law, what));
    }

    /// Somebody is about to write this.
    pub(crate) fn writes(&self, decision: &Decision) {
        let own = decision.records.iter().any(|record| record.kind != RecordKind::Book);
        let books = decision.records.iter().filter(|record| record.kind == RecordKind::Book);
        for book in books.filter(|book| book.version == 0 && !own) {
            self.rail_is_asked(book);
        }
        let mut seen = self.open();
        for record in &decision.records {
            let tried = seen.tried.entry((record.id, record.version + 1)).or_default();
            tried.push(record.body.clone());
        }
    }

    /// What came of it.
    pub(crate) fn written(&self, records: &[Record], done: &Result<Done<i64>, StoreError>) {
        let maybe = matches!(done, Err(StoreError::Unavailable { .. } | StoreError::Closed));
        if maybe {
            return;
        }
        let mut seen = self.open();
        for record in records {
            let version = (record.id, record.version + 1);
            if let Some(tried) = seen.tried.get_mut(&version) {
                let at = tried.iter().position(|body| *body == record.body);
                at.map(|at| tried.remove(at));
            }
            if matches!(done, Ok(Done::Now(_))) {
                seen.kept.insert(version, record.body.clone());
            }
        }
    }

    pub(crate) fn read(&self, record: &Record) {
        let mut seen = self.open();
        seen.kept.entry((record.id, record.version)).or_insert_with(|| record.body.clone());
    }

    /// A rail writes down what it was asked: by then it is on record that it was sent.
    fn rail_is_asked(&self, book: &Record) {
        let request = RequestId::from_i64(book.id);
        let newest = {
            let seen = self.open();
            let owner = book.parent.unwrap_or_default();
            let versions = seen.kept.range((owner, 0)..=(owner, u32::MAX));
            versions.last().map(|(_, body)| body.clone())
        };
        let stage = newest.and_then(|body| stage(&body, request));
        if matches!(stage, None | Some(Stage::Prepared { .. })) {
            let what = format!("{request} was asked of the rail and is {stage:?} on record");
            self.violated("asked before it was marked as sent", what);
        }
    }

    /// Every version of a record, oldest first, as far as anybody knows them.
    pub(crate) fn versions(&self, record: &Record) -> Result<Vec<String>, String> {
        let seen = self.open();
        let mut all = Vec::new();
        for version in 1..=record.version {
            let key = (record.id, version);
            let body = if version == record.version {
                Some(&record.body)
            } else {
                // Nobody writes on top of what he has not read.
                let tried = seen.tried.get(&key).filter(|tried| tried.len() == 1);
                seen.kept.get(&key).or_else(|| tried.and_then(|tried| tried.first()))
            };
            match body {
                Some(body) => all.push(body.clone()),
                None => return Err(format!("nobody saw version {version} of {}", record.id)),
            }
        }
        Ok(all)
    }
}

/// How far a request is, in a body.
fn stage(body: &str, request: RequestId) -> Option<Stage> {
    if let Ok(payment) = serde_json::from_str::<Payment>(body) {
        let calls = history::calls(&payment);
        return calls.iter().find(|call| call.request == request).map(|call| call.stage);
    }
    let payout: Payout = serde_json::from_str(body).ok()?;
    (payout.call.request == request).then_some(payout.call.stage)
}
