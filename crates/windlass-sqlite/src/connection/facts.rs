//! Facts: what the library and the file say about themselves.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::store::Facts;
use windlass_core::time::Timestamp;

use crate::connection::migrate;
use crate::error::store_error;

pub(crate) fn facts(
    connection: &Connection,
    durability: &'static str,
    keeps_completed: bool,
) -> Result<Facts, StoreError> {
    let pages: i64 = pragma(connection, "page_count")?;
    let page: i64 = pragma(connection, "page_size")?;
    let free: i64 = pragma(connection, "freelist_count")?;
    Ok(Facts {
        server: format!("SQLite {}", rusqlite::version()),
        schema_version: migrate::version(connection)?,
        known_version: migrate::KNOWN,
        bytes: u64::try_from((pages - free) * page).ok(),
        now: Timestamp::wall_clock(),
        log_bytes: None,
        durability: format!("synchronous={durability}"),
        durable: durability == "FULL",
        oldest_snapshot: None,
        keeps_completed,
    })
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, name, |row| row.get(0)).map_err(store_error)
}
