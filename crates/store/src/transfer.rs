//! A deployment on its way to another database, as lines of JSON that carry their own checksums.
//!
//! ```text
//! {"export":{"format":1,"schema":1,"deployment":"5d41…"}}
//! {"table":{"name":"merchants","columns":["id","name"]}}
//! [1,"Acme"]
//! {"checked":{"rows":1,"sha256":"9c56…"}}
//! {"table_end":{"name":"merchants","rows":1,"sha256":"9c56…","last":1}}
//! {"end":{"rows":1,"sha256":"03ac…"}}
//! ```
//!
//! Rows stand in the order of their key, bytes as `{"b":"base64"}`. A table's checksum is over the bytes
//! of its rows' lines from the first on; it is told after each batch, so that whoever reads writes
//! nothing that was not checked. The checksum at the end is over all lines that are not rows.

mod read;
mod row;
mod write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use read::StreamError;
pub(crate) use read::{Batch, Piece, Reader};
pub(crate) use row::encode;
pub(crate) use write::Writer;

/// The version of the lines.
const FORMAT: u32 = 1;

/// A table that is moved, and the columns of its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [&'static str],
}

/// Every table there is, each after those that its rows speak of.
pub(crate) const TABLES: [Table; 25] = [
    Table { name: "deployment", key: &["name"] },
    Table { name: "contracts", key: &["id"] },
    Table { name: "merchants", key: &["id"] },
    Table { name: "keys", key: &["id"] },
    Table { name: "logins", key: &["id"] },
    Table { name: "applications", key: &["id"] },
    Table { name: "grants", key: &["id"] },
    Table { name: "tokens", key: &["hash"] },
    Table { name: "endpoints", key: &["id"] },
    Table { name: "endpoint_versions", key: &["endpoint", "version"] },
    Table { name: "secrets", key: &["id"] },
    Table { name: "events", key: &["id"] },
    Table { name: "deliveries", key: &["id"] },
    Table { name: "attempts", key: &["delivery", "claim"] },
    Table { name: "idempotency", key: &["scope", "key"] },
    Table { name: "records", key: &["id"] },
    Table { name: "record_words", key: &["id"] },
    Table { name: "feed_pages", key: &["feed", "page"] },
    Table { name: "postings", key: &["id"] },
    Table { name: "balances", key: &["merchant", "mode", "account", "asset"] },
    Table { name: "jobs", key: &["id"] },
    Table { name: "incidents", key: &["id"] },
    Table { name: "request_blocks", key: &["id"] },
    Table { name: "request_block_merchants", key: &["merchant", "mode", "block"] },
    Table { name: "request_ids", key: &["hash", "block"] },
];

/// How much stands between two checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSize {
    /// Rows, at most.
    pub rows_max: u64,
    /// Bytes after which a batch ends.
    pub bytes_max: u64,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self { rows_max: 1000, bytes_max: 4 * 1024 * 1024 }
    }
}

/// What was moved of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// The checksum of their lines, in hex.
    pub sha256: String,
}

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table it is at.
    pub table: &'static str,
    /// Rows of it that are done.
    pub rows: u64,
    /// Whether they are read again, to be compared.
    pub comparing: bool,
}

/// Who is told how far the work has come.
pub type Told<'a> = &'a mut dyn FnMut(Progress);

/// Whose export it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    format: u32,
    /// The version of the schema that the columns are of.
    pub(crate) schema: u32,
    /// The checksum of what makes the deployment itself and no other.
    pub(crate) deployment: String,
}

impl Head {
    pub(crate) fn new(schema: u32, deployment: String) -> Self {
        Self { format: FORMAT, schema, deployment }
    }
}

/// A table begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    name: String,
    columns: Vec<String>,
}

/// So many rows, with this checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    rows: u64,
    sha256: String,
}

/// A table has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    name: String,
    rows: u64,
    sha256: String,
    /// The last number that was ever given out, where the database numbers the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<i64>,
}

/// A line that is not a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Export(Head),
    Table(Begun),
    Checked(Sum),
    TableEnd(Ended),
    End(Sum),
}

/// A checksum as it stands at this moment.
pub(crate) fn hex(sum: &Sha256) -> String {
    data_encoding::HEXLOWER.encode(&sum.clone().finalize())
}

/// A name as both databases take it, whatever it is.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as a list.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
