//! Heads: how jobs stand, without their args.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{JobHead, Meta, State};
use windlass_core::progress::Progress;

use crate::connection::Connection;
use crate::row::get;

const HEADS: &str = include_str!("heads.sql");

pub(crate) async fn heads(
    connection: &Connection,
    jobs: &[JobId],
) -> Result<Vec<JobHead>, StoreError> {
    let mut ids: Vec<Uuid> = jobs.iter().map(|id| id.as_uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = connection.query(HEADS, &[(&ids, Type::UUID_ARRAY)]).await?;
    rows.iter().map(head).collect()
}

fn head(row: &Row) -> Result<JobHead, StoreError> {
    let id = JobId::from_uuid(get(row, 0)?);
    let code: i16 = get(row, 3)?;
    let state = State::from_code(code).ok_or_else(|| StoreError::Corrupt {
        table: "windlass.job",
        column: "state",
        row: id.to_string(),
        value: code.to_string(),
    })?;
    let count = |at| get::<Option<i64>>(row, at).map(|number| number.map(i64::unsigned_abs));
    let progress =
        Progress { percent: get(row, 5)?, note: get(row, 6)?, done: count(7)?, total: count(8)? };
    Ok(JobHead {
        id,
        kind: get(row, 1)?,
        queue: get(row, 2)?,
        state,
        attempt: get::<i32>(row, 4)?.unsigned_abs(),
        tags: Meta::from_stored(get(row, 10)?).tags.clone(),
        progress: get::<bool>(row, 9)?.then_some(progress),
    })
}
