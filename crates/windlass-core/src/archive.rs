//! Archives: all that a store holds, as rows that no database is needed to read.
//!
//! One list says which tables there are, with their columns ([`TABLES`]), and it is the same for every store. A store gives its rows in that
//! form as of one moment ([`ReadArchive`]), and takes them ([`WriteArchive`]). So a backup is a walk from a store to a file, a restore one
//! from a file to a store, and a move one from a store to another.
//!
//! An archive is of a database, which is opened for that alone: no engine and no client asks for one.

pub mod digest;
mod fence;
pub mod line;
mod table;

pub use fence::Fence;
pub use table::{Column, Form, Row, TABLES, Table, Value};

use crate::error::StoreError;
use crate::id::WorkerId;
use crate::reply::Reply;

/// Rows of one page.
pub const PAGE_ROWS: usize = 5_000;
/// Bytes of texts in one page; a single row that is larger has one of its own.
pub const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Some rows of a table. Each table has one page at least, which has no rows where the table is empty.
#[derive(Debug)]
pub struct Page {
    /// The table.
    pub table: &'static Table,
    /// Its rows, each with a value for each column.
    pub rows: Vec<Row>,
}

/// What stands in a store, as far as it says whether something may be written over it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The workers that live.
    pub workers: Vec<WorkerId>,
    /// Jobs in any state.
    pub jobs: u64,
    /// Events.
    pub events: u64,
    /// What else was set up: schedules, subscriptions, sources, limits, tokens, users.
    pub others: u64,
}

impl Standing {
    /// Whether there is anything that would be lost.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.jobs == 0 && self.events == 0 && self.others == 0
    }

    /// Refuses where workers live, and where there is something and it is not to be replaced.
    ///
    /// # Errors
    /// Says which it is.
    pub fn check(&self, onto: Onto) -> Result<(), StoreError> {
        if let Some(worker) = self.workers.first() {
            let number = self.workers.len();
            return Err(StoreError::Conflict {
                what: format!("{number} of its workers live, such as {worker}: end them first"),
            });
        }
        if onto == Onto::Empty && !self.is_empty() {
            let Self { jobs, events, others, .. } = self;
            return Err(StoreError::Conflict {
                what: format!(
                    "it is not empty: {jobs} jobs, {events} events and {others} other things would be lost"
                ),
            });
        }
        Ok(())
    }
}

/// What an archive may be written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// A store in which there is nothing.
    Empty,
    /// Any store: what is there is removed in the same transaction.
    Everything,
}

/// What was written comes of another store: how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Of the past of one: what was claimed, published or read since then is not known, so the log and the sources have a new epoch.
    Past,
    /// Of one that is not used any more: it goes on where that one stopped.
    Other,
}

/// The rows of a store as of one moment, table by table, in the order of [`TABLES`].
pub trait ReadArchive: Send {
    /// The next page; nothing behind the last one.
    fn next(&mut self) -> Reply<'_, Option<Page>>;
}

/// Where rows are written: in one transaction, that only [`WriteArchive::end`] commits. Dropped before, nothing has changed.
pub trait WriteArchive: Send {
    /// Writes some rows. Tables come in the order of [`TABLES`].
    fn write(&mut self, page: Page) -> Reply<'_, ()>;
    /// Writes what follows from the rows, and commits.
    fn end(self: Box<Self>, origin: Origin) -> Reply<'static, ()>;
}

/// A database whose rows can be read and written as a whole.
pub trait Archive: Send + Sync {
    /// What stands in it.
    fn look(&self) -> Reply<'_, Standing>;
    /// The rows of some tables as they are now. Nobody who uses the store is kept waiting by it.
    fn read(&self, tables: &'static [Table]) -> Reply<'_, Box<dyn ReadArchive>>;
    /// Begins to write rows: refuses where workers live or something stands in it, as [`Standing::check`] does, under locks that
    /// keep others from writing until the end.
    fn write(&self, onto: Onto) -> Reply<'_, Box<dyn WriteArchive>>;
    /// Nobody opens the store any more, and who has it open cannot write jobs and events, because what it holds goes elsewhere. `false`
    /// where that was said before. Refuses where workers live.
    fn leave<'a>(&'a self, to: &'a str) -> Reply<'a, bool>;
    /// What it held is elsewhere.
    fn has_left(&self) -> Reply<'_, ()>;
    /// Begins to fill an empty store with the rows of another, or goes on with it; nobody opens it until the end. Each page is there with
    /// how far they have come, or is not.
    fn arrive<'a>(&'a self, from: &'a str) -> Reply<'a, (Reached, Box<dyn WriteArchive>)>;
    /// Takes back what was begun: a store that was left can be opened, one that was to be filled is empty again. `false` where neither was.
    fn stay(&self) -> Reply<'_, bool>;
}

/// How far the rows of another store have come.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    /// The place of the table of the last one, in [`TABLES`].
    pub table: usize,
    /// So many rows of it are there.
    pub rows: u64,
    /// What all of them pass.
    pub fence: Fence,
}
