//! Which database the program is started with: the embedded one.

use std::path::Path;

/// What to say to `serve` beside the data directory.
pub(crate) fn arguments(_data: &Path) -> Vec<String> {
    Vec::new()
}
