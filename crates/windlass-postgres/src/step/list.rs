//! List: the steps of a job, in their order.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::Fence;
use windlass_core::json::Json;
use windlass_core::step::{Recalled, StepForm, StepRecord};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const STEPS: &str = "select nth, name, form, output, until, at from windlass.step where job = $1::uuid order by nth";
/// Those of the job that was written then, since an id may come again; and the time, also where there are none.
const RECALL: &str = "select s.nth, s.name, s.form, s.output, s.until, s.at, coalesce($3::int8, windlass.now_us()) \
     from (select) as one left join windlass.step s on s.job = $1::uuid and s.created_at = $2::int8 order by s.nth";

pub(crate) async fn steps(
    connection: &Connection,
    job: JobId,
) -> Result<Vec<StepRecord>, StoreError> {
    let rows = connection.query(STEPS, &[(&job.as_uuid(), Type::UUID)]).await?;
    rows.iter().map(|row| record(row, job)).collect()
}

pub(crate) async fn recall(
    connection: &Connection,
    fence: &Fence,
    now: Now,
) -> Result<Recalled, StoreError> {
    let (job, written_at) = (fence.job.id, fence.job.created_at.as_micros());
    let (id, now) = (job.as_uuid(), now.micros());
    let binds: [Bind<'_>; 3] = [(&id, Type::UUID), (&written_at, Type::INT8), (&now, Type::INT8)];
    let rows = connection.query(RECALL, &binds).await?;
    let now = rows.first().map_or(Ok(0), |row| get(row, 6)).map(Timestamp::from_micros)?;
    let is_step = |row: &&Row| get::<Option<i32>>(row, 0).is_ok_and(|nth| nth.is_some());
    let steps = rows.iter().filter(is_step).map(|row| record(row, job));
    Ok(Recalled { now, steps: steps.collect::<Result<_, _>>()? })
}

fn record(row: &Row, job: JobId) -> Result<StepRecord, StoreError> {
    let form: i16 = get(row, 2)?;
    let corrupt = || StoreError::Corrupt {
        table: "step",
        column: "form",
        row: job.to_string(),
        value: form.to_string(),
    };
    Ok(StepRecord {
        nth: get::<i32>(row, 0)?.unsigned_abs(),
        name: get(row, 1)?,
        form: StepForm::from_code(form).ok_or_else(corrupt)?,
        output: get::<Option<String>>(row, 3)?.map(Json::stored),
        until: get::<Option<i64>>(row, 4)?.map(Timestamp::from_micros),
        at: Timestamp::from_micros(get(row, 5)?),
    })
}
