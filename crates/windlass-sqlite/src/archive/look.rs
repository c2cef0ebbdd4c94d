//! Look: who lives here, and what would be lost.

use std::path::Path;

use rusqlite::Connection;
use windlass_core::archive::Standing;
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::{Id, all, one};
use crate::worker::alive::Alive;

const WORKERS: &str = "select id from windlass_worker where expires_at > ?1";
const JOBS: &str =
    "select (select count(*) from windlass_pending) + (select count(*) from windlass_finished)";
const EVENTS: &str = "select count(*) from windlass_event";
const OTHERS: &str = "select (select count(*) from windlass_schedule) + (select count(*) from windlass_subscription) \
     + (select count(*) from windlass_source) + (select count(*) from windlass_limit_rule) + (select count(*) from windlass_token) + (select count(*) from windlass_user)";

pub(super) fn look(connection: &Connection, path: &Path) -> Result<Standing, StoreError> {
    let alive = Alive::beside(path);
    let now = Timestamp::wall_clock().as_micros();
    let mut workers = all(connection, WORKERS, [now], |row| Ok(row.get::<_, Id>(0)?.worker()))?;
    workers.retain(|worker| !alive.is_dead(*worker));
    let count = |sql| {
        let found: Option<i64> = one(connection, sql, [])?;
        Ok::<u64, StoreError>(found.unwrap_or(0).unsigned_abs())
    };
    Ok(Standing { workers, jobs: count(JOBS)?, events: count(EVENTS)?, others: count(OTHERS)? })
}
