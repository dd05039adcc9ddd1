//! Reading an export: nothing is handed on before its checksum was seen to be right.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use super::row::decode;
use super::{Ended, FORMAT, Head, Mark, Moved, Sum, TABLES, Table, hex};
use crate::db::Value;

/// No line is as long.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// No batch has as many rows, nor as many bytes beside its last line.
const BATCH_ROWS_MAX: usize = 100_000;
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why an export cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It cannot be read.
    #[error("cannot read the export: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is not what `posthorn export` writes: its first line is another")]
    Foreign,
    /// It was written by a program that writes it differently.
    #[error(
        "the export has format {found}, and this program reads {FORMAT}; use one program for both"
    )]
    Format {
        /// The format that was found.
        found: u32,
    },
    /// It ends too early.
    #[error(
        "the export ends too early, at {place}; get it whole and run the same again: it goes on where \
         it stopped"
    )]
    Cut {
        /// Where.
        place: String,
    },
    /// It is not as it was written.
    #[error(
        "the export was damaged on its way: {place}: {what}; none of that was written. Get it anew and \
         run the same again: it goes on where it stopped"
    )]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        what: String,
    },
}

/// What comes next in an export.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A table begins, with these columns.
    Table(&'static Table, Vec<String>),
    /// Rows of it.
    Rows(Batch),
    /// It has ended; with the last number that was given out.
    Ended(Moved, Option<i64>),
    /// There is no more.
    End,
}

/// Rows, and the table's rows and checksum up to the last of them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) rows: Vec<Vec<Value<'static>>>,
    pub(crate) rows_so_far: u64,
    pub(crate) sha256: String,
}

/// Reads an export, piece by piece.
pub(crate) struct Reader<'a> {
    input: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
    marks: Sha256,
    rows: u64,
    tables: std::slice::Iter<'static, Table>,
    at: Option<Reading>,
}

/// The table that is being read.
struct Reading {
    table: &'static Table,
    width: usize,
    rows: u64,
    sum: Sha256,
    /// Rows whose checksum was not seen yet, and their bytes.
    batch: Vec<Vec<Value<'static>>>,
    bytes: usize,
}

impl<'a> Reader<'a> {
    /// Begins to read.
    pub(crate) fn begin(input: &'a mut dyn BufRead) -> Result<(Self, Head), StreamError> {
        let mut reader = Self {
            input,
            line: Vec::new(),
            number: 0,
            marks: Sha256::new(),
            rows: 0,
            tables: TABLES.iter(),
            at: None,
        };
        reader.next_line()?;
        let Ok(Mark::Export(head)) = serde_json::from_slice(&reader.line) else {
            return Err(StreamError::Foreign);
        };
        reader.marks.update(&reader.line);
        if head.format != FORMAT {
            return Err(StreamError::Format { found: head.format });
        }
        Ok((reader, head))
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Result<Piece, StreamError> {
        loop {
            self.next_line()?;
            if self.line.first() == Some(&b'[') {
                self.row()?;
                continue;
            }
            let mark = serde_json::from_slice(&self.line);
            let mark = mark.map_err(|error| self.damaged(format!("no line of it: {error}")))?;
            let piece = match mark {
                Mark::Export(_) => Err(self.damaged("a second export begins")),
                Mark::Table(begun) => self.begin_table(&begun.name, begun.columns),
                Mark::Checked(sum) => self.batch(sum),
                Mark::TableEnd(ended) => self.end_table(ended),
                Mark::End(sum) => self.end(&sum),
            }?;
            self.marks.update(&self.line);
            return Ok(piece);
        }
    }

    fn begin_table(&mut self, name: &str, columns: Vec<String>) -> Result<Piece, StreamError> {
        if self.at.is_some() {
            return Err(self.damaged("the table has no end"));
        }
        let table = self.tables.next().filter(|table| table.name == name);
        let table =
            table.ok_or_else(|| self.damaged(format!("table {name} is not expected here")))?;
        let (width, sum) = (columns.len(), Sha256::new());
        self.at = Some(Reading { table, width, rows: 0, sum, batch: Vec::new(), bytes: 0 });
        Ok(Piece::Table(table, columns))
    }

    fn row(&mut self) -> Result<(), StreamError> {
        let row = decode(&self.line).map_err(|error| self.damaged(error.to_string()))?;
        let Some(at) = self.at.as_mut().filter(|at| at.width == row.len()) else {
            return Err(self.damaged("a row that has no place here"));
        };
        at.rows += 1;
        at.sum.update(&self.line);
        at.batch.push(row);
        at.bytes += self.line.len();
        if at.batch.len() > BATCH_ROWS_MAX || at.bytes > BATCH_BYTES_MAX {
            return Err(self.damaged("too many rows without a checksum"));
        }
        Ok(())
    }

    fn batch(&mut self, sum: Sum) -> Result<Piece, StreamError> {
        let at = self.at.as_mut();
        let Some(at) = at.filter(|at| (at.rows, hex(&at.sum)) == (sum.rows, sum.sha256.clone()))
        else {
            return Err(self.mismatch(sum.rows));
        };
        let rows = std::mem::take(&mut at.batch);
        at.bytes = 0;
        Ok(Piece::Rows(Batch { rows, rows_so_far: sum.rows, sha256: sum.sha256 }))
    }

    fn end_table(&mut self, ended: Ended) -> Result<Piece, StreamError> {
        let at = self.at.as_ref().filter(|at| {
            at.batch.is_empty()
                && (at.table.name, at.rows, hex(&at.sum))
                    == (ended.name.as_str(), ended.rows, ended.sha256.clone())
        });
        let Some(at) = at else { return Err(self.mismatch(ended.rows)) };
        let moved = Moved { table: at.table.name, rows: at.rows, sha256: ended.sha256 };
        self.rows += at.rows;
        self.at = None;
        Ok(Piece::Ended(moved, ended.last))
    }

    fn end(&mut self, sum: &Sum) -> Result<Piece, StreamError> {
        let missing = self.tables.next();
        if self.at.is_some() || missing.is_some() {
            return Err(self.damaged("not all tables are in it"));
        }
        if (self.rows, hex(&self.marks)) != (sum.rows, sum.sha256.clone()) {
            return Err(self.mismatch(sum.rows));
        }
        if !self.input.fill_buf()?.is_empty() {
            return Err(self.damaged("it goes on after its end"));
        }
        Ok(Piece::End)
    }

    fn next_line(&mut self) -> Result<(), StreamError> {
        self.line.clear();
        self.number += 1;
        let input = &mut *self.input;
        input.take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            return Ok(());
        }
        if self.line.len() as u64 == LINE_BYTES_MAX {
            return Err(self.damaged("no line is as long"));
        }
        Err(StreamError::Cut { place: self.place() })
    }

    fn mismatch(&self, told: u64) -> StreamError {
        let rows = self.at.as_ref().map_or(self.rows, |at| at.rows);
        self.damaged(format!("{rows} rows came, and of {told} the checksum is another"))
    }

    fn damaged(&self, what: impl Into<String>) -> StreamError {
        StreamError::Damaged { place: self.place(), what: what.into() }
    }

    fn place(&self) -> String {
        match &self.at {
            Some(at) => format!("table {}, line {}", at.table.name, self.number),
            None => format!("line {}", self.number),
        }
    }
}
