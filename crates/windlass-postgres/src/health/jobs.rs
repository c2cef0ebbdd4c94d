//! Jobs that may be a problem: that wait, fail, run or died.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::health::{Counted, Dead, Failing, Parked, Ready, RunningJob, Thresholds};
use windlass_core::id::JobId;
use windlass_core::limits::{ALERT_JOBS, LINES_LOOKED_AT, LOOKED_AT, NAMED};
use windlass_core::time::{Timestamp, micros};

use crate::connection::{Bind, Connection};
use crate::row::get;

const READY: &str = include_str!("ready.sql");
const IN_LINE: &str = include_str!("in_line.sql");
const FAILING: &str = include_str!("failing.sql");
const PARKED: &str = include_str!("parked.sql");
const RUNNING: &str = include_str!("running.sql");
const DEAD: &str = include_str!("dead.sql");

pub(super) const MOST: i64 = LOOKED_AT as i64;
pub(super) const LINES: i64 = LINES_LOOKED_AT as i64;
pub(super) const FEW: i64 = NAMED as i64;
/// Jobs of a failing kind that are named.
const WATCHED: i64 = ALERT_JOBS as i64;
/// Lines with more than a few jobs that are counted on.
pub(super) const LONG: i64 = 20;

pub(super) async fn ready(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Ready>, StoreError> {
    let now = at.as_micros();
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&thresholds.mute, Type::TEXT_ARRAY),
        (&LINES, Type::INT8),
        (&MOST, Type::INT8),
        (&LINES, Type::INT8),
    ];
    let ready = |row: &Row| {
        Ok(Ready {
            queue: get(row, 0)?,
            kind: get(row, 1)?,
            limit: None,
            jobs: counted(row, 2)?,
            oldest_due_at: Timestamp::from_micros(get(row, 4)?),
        })
    };
    connection.query(READY, &binds).await?.iter().map(ready).collect()
}

pub(super) async fn in_line(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Ready>, StoreError> {
    let now = at.as_micros();
    let binds: [Bind<'_>; 6] = [
        (&now, Type::INT8),
        (&thresholds.mute, Type::TEXT_ARRAY),
        (&LINES, Type::INT8),
        (&FEW, Type::INT8),
        (&LONG, Type::INT8),
        (&MOST, Type::INT8),
    ];
    let ready = |row: &Row| {
        Ok(Ready {
            queue: get(row, 0)?,
            kind: get(row, 1)?,
            limit: get(row, 2)?,
            jobs: counted(row, 3)?,
            oldest_due_at: Timestamp::from_micros(get(row, 5)?),
        })
    };
    connection.query(IN_LINE, &binds).await?.iter().map(ready).collect()
}

pub(super) async fn failing(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<Failing>, StoreError> {
    let failures = i32::try_from(thresholds.failures).unwrap_or(i32::MAX);
    let binds: [Bind<'_>; 4] = [
        (&failures, Type::INT4),
        (&thresholds.mute, Type::TEXT_ARRAY),
        (&MOST, Type::INT8),
        (&WATCHED, Type::INT8),
    ];
    let failing = |row: &Row| {
        Ok(Failing {
            kind: get(row, 0)?,
            jobs: counted(row, 1)?,
            failures: get::<i32>(row, 3)?.unsigned_abs(),
            job: JobId::from_uuid(get(row, 4)?),
            named: get::<Vec<Uuid>>(row, 5)?.into_iter().map(JobId::from_uuid).collect(),
        })
    };
    connection.query(FAILING, &binds).await?.iter().map(failing).collect()
}

/// Jobs that are out of the way, by kind, version and queue, one group after the other.
pub(super) async fn parked(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<Parked>, StoreError> {
    let binds: [Bind<'_>; 3] =
        [(&thresholds.mute, Type::TEXT_ARRAY), (&LINES, Type::INT8), (&FEW, Type::INT8)];
    let parked = |row: &Row| {
        Ok(Parked {
            kind: get(row, 0)?,
            version: get::<i16>(row, 1)?.unsigned_abs(),
            queue: get(row, 2)?,
            jobs: counted(row, 3)?,
            oldest_due_at: Timestamp::from_micros(get(row, 5)?),
        })
    };
    connection.query(PARKED, &binds).await?.iter().map(parked).collect()
}

pub(super) async fn running(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<RunningJob>, StoreError> {
    let (now, longest) = (at.as_micros(), micros(thresholds.running));
    let binds: [Bind<'_>; 4] = [
        (&now, Type::INT8),
        (&thresholds.mute, Type::TEXT_ARRAY),
        (&longest, Type::INT8),
        (&FEW, Type::INT8),
    ];
    let running = |row: &Row| {
        let expected = get::<Option<i64>>(row, 5)?.map(i64::unsigned_abs);
        Ok(RunningJob {
            job: JobId::from_uuid(get(row, 0)?),
            kind: get(row, 1)?,
            queue: get(row, 2)?,
            worker: get(row, 3)?,
            since: Timestamp::from_micros(get(row, 4)?),
            expected: expected.map(std::time::Duration::from_micros),
        })
    };
    connection.query(RUNNING, &binds).await?.iter().map(running).collect()
}

pub(super) async fn dead(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Dead>, StoreError> {
    let since = at.as_micros().saturating_sub(micros(thresholds.died_within));
    let binds: [Bind<'_>; 3] =
        [(&since, Type::INT8), (&thresholds.mute, Type::TEXT_ARRAY), (&MOST, Type::INT8)];
    let dead = |row: &Row| {
        Ok(Dead {
            kind: get(row, 0)?,
            jobs: counted(row, 1)?,
            lately: get::<i64>(row, 3)?.unsigned_abs(),
            last_at: Timestamp::from_micros(get(row, 4)?),
            last: JobId::from_uuid(get(row, 5)?),
        })
    };
    connection.query(DEAD, &binds).await?.iter().map(dead).collect()
}

/// A number, and whether there may be more.
pub(super) fn counted(row: &Row, at: usize) -> Result<Counted, StoreError> {
    Ok(Counted { jobs: get::<i64>(row, at)?.unsigned_abs(), or_more: get(row, at + 1)? })
}
