//! List: the conditions of a job, with where the jobs stand that it waits for.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::condition::{Awaited, ConditionRecord, ConditionState, Ends};
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

const CONDITIONS: &str = include_str!("list.sql");

pub(crate) async fn conditions(
    connection: &Connection,
    job: JobId,
) -> Result<Vec<ConditionRecord>, StoreError> {
    let rows = connection.query(CONDITIONS, &[(&job.as_uuid(), Type::UUID)]).await?;
    rows.iter().map(|row| record(row, job)).collect()
}

fn record(row: &Row, job: JobId) -> Result<ConditionRecord, StoreError> {
    let corrupt = |column, value: String| StoreError::Corrupt {
        table: "condition",
        column,
        row: job.to_string(),
        value,
    };
    let (awaits, signal): (Option<Uuid>, Option<String>) = (get(row, 1)?, get(row, 3)?);
    let (at, state): (Option<i64>, i16) = (get(row, 4)?, get(row, 5)?);
    let ends = Ends::from_bits(get::<Option<i16>>(row, 2)?.unwrap_or_default());
    let ended = get::<Option<i16>>(row, 9)?.and_then(State::from_code);
    let awaits = if let Some(awaited) = awaits {
        match get(row, 10)? {
            true => Awaited::Batch { batch: BatchId::from_uuid(awaited), ends, ended },
            false => Awaited::Job { job: JobId::from_uuid(awaited), ends, job_state: ended },
        }
    } else if let Some(key) = signal {
        Awaited::Signal { key }
    } else {
        let at = at.ok_or_else(|| corrupt("at", String::new()))?;
        Awaited::Moment { at: Timestamp::from_micros(at) }
    };
    Ok(ConditionRecord {
        name: get(row, 0)?,
        awaits,
        state: ConditionState::from_code(state)
            .ok_or_else(|| corrupt("state", state.to_string()))?,
        since: get::<Option<i64>>(row, 6)?.map(Timestamp::from_micros),
        data: get::<Option<String>>(row, 7)?.map(Json::stored),
        note: get(row, 8)?,
    })
}
