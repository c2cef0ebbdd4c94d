//! Reading an archive: every row is checked, and the digest of all is compared before anybody is told that it is whole.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use windlass::archive::line::{self, hex};
use windlass::archive::{PAGE_BYTES, PAGE_ROWS, Page, TABLES, Table};

use super::{Begins, End, FORMAT, Head, LastLine, VERSION};
use crate::exit::{Exit, Failure};

/// Bytes of one line; a row has several texts of up to some hundred kilobytes.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// An archive that is being read.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    pub(crate) head: Head,
    digest: Sha256,
    lines: u64,
    rows: u64,
    /// The place of the table whose rows come, in the list of all.
    table: Option<usize>,
    line: Vec<u8>,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Page(Page),
    /// All was read, and it is as it was written.
    End(End),
}

impl Reader {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = |error| {
            let what = format!("{} cannot be read: {error}", path.display());
            Failure::new(Exit::NotFound, what)
        };
        let input = BufReader::with_capacity(1 << 16, File::open(path).map_err(cannot)?);
        let head = Head {
            format: String::new(),
            version: 0,
            windlass: String::new(),
            store: String::new(),
            taken_at: String::new(),
            tokens: false,
        };
        let (path, digest, line) = (path.to_path_buf(), Sha256::new(), Vec::new());
        let mut reader = Self { path, input, head, digest, lines: 0, rows: 0, table: None, line };
        reader.read_head()?;
        Ok(reader)
    }

    fn read_head(&mut self) -> anyhow::Result<()> {
        self.read_line()?;
        let head = serde_json::from_slice::<Head>(&self.line).ok();
        let head = head.filter(|head| head.format == FORMAT);
        self.head = head.ok_or_else(|| self.wrong("it is not a backup of Windlass"))?;
        if self.head.version != VERSION {
            let (found, by) = (self.head.version, &self.head.windlass);
            let what =
                format!("it has form {found}, of windlass {by}; this program reads {VERSION}");
            return Err(
                Failure::new(Exit::Schema, format!("{}: {what}", self.path.display())).into()
            );
        }
        self.digest.update(&self.line);
        Ok(())
    }

    /// The next rows, or the end.
    pub(crate) fn next(&mut self) -> anyhow::Result<Next> {
        let mut page: Option<Page> = None;
        let mut bytes = 0;
        loop {
            if page.as_ref().is_some_and(|page| page.rows.len() >= PAGE_ROWS) || bytes >= PAGE_BYTES
            {
                break;
            }
            // A line that begins another table ends the page of this one, and is read with the next.
            if page.is_some() && self.peek()? != Some(b'[') {
                break;
            }
            self.read_line()?;
            if self.line.first() == Some(&b'[') {
                bytes += self.line.len();
                let row = self.row()?;
                let table = self.table()?;
                page.get_or_insert_with(|| Page { table, rows: Vec::new() }).rows.push(row);
            } else if let Ok(LastLine { end }) = serde_json::from_slice(&self.line) {
                return self.end(end).map(Next::End);
            } else {
                self.begin_table()?;
            }
            self.digest.update(&self.line);
        }
        page.map(Next::Page).ok_or_else(|| self.wrong("it ends too early"))
    }

    fn row(&mut self) -> anyhow::Result<windlass::archive::Row> {
        let text = std::str::from_utf8(&self.line).map_err(|_| self.wrong("it is not UTF-8"))?;
        let row = line::row(self.table()?, text).map_err(|what| self.wrong(&what))?;
        self.rows += 1;
        Ok(row)
    }

    fn table(&self) -> anyhow::Result<&'static Table> {
        let table = self.table.and_then(|nth| TABLES.get(nth));
        table.ok_or_else(|| self.wrong("a row stands before its table"))
    }

    fn begin_table(&mut self) -> anyhow::Result<()> {
        let begins: Begins = serde_json::from_slice(&self.line)
            .map_err(|error| self.wrong(&format!("it is neither a row nor a table: {error}")))?;
        let place = TABLES.iter().position(|table| table.name == begins.table);
        let place =
            place.ok_or_else(|| self.wrong("it is of a table that this program does not know"))?;
        if self.table.is_some_and(|before| before >= place) {
            return Err(self.wrong("its table comes too late"));
        }
        if !TABLES[place].columns.iter().map(|column| column.name).eq(begins.columns.iter()) {
            let by = &self.head.windlass;
            return Err(self.wrong(&format!(
                "its columns are not those that this program knows; windlass {by} wrote it"
            )));
        }
        self.table = Some(place);
        Ok(())
    }

    fn end(&mut self, end: End) -> anyhow::Result<End> {
        let sha256 = hex(&std::mem::take(&mut self.digest).finalize());
        if end != (End { rows: self.rows, sha256 }) {
            return Err(
                self.wrong("the digest is another one: the file was changed since it was written")
            );
        }
        if self.peek()?.is_some() {
            return Err(self.wrong("something stands behind its end"));
        }
        Ok(end)
    }

    fn peek(&mut self) -> anyhow::Result<Option<u8>> {
        let found = self.input.fill_buf().map(|bytes| bytes.first().copied());
        found.map_err(|error| self.wrong(&format!("it cannot be read: {error}")))
    }

    fn read_line(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        self.lines += 1;
        let read = self.input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut self.line);
        read.map_err(|error| self.wrong(&format!("it cannot be read: {error}")))?;
        if self.line.last() == Some(&b'\n') { Ok(()) } else { Err(self.wrong("it ends too early")) }
    }

    /// What is wrong with the line that was read last.
    fn wrong(&self, what: &str) -> anyhow::Error {
        let what = format!("{}:{}: {what}; nothing was written", self.path.display(), self.lines);
        Failure::new(Exit::Problem, what).into()
    }
}
