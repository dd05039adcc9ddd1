//! The master key's file: made on first start, readable by its owner alone.
//!
//! One key a line, the first seals, all open; `#` begins a comment. Two lines stand in it only while
//! `posthorn master-key rotate` is at work, so that it may be interrupted at any point.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use posthorn_core::secret::MASTER_KEY_BYTES;
use posthorn_engine::entropy::Entropy;

use crate::config::MasterKey;

/// Its name in the data directory.
pub(crate) const FILE: &str = "master.key";
/// Who may read and write it: its owner.
const MODE: u32 = 0o600;

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It cannot be read or written.
    #[error("cannot use the master key file {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "others may read the master key file {path} (mode {mode:04o}); run `chmod 600 {path}`, and \
         rotate the key if somebody did",
        path = path.display()
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line is no key.
    #[error("{}:{line}: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What a key looks like.
        why: crate::config::BadMasterKey,
    },
    /// There is no key in it.
    #[error(
        "the master key file {} is empty; restore it from a copy: without its key no secret in the \
         database can be read",
        path.display()
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// The keys of a file, the one that seals first; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<MasterKey>>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Readable { path: path.to_owned(), mode });
    }
    let text = std::io::read_to_string(file).map_err(failed)?;
    let mut keys = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let key = text.parse();
        keys.push(key.map_err(|why| KeyFileError::Line { path: path.to_owned(), line, why })?);
    }
    if keys.is_empty() {
        return Err(KeyFileError::Empty { path: path.to_owned() });
    }
    Ok(Some(keys))
}

/// Makes a file with a new key.
pub(crate) fn make(path: &Path, entropy: &Entropy) -> Result<Vec<MasterKey>, KeyFileError> {
    let keys = vec![MasterKey(entropy.bytes::<MASTER_KEY_BYTES>())];
    write(path, &keys)?;
    Ok(keys)
}

/// Puts a file with these keys in place of the one that is there, all at once and durably.
pub(crate) fn write(path: &Path, keys: &[MasterKey]) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mut text =
        "# Posthorn's master key: it opens the secrets in the database. Keep a copy apart \
                    from the database's.\n"
            .to_owned();
    for key in keys {
        text.extend([&key.to_hex(), "\n"]);
    }
    let fresh = path.with_extension("key.new");
    let mut how = OpenOptions::new();
    let mut file =
        how.write(true).create(true).truncate(true).mode(MODE).open(&fresh).map_err(failed)?;
    file.set_permissions(Permissions::from_mode(MODE)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_first_start_makes_a_key_that_only_its_owner_reads_and_the_next_finds_it() {
        let dir = dir();
        let path = dir.path().join(FILE);
        assert!(read(&path).unwrap().is_none());
        let made = make(&path, &Entropy::seeded(1)).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(read(&path).unwrap().unwrap() == made);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_remedy() {
        let dir = dir();
        let path = dir.path().join(FILE);
        write(&path, &[MasterKey([1; 32])]).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let error = read(&path).err().unwrap().to_string();
        assert!(error.contains("mode 0644") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn an_empty_file_and_a_bad_line_are_refused_by_place() {
        let dir = dir();
        let path = dir.path().join(FILE);
        write(&path, &[]).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Empty { .. })));
        std::fs::write(&path, "# mine\nnonsense\n").unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Line { line: 2, .. })));
    }

    #[test]
    fn while_a_rotation_is_at_work_both_keys_are_there_the_new_one_first() {
        let dir = dir();
        let path = dir.path().join(FILE);
        let keys = [MasterKey([2; 32]), MasterKey([1; 32])];
        write(&path, &keys).unwrap();
        assert!(read(&path).unwrap().unwrap() == keys);
    }
}
