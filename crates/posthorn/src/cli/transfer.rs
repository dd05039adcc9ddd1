//! What `export` and `import` show while they work.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use posthorn_store::{Moved, Progress};

/// A line on standard error that says how far the work is; none where nobody sees it.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn start() -> Self {
        let bar = ProgressBar::new_spinner().with_style(
            ProgressStyle::with_template("{spinner} {msg}  {human_pos} rows  {per_sec}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(super) fn tell(&self, at: Progress) {
        let message =
            if at.comparing { format!("comparing {}", at.table) } else { at.table.into() };
        if self.0.message() != message {
            self.0.set_message(message);
            self.0.reset_eta();
        }
        self.0.set_position(at.rows);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

pub(super) fn rows_of(moved: &[Moved]) -> u64 {
    moved.iter().map(|part| part.rows).sum()
}
