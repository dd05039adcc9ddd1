//! What the kernel says a thread or a process has used so far, read from `/proc`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// CPU that the calling thread has used, in nanoseconds.
pub(crate) fn thread_cpu_ns() -> Result<u64> {
    schedstat(Path::new("/proc/thread-self/schedstat"))
}

/// One look at a process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gauge {
    /// CPU used by all its threads, living and ended, user and system, in nanoseconds.
    pub(crate) cpu_ns: u64,
    /// The part of it that the thread has used which writes the database.
    pub(crate) writer_cpu_ns: u64,
    /// Bytes it caused to be sent to the disk.
    pub(crate) written_bytes: u64,
    /// The memory it has resident now, in bytes.
    pub(crate) resident_bytes: u64,
    /// The most memory it ever had resident, in bytes.
    pub(crate) resident_max_bytes: u64,
}

impl Gauge {
    /// Of two processes; the memory is that of the one that has more.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns + other.cpu_ns,
            writer_cpu_ns: self.writer_cpu_ns + other.writer_cpu_ns,
            written_bytes: self.written_bytes + other.written_bytes,
            resident_bytes: self.resident_bytes.max(other.resident_bytes),
            resident_max_bytes: self.resident_max_bytes.max(other.resident_max_bytes),
        }
    }

    /// Reads `/proc/<pid>`.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let folder = Path::new("/proc").join(pid.to_string());
        let stat = read(&folder.join("stat"))?;
        let io = read(&folder.join("io"))?;
        let status = read(&folder.join("status"))?;
        Ok(Self {
            cpu_ns: ticks(&stat).context("stat has no utime and stime")? * NS_PER_TICK,
            writer_cpu_ns: writer_cpu_ns(&folder.join("task"))?,
            written_bytes: field(&io, "write_bytes:").context("io has no write_bytes")?,
            resident_bytes: field(&status, "VmRSS:").context("status has no VmRSS")? * 1024,
            resident_max_bytes: field(&status, "VmHWM:").context("status has no VmHWM")? * 1024,
        })
    }
}

/// `USER_HZ` is 100 on every architecture Linux still runs on.
pub(crate) const NS_PER_TICK: u64 = 10_000_000;

/// As the store names the thread that owns the database or speaks to it, cut to the fifteen letters that the kernel keeps.
const WRITERS: [&str; 2] = ["posthorn-writer", "posthorn-postgr"];

fn writer_cpu_ns(threads: &Path) -> Result<u64> {
    for thread in fs::read_dir(threads)? {
        let folder = thread?.path();
        if WRITERS.contains(&read(&folder.join("comm"))?.trim()) {
            return schedstat(&folder.join("schedstat"));
        }
    }
    bail!("no thread is called any of {WRITERS:?}: has the store renamed it?")
}

fn schedstat(path: &Path) -> Result<u64> {
    let text = read(path)?;
    let first = text.split_whitespace().next().context("schedstat is empty")?;
    first.parse().with_context(|| format!("schedstat begins with `{first}`"))
}

/// utime and stime are fields 14 and 15; the name in field 2 may hold spaces, so count from its end.
pub(crate) fn ticks(stat: &str) -> Option<u64> {
    sum_of_two(stat, 11)
}

/// The same of children that have ended: cutime and cstime.
pub(crate) fn children_ticks(stat: &str) -> Option<u64> {
    sum_of_two(stat, 13)
}

fn sum_of_two(stat: &str, skip: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(skip);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
