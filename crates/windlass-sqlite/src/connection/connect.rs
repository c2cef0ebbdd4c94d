//! Connections: how each is opened and set.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use windlass_core::error::{StoreError, Unusable};

use crate::error::store_error;

/// The first version without the race that can corrupt a WAL database that two connections
/// write or checkpoint at once.
const OLDEST_SAFE: i32 = 3_051_003;
/// How long a reader waits for a lock; readers hardly ever do in WAL mode.
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of log that are kept for what comes next; SQLite begins it again at about as many. Without a
/// limit it keeps the size of the largest burst there ever was.
const LOG_BYTES: &str = "4194304";
/// Statements kept prepared by a connection.
const STATEMENTS: usize = 64;

/// How hard a commit is pushed to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `synchronous=FULL`: what was acknowledged survives a power cut. The default.
    #[default]
    Full,
    /// `synchronous=NORMAL`: survives the death of the process, but a power cut loses what was
    /// acknowledged since the last checkpoint.
    LosesRecentCommitsOnPowerCut,
}

impl Durability {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::LosesRecentCommitsOnPowerCut => "NORMAL",
        }
    }
}

/// Refuses a library that can corrupt the database.
pub(crate) fn check_library() -> Result<(), StoreError> {
    let (number, version) = (rusqlite::version_number(), rusqlite::version());
    if number < OLDEST_SAFE {
        return Err(StoreError::Unusable {
            reason: format!(
                "SQLite {version} can corrupt a database that two connections write to (fixed in 3.51.3); use the bundled library"
            ),
            kind: Unusable::Server,
        });
    }
    Ok(())
}

/// A connection that writes.
pub(crate) fn writer(path: &Path, durability: Durability) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| cannot_open(path, &error))?;
    // Takes effect only in a file that is still empty; elsewhere it would only wait for the write lock.
    if is_empty(&connection)? {
        set(&connection, "auto_vacuum", "INCREMENTAL")?;
    }
    set(&connection, "journal_mode", "WAL")?;
    set(&connection, "journal_size_limit", LOG_BYTES)?;
    set(&connection, "synchronous", durability.word())?;
    set(&connection, "foreign_keys", "ON")?;
    // The writer waits by itself, see `writer::begin`.
    connection.busy_timeout(Duration::ZERO).map_err(store_error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let pages = connection.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0));
    pages.map(|pages| pages == 0).map_err(store_error)
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, &error))?;
    set(&connection, "query_only", "ON")?;
    connection.busy_timeout(READ_PATIENCE).map_err(store_error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn set(connection: &Connection, pragma: &str, value: &str) -> Result<(), StoreError> {
    let patience = Duration::from_secs(5);
    connection.busy_timeout(patience).map_err(store_error)?;
    connection.pragma_update_and_check(None, pragma, value, |_| Ok(())).or_else(|error| match error
    {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        other => Err(store_error(other)),
    })
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable { reason: format!("{} cannot be opened: {error}", path.display()) }
}
