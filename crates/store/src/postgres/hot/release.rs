//! Release: leases given back unsent, in one statement.

use std::collections::HashSet;

use posthorn_core::id::EndpointId;

use super::statement::{Call, Column};
use crate::Release;
use crate::rows::ms;

pub(super) const RELEASE: &str = include_str!("../../../sql/postgres/release_batch.sql");

/// The releases of a batch.
#[derive(Debug)]
pub(super) struct Releases<'a> {
    /// By caller; with each release whether the statement is given it.
    verbs: Vec<Vec<(&'a Release, bool)>>,
    picked: Vec<&'a Release>,
}

impl<'a> Releases<'a> {
    /// A try that was cut off goes on record as well: that is the plain verb's.
    pub(super) fn of(verbs: Vec<&'a [Release]>) -> Self {
        let mut seen = HashSet::new();
        let mut all = Vec::with_capacity(verbs.len());
        for releases in verbs {
            let own = releases.iter().map(|one| {
                let first = seen.insert(one.delivery);
                (one, first && one.attempt.is_none())
            });
            all.push(own.collect::<Vec<_>>());
        }
        let of_all = all.iter().flatten();
        let picked = of_all.filter(|(_, taken)| *taken).map(|(one, _)| *one).collect();
        Self { verbs: all, picked }
    }

    /// The endpoints whose standing matters.
    pub(super) fn standing(&self) -> impl Iterator<Item = EndpointId> {
        self.picked.iter().map(|one| one.endpoint)
    }

    /// The statement.
    pub(super) fn call(&self) -> Option<Call<'a>> {
        if self.picked.is_empty() {
            return None;
        }
        let ints = |of: fn(&Release) -> i64| {
            Column::Ints(self.picked.iter().map(|one| Some(of(one))).collect())
        };
        let values = vec![
            ints(|one| one.delivery.as_i64()),
            ints(|one| one.endpoint.as_i64()),
            ints(|one| one.claim.into()),
            ints(|one| ms(one.at)),
        ];
        Some(Call::new(RELEASE, values))
    }

    /// Which of each caller's were given back.
    pub(super) fn answers(&self) -> Vec<Vec<Option<()>>> {
        let done = |(_, taken): &(&Release, bool)| taken.then_some(());
        self.verbs.iter().map(|own| own.iter().map(done).collect()).collect()
    }
}
