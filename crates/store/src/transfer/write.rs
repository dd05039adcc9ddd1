//! Writing an export.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::row::encode;
use super::{BatchSize, Begun, Ended, Head, Mark, Moved, Sum, Table, hex};
use crate::db::Value;

/// Writes an export, line by line.
pub(crate) struct Writer<'a> {
    out: &'a mut dyn Write,
    batches: BatchSize,
    line: Vec<u8>,
    marks: Sha256,
    rows: u64,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(
        out: &'a mut dyn Write,
        batches: BatchSize,
        head: Head,
    ) -> io::Result<Self> {
        let mut writer = Self { out, batches, line: Vec::new(), marks: Sha256::new(), rows: 0 };
        writer.mark(&Mark::Export(head))?;
        Ok(writer)
    }

    /// Begins a table.
    pub(crate) fn table(
        &mut self,
        table: &'static Table,
        columns: Vec<String>,
    ) -> io::Result<TableWriter<'_, 'a>> {
        self.mark(&Mark::Table(Begun { name: table.name.to_owned(), columns }))?;
        Ok(TableWriter { writer: self, table, sum: Sha256::new(), rows: 0, batch: (0, 0) })
    }

    /// Ends the export; without this it is none.
    pub(crate) fn end(mut self) -> io::Result<()> {
        let sum = Sum { rows: self.rows, sha256: hex(&self.marks) };
        self.mark(&Mark::End(sum))?;
        self.out.flush()
    }

    fn mark(&mut self, mark: &Mark) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, mark)?;
        self.line.push(b'\n');
        self.marks.update(&self.line);
        self.out.write_all(&self.line)
    }
}

/// Writes a table.
pub(crate) struct TableWriter<'w, 'a> {
    writer: &'w mut Writer<'a>,
    table: &'static Table,
    sum: Sha256,
    rows: u64,
    /// Rows and bytes since the last checksum.
    batch: (u64, u64),
}

impl TableWriter<'_, '_> {
    /// Writes the next row; answers the rows so far where a batch ended with it.
    pub(crate) fn row(&mut self, row: &[Value<'_>]) -> io::Result<Option<u64>> {
        let line = &mut self.writer.line;
        line.clear();
        encode(row, line);
        self.sum.update(&*line);
        self.writer.out.write_all(line)?;
        self.rows += 1;
        self.batch = (self.batch.0 + 1, self.batch.1 + line.len() as u64);
        let BatchSize { rows_max, bytes_max } = self.writer.batches;
        if self.batch.0 < rows_max && self.batch.1 < bytes_max {
            return Ok(None);
        }
        self.check()?;
        Ok(Some(self.rows))
    }

    fn check(&mut self) -> io::Result<()> {
        self.batch = (0, 0);
        let sum = Sum { rows: self.rows, sha256: hex(&self.sum) };
        self.writer.mark(&Mark::Checked(sum))
    }

    /// Ends the table.
    pub(crate) fn end(mut self, last: Option<i64>) -> io::Result<Moved> {
        if self.batch.0 > 0 {
            self.check()?;
        }
        let (table, rows, sha256) = (self.table.name, self.rows, hex(&self.sum));
        let ended = Ended { name: table.to_owned(), rows, sha256: sha256.clone(), last };
        self.writer.mark(&Mark::TableEnd(ended))?;
        self.writer.rows += rows;
        Ok(Moved { table, rows, sha256 })
    }
}
