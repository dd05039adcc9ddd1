//! Making a data directory so that a power cut leaves it there.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Makes a directory, and those above it, where they are missing, closed to everybody but its owner.
///
/// A file is on the disk when it is synced; its directory's own name is when the one above is. An earlier
/// start may have died before that, so a directory that is there is seen to as well.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let fresh = path.ancestors().skip(1).take_while(|above| !above.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for dir in path.ancestors().take(fresh + 1) {
        let above = match dir.parent() {
            None => continue,
            Some(above) if above.as_os_str().is_empty() => Path::new("."),
            Some(above) => above,
        };
        match File::open(above).and_then(|above| above.sync_all()) {
            // Whoever may not read it has not made anything in it just now; and what cannot be synced at all is of
            // a file system that has nothing to sync.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::InvalidInput
                ) => {}
            synced => synced?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_is_made_with_those_above_it_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one/two/three");
        make_directory(&path).unwrap();
        make_directory(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_directory(&dir.path().join("file/below")).is_err());
    }

    /// As where a volume is mounted below a read-only image: squashfs and erofs have no sync of directories, nor has procfs.
    #[test]
    fn a_directory_below_one_that_cannot_be_synced_is_good_enough() {
        let above = File::open("/proc/self").unwrap();
        assert_eq!(above.sync_all().unwrap_err().kind(), ErrorKind::InvalidInput);
        make_directory(Path::new("/proc/self/task")).unwrap();
    }
}
