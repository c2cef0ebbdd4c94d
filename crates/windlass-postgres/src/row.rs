//! Rows as the domain's types, read in one place each.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{
    Attempt, Claimed, Fenced, HandlerKey, JobRecord, KindLimits, Meta, State,
};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;
use windlass_core::worker::{LivesWith, WorkerRecord, held_back, kind_slots};

use crate::worker::build::minimums;

/// A value of a row; a type that does not fit is a fault of the schema, not of the program.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| StoreError::Backend(Box::new(error)))
}

/// How a write of a running attempt ended, by the code its statement answers.
pub(crate) fn fenced(code: i32) -> Fenced {
    match code {
        0 => Fenced::Done,
        2 => Fenced::Busy,
        _ => Fenced::Lost,
    }
}

fn unsigned<T: TryFrom<i64> + Default>(number: impl Into<i64>) -> T {
    T::try_from(number.into()).unwrap_or_default()
}

/// A claimed job from a row of `sql/claim.sql`, or of `sql/rescue.sql` from its column `at` on.
pub(crate) fn claimed(
    row: &Row,
    at: usize,
    (position, batch): (i16, i16),
) -> Result<Claimed, StoreError> {
    let meta: Option<&str> = get(row, at + 11)?;
    Ok(Claimed {
        position,
        batch,
        id: JobId::from_uuid(get(row, at)?),
        queue: get(row, at + 1)?,
        kind: get(row, at + 2)?,
        version: unsigned(get::<i16>(row, at + 3)?),
        priority: get(row, at + 4)?,
        attempt: unsigned(get::<i32>(row, at + 5)?),
        failures: unsigned(get::<i32>(row, at + 6)?),
        losses: unsigned(get::<i16>(row, at + 7)?),
        max_attempts: get::<Option<i16>>(row, at + 8)?.map(unsigned),
        args: Json::stored(get::<&str>(row, at + 9)?),
        event: None,
        root: get::<Option<Uuid>>(row, at + 10)?.map(JobId::from_uuid),
        meta: Meta::from_stored(meta),
        run_at: Timestamp::from_micros(get(row, at + 12)?),
        created_at: Timestamp::from_micros(get(row, at + 13)?),
        parent: get::<Option<Uuid>>(row, at + 14)?.map(JobId::from_uuid),
        origin: get(row, at + 15)?,
        history: get::<Option<&str>>(row, at + 16)?.map(Into::into),
    })
}

/// An unsettled job of a lease, from a row of `rescue.sql` or `release.sql`.
pub(crate) struct Held {
    pub(crate) lease: LeaseId,
    pub(crate) worker: WorkerId,
    pub(crate) label: String,
    pub(crate) job: Claimed,
    pub(crate) cancel_requested: Option<String>,
    /// The limits that its worker registered for its kind; read for a rescue alone.
    pub(crate) kind_limits: KindLimits,
}

pub(crate) fn held(row: &Row) -> Result<Held, StoreError> {
    let batch: i32 = get(row, 3)?;
    Ok(Held {
        lease: LeaseId::from_uuid(get(row, 0)?),
        worker: WorkerId::from_uuid(get(row, 1)?),
        label: get(row, 2)?,
        job: claimed(row, 5, (get(row, 4)?, unsigned(batch)))?,
        cancel_requested: get(row, 22)?,
        kind_limits: KindLimits {
            max_attempts: get::<Option<i32>>(row, 23)?.map(unsigned),
            max_losses: get::<Option<i32>>(row, 24)?.map(unsigned),
        },
    })
}

/// A job from a row of the record columns, see `read`.
pub(crate) fn record(row: &Row) -> Result<JobRecord, StoreError> {
    let id = JobId::from_uuid(get(row, 0)?);
    let corrupt = |column, value: String| StoreError::Corrupt {
        table: "windlass.job",
        column,
        row: id.to_string(),
        value,
    };
    let code: i16 = get(row, 4)?;
    let history: Option<&str> = get(row, 17)?;
    let history: Vec<Attempt> = match history {
        None => Vec::new(),
        Some(text) => {
            serde_json::from_str(text).map_err(|_| corrupt("history", text.to_owned()))?
        }
    };
    let meta: Option<&str> = get(row, 16)?;
    let moment = |at| Ok::<_, StoreError>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    Ok(JobRecord {
        id,
        queue: get(row, 1)?,
        kind: get(row, 2)?,
        version: unsigned(get::<i16>(row, 3)?),
        state: State::from_code(code).ok_or_else(|| corrupt("state", code.to_string()))?,
        priority: get(row, 5)?,
        attempt: unsigned(get::<i32>(row, 6)?),
        failures: unsigned(get::<i32>(row, 7)?),
        losses: unsigned(get::<i16>(row, 8)?),
        max_attempts: get::<Option<i16>>(row, 9)?.map(unsigned),
        run_at: Timestamp::from_micros(get(row, 10)?),
        created_at: Timestamp::from_micros(get(row, 11)?),
        args: Json::stored(get::<&str>(row, 12)?),
        root: get::<Option<Uuid>>(row, 13)?.map(JobId::from_uuid),
        parent: get::<Option<Uuid>>(row, 14)?.map(JobId::from_uuid),
        origin: get(row, 15)?,
        meta: Meta::from_stored(meta),
        history,
        reason: get(row, 18)?,
        started_at: moment(19)?,
        finished_at: moment(20)?,
        worker: get(row, 21)?,
        output: get::<Option<&str>>(row, 22)?.map(Json::stored),
        cancel_requested: get(row, 23)?,
    })
}

/// A worker from a row of the list of workers.
pub(crate) fn worker(row: &Row) -> Result<WorkerRecord, StoreError> {
    let moment = |at| Ok::<_, StoreError>(Timestamp::from_micros(get(row, at)?));
    let handlers: Vec<&str> = get(row, 6)?;
    let build: String = get(row, 4)?;
    Ok(WorkerRecord {
        id: WorkerId::from_uuid(get(row, 0)?),
        label: get(row, 1)?,
        host: get(row, 2)?,
        pid: unsigned(get::<i32>(row, 3)?),
        held_back: held_back(&build, &minimums(row, 13)?).cloned(),
        build,
        queues: get(row, 5)?,
        handlers: handlers.into_iter().filter_map(key).collect(),
        slots: unsigned(get::<i32>(row, 7)?),
        kind_slots: kind_slots(get(row, 18)?),
        started_at: moment(8)?,
        seen_at: moment(9)?,
        expires_at: moment(10)?,
        claimed_at: get::<Option<i64>>(row, 19)?.map(Timestamp::from_micros),
        quiet: get(row, 11)?,
        stopping: get(row, 17)?,
        lives_with: LivesWith::of_remote(get(row, 16)?),
        running: unsigned(get::<i64>(row, 12)?),
    })
}

/// A stored `kind@version`; what is not one is nothing a claim could match either.
pub(crate) fn key(text: &str) -> Option<HandlerKey> {
    let (kind, version) = text.rsplit_once('@')?;
    Some(HandlerKey::new(kind, version.parse().ok()?))
}
