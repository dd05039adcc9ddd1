//! Why an event did not get through: what `explain` answers, and the portal shows.

use super::STEPS_MAX;
use super::budget::Budget;
use super::clause::{Clause, Path};
use super::value::{listed, shown};
use crate::json::Json;

/// How many of the values that a path with `*` leads to a reason shows.
const FOUND_MAX: usize = 3;

/// Why a filter did not let an event through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The value at a path is not as wanted.
    #[error("{path} is {found}, wanted {wanted}")]
    Clause {
        /// The path, as the filter writes it.
        path: String,
        /// What the data holds there, in words, cut short when it is long.
        found: String,
        /// What the filter wants there, in words.
        wanted: String,
    },
    /// No filter in an `$or` matches.
    #[error("nothing in $or matches: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoneOf(
        /// Why not, for each.
        Vec<Mismatch>,
    ),
    /// The filter in a `$not` matches.
    #[error("$not rules out: {0}")]
    Excluded(
        /// What that filter says, in words.
        String,
    ),
    /// The evaluation took more than [`STEPS_MAX`] steps.
    #[error(
        "too costly: the filter looks at more than {STEPS_MAX} values of this event; name fewer paths, or paths with fewer `*`"
    )]
    TooCostly,
}

impl Clause {
    /// Whether it holds, and if not, why; means nothing once the budget is spent.
    pub(super) fn explain(&self, data: &Json, budget: &Budget) -> Result<(), Mismatch> {
        match self {
            Clause::All(clauses) => {
                clauses.iter().try_for_each(|clause| clause.explain(data, budget))
            }
            Clause::Any(_) | Clause::Not(_) | Clause::Test(..) if self.holds(data, budget) => {
                Ok(())
            }
            Clause::Any(clauses) => {
                let why = clauses.iter().filter_map(|clause| clause.explain(data, budget).err());
                Err(Mismatch::NoneOf(why.collect()))
            }
            Clause::Not(clause) => Err(Mismatch::Excluded(clause.to_string())),
            Clause::Test(path, test) => Err(Mismatch::Clause {
                path: path.text.clone(),
                found: found(path, data, budget),
                wanted: test.to_string(),
            }),
        }
    }
}

/// What the path leads to, in words.
fn found(path: &Path, data: &Json, budget: &Budget) -> String {
    let mut first = Vec::new();
    let mut count = 0_usize;
    path.leads_to(data, budget, |value| {
        count += 1;
        if count <= FOUND_MAX {
            first.push(shown(value));
        }
        false
    });
    if count == 0 { "absent".to_owned() } else { listed(&first, count) }
}
