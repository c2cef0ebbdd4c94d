//! Schedules as they are.

use std::str::FromStr;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::Meta;
use windlass_core::json::Json;
use windlass_core::schedule::{Declaration, Definition, NextRun, ScheduleError, ScheduleRecord};
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::connection::runs::Runs;
use crate::row::get;

const SCHEDULES: &str = concat!(include_str!("all.sql"), include_str!("schedules.sql"));
const SCHEDULE: &str = concat!(include_str!("named.sql"), include_str!("schedules.sql"));

pub(crate) async fn schedules(connection: &Connection) -> Result<Vec<ScheduleRecord>, StoreError> {
    connection.query(SCHEDULES, &[]).await?.iter().map(record).collect()
}

pub(crate) async fn schedule(
    place: &impl Runs,
    name: &str,
) -> Result<Option<ScheduleRecord>, StoreError> {
    let rows = place.rows(SCHEDULE, &[(&name, Type::TEXT)]).await?;
    rows.first().map(record).transpose()
}

/// A schedule from a row of `schedules.sql`.
pub(crate) fn record(row: &Row) -> Result<ScheduleRecord, StoreError> {
    let moment = |at| Ok::<_, StoreError>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    let number = |at| get::<i64>(row, at).map(i64::unsigned_abs);
    Ok(ScheduleRecord {
        name: get(row, 0)?,
        definition: definition(row)?,
        owner: word(row, 12)?,
        changed_by: get(row, 13)?,
        changed_at: Timestamp::from_micros(get(row, 14)?),
        declared: declaration(row, 15)?,
        replaced: declaration(row, 19)?,
        contested_at: moment(23)?,
        paused_at: moment(24)?,
        note: get(row, 25)?,
        removed_at: moment(26)?,
        from_at: Timestamp::from_micros(get(row, 27)?),
        next: NextRun::from_micros(get(row, 28)?),
        queued_due_at: moment(29)?,
        last_due_at: moment(30)?,
        last_job: get::<Option<Uuid>>(row, 31)?.map(JobId::from_uuid),
        fired: number(32)?,
        skipped: number(33)?,
        missed: number(34)?,
        error: get(row, 35)?,
        revision: get(row, 36)?,
        is_unfinished: get(row, 37)?,
    })
}

fn definition(row: &Row) -> Result<Definition, StoreError> {
    Ok(Definition {
        rule: get(row, 1)?,
        zone: get(row, 2)?,
        missed: word(row, 3)?,
        overlap: word(row, 4)?,
        kind: get(row, 5)?,
        version: get::<i16>(row, 6)?.cast_unsigned(),
        queue: get(row, 7)?,
        priority: get(row, 8)?,
        max_attempts: get::<Option<i16>>(row, 9)?.map(i16::cast_unsigned),
        args: Json::stored(get::<&str>(row, 10)?),
        meta: Meta::from_stored(get(row, 11)?),
    })
}

/// What was declared, from four columns that are set together.
fn declaration(row: &Row, at: usize) -> Result<Option<Declaration>, StoreError> {
    let Some(text) = get(row, at)? else { return Ok(None) };
    let (owner, by) = (word(row, at + 1)?, get(row, at + 2)?);
    Ok(Some(Declaration { text, owner, by, at: Timestamp::from_micros(get(row, at + 3)?) }))
}

/// A word that stands for a value.
fn word<T: FromStr<Err = ScheduleError>>(row: &Row, at: usize) -> Result<T, StoreError> {
    get::<&str>(row, at)?.parse().map_err(|error: ScheduleError| StoreError::Corrupt {
        table: "windlass.schedule",
        column: "on_missed, on_overlap or owner",
        row: get(row, 0).unwrap_or_default(),
        value: error.to_string(),
    })
}
