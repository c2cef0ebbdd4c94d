//! Jobs that wait for ends which cannot come.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::health::{StuckJob, Thresholds};
use windlass_core::job::State;
use windlass_core::limits::NAMED;
use windlass_core::time::Timestamp;

use super::jobs::MOST;
use crate::row::{Id, all};

const STUCK: &str = include_str!("stuck.sql");

pub(super) fn stuck(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<StuckJob>, StoreError> {
    let mut stuck = all(connection, STUCK, [MOST], |row| {
        Ok(StuckJob {
            job: row.get::<_, Id>(0)?.job(),
            kind: row.get(1)?,
            queue: row.get(2)?,
            since: Timestamp::from_micros(row.get(3)?),
            condition: row.get(4)?,
            awaited: row.get::<_, Id>(5)?.job(),
            ended: row.get::<_, Option<i16>>(6)?.and_then(State::from_code),
        })
    })?;
    stuck.retain(|one| !thresholds.is_muted(&one.kind));
    stuck.truncate(NAMED);
    Ok(stuck)
}
