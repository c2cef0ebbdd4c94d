//! Register: a worker becomes known and its lease begins.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::{Timestamp, micros};
use windlass_core::worker::{LivesWith, Registration};

use crate::row::{Id, run};

const REGISTER: &str = "insert into windlass_worker \
     (id, label, host, pid, build, queues, handlers, slots, started_at, seen_at, expires_at, remote, kind_slots) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12) \
     on conflict (id) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at";
const LIMITS: &str = "insert into windlass_kind_limit (worker, kind, max_attempts, max_losses) values (?1, ?2, ?3, ?4) \
     on conflict (worker, kind) do nothing";
const EXPECTED: &str = "insert into windlass_expected_run (worker, kind, us) values (?1, ?2, ?3) \
     on conflict (worker, kind) do nothing";

pub(crate) fn register(
    connection: &Connection,
    worker: &Registration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let list = |names: &[String]| serde_json::to_string(names).unwrap_or_default();
    let handlers: Vec<String> = worker.handlers.iter().map(|key| key.as_str().to_owned()).collect();
    run(
        connection,
        REGISTER,
        params![
            Id::from(worker.worker),
            worker.label,
            worker.host,
            worker.pid,
            worker.build,
            list(&worker.queues),
            list(&handlers),
            worker.slots,
            now.as_micros(),
            now.as_micros().saturating_add(micros(worker.lease)),
            worker.lives_with == LivesWith::Lease,
            worker.kind_slots_text(),
        ],
    )?;
    for (kind, limits) in &worker.kind_limits {
        let (id, attempts, losses) =
            (Id::from(worker.worker), limits.max_attempts, limits.max_losses);
        run(connection, LIMITS, params![id, kind, attempts, losses])?;
    }
    for (kind, time) in &worker.expected {
        run(connection, EXPECTED, params![Id::from(worker.worker), kind, micros(*time).max(1)])?;
    }
    Ok(())
}
