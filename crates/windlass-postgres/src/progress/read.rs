//! Read: how far a job is, and what it has said.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::Fence;
use windlass_core::json::Json;
use windlass_core::progress::{Level, LogLine, Progress, ProgressRecord};
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const CHECKPOINT: &str =
    "select checkpoint from windlass.progress where job = $1::uuid and created_at = $2::int8";
const PROGRESS: &str = "select checkpoint, checkpoint_at, attempt, percent, note, done, total, at \
     from windlass.progress where job = $1::uuid";
const LOG: &str = "select attempt, nth, at, level, text from ( \
       select * from windlass.log_line where job = $1::uuid order by attempt desc, nth desc limit $2::int8) as newest \
     order by attempt, nth";

pub(crate) async fn last_checkpoint(
    connection: &Connection,
    fence: &Fence,
) -> Result<Option<Json>, StoreError> {
    let (id, written_at) = (fence.job.id.as_uuid(), fence.job.created_at.as_micros());
    let binds: [Bind<'_>; 2] = [(&id, Type::UUID), (&written_at, Type::INT8)];
    let rows = connection.query(CHECKPOINT, &binds).await?;
    let checkpoint: Option<String> = rows.first().map_or(Ok(None), |row| get(row, 0))?;
    Ok(checkpoint.map(Json::stored))
}

pub(crate) async fn progress(
    connection: &Connection,
    job: JobId,
) -> Result<Option<ProgressRecord>, StoreError> {
    let rows = connection.query(PROGRESS, &[(&job.as_uuid(), Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

fn record(row: &Row) -> Result<ProgressRecord, StoreError> {
    let moment = |at| get::<Option<i64>>(row, at).map(|us| us.map(Timestamp::from_micros));
    let count = |at| get::<Option<i64>>(row, at).map(|number| number.map(i64::unsigned_abs));
    Ok(ProgressRecord {
        checkpoint: get::<Option<String>>(row, 0)?.map(Json::stored),
        checkpoint_at: moment(1)?,
        attempt: get::<Option<i32>>(row, 2)?.map(i32::unsigned_abs),
        progress: Progress {
            percent: get(row, 3)?,
            note: get(row, 4)?,
            done: count(5)?,
            total: count(6)?,
        },
        at: moment(7)?,
    })
}

pub(crate) async fn log(
    connection: &Connection,
    job: JobId,
    most: usize,
) -> Result<Vec<LogLine>, StoreError> {
    let (id, most) = (job.as_uuid(), i64::try_from(most).unwrap_or(i64::MAX));
    let rows = connection.query(LOG, &[(&id, Type::UUID), (&most, Type::INT8)]).await?;
    rows.iter().map(|row| line(row, job)).collect()
}

fn line(row: &Row, job: JobId) -> Result<LogLine, StoreError> {
    let level: i16 = get(row, 3)?;
    let corrupt = || StoreError::Corrupt {
        table: "log_line",
        column: "level",
        row: job.to_string(),
        value: level.to_string(),
    };
    Ok(LogLine {
        attempt: get::<i32>(row, 0)?.unsigned_abs(),
        nth: get::<i32>(row, 1)?.unsigned_abs(),
        at: Timestamp::from_micros(get(row, 2)?),
        level: Level::from_code(level).ok_or_else(corrupt)?,
        text: get(row, 4)?,
    })
}
