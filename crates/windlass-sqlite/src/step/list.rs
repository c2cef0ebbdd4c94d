//! List: the steps of a job, in their order.

use rusqlite::{Connection, Params, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::json::Json;
use windlass_core::step::{StepForm, StepRecord};
use windlass_core::time::Timestamp;

use crate::row::{Id, all};

const STEPS: &str =
    "select nth, name, form, output, until, at from windlass_step where job = ?1 order by nth";
const RECORDED: &str = "select nth, name, form, output, until, at from windlass_step \
     where job = ?1 and created_at = ?2 order by nth";

pub(crate) fn steps(connection: &Connection, job: JobId) -> Result<Vec<StepRecord>, StoreError> {
    read(connection, STEPS, params![Id::from(job)])
}

/// Those of the job that was written then: an id may come again.
pub(crate) fn recorded(
    connection: &Connection,
    job: JobId,
    written_at: Timestamp,
) -> Result<Vec<StepRecord>, StoreError> {
    read(connection, RECORDED, params![Id::from(job), written_at.as_micros()])
}

fn read(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<StepRecord>, StoreError> {
    all(connection, sql, params, |row| {
        Ok(StepRecord {
            nth: row.get(0)?,
            name: row.get(1)?,
            // The table has no others.
            form: StepForm::from_code(row.get(2)?).unwrap_or(StepForm::Work),
            output: row.get::<_, Option<String>>(3)?.map(Json::stored),
            until: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_micros),
            at: Timestamp::from_micros(row.get(5)?),
        })
    })
}
