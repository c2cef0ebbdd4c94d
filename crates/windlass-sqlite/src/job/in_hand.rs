//! What a worker holds, read from its leases.

use std::sync::Arc;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::job::{InHand, State};
use windlass_core::time::Timestamp;

use crate::lease::jobs_of;
use crate::row::{CLAIMED, Id, all, claimed};

/// The jobs that a worker holds, as it claimed them.
pub(crate) fn in_hand(
    connection: &Connection,
    worker: WorkerId,
) -> Result<Vec<InHand>, StoreError> {
    const OF: &str =
        "select id, claimed_at from windlass_lease where worker = ?1 order by claimed_at, id";
    let held = format!(
        "select {CLAIMED} from windlass_pending where id = ?1 and lease = ?2 and state = ?3"
    );
    let leases = all(connection, OF, [Id::from(worker)], |row| {
        Ok((row.get::<_, Id>(0)?.lease(), Timestamp::from_micros(row.get(1)?)))
    })?;
    let mut found = Vec::new();
    for (lease, claimed_at) in leases {
        let jobs = jobs_of(connection, lease)?;
        let batch = i16::try_from(jobs.len()).unwrap_or(i16::MAX);
        for (id, position) in jobs.into_iter().zip(1i16..) {
            let binds = params![Id::from(id), Id::from(lease), State::Running.code()];
            let job = all(connection, &held, binds, |row| claimed(row, position))?.pop();
            let Some(mut job) = job else { continue };
            job.batch = batch;
            // Of a row that is not claimed yet it counts the attempt that begins.
            job.attempt -= 1;
            found.push(InHand { lease, claimed_at, job: Arc::new(job) });
        }
    }
    Ok(found)
}
