//! Jobs: what is known of those that came of events.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;

use crate::row::{Id, one};

const UNFINISHED: &str = "select count(*) from (select 1 from windlass_pending \
     where substr(id, 7, 1) between x'80' and x'8f' and substr(id, 13, 4) = ?1 limit ?2)";

pub(super) fn unfinished(
    connection: &Connection,
    counted: &[(u32, u32)],
) -> Result<Vec<u64>, StoreError> {
    let count = |(number, most): &(u32, u32)| {
        let binds = params![number.to_be_bytes(), most];
        Ok(one::<i64>(connection, UNFINISHED, binds)?.unwrap_or_default().unsigned_abs())
    };
    counted.iter().map(count).collect()
}

/// Whether it waits, runs or has ended.
const HAVE: &str = "select exists (select 1 from windlass_pending where id = ?1) \
     or exists (select 1 from windlass_finished where id = ?1)";

pub(super) fn have(connection: &Connection, jobs: &[JobId]) -> Result<Vec<bool>, StoreError> {
    let is_there = |job: &JobId| Ok(one(connection, HAVE, [Id::from(*job)])?.unwrap_or(false));
    jobs.iter().map(is_there).collect()
}
