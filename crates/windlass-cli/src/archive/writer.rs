//! Writing an archive: lines of JSON, and last the digest of them all.

use std::io::Write;

use sha2::{Digest as _, Sha256};
use windlass::Timestamp;
use windlass::archive::line::{Line, hex};
use windlass::archive::{Page, Table};

use super::{Begins, End, FORMAT, Head, LastLine, VERSION};

/// An archive that is being written.
pub(crate) struct Writer<W: Write> {
    out: W,
    digest: Sha256,
    table: Option<&'static Table>,
    rows: u64,
    line: Vec<u8>,
}

/// Whether the tokens of the HTTP API come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    /// They do.
    Kept,
    /// They do not.
    LeftOut,
}

impl<W: Write> Writer<W> {
    pub(crate) fn begin(out: W, store: &str, tokens: Tokens) -> anyhow::Result<Self> {
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            windlass: env!("CARGO_PKG_VERSION").to_owned(),
            store: store.to_owned(),
            taken_at: Timestamp::wall_clock().to_string(),
            tokens: tokens == Tokens::Kept,
        };
        let (digest, table, rows, line) = (Sha256::new(), None, 0, Vec::new());
        let mut writer = Self { out, digest, table, rows, line };
        writer.put(&head)?;
        Ok(writer)
    }

    pub(crate) fn page(&mut self, page: &Page) -> anyhow::Result<()> {
        if self.table != Some(page.table) {
            let columns = page.table.columns.iter().map(|column| column.name.to_owned()).collect();
            self.put(&Begins { table: page.table.name.to_owned(), columns })?;
            self.table = Some(page.table);
        }
        for row in &page.rows {
            self.put(&Line(row))?;
        }
        self.rows += page.rows.len() as u64;
        Ok(())
    }

    pub(crate) fn end(mut self) -> anyhow::Result<(W, End)> {
        let sha256 = hex(&std::mem::take(&mut self.digest).finalize());
        let end = End { rows: self.rows, sha256 };
        self.put(&LastLine { end: end.clone() })?;
        Ok((self.out, end))
    }

    fn put(&mut self, line: &impl serde::Serialize) -> anyhow::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line)?;
        Ok(())
    }
}
