//! The list of workers.

use std::collections::HashMap;

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::worker::WorkerRecord;

use crate::row::{Id, WORKER, all, worker};
use crate::worker::build::minimums;

pub(crate) fn workers(connection: &Connection) -> Result<Vec<WorkerRecord>, StoreError> {
    const RUNNING: &str = "select worker, sum(unsettled) from windlass_lease group by worker";
    let running: HashMap<WorkerId, u64> = all(connection, RUNNING, [], |row| {
        Ok((row.get::<_, Id>(0)?.worker(), row.get::<_, i64>(1)?.unsigned_abs()))
    })?
    .into_iter()
    .collect();
    let minimums = minimums(connection)?;
    let sql = format!("select {WORKER} from windlass_worker order by id");
    all(connection, &sql, [], |row| worker(row, &running, &minimums))
}
