//! Read: how far a job is, and what it has said.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::json::Json;
use windlass_core::progress::{Level, LogLine, Progress, ProgressRecord};
use windlass_core::time::Timestamp;

use crate::row::{Id, all, one};

const CHECKPOINT: &str =
    "select checkpoint from windlass_progress where job = ?1 and created_at = ?2";
const PROGRESS: &str = "select checkpoint, checkpoint_at, attempt, percent, note, done, total, at \
     from windlass_progress where job = ?1";
const LOG: &str = "select attempt, nth, at, level, text from ( \
       select * from windlass_log_line where job = ?1 order by attempt desc, nth desc limit ?2) \
     order by attempt, nth";

pub(crate) fn last_checkpoint(
    connection: &Connection,
    job: JobId,
    written_at: Timestamp,
) -> Result<Option<Json>, StoreError> {
    let binds = params![Id::from(job), written_at.as_micros()];
    let checkpoint: Option<Option<String>> = one(connection, CHECKPOINT, binds)?;
    Ok(checkpoint.flatten().map(Json::stored))
}

pub(crate) fn progress(
    connection: &Connection,
    job: JobId,
) -> Result<Option<ProgressRecord>, StoreError> {
    let found = all(connection, PROGRESS, [Id::from(job)], |row| {
        let moment = |at: Option<i64>| at.map(Timestamp::from_micros);
        let count = |number: Option<i64>| number.map(i64::unsigned_abs);
        Ok(ProgressRecord {
            checkpoint: row.get::<_, Option<String>>(0)?.map(Json::stored),
            checkpoint_at: moment(row.get(1)?),
            attempt: row.get(2)?,
            progress: Progress {
                percent: row.get(3)?,
                note: row.get(4)?,
                done: count(row.get(5)?),
                total: count(row.get(6)?),
            },
            at: moment(row.get(7)?),
        })
    })?;
    Ok(found.into_iter().next())
}

pub(crate) fn log(
    connection: &Connection,
    job: JobId,
    most: usize,
) -> Result<Vec<LogLine>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, LOG, params![Id::from(job), most], |row| {
        Ok(LogLine {
            attempt: row.get(0)?,
            nth: row.get(1)?,
            at: Timestamp::from_micros(row.get(2)?),
            // The table has no others.
            level: Level::from_code(row.get(3)?).unwrap_or(Level::Info),
            text: row.get(4)?,
        })
    })
}
