//! Unserved: due jobs that no live worker could run.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{COUNTED, COUNTED_ALL, COUNTED_LEAST};
use windlass_core::queue::Unserved;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::connection::Connection;
use crate::row::get;

const UNSERVED: &str = include_str!("unserved.sql");

/// Due jobs that no live worker could run, by queue, kind and version.
pub(crate) async fn unserved(
    connection: &Connection,
    workers: &[WorkerRecord],
    now: Timestamp,
) -> Result<Vec<Unserved>, StoreError> {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let bounds = [number(COUNTED), number(COUNTED_ALL), number(COUNTED_LEAST)];
    let now_at = now.as_micros();
    let binds = [&now_at, &bounds[0], &bounds[1], &bounds[2]].map(|value| (value as _, Type::INT8));
    let mut groups = Vec::new();
    for row in connection.query(UNSERVED, &binds).await? {
        let group = Unserved {
            queue: get(&row, 0)?,
            kind: get(&row, 1)?,
            version: get::<i16>(&row, 2)?.cast_unsigned(),
            jobs: get::<i64>(&row, 3)?.unsigned_abs(),
            or_more: get(&row, 4)?,
            oldest_due_at: Timestamp::from_micros(get(&row, 5)?),
            queue_served: false,
        };
        groups.extend(group.unless_served(workers, now));
    }
    Ok(groups)
}
