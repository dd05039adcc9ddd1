//! Ballast: room on the disk that is given up when it is full, so that what is under way can end.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Its name in the data directory.
pub(super) const FILE: &str = "posthorn.ballast";
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that holds room.
#[derive(Debug, Clone)]
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    /// Takes the room, where it is not taken already. Without room there is none to hold: the
    /// server starts all the same.
    pub(super) fn take(dir: &Path, bytes: u64) -> Self {
        let ballast = Self { path: dir.join(FILE), bytes };
        let there = std::fs::metadata(&ballast.path).is_ok_and(|file| file.len() == bytes);
        if !there && let Err(error) = ballast.fill(bytes) {
            ballast.free();
            tracing::warn!(%error, "no room for the ballast file that keeps a full disk usable");
        }
        ballast
    }

    /// Gives the room up; `false` when there was none.
    pub(super) fn free(&self) -> bool {
        std::fs::remove_file(&self.path).is_ok()
    }

    /// Takes the room again, if there is twice as much as it needs.
    pub(super) fn restore(&self) -> bool {
        let restored = self.fill(self.bytes.saturating_mul(2)).and_then(|file| {
            file.set_len(self.bytes)?;
            file.sync_all()
        });
        if restored.is_err() {
            self.free();
        }
        restored.is_ok()
    }

    /// Bytes that are freed with it.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes zeros: a file that is only long takes no room.
    fn fill(&self, bytes: u64) -> io::Result<File> {
        let mut file = File::create(&self.path)?;
        let zeros = vec![0; CHUNK_BYTES];
        let mut left = bytes;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            file.write_all(zeros.get(..now).unwrap_or_default())?;
            left -= now as u64;
        }
        file.sync_all()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballast_is_taken_once_given_up_once_and_taken_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        let ballast = Ballast::take(dir.path(), 100_000);
        assert_eq!(file.metadata().unwrap().len(), 100_000);
        assert!(ballast.free());
        assert!(!file.exists());
        assert!(!ballast.free());
        assert!(ballast.restore());
        assert_eq!(file.metadata().unwrap().len(), 100_000);
    }
}
