use anyhow::{Result, ensure};
use rusqlite::{Connection, ffi};

/// A frame of the log is a page and its header.
const FRAME_BYTES: i64 = 4096 + 24;

/// Bytes a connection has appended to the log.
pub fn log_bytes(connection: &Connection) -> Result<i64> {
    let (mut written, mut high_water) = (0, 0);
    // SAFETY: the handle is open for as long as `connection` is borrowed, and the
    // call only writes the two integers.
    let code = unsafe {
        ffi::sqlite3_db_status(
            connection.handle(),
            ffi::SQLITE_DBSTATUS_CACHE_WRITE,
            &mut written,
            &mut high_water,
            0,
        )
    };
    ensure!(code == ffi::SQLITE_OK, "db_status: {code}");
    Ok(i64::from(written) * FRAME_BYTES)
}
