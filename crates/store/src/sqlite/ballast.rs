//! Ballast: room on the disk that is given up when it is full, so that what is under way can end.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::open::OpenError;

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
    /// The ballast of a data directory, as it is there or not.
    pub(super) fn of(dir: &Path, bytes: u64) -> Self {
        Self { path: dir.join(FILE), bytes }
    }

    /// Takes the room, where it is not taken already; `false` when there is not as much.
    pub(super) fn take(&self) -> bool {
        let there = std::fs::metadata(&self.path).is_ok_and(|file| file.len() == self.bytes);
        let taken = if there { Ok(()) } else { self.fill(self.bytes).map(drop) };
        let Err(error) = taken else { return true };
        self.free();
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            tracing::error!(%error, "no room for the ballast: nothing new is accepted until there is");
            return false;
        }
        tracing::warn!(%error, "the ballast cannot be made; a full disk will find the server without");
        true
    }

    /// Opens the database; one that finds no room is opened once more without the ballast. Answers
    /// too whether the disk is full.
    pub(super) fn open<A>(
        &self,
        open: impl Fn() -> Result<A, OpenError>,
    ) -> Result<(A, bool), OpenError> {
        match open() {
            Err(OpenError::Full { .. }) if self.free() => {
                tracing::error!("the disk is full: nothing new is accepted until there is room");
                Ok((open()?, true))
            }
            opened => Ok((opened?, false)),
        }
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
        let ballast = Ballast::of(dir.path(), 100_000);
        assert!(ballast.take());
        assert_eq!(file.metadata().unwrap().len(), 100_000);
        assert!(ballast.free());
        assert!(!file.exists());
        assert!(!ballast.free());
        assert!(ballast.restore());
        assert_eq!(file.metadata().unwrap().len(), 100_000);
    }

    #[test]
    fn without_room_none_is_taken_and_no_piece_of_it_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        std::os::unix::fs::symlink("/dev/full", &file).unwrap();
        let ballast = Ballast::of(dir.path(), 100_000);
        assert!(!ballast.take());
        assert!(!file.is_symlink());
        assert!(ballast.restore(), "there is room again");
    }

    #[test]
    fn an_opening_that_finds_no_room_gets_the_ballasts() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(dir.path(), 100_000);
        let no_room = || OpenError::Full { path: dir.path().to_owned() };
        let open = || if dir.path().join(FILE).exists() { Err(no_room()) } else { Ok(()) };
        assert!(ballast.take());
        assert!(matches!(ballast.open(open), Ok(((), true))));
        assert!(matches!(ballast.open(open), Ok(((), false))));
        let never = || Err::<(), _>(no_room());
        assert!(ballast.take());
        assert!(matches!(ballast.open(never), Err(OpenError::Full { .. })));
        assert!(matches!(ballast.open(never), Err(OpenError::Full { .. })), "there is none left");
    }
}
