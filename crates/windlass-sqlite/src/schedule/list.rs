//! Schedules as they are.

use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError};
use rusqlite::{Connection, Row};
use windlass_core::error::StoreError;
use windlass_core::job::Meta;
use windlass_core::json::Json;
use windlass_core::schedule::{Declaration, Definition, NextRun, ScheduleRecord};
use windlass_core::time::Timestamp;

use crate::row::{Id, all};

/// A statement of a schedule's columns, in the order [`record`] reads them. A job that is not finished is waiting or
/// running, and both are one table.
macro_rules! select_schedules {
    ($rest:literal) => {
        concat!(
            "select name, rule, zone, on_missed, on_overlap, kind, version, queue, priority, max_attempts, args, meta, \
               owner, changed_by, changed_at, declared, declared_owner, declared_by, declared_at, \
               replaced, replaced_owner, replaced_by, replaced_at, contested_at, paused_at, note, removed_at, \
               from_at, next_at, queued_due_at, last_due_at, last_job, fired, skipped, missed, error, revision, \
               exists (select 1 from windlass_pending p where p.id = last_job) \
             from windlass_schedule ",
            $rest
        )
    };
}
pub(crate) use select_schedules;

const SCHEDULES: &str = select_schedules!("order by name");
const SCHEDULE: &str = select_schedules!("where name = ?1");

pub(crate) fn schedules(connection: &Connection) -> Result<Vec<ScheduleRecord>, StoreError> {
    all(connection, SCHEDULES, [], record)
}

pub(crate) fn schedule(
    connection: &Connection,
    name: &str,
) -> Result<Option<ScheduleRecord>, StoreError> {
    Ok(all(connection, SCHEDULE, [name], record)?.into_iter().next())
}

pub(crate) fn record(row: &Row<'_>) -> rusqlite::Result<ScheduleRecord> {
    let moment = |at: usize| row.get::<_, Option<i64>>(at).map(|m| m.map(Timestamp::from_micros));
    Ok(ScheduleRecord {
        name: row.get(0)?,
        definition: definition(row)?,
        owner: row.get::<_, Word<_>>(12)?.0,
        changed_by: row.get(13)?,
        changed_at: Timestamp::from_micros(row.get(14)?),
        declared: declaration(row, 15)?,
        replaced: declaration(row, 19)?,
        contested_at: moment(23)?,
        paused_at: moment(24)?,
        note: row.get(25)?,
        removed_at: moment(26)?,
        from_at: Timestamp::from_micros(row.get(27)?),
        next: NextRun::from_micros(row.get(28)?),
        queued_due_at: moment(29)?,
        last_due_at: moment(30)?,
        last_job: row.get::<_, Option<Id>>(31)?.map(Id::job),
        fired: row.get::<_, i64>(32)?.unsigned_abs(),
        skipped: row.get::<_, i64>(33)?.unsigned_abs(),
        missed: row.get::<_, i64>(34)?.unsigned_abs(),
        error: row.get(35)?,
        revision: row.get(36)?,
        is_unfinished: row.get(37)?,
    })
}

fn definition(row: &Row<'_>) -> rusqlite::Result<Definition> {
    let meta: Option<String> = row.get(11)?;
    Ok(Definition {
        rule: row.get(1)?,
        zone: row.get(2)?,
        missed: row.get::<_, Word<_>>(3)?.0,
        overlap: row.get::<_, Word<_>>(4)?.0,
        kind: row.get(5)?,
        version: row.get(6)?,
        queue: row.get(7)?,
        priority: row.get(8)?,
        max_attempts: row.get(9)?,
        args: Json::stored(row.get::<_, String>(10)?),
        meta: Meta::from_stored(meta.as_deref()),
    })
}

/// What was declared, from four columns that are set together.
fn declaration(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Declaration>> {
    let Some(text) = row.get(at)? else { return Ok(None) };
    Ok(Some(Declaration {
        text,
        owner: row.get::<_, Word<_>>(at + 1)?.0,
        by: row.get(at + 2)?,
        at: Timestamp::from_micros(row.get(at + 3)?),
    }))
}

/// A word that stands for a value.
struct Word<T>(T);

impl<T: FromStr<Err = windlass_core::schedule::ScheduleError>> FromSql for Word<T> {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> Result<Self, FromSqlError> {
        let word = value.as_str()?.parse();
        word.map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}
