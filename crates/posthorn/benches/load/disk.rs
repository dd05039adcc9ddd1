//! What one fsync costs on the disk that holds the data: no durable accept can be faster, so it stands beside the latencies.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::clock::now_ns;

const PAGE_BYTES: usize = 4096;

/// Appends a page and syncs it, `count` times; the durations in nanoseconds.
pub(crate) fn fsyncs_ns(disk: &Path, count: usize) -> Result<Vec<u64>> {
    std::fs::create_dir_all(disk)?;
    let mut file: File = tempfile::tempfile_in(disk)?;
    let page = [0x5A; PAGE_BYTES];
    let mut durations = Vec::with_capacity(count);
    for _ in 0..count {
        file.write_all(&page)?;
        let began_ns = now_ns();
        file.sync_all()?;
        durations.push(now_ns() - began_ns);
    }
    Ok(durations)
}
