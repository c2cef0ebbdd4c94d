//! Unserved: due jobs that no live worker could run.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::queue::Unserved;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::row::all;

/// Due jobs that no live worker could run, by queue, kind and version.
pub(crate) fn unserved(
    connection: &Connection,
    workers: &[WorkerRecord],
    now: Timestamp,
) -> Result<Vec<Unserved>, StoreError> {
    const DUE: &str = "select queue, kind, version, count(*), min(run_at) from windlass_pending \
         where state in (0, 2) and run_at <= ?1 group by queue, kind, version order by queue, kind, version";
    let groups = all(connection, DUE, [now.as_micros()], |row| {
        Ok(Unserved {
            queue: row.get(0)?,
            kind: row.get(1)?,
            version: row.get(2)?,
            jobs: row.get::<_, i64>(3)?.unsigned_abs(),
            oldest_due_at: Timestamp::from_micros(row.get(4)?),
            queue_served: false,
        })
    })?;
    Ok(groups.into_iter().filter_map(|group| group.unless_served(workers, now)).collect())
}
