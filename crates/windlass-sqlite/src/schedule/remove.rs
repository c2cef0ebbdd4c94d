//! Remove: a schedule that is not declared is gone, one that is stays on the list as removed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::{one, run};

const IS_THERE: &str = "select 1 from windlass_schedule where name = ?1";
const REMOVE: &str = "insert into windlass_remove_schedule (name, at) values (?1, ?2)";

pub(crate) fn remove(
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if one::<i64>(connection, IS_THERE, [name])?.is_none() {
        return Ok(false);
    }
    run(connection, REMOVE, params![name, now.as_micros()])?;
    Ok(true)
}
