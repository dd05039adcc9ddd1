//! What waits for the next batch: two lanes, and when a batch is worth beginning.

use std::collections::VecDeque;

use super::verb::Verb;

/// Verbs in one batch, at most.
const VERBS_MAX: usize = 512;
/// Bytes in one batch, roughly at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Batches under way at once, at most, each on a connection of its own.
const UNDER_WAY_MAX: usize = 4;
/// While a batch is under way another one begins with so many verbs; with fewer they wait for its end, and
/// more join them.
const WORTHWHILE: usize = 64;

/// Verbs that wait.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    finishing: VecDeque<Verb>,
    others: VecDeque<Verb>,
}

impl Gathered {
    pub(super) fn push(&mut self, verb: Verb) {
        let lane = if verb.finishes() { &mut self.finishing } else { &mut self.others };
        lane.push_back(verb);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    fn waiting(&self) -> usize {
        self.finishing.len() + self.others.len()
    }

    /// The next batch, if it is to begin now.
    pub(super) fn next(&mut self, under_way: usize) -> Option<Vec<Verb>> {
        let enough = if under_way == 0 { 1 } else { WORTHWHILE };
        if under_way >= UNDER_WAY_MAX || self.waiting() < enough {
            return None;
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < VERBS_MAX && bytes < BYTES_MAX {
            let Some(verb) = self.finishing.pop_front().or_else(|| self.others.pop_front()) else {
                break;
            };
            bytes += verb.bytes();
            batch.push(verb);
        }
        Some(batch)
    }
}
