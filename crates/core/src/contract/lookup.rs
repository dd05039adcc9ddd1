//! Looking things up in a contract: what its headers are called, which event was meant.

use super::Contract;

/// How alike two names must be for one to be offered in place of the other.
const ALIKE_MIN: f64 = 0.75;

impl Contract {
    /// The names of the headers it sends, in its order.
    #[must_use]
    pub fn header_names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The catalogue's type that comes nearest to a misspelt one.
    #[must_use]
    pub fn nearest_event(&self, kind: &str) -> Option<&str> {
        let scored = self.events.iter().map(|event| {
            let name = event.kind.as_str();
            (strsim::jaro_winkler(name, kind), name)
        });
        scored
            .filter(|(alike, _)| *alike >= ALIKE_MIN)
            .max_by(|(left, _), (right, _)| left.total_cmp(right))
            .map(|(_, name)| name)
    }
}
